/*
 * wait.h - wait for one descriptor, until a moment and not longer. For code
 * that may block; the tunnel has io/loop.h.
 */
#ifndef IO_WAIT_H
#define IO_WAIT_H

#include "base/error.h"

#include <stdint.h>

enum wait_direction {
	WAIT_READ,
	WAIT_WRITE
};

/*
 * ERR_OK: fd is ready, or broken, which the next read or write will tell.
 * ERR_TIMEOUT: deadline_ms (clock_ms) came first. ERR_SYS: errno says.
 */
enum err wait_fd(
	int fd, enum wait_direction direction, uint64_t deadline_ms) NODISCARD;

/* Sleep until deadline_ms. */
void wait_until(uint64_t deadline_ms);

#endif
