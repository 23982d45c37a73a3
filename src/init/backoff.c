/* backoff.c - doubling delays. Knows no clock. */
#include "init/backoff.h"

void
backoff_init(struct backoff *b, uint64_t first_ms)
{
	b->first_ms = first_ms;
	b->next_ms = first_ms;
}

void
backoff_reset(struct backoff *b)
{
	b->next_ms = b->first_ms;
}

uint64_t
backoff_next(struct backoff *b, backoff_jitter *jitter)
{
	uint64_t delay = b->next_ms;

	if (delay == 0)
		b->next_ms = BACKOFF_BASE_MS;
	else if (delay > BACKOFF_CAP_MS / 2)
		b->next_ms = BACKOFF_CAP_MS;
	else
		b->next_ms = delay * 2;
	return delay == 0 ? 0 : jitter(delay, BACKOFF_JITTER_PERCENT);
}
