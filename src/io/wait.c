/*
 * wait.c - poll(2) on one descriptor with an absolute deadline. Owns nothing.
 */
#include "io/wait.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

enum err
wait_fd(int fd, enum wait_direction direction, uint64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN, .revents = 0};

	if (direction == WAIT_WRITE)
		p.events = POLLOUT;
	for (;;) {
		int n = poll(
			&p, 1, clock_poll_timeout(clock_ms(), deadline_ms));

		if (n > 0)
			return ERR_OK;
		if (n < 0 && errno != EINTR)
			return ERR_SYS;
		/* Not n == 0: poll's timeout is shorter than very far ones. */
		if (clock_ms() >= deadline_ms)
			return ERR_TIMEOUT;
	}
}

void
wait_until(uint64_t deadline_ms)
{
	while (clock_ms() < deadline_ms) {
		/* No descriptors: only time or a signal ends it. */
		(void)poll(
			NULL, 0, clock_poll_timeout(clock_ms(), deadline_ms));
	}
}
