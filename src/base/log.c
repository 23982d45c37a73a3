/*
 * log.c - the logger. Owns two descriptors of its own; must never block, since
 * PID 1 logs through it, and must never fail loudly: a lost line is counted.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/span.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum log_level least_level = LOG_INFO;
static bool as_json;
static const char *imitated;     /* the name of another init, or NULL */
static int own_fd[2] = {-1, -1}; /* [0]: standard output, [1]: error */
static unsigned long dropped;

void
log_setup(enum log_level least, bool json)
{
	least_level = least;
	as_json = json;
}

void
log_imitate(const char *name)
{
	imitated = name;
}

/*
 * A second open of the same pipe has flags of its own; O_NONBLOCK on the
 * inherited description would also hit the app. Terminals and files do not
 * block for long and sockets cannot be reopened: those keep the original.
 */
static int
reopen(int fd)
{
	struct stat st;
	char path[32];
	int flags = O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_APPEND;
	int own;

	if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode))
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, flags);
	if (own >= 0 && own <= STDERR_FILENO) {
		(void)close(own);
		return -1;
	}
	return own;
}

void
log_open(void)
{
	for (int i = 0; i < 2; i++) {
		if (own_fd[i] < 0)
			own_fd[i] = reopen(STDOUT_FILENO + i);
	}
}

int
log_fd_out(void)
{
	return own_fd[0];
}

int
log_fd_err(void)
{
	return own_fd[1];
}

static bool
write_line(int which, const char *line, size_t len)
{
	int fd = own_fd[which] >= 0 ? own_fd[which] : STDOUT_FILENO + which;
	struct pollfd p = {.fd = fd, .events = POLLOUT, .revents = 0};
	ssize_t n;

	if (own_fd[which] < 0 && (poll(&p, 1, 0) != 1 || p.revents != POLLOUT))
		return false;
	do {
		n = write(fd, line, len);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/*
 * What arrives from servers must not forge lines, drive a terminal or break a
 * reader of JSON: what is no UTF-8, also a character that was cut off, becomes
 * a question mark, and the controls U+0080 to U+009F become spaces.
 */
static void
make_utf8(char *s)
{
	struct span rest = span_str(s);

	while (rest.len > 0) {
		size_t len = utf8_length(rest);

		if (len == 0)
			s[0] = '?';
		else if (len == 2 && rest.data[0] == 0xc2 &&
			 rest.data[1] < 0xa0)
			s[0] = s[1] = ' ';
		len = len == 0 ? 1 : len;
		s += len;
		rest = span_of(rest.data + len, rest.len - len);
	}
}

/* Append s (UTF-8) to out as the inside of a JSON string; cut when full. */
static void
json_escape(char *out, size_t cap, const char *s)
{
	struct span rest = span_str(s);
	size_t used = 0;

	while (rest.len > 0 && used + 7 < cap) {
		size_t len = utf8_length(rest);
		uint8_t c = rest.data[0];

		if (c < 0x20 || c == 0x7f) {
			used += (size_t)snprintf(
				out + used, cap - used, "\\u%04x", c);
		} else {
			if (c == '"' || c == '\\')
				out[used++] = '\\';
			memcpy(out + used, rest.data, len);
			used += len;
		}
		rest = span_of(rest.data + len, rest.len - len);
	}
	out[used] = '\0';
}

static void
strip_controls(char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = ' ';
	}
}

static int
imitate(char *line, size_t cap, enum log_level level, const char *message)
{
	static const char names[][8] = {
		[LOG_DEBUG] = "DEBUG",
		[LOG_INFO] = "INFO ",
		[LOG_WARN] = "WARN ",
		[LOG_ERROR] = "FATAL",
	};

	if (imitated[0] == 'd')
		return snprintf(line, cap, "[%s] %s\n", imitated, message);
	if (imitated[0] == 't')
		return snprintf(line, cap, "[%s %s (%d)] %s\n", names[level],
			imitated, (int)getpid(), message);
	return snprintf(line, cap, "%.*s (%s:%d): %s\n",
		level == LOG_DEBUG || level == LOG_ERROR ? 5 : 4,
		level == LOG_ERROR ? "ERROR" : names[level], imitated,
		(int)getpid(), message);
}

static size_t
format_line(char *line, size_t cap, enum log_level level, char *message)
{
	static const char *const severity[] = {
		[LOG_DEBUG] = "DEBUG",
		[LOG_INFO] = "INFO",
		[LOG_WARN] = "WARNING",
		[LOG_ERROR] = "ERROR",
	};
	char escaped[LOG_LINE_MAX - 128];
	/* The C library's strftime would bring its time zones along. */
	struct clock_utc t = clock_to_utc(clock_wall_s());
	int n;

	make_utf8(message);
	if (as_json) {
		json_escape(escaped, sizeof(escaped), message);
		n = snprintf(line, cap,
			"{\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02dZ\","
			"\"severity\":\"%s\",\"message\":\"%s\"}\n",
			t.year, t.month, t.day, t.hour, t.minute, t.second,
			severity[level], escaped);
	} else if (imitated != NULL) {
		strip_controls(message);
		n = imitate(line, cap, level, message);
	} else {
		strip_controls(message);
		n = snprintf(line, cap, "%04d/%02d/%02d %02d:%02d:%02d %s\n",
			t.year, t.month, t.day, t.hour, t.minute, t.second,
			message);
	}
	if (n < 0)
		return 0;
	if ((size_t)n >= cap) {
		line[cap - 2] = '\n';
		return cap - 1;
	}
	return (size_t)n;
}

static void
emit(enum log_level level, char *message)
{
	char line[LOG_LINE_MAX];
	size_t len = format_line(line, sizeof(line), level, message);

	if (!write_line(level >= LOG_WARN ||
				(imitated != NULL && imitated[0] != 't'),
		    line, len))
		dropped++;
}

static void PRINTF(2, 0)
	log_at(enum log_level level, const char *fmt, va_list ap)
{
	char message[LOG_LINE_MAX - 128];
	int saved = errno;

	if (level < least_level)
		return;
	if (dropped > 0) {
		unsigned long lost = dropped;

		dropped = 0;
		(void)snprintf(message, sizeof(message),
			"log: %lu line(s) lost: the reader was too slow", lost);
		emit(LOG_WARN, message);
		if (dropped > 0)
			dropped = lost;
	}
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	emit(level, message);
	errno = saved;
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_at(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_at(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_at(LOG_WARN, fmt, ap);
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_at(LOG_ERROR, fmt, ap);
	va_end(ap);
}
