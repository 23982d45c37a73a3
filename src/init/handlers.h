/*
 * handlers.h - signals without signalfd(2): handlers that only note what came.
 * They run nowhere but inside ppoll(2), so no system call of ours meets EINTR.
 */
#ifndef INIT_HANDLERS_H
#define INIT_HANDLERS_H

#include "base/error.h"
#include "init/signals.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Install a handler for every signal that may have one, all signals being
 * blocked. *handled and *ignored get the sets of those that have one now, and
 * of those that were ignored before.
 */
enum err handlers_install(uint64_t *handled, uint64_t *ignored) NODISCARD;

/* Take the noted signals; returns how many. All signals must be blocked. */
size_t handlers_take(struct signal_event out[SIGNALS_PER_TURN]);

#endif
