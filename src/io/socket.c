/*
 * socket.c - stream sockets. Owns no state; must never block, never raise
 * SIGPIPE and never leave a descriptor behind after a failure.
 */
#include "io/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define STREAM (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

static enum err
parse_literal(const char *text, uint16_t port, union address *a, socklen_t *len)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		*len = sizeof(a->v4);
		return ERR_OK;
	}
	if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
		*len = sizeof(a->v6);
		return ERR_OK;
	}
	return ERR_PARSE;
}

static enum err
parse_path(const char *path, union address *a, struct error *e)
{
	size_t len = strlen(path);

	memset(a, 0, sizeof(*a));
	if (len == 0 || len >= sizeof(a->un.sun_path))
		return error_set(e, ERR_LIMIT,
			"Unix socket path has %zu bytes and the kernel takes "
			"%zu at most: choose a shorter folder, or name the "
			"socket with ?unix-socket-path=: %s",
			len, sizeof(a->un.sun_path) - 1, path);
	a->un.sun_family = AF_UNIX;
	memcpy(a->un.sun_path, path, len + 1);
	return ERR_OK;
}

/* A socket option that only makes a connection better is not worth failing. */
static void
set_option(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void
tune(int fd, int family)
{
	if (family != AF_INET && family != AF_INET6)
		return;
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_S);
}

static uint16_t
port_of(int fd)
{
	union address a;
	socklen_t len = sizeof(a);

	memset(&a, 0, sizeof(a));
	if (getsockname(fd, &a.any, &len) != 0)
		return 0;
	return ntohs(
		a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

static const char *
bind_remedy(int number)
{
	switch (number) {
	case EADDRINUSE:
		return " (another program listens there: choose another "
		       "port)";
	case EACCES:
		return " (ports below 1024 need a privilege: choose a higher "
		       "one)";
	case EADDRNOTAVAIL:
		return " (this machine does not have that address)";
	default:
		return "";
	}
}

enum err
socket_listen_tcp(const char *address, uint16_t port, int *fd,
	uint16_t *bound_port, struct error *e)
{
	union address a;
	socklen_t len;

	*fd = -1;
	if (parse_literal(address, port, &a, &len) != ERR_OK)
		return error_set(e, ERR_USAGE,
			"\"%s\" is not an IPv4 or IPv6 address", address);
	*fd = socket(a.any.sa_family, STREAM, 0);
	if (*fd < 0)
		return error_sys(e, ERR_SYS, "socket");
	set_option(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (a.any.sa_family == AF_INET6)
		set_option(*fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (bind(*fd, &a.any, len) != 0 || listen(*fd, LISTEN_BACKLOG) != 0) {
		(void)error_sys(e, ERR_SYS, "could not listen to %s port %u%s",
			address, (unsigned)port, bind_remedy(errno));
		socket_close(*fd);
		*fd = -1;
		return ERR_SYS;
	}
	*bound_port = port_of(*fd);
	return ERR_OK;
}

/*
 * A socket file outlives the process that made it, and bind(2) then fails for
 * ever. It is stale when connecting to it is refused; everything else (a
 * listener, another kind of file, no permission to tell) is not ours to
 * remove.
 */
static bool
remove_stale(const union address *a)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(a->un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, STREAM, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, &a->any, sizeof(a->un)) != 0 &&
		errno == ECONNREFUSED;
	socket_close(fd);
	return stale && unlink(a->un.sun_path) == 0;
}

static int
bind_path(int fd, const union address *a)
{
	if (bind(fd, &a->any, sizeof(a->un)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -1;
	if (!remove_stale(a)) {
		errno = EADDRINUSE;
		return -1;
	}
	return bind(fd, &a->any, sizeof(a->un));
}

/* Of a socket that is bound and not listening yet: nobody can be early. */
static enum err
hand_over(const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
	struct error *e)
{
	bool owned =
		uid != SOCKET_OWNER_AS_IT_IS || gid != SOCKET_OWNER_AS_IT_IS;

	if (owned && lchown(path, (uid_t)uid, (gid_t)gid) != 0)
		return error_sys(e, ERR_SYS, "--socket-owner: %s", path);
	/* The umask took bits away; an app under another uid must get in. What
	 * was to be kept from others must be. */
	if (chmod(path, (mode_t)mode) != 0 && mode != 0777)
		return error_sys(e, ERR_SYS, "--socket-mode: %s", path);
	return ERR_OK;
}

enum err
socket_listen_unix(const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
	int *fd, struct error *e)
{
	union address a;

	*fd = -1;
	if (parse_path(path, &a, e) != ERR_OK)
		return e->code;
	*fd = socket(AF_UNIX, STREAM, 0);
	if (*fd < 0)
		return error_sys(e, ERR_SYS, "socket");
	if (bind_path(*fd, &a) != 0)
		(void)error_sys(e, ERR_SYS, "could not listen to %s%s", path,
			errno == EADDRINUSE ? " (another program listens "
					      "there, or it is not a socket)"
					    : "");
	else if (hand_over(path, mode, uid, gid, e) == ERR_OK &&
		 listen(*fd, LISTEN_BACKLOG) != 0)
		(void)error_sys(e, ERR_SYS, "could not listen to %s", path);
	if (e->code == ERR_OK)
		return ERR_OK;
	socket_close(*fd);
	*fd = -1;
	return e->code;
}

enum err
socket_make_folder(const char *path, uint32_t mode, struct error *e)
{
	struct stat st;

	if (mkdir(path, (mode_t)mode) == 0) {
		(void)chmod(path, (mode_t)mode);
		return ERR_OK;
	}
	if (errno != EEXIST)
		return error_sys(e, ERR_SYS,
			"could not make the folder %s (its parent must exist "
			"and be writable)",
			path);
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return error_set(e, ERR_SYS,
			"%s exists and is not a folder: remove it, or choose "
			"another one",
			path);
	return ERR_OK;
}

static void
name_of(const union address *a, socklen_t len, char name[SOCKET_NAME_MAX])
{
	char ip[INET6_ADDRSTRLEN] = "?";
	size_t head = offsetof(struct sockaddr_un, sun_path);

	if (a->any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &a->v4.sin_addr, ip, sizeof(ip));
		(void)snprintf(name, SOCKET_NAME_MAX, "%s:%u", ip,
			(unsigned)ntohs(a->v4.sin_port));
	} else if (a->any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &a->v6.sin6_addr, ip, sizeof(ip));
		(void)snprintf(name, SOCKET_NAME_MAX, "[%s]:%u", ip,
			(unsigned)ntohs(a->v6.sin6_port));
	} else if (len > head && a->un.sun_path[0] != '\0') {
		(void)snprintf(name, SOCKET_NAME_MAX, "%.*s", (int)(len - head),
			a->un.sun_path);
	} else {
		(void)snprintf(name, SOCKET_NAME_MAX, "@");
	}
}

static enum err
accept_result(int number)
{
	switch (number) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return ERR_LIMIT;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
	case EFAULT:
		return ERR_SYS;
	default:
		/* accept(2): also errors of a connection that is gone. */
		return ERR_AGAIN;
	}
}

enum err
socket_accept(int listener, int *fd, char name[SOCKET_NAME_MAX])
{
	union address a;
	socklen_t len = sizeof(a);

	memset(&a, 0, sizeof(a));
	do
		*fd = accept4(
			listener, &a.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (*fd < 0 && errno == EINTR);
	if (*fd < 0)
		return accept_result(errno);
	tune(*fd, a.any.sa_family);
	name_of(&a, len, name);
	return ERR_OK;
}

void
socket_own_name(int fd, char name[SOCKET_NAME_MAX])
{
	union address a;
	socklen_t len = sizeof(a);

	memset(&a, 0, sizeof(a));
	(void)getsockname(fd, &a.any, &len);
	name_of(&a, len, name);
}

enum err
socket_connect(const char *address, uint16_t port, int *fd, struct error *e)
{
	union address a;
	socklen_t len;

	*fd = -1;
	if (parse_literal(address, port, &a, &len) != ERR_OK)
		return error_set(
			e, ERR_DNS, "\"%s\" is not an IP address", address);
	*fd = socket(a.any.sa_family, STREAM, 0);
	if (*fd < 0)
		return error_sys(e, ERR_CONNECT, "socket");
	tune(*fd, a.any.sa_family);
	/* After EINTR the connection goes on being made (connect(2)). */
	if (connect(*fd, &a.any, len) == 0 || errno == EINPROGRESS ||
		errno == EINTR)
		return ERR_OK;
	(void)error_sys(e, ERR_CONNECT, "connect");
	socket_close(*fd);
	*fd = -1;
	return ERR_CONNECT;
}

static enum err
pending_error(int fd, const char *what, struct error *e)
{
	int number = 0;
	socklen_t len = sizeof(number);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) != 0)
		return error_sys(e, ERR_CONNECT, "getsockopt");
	if (number == 0)
		return ERR_OK;
	errno = number;
	return error_sys(e, ERR_CONNECT, "%s", what);
}

enum err
socket_connected(int fd, struct error *e)
{
	return pending_error(fd, "connect", e);
}

void
socket_error(int fd, struct error *e)
{
	if (pending_error(fd, "socket", e) == ERR_OK)
		(void)error_set(e, ERR_SYS, "hung up");
}

enum err
socket_read(int fd, struct iovec *to, int count, size_t *done)
{
	struct msghdr m = {.msg_iov = to};
	ssize_t n;

	m.msg_iovlen = (size_t)count;
	*done = 0;
	do
		n = recvmsg(fd, &m, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return ERR_EOF;
	if (n < 0)
		return errno == EAGAIN ? ERR_AGAIN : ERR_SYS;
	*done = (size_t)n;
	return ERR_OK;
}

enum err
socket_write(int fd, struct iovec *from, int count, size_t *done)
{
	struct msghdr m = {.msg_iov = from};
	ssize_t n;

	m.msg_iovlen = (size_t)count;
	*done = 0;
	do
		n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? ERR_AGAIN : ERR_SYS;
	*done = (size_t)n;
	return n == 0 ? ERR_AGAIN : ERR_OK;
}

size_t
socket_readable(int fd)
{
	int n = 0;

	if (ioctl(fd, FIONREAD, &n) != 0 || n < 0)
		return 0;
	return (size_t)n;
}

size_t
socket_unsent(int fd)
{
	int n = 0;

	if (ioctl(fd, TIOCOUTQ, &n) != 0 || n < 0)
		return 0;
	return (size_t)n;
}

void
socket_finish(int fd)
{
	(void)shutdown(fd, SHUT_WR);
}

void
socket_close(int fd)
{
	/* Linux has closed it whatever close(2) returns, EINTR included. */
	(void)close(fd);
}

void
socket_reset(int fd)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	socket_close(fd);
}

uint64_t
socket_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 256;
	if (limit.rlim_cur != limit.rlim_max) {
		rlim_t before = limit.rlim_cur;

		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			limit.rlim_cur = before;
	}
	return limit.rlim_cur;
}
