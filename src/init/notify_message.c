/* notify_message.c - reads what an app may have written. Pure. */
#include "init/notify_message.h"

#include <string.h>

/* Others (MAINPID, FDSTORE, BARRIER...) mean nothing outside the container. */
static const char passed[][24] = {
	"READY=",
	"RELOADING=",
	"STOPPING=",
	"STATUS=",
	"ERRNO=",
	"BUSERROR=",
	"EXIT_STATUS=",
	"WATCHDOG=",
	"MONOTONIC_USEC=",
	"EXTEND_TIMEOUT_USEC=",
};

static bool
is_passed(struct span line)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		size_t len = strlen(passed[i]);

		if (line.len >= len && memcmp(line.data, passed[i], len) == 0)
			return true;
	}
	return false;
}

void
notify_message_read(
	struct notify_message *m, struct span datagram, struct writer *pass_on)
{
	memset(m, 0, sizeof(*m));
	while (datagram.len > 0) {
		const uint8_t *end = memchr(datagram.data, '\n', datagram.len);
		size_t len = end != NULL ? (size_t)(end - datagram.data)
					 : datagram.len;
		size_t next = end != NULL ? len + 1 : len;
		struct span line = span_of(datagram.data, len);

		datagram = span_of(datagram.data + next, datagram.len - next);
		m->ready |= span_equal_str(line, "READY=1");
		m->alive |= span_equal_str(line, "WATCHDOG=1");
		m->hangs |= span_equal_str(line, "WATCHDOG=trigger");
		m->stopping |= span_equal_str(line, "STOPPING=1");
		if (!is_passed(line))
			continue;
		write_span(pass_on, line);
		write_u8(pass_on, '\n');
	}
}
