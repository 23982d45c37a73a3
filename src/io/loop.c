/*
 * loop.c - the poll(2) registry. Owns the dense array that poll reads and the
 * way back from it to the watches; must never allocate and never sleep with
 * an event in hand.
 *
 * The array has no holes: removing moves the last entry into the gap. That is
 * safe in the middle of a turn because a turn runs from the last entry to the
 * first and an entry's revents are cleared before its handler is called. What
 * moves down was therefore handled already, or is new, and shows no events.
 */
#include "io/loop.h"

#include "base/clock.h"

#include <errno.h>

void
watch_init(struct watch *w)
{
	w->handler = NULL;
	w->context = NULL;
	w->slot = LOOP_FREE;
}

enum err
loop_add(struct loop *l, struct watch *w, int fd, loop_handler *handler,
	void *context)
{
	watch_init(w);
	if (l->count == LOOP_WATCHES_MAX)
		return ERR_LIMIT;
	w->handler = handler;
	w->context = context;
	w->slot = l->count++;
	l->watches[w->slot] = w;
	/* poll(2) skips negative descriptors: -1 - fd means "not now". */
	l->fds[w->slot] = (struct pollfd){.fd = -1 - fd};
	return ERR_OK;
}

void
loop_set(struct loop *l, const struct watch *w, int interest)
{
	struct pollfd *p;
	int fd;

	if (w->slot == LOOP_FREE)
		return;
	p = &l->fds[w->slot];
	fd = p->fd < 0 ? -1 - p->fd : p->fd;
	p->fd = interest == LOOP_NOTHING ? -1 - fd : fd;
	p->events = interest == LOOP_NOTHING ? 0 : (short)interest;
}

void
loop_remove(struct loop *l, struct watch *w)
{
	size_t last;

	if (w->slot == LOOP_FREE)
		return;
	last = --l->count;
	l->fds[w->slot] = l->fds[last];
	l->watches[w->slot] = l->watches[last];
	l->watches[w->slot]->slot = w->slot;
	l->watches[last] = NULL;
	w->slot = LOOP_FREE;
}

static void
dispatch(struct loop *l)
{
	size_t i = l->count;

	while (i-- > 0) {
		short revents;

		if (i >= l->count)
			continue;
		revents = l->fds[i].revents;
		if (revents == 0)
			continue;
		l->fds[i].revents = 0;
		l->watches[i]->handler(l->watches[i]->context, revents);
	}
}

enum err
loop_turn(struct loop *l, uint64_t deadline_ms)
{
	int timeout = clock_poll_timeout(clock_ms(), deadline_ms);
	int n = poll(l->fds, (nfds_t)l->count, timeout);

	if (n > 0)
		dispatch(l);
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		return ERR_SYS;
	return ERR_OK;
}
