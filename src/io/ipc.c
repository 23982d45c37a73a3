/*
 * ipc.c - the messages between the three processes: sent whole, received
 * whole, and checked field by field before anybody uses them. Knows sockets
 * and structs; must never act on a message.
 */
#include "io/ipc.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum err
ipc_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return ERR_SYS;
	return ERR_OK;
}

static enum err
send_error(void)
{
	if (errno == EAGAIN || errno == ENOBUFS)
		return ERR_AGAIN;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
		return ERR_EOF;
	return ERR_SYS;
}

/* Room for one descriptor, aligned as CMSG_DATA wants it. */
union fd_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void
attach_fd(struct msghdr *msg, union fd_control *control, int fd)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen = sizeof(control->bytes);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

static enum err
send_all(int channel, const struct msghdr *msg, size_t len, int flags)
{
	ssize_t n;

	do {
		n = sendmsg(channel, msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return send_error();
	return (size_t)n == len ? ERR_OK : ERR_INTERNAL;
}

enum err
ipc_send(int channel, const struct ipc_message *m, int fd)
{
	struct ipc_message copy = *m;
	struct iovec iov = {.iov_base = &copy, .iov_len = sizeof(copy)};
	union fd_control control;
	struct msghdr msg;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (fd >= 0)
		attach_fd(&msg, &control, fd);
	return send_all(channel, &msg, sizeof(copy), MSG_DONTWAIT);
}

/* The attached descriptor, or -1. */
static int
take_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
		c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static bool
message_valid(const struct ipc_message *m, uint32_t instances)
{
	if (m->kind == 0 || m->kind >= IPC_KIND_END)
		return false;
	if (m->engine >= IPC_ENGINE_END)
		return false;
	if (m->public_key_len > sizeof(m->public_key))
		return false;
	if (m->kind == IPC_READY || m->kind == IPC_DRAIN ||
		m->kind == IPC_QUIT || m->kind == IPC_REFRESH)
		return true;
	/* This may add one behind the last. */
	if (m->kind == IPC_INSTANCE && instances < INSTANCES_MAX)
		return m->instance <= instances;
	return m->instance < instances;
}

enum err
ipc_receive(int channel, struct ipc_message *m, int *fd, uint32_t instances)
{
	struct iovec iov = {.iov_base = m, .iov_len = sizeof(*m)};
	union fd_control control;
	struct msghdr msg;
	ssize_t n;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	/* Not CMSG_SPACE: its padding has room for a second descriptor, which
	 * nobody here would close. */
	msg.msg_controllen = CMSG_LEN(sizeof(int));
	*fd = -1;
	do {
		n = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return send_error();
	if (n == 0)
		return ERR_EOF;
	*fd = take_fd(&msg);
	if ((size_t)n == sizeof(*m) &&
		(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
		message_valid(m, instances))
		return ERR_OK;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	return ERR_PARSE;
}

enum err
ipc_send_identity(int channel, const struct ipc_identity *id)
{
	ssize_t n;

	do {
		n = send(channel, id, sizeof(*id), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return send_error();
	return (size_t)n == sizeof(*id) ? ERR_OK : ERR_INTERNAL;
}

static bool
is_string(const char *s, size_t cap)
{
	return memchr(s, '\0', cap) != NULL;
}

static bool
strings_valid(const struct ipc_identity *id)
{
	for (size_t i = 0; i < ADDRESSES_MAX; i++) {
		if (!is_string(id->addresses[i].text, ADDRESS_MAX))
			return false;
	}
	for (size_t i = 0; i < NAMES_MAX; i++) {
		if (!is_string(id->names[i], HOST_LEN_MAX))
			return false;
	}
	return is_string(id->common_name, sizeof(id->common_name)) &&
	       is_string(id->connection_name, sizeof(id->connection_name)) &&
	       is_string(id->database_version, sizeof(id->database_version)) &&
	       is_string(id->login_token, sizeof(id->login_token)) &&
	       is_string(id->proxy, sizeof(id->proxy)) &&
	       is_string(id->reason, sizeof(id->reason)) &&
	       is_string(id->detail, sizeof(id->detail));
}

static bool
identity_valid(const struct ipc_identity *id, uint32_t instances)
{
	return id->magic == IPC_IDENTITY_MAGIC && id->instance < instances &&
	       id->result < IPC_RESULT_END && id->engine < IPC_ENGINE_END &&
	       id->mdx < IPC_EXCHANGE_END &&
	       id->address_count <= ADDRESSES_MAX &&
	       (id->result != IPC_RESULT_OK || id->name_only ||
		       id->address_count > 0) &&
	       id->name_count <= NAMES_MAX &&
	       id->anchors_len <= sizeof(id->anchors) &&
	       id->chain_len <= sizeof(id->chain) &&
	       id->private_key_len <= sizeof(id->private_key) &&
	       id->login_token_len < sizeof(id->login_token) &&
	       strings_valid(id);
}

enum err
ipc_receive_identity(int channel, struct ipc_identity *id, uint32_t instances)
{
	ssize_t n;

	do {
		n = recv(channel, id, sizeof(*id), MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return send_error();
	if (n == 0)
		return ERR_EOF;
	if ((size_t)n == sizeof(*id) && identity_valid(id, instances))
		return ERR_OK;
	mem_wipe(id, sizeof(*id));
	return ERR_PARSE;
}
