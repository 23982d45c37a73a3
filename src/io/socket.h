/*
 * socket.h - stream sockets: listening, accepting, connecting, and moving
 * bytes without ever blocking and without SIGPIPE.
 *
 * Every descriptor made here is close-on-exec and non-blocking. EINTR ends
 * here. Functions without a struct error leave errno as the system call set it
 * when they return ERR_SYS, so that a caller may use error_sys.
 */
#ifndef IO_SOCKET_H
#define IO_SOCKET_H

#include "base/error.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* "[IPv6]:65535" or a Unix socket's path, NUL included. */
#define SOCKET_NAME_MAX 128

/*
 * Listen on an IPv4 or IPv6 literal, on that family only; port 0 lets the
 * kernel choose. *bound_port is the port in use. ERR_USAGE: not an IP address;
 * ERR_SYS: e says what failed and, where there is one, the remedy.
 */
enum err socket_listen_tcp(const char *address, uint16_t port, int *fd,
	uint16_t *bound_port, struct error *e) NODISCARD;

#define SOCKET_OWNER_AS_IT_IS UINT32_MAX

/*
 * Listen on a Unix socket with these permissions and this owner; nobody gets in
 * before it has them. The folder must exist. A socket file nobody listens on is
 * removed first; any other file is left alone and refused. ERR_LIMIT: the
 * path does not fit into 107 bytes.
 */
enum err socket_listen_unix(const char *path, uint32_t mode, uint32_t uid,
	uint32_t gid, int *fd, struct error *e) NODISCARD;

/*
 * Make the folder that holds a PostgreSQL socket, with that mode; its parent
 * must exist. A folder that is there already is left as it is.
 */
enum err socket_make_folder(
	const char *path, uint32_t mode, struct error *e) NODISCARD;

/*
 * Take one connection: keepalive and TCP_NODELAY are set on TCP. name is the
 * peer for the log, "@" for an unnamed Unix socket. ERR_AGAIN: none waits, or
 * it went away. ERR_LIMIT: no descriptors or memory now, errno says which.
 * ERR_SYS: the listener is unusable.
 */
enum err socket_accept(
	int listener, int *fd, char name[SOCKET_NAME_MAX]) NODISCARD;

/*
 * Begin to connect to an IP literal, keepalive and TCP_NODELAY set. The
 * connection stands or has failed once *fd is writable: socket_connected
 * tells. ERR_DNS: not an IP address. ERR_CONNECT: refused at once; no
 * descriptor is left.
 */
enum err socket_connect(
	const char *address, uint16_t port, int *fd, struct error *e) NODISCARD;

/* The outcome of socket_connect. ERR_CONNECT: e has the reason. */
enum err socket_connected(int fd, struct error *e) NODISCARD;

/*
 * One read or write over count buffers (count > 0, none empty). ERR_OK: *done
 * bytes, at least one, were moved. ERR_AGAIN: none can be now. ERR_EOF (read
 * only): the peer has finished. ERR_SYS: the connection is broken.
 */
enum err socket_read(
	int fd, struct iovec *to, int count, size_t *done) NODISCARD;
enum err socket_write(
	int fd, struct iovec *from, int count, size_t *done) NODISCARD;

/* fd's own address, in the form of socket_accept's names. */
void socket_own_name(int fd, char name[SOCKET_NAME_MAX]);

/* The error pending on a socket that poll(2) says has one. */
void socket_error(int fd, struct error *e);

/* Bytes that can be read now; 0 also when that cannot be told. */
size_t socket_readable(int fd);

/* Bytes written that the peer has not acknowledged; 0 when unknown. */
size_t socket_unsent(int fd);

/* Tell the peer that no more bytes will come. */
void socket_finish(int fd);

/* Close; bytes on their way are still delivered. */
void socket_close(int fd);

/* Close with a reset where the protocol has one: the peer sees an error. */
void socket_reset(int fd);

/* Raise the soft limit of descriptors to the hard one; returns the limit. */
uint64_t socket_raise_limit(void);

#endif
