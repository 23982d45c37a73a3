/*
 * peer.c - asking the kernel who owns a socket. Owns the descriptors of its
 * lists; must never wait: what the kernel does not say at once it does not say.
 *
 * musl comes without the kernel's headers, so the messages of sock_diag(7)
 * stand here, as the kernel's ABI fixes them.
 */
#include "io/peer.h"

#include "base/encode.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NETLINK_SOCK_DIAG   4
#define SOCK_DIAG_BY_FAMILY 20
#define NETLINK_ERROR       2 /* NLMSG_ERROR */
#define NETLINK_REQUEST     1 /* NLM_F_REQUEST */

struct netlink_head {
	uint32_t length;
	uint16_t type;
	uint16_t flags;
	uint32_t sequence;
	uint32_t port;
};

/* struct inet_diag_sockid: all but the cookies in network byte order. */
struct diag_id {
	uint16_t port[2];
	uint8_t address[2][16];
	uint32_t interface;
	uint32_t cookie[2];
};

/* struct inet_diag_req_v2 */
struct diag_question {
	struct netlink_head head;
	uint8_t family;
	uint8_t protocol;
	uint8_t extensions;
	uint8_t padding;
	uint32_t states;
	struct diag_id id;
};

/* struct inet_diag_msg */
struct diag_answer {
	struct netlink_head head;
	uint8_t family;
	uint8_t state;
	uint8_t timer;
	uint8_t retransmits;
	struct diag_id id;
	uint32_t expires;
	uint32_t read_queue;
	uint32_t write_queue;
	uint32_t uid;
	uint32_t inode; /* 0: no process has it open */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

void
peer_none(struct peer_lists *p)
{
	p->netlink = -1;
	p->proc[0] = -1;
	p->proc[1] = -1;
}

void
peer_open(struct peer_lists *p)
{
	p->netlink = socket(
		AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	p->proc[0] = open("/proc/net/tcp", O_RDONLY | O_CLOEXEC);
	p->proc[1] = open("/proc/net/tcp6", O_RDONLY | O_CLOEXEC);
}

bool
peer_can_tell(const struct peer_lists *p)
{
	return p->netlink >= 0 || p->proc[0] >= 0;
}

void
peer_close(struct peer_lists *p)
{
	const int fds[] = {p->netlink, p->proc[0], p->proc[1]};

	for (size_t n = 0; n < 3; n++)
		if (fds[n] >= 0)
			(void)close(fds[n]);
	peer_none(p);
}

static bool
put_address(struct peer_row *row, int which, const union address *a)
{
	if (a->any.sa_family == AF_INET) {
		row->address_len = 4;
		memcpy(row->address[which], &a->v4.sin_addr, 4);
		row->port[which] = ntohs(a->v4.sin_port);
		return true;
	}
	row->address_len = 16;
	memcpy(row->address[which], &a->v6.sin6_addr, 16);
	row->port[which] = ntohs(a->v6.sin6_port);
	return a->any.sa_family == AF_INET6;
}

/* The other socket's row: its own end is our peer. */
static bool
row_of(int fd, struct peer_row *row)
{
	union address own = {.any.sa_family = AF_UNSPEC};
	union address peer = {.any.sa_family = AF_UNSPEC};
	socklen_t own_len = sizeof(own);
	socklen_t peer_len = sizeof(peer);

	memset(row, 0, sizeof(*row));
	return getsockname(fd, &own.any, &own_len) == 0 &&
	       getpeername(fd, &peer.any, &peer_len) == 0 &&
	       put_address(row, 0, &peer) && put_address(row, 1, &own);
}

static bool
ask(int netlink, const struct peer_row *row)
{
	struct diag_question q;
	ssize_t n;

	memset(&q, 0, sizeof(q));
	q.head.length = sizeof(q);
	q.head.type = SOCK_DIAG_BY_FAMILY;
	q.head.flags = NETLINK_REQUEST;
	q.family = row->address_len == 4 ? AF_INET : AF_INET6;
	q.protocol = IPPROTO_TCP;
	q.states = UINT32_MAX;
	memset(q.id.cookie, 0xff, sizeof(q.id.cookie));
	for (int end = 0; end < 2; end++) {
		q.id.port[end] = htons(row->port[end]);
		memcpy(q.id.address[end], row->address[end], 16);
	}
	do
		n = send(netlink, &q, sizeof(q), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(q);
}

static enum err
ask_netlink(int netlink, const struct peer_row *row, uint32_t *uid)
{
	union {
		struct diag_answer answer;
		struct {
			struct netlink_head head;
			int32_t error; /* negative errno */
		} refusal;
		uint8_t room[1024];
	} m;
	ssize_t n;

	/* An answer to an earlier question that was given up is dropped. */
	do
		n = recv(netlink, &m, sizeof(m), MSG_DONTWAIT);
	while (n >= 0 || errno == EINTR);
	if (!ask(netlink, row))
		return ERR_SYS;
	do
		n = recv(netlink, &m, sizeof(m), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= (ssize_t)sizeof(m.answer) &&
		m.answer.head.type == SOCK_DIAG_BY_FAMILY) {
		*uid = m.answer.uid;
		return m.answer.inode == 0 ? ERR_EOF : ERR_OK;
	}
	if (n >= (ssize_t)sizeof(m.refusal) &&
		m.refusal.head.type == NETLINK_ERROR &&
		m.refusal.error == -ENOENT)
		return ERR_EOF;
	return ERR_SYS;
}

static bool
read_hex(struct span *s, size_t digits, uint32_t *value)
{
	*value = 0;
	if (s->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		int digit = decode_hex_digit(s->data[i]);

		if (digit < 0)
			return false;
		*value = *value << 4 | (uint32_t)digit;
	}
	*s = span_of(s->data + digits, s->len - digits);
	return true;
}

static void
skip(struct span *s, bool blanks)
{
	while (s->len > 0 && (s->data[0] == ' ') == blanks)
		*s = span_of(s->data + 1, s->len - 1);
}

static uint32_t
read_decimal(struct span *s)
{
	uint32_t value = 0;

	skip(s, true);
	while (s->len > 0 && s->data[0] >= '0' && s->data[0] <= '9') {
		value = value * 10 + (uint32_t)(s->data[0] - '0');
		*s = span_of(s->data + 1, s->len - 1);
	}
	return value;
}

/* Each 32 bits of an address are printed as a number of this machine. */
static bool
is_end(struct span *s, const struct peer_row *row, int end)
{
	uint32_t word;
	bool same = true;

	skip(s, true);
	for (size_t at = 0; at < row->address_len; at += 4) {
		if (!read_hex(s, 8, &word))
			return false;
		same = same && memcmp(&word, row->address[end] + at, 4) == 0;
	}
	if (s->len == 0 || s->data[0] != ':')
		return false;
	*s = span_of(s->data + 1, s->len - 1);
	return read_hex(s, 4, &word) && same && word == row->port[end];
}

/* sl local remote st tx:rx tr:when retransmits uid timeout inode ... */
enum err
peer_read_row(struct span line, const struct peer_row *row, uint32_t *uid)
{
	skip(&line, true);
	skip(&line, false);
	if (!is_end(&line, row, 0) || !is_end(&line, row, 1))
		return ERR_AGAIN;
	for (int field = 0; field < 4; field++) {
		skip(&line, true);
		skip(&line, false);
	}
	*uid = read_decimal(&line);
	(void)read_decimal(&line);
	return read_decimal(&line) == 0 ? ERR_EOF : ERR_OK;
}

static enum err
search(int proc, const struct peer_row *row, uint32_t *uid)
{
	uint8_t room[2048];
	size_t have = 0;
	off_t at = 0;

	while (at < PEER_LIST_MAX) {
		ssize_t n = pread(proc, room + have, sizeof(room) - have, at);
		struct span rest;
		const uint8_t *lf;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? ERR_EOF : ERR_SYS;
		at += n;
		rest = span_of(room, have + (size_t)n);
		while ((lf = memchr(rest.data, '\n', rest.len)) != NULL) {
			size_t len = (size_t)(lf - rest.data);
			enum err err = peer_read_row(
				span_of(rest.data, len), row, uid);

			if (err != ERR_AGAIN)
				return err;
			rest = span_of(lf + 1, rest.len - len - 1);
		}
		have = rest.len;
		if (have == sizeof(room))
			return ERR_SYS;
		memmove(room, rest.data, have);
	}
	return ERR_SYS;
}

bool
peer_is_loopback(int fd)
{
	struct peer_row row;

	if (!row_of(fd, &row))
		return false;
	if (row.address_len == 4)
		return row.address[0][0] == 127;
	return memcmp(row.address[0], &in6addr_loopback, 16) == 0;
}

enum err
peer_uid(const struct peer_lists *p, int fd, uint32_t *uid)
{
	struct ucred user;
	socklen_t len = sizeof(user);
	struct peer_row row;
	enum err err = ERR_SYS;

	if (row_of(fd, &row)) {
		if (p->netlink >= 0)
			err = ask_netlink(p->netlink, &row, uid);
		if (err == ERR_SYS && p->proc[row.address_len != 4] >= 0)
			err = search(p->proc[row.address_len != 4], &row, uid);
		return err;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len) != 0 ||
		len != sizeof(user))
		return ERR_SYS;
	*uid = (uint32_t)user.uid;
	return ERR_OK;
}
