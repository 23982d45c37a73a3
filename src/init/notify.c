/*
 * notify.c - owns the socket that the app notifies, the pipe, and the socket to
 * whoever supervises us. Nothing here may block, or be worth ending for.
 */
#include "init/notify.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "init/notify_message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_FLAGS (SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

/* "@name" is in the abstract namespace: its first byte is zero. */
static socklen_t
address(struct sockaddr_un *out, const char *name)
{
	size_t len = strlen(name);

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (len < 2 || len >= sizeof(out->sun_path))
		return 0;
	memcpy(out->sun_path, name, len);
	if (name[0] == '@')
		out->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int
open_outer(const char *name)
{
	struct sockaddr_un to;
	socklen_t len;
	int fd;

	if (name == NULL)
		return -1;
	len = address(&to, name);
	fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	if (fd >= 0 && len > 0 && connect(fd, (void *)&to, len) == 0)
		return fd;
	log_warn("init: cannot use NOTIFY_SOCKET %s: %s", name,
		strerror(len > 0 ? errno : EINVAL));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* No file, so no place to write is needed; and nobody guesses the name. */
static int
open_own(char *entry)
{
	struct sockaddr_un at;
	uint8_t random[8];
	size_t len = strlen(entry);
	int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);

	if (rng_bytes(random, sizeof(random)) != ERR_OK)
		memset(random, 0, sizeof(random));
	len += (size_t)snprintf(
		entry + len, NOTIFY_ENTRY_MAX - len, "@fairlead-");
	for (size_t i = 0; i < sizeof(random); i++)
		len += (size_t)snprintf(
			entry + len, NOTIFY_ENTRY_MAX - len, "%02x", random[i]);
	if (fd >= 0 && bind(fd, (void *)&at,
			       address(&at, strchr(entry, '=') + 1)) == 0)
		return fd;
	log_warn("init: the app cannot notify: %s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

void
notify_open(struct notify *n, const struct config *c)
{
	*n = (struct notify){
		.config = c,
		.fd = -1,
		.pipe = -1,
		.outer = -1,
		.watchdog_ms = CLOCK_NEVER,
	};
	/* Without a word from us about it the app may use it by itself. */
	if (c->command == NULL || c->notify || c->notify_fd > 0)
		n->outer = open_outer(c->notify_outer);
	if (c->notify_entry != NULL)
		n->fd = open_own(c->notify_entry);
}

static void
close_pipe(struct notify *n)
{
	if (n->pipe >= 0)
		(void)close(n->pipe);
	n->pipe = -1;
}

int
notify_pipe(struct notify *n)
{
	int ends[2];

	close_pipe(n);
	if (n->config->notify_fd == 0 ||
		pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	n->pipe = ends[0];
	(void)fcntl(ends[1], F_SETFL, 0); /* the app's end blocks */
	return ends[1];
}

void
notify_say(struct notify *n, const char *text)
{
	if (n->outer >= 0 && send(n->outer, text, strlen(text),
				     MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("init: NOTIFY_SOCKET: %s", strerror(errno));
}

static void
now_ready(struct notify *n)
{
	if (!n->ready)
		log_debug("init: the app says that it is ready");
	n->ready = true;
}

/* The watchdog begins with the first sign: a slow start is no hang. */
static void
one_message(struct notify *n, struct span datagram, uint64_t now_ms)
{
	static char text[NOTIFY_MESSAGE_MAX + 2];
	struct writer w = writer_over(text, sizeof(text) - 1);
	struct notify_message m;

	notify_message_read(&m, datagram, &w);
	if (m.ready)
		now_ready(n);
	if (n->aborted || n->config->watchdog == 0)
		;
	else if (m.hangs)
		n->watchdog_ms = now_ms;
	else if (m.ready || m.alive)
		n->watchdog_ms = now_ms + n->config->watchdog;
	text[w.len] = '\0';
	if (writer_ok(&w) && w.len > 0)
		notify_say(n, text);
}

/* A newline is the message; an end without one is none. */
static void
read_pipe(struct notify *n)
{
	char bytes[64];
	ssize_t got = read(n->pipe, bytes, sizeof(bytes));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0 && memchr(bytes, '\n', (size_t)got) == NULL)
		return;
	if (got > 0) {
		now_ready(n);
		notify_say(n, "READY=1\n");
	}
	close_pipe(n);
}

void
notify_receive(struct notify *n, uint64_t now_ms)
{
	static uint8_t bytes[NOTIFY_MESSAGE_MAX];

	if (n->pipe >= 0)
		read_pipe(n);
	for (int i = 0; n->fd >= 0 && i < NOTIFY_PER_TURN; i++) {
		/* Descriptors that come along are closed by the kernel. */
		ssize_t got = recv(n->fd, bytes, sizeof(bytes), MSG_TRUNC);

		if (got < 0)
			return;
		if ((size_t)got <= sizeof(bytes))
			one_message(n, span_of(bytes, (size_t)got), now_ms);
	}
}

void
notify_ended(struct notify *n)
{
	close_pipe(n);
	n->ready = false;
	n->aborted = false;
	n->watchdog_ms = CLOCK_NEVER;
}

int
notify_overdue(struct notify *n, uint64_t now_ms)
{
	uint64_t late;

	if (now_ms < n->watchdog_ms)
		return 0;
	late = now_ms - n->watchdog_ms;
	if (late > WATCHDOG_LATE_MS) {
		/* Everybody was asleep: a paused container. Once more. */
		n->watchdog_ms = now_ms + n->config->watchdog;
		return 0;
	}
	n->watchdog_ms = now_ms + WATCHDOG_KILL_MS;
	if (n->aborted)
		return SIGKILL;
	n->aborted = true;
	log_error("init: %s gave no sign of life for %u ms; ending it",
		n->config->command[0], (unsigned)n->config->watchdog);
	return SIGABRT;
}
