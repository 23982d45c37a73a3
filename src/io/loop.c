/*
 * loop.c - the epoll registry. Owns the epoll descriptor and the events of the
 * turn under way; must never allocate, never sleep with an event in hand, and
 * never call a handler for an event of a watch that was removed meanwhile.
 */
#include "io/loop.h"

#include "base/clock.h"

#include <errno.h>
#include <unistd.h>

/* What handlers are told is poll(2)'s; the kernel has one set of numbers. */
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT &&
		       EPOLLERR == POLLERR && EPOLLHUP == POLLHUP,
	"epoll and poll differ");

void
watch_init(struct watch *w)
{
	w->handler = NULL;
	w->context = NULL;
	w->fd = -1;
	w->interest = LOOP_NOTHING;
}

bool
watch_used(const struct watch *w)
{
	return w->handler != NULL;
}

enum err
loop_init(struct loop *l)
{
	l->fd = epoll_create1(EPOLL_CLOEXEC);
	l->count = 0;
	l->next = 0;
	l->ready_count = 0;
	return l->fd < 0 ? ERR_SYS : ERR_OK;
}

void
loop_close(struct loop *l)
{
	(void)close(l->fd);
	l->fd = -1;
}

/*
 * The kernel reports hang-ups and errors whatever is asked for. One-shot limits
 * them to one report, which dispatch drops: cheaper than taking the descriptor
 * out, and putting it back cannot fail for want of memory.
 */
static int
control(struct loop *l, int operation, struct watch *w)
{
	struct epoll_event event = {.data.ptr = w};

	event.events = w->interest == LOOP_NOTHING ? (uint32_t)EPOLLONESHOT
						   : (uint32_t)w->interest;
	return epoll_ctl(l->fd, operation, w->fd, &event);
}

enum err
loop_add(struct loop *l, struct watch *w, int fd, loop_handler *handler,
	void *context)
{
	watch_init(w);
	w->fd = fd;
	if (control(l, EPOLL_CTL_ADD, w) != 0)
		return ERR_LIMIT;
	w->handler = handler;
	w->context = context;
	l->count++;
	return ERR_OK;
}

void
loop_set(struct loop *l, struct watch *w, int interest)
{
	if (!watch_used(w) || w->interest == interest)
		return;
	w->interest = interest;
	/* Cannot fail: the descriptor is registered and open. */
	(void)control(l, EPOLL_CTL_MOD, w);
}

void
loop_remove(struct loop *l, struct watch *w)
{
	size_t i;

	if (!watch_used(w))
		return;
	(void)control(l, EPOLL_CTL_DEL, w);
	for (i = l->next; i < l->ready_count; i++)
		if (l->ready[i].data.ptr == w)
			l->ready[i].data.ptr = NULL;
	watch_init(w);
	l->count--;
}

static void
dispatch(struct loop *l)
{
	while (l->next < l->ready_count) {
		const struct epoll_event *event = &l->ready[l->next++];
		const struct watch *w = event->data.ptr;

		if (w != NULL && w->interest != LOOP_NOTHING)
			w->handler(w->context, (short)event->events);
	}
}

enum err
loop_turn(struct loop *l, uint64_t deadline_ms)
{
	int timeout = clock_poll_timeout(clock_ms(), deadline_ms);
	int n = epoll_wait(l->fd, l->ready, LOOP_READY_MAX, timeout);

	if (n < 0)
		return errno == EINTR ? ERR_OK : ERR_SYS;
	l->next = 0;
	l->ready_count = (size_t)n;
	dispatch(l);
	return ERR_OK;
}
