/*
 * loop.h - a registry of descriptors for epoll(7).
 *
 * The owner of a descriptor embeds a struct watch and says what it waits for;
 * the loop calls it back when that has come. What a turn costs follows the
 * number of descriptors that are ready, not of those that are registered. There
 * are no timers here: a turn ends at the deadline the caller computed from its
 * own objects. Adding, changing and removing any watch is allowed inside a
 * callback. Descriptors stay their owners' to close, after loop_remove.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/error.h"
#include "base/limits.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/*
 * Interest: POLLIN and POLLOUT, or 0 for hang-ups and errors alone (they are
 * reported unasked), or LOOP_NOTHING for no call whatever happens. A descriptor
 * that hung up and stays hung up must be set to LOOP_NOTHING, or every turn
 * ends at once.
 */
#define LOOP_NOTHING (-1)

/* revents: POLLIN, POLLOUT, POLLERR, POLLHUP. */
typedef void loop_handler(void *context, short revents);

struct watch {
	loop_handler *handler; /* NULL: not registered */
	void *context;
	int fd;
	int interest;
};

struct loop {
	int fd;
	size_t count; /* registered */
	/* Of the turn under way: ready[next..ready_count) are to be handled. */
	size_t next;
	size_t ready_count;
	struct epoll_event ready[LOOP_READY_MAX];
};

/* ERR_SYS: no descriptor to be had; errno says why. */
enum err loop_init(struct loop *l) NODISCARD;

/* Nothing may be registered any more. */
void loop_close(struct loop *l);

/*
 * Register fd, which must not be registered yet, initially for LOOP_NOTHING.
 * w must stay where it is until loop_remove. ERR_LIMIT: the kernel takes no
 * more; w is then free.
 */
enum err loop_add(struct loop *l, struct watch *w, int fd,
	loop_handler *handler, void *context) NODISCARD;

/* Change what w waits for; costs nothing when nothing changes. */
void loop_set(struct loop *l, struct watch *w, int interest);

/* Forget w. Nothing happens when it is free. */
void loop_remove(struct loop *l, struct watch *w);

/* A watch that is not registered. */
void watch_init(struct watch *w);

/* Whether w is registered. */
bool watch_used(const struct watch *w);

/*
 * Wait until a descriptor is ready or deadline_ms (clock_ms's scale,
 * CLOCK_NEVER for none) has come, and call the handlers. A signal ends the
 * turn early. ERR_SYS: waiting failed for another reason.
 */
enum err loop_turn(struct loop *l, uint64_t deadline_ms) NODISCARD;

#endif
