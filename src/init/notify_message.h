/*
 * notify_message.h - one datagram of sd_notify(3): lines of NAME=VALUE.
 */
#ifndef INIT_NOTIFY_MESSAGE_H
#define INIT_NOTIFY_MESSAGE_H

#include "base/span.h"

#include <stdbool.h>

struct notify_message {
	bool ready;    /* READY=1 */
	bool alive;    /* WATCHDOG=1 */
	bool hangs;    /* WATCHDOG=trigger */
	bool stopping; /* STOPPING=1 */
};

/*
 * Read a datagram, and write the lines that concern whoever supervises us:
 * those that name a process or descriptors of the sender are left out.
 */
void notify_message_read(
	struct notify_message *m, struct span datagram, struct writer *pass_on);

#endif
