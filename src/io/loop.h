/*
 * loop.h - a registry of descriptors for poll(2).
 *
 * The owner of a descriptor embeds a struct watch and says what it waits for;
 * the loop calls it back when that has come. There are no timers here: a turn
 * ends at the deadline the caller computed from its own objects. Adding,
 * changing and removing any watch is allowed inside a callback. Descriptors
 * stay their owners' to close, after loop_remove.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/error.h"
#include "base/limits.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Interest: POLLIN and POLLOUT, or 0 for hang-ups and errors alone (poll(2)
 * reports those unasked), or LOOP_NOTHING for no wake-up whatever happens. A
 * descriptor that hung up and stays hung up must be set to LOOP_NOTHING, or
 * every turn ends at once.
 */
#define LOOP_NOTHING (-1)

/* revents: POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL. */
typedef void loop_handler(void *context, short revents);

struct watch {
	loop_handler *handler;
	void *context;
	size_t slot; /* LOOP_FREE when not registered */
};

#define LOOP_FREE SIZE_MAX

/* Large; meant for static storage. All zeros is an empty loop. */
struct loop {
	struct pollfd fds[LOOP_WATCHES_MAX];
	struct watch *watches[LOOP_WATCHES_MAX];
	size_t count;
};

/*
 * Register fd, initially for LOOP_NOTHING. w must stay where it is until
 * loop_remove. ERR_LIMIT: the registry is full; w is then free.
 */
enum err loop_add(struct loop *l, struct watch *w, int fd,
	loop_handler *handler, void *context) NODISCARD;

/* Change what w waits for; cheap when nothing changes. */
void loop_set(struct loop *l, const struct watch *w, int interest);

/* Forget w. Nothing happens when it is free. */
void loop_remove(struct loop *l, struct watch *w);

/* A watch that is not registered. */
void watch_init(struct watch *w);

/*
 * Wait until a descriptor is ready or deadline_ms (clock_ms's scale,
 * CLOCK_NEVER for none) has come, and call the handlers. A signal ends the
 * turn early. ERR_SYS: poll failed for another reason.
 */
enum err loop_turn(struct loop *l, uint64_t deadline_ms) NODISCARD;

#endif
