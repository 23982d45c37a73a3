/*
 * peer.h - which user is at the other end of a connection that began on this
 * machine.
 *
 * Unix sockets: SO_PEERCRED. TCP: the kernel's list of sockets says who owns
 * the other one (sock_diag(7)), or where there is no such list (gVisor),
 * /proc/net/tcp. Both are opened before the sandbox closes.
 */
#ifndef IO_PEER_H
#define IO_PEER_H

#include "base/error.h"
#include "base/span.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct peer_lists {
	int netlink; /* -1: none */
	int proc[2]; /* /proc/net/tcp and tcp6; -1: none */
};

/* No list at all. */
void peer_none(struct peer_lists *p);

/* Those that there are. */
void peer_open(struct peer_lists *p);

/* One of the lists for TCP is there. */
bool peer_can_tell(const struct peer_lists *p);

void peer_close(struct peer_lists *p);

/*
 * The user who owns the other end of the connected socket fd. ERR_EOF: nobody
 * on this machine does (it is elsewhere, or was closed already). ERR_SYS: that
 * cannot be told.
 */
enum err peer_uid(const struct peer_lists *p, int fd, uint32_t *uid) NODISCARD;

/* The other end of fd has a loopback address. */
bool peer_is_loopback(int fd);

/* Both ends of a TCP connection as /proc/net/tcp{,6} writes them. */
struct peer_row {
	uint8_t address[2][16]; /* own, other; the first 4 bytes for IPv4 */
	uint16_t port[2];
	size_t address_len; /* 4 or 16 */
};

/*
 * Read a line of /proc/net/tcp{,6}. ERR_OK: it is the socket of row, *uid its
 * owner; ERR_EOF: it is, but nobody has it open; ERR_AGAIN: another line.
 */
enum err peer_read_row(
	struct span line, const struct peer_row *row, uint32_t *uid) NODISCARD;

#endif
