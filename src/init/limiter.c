/* limiter.c - counts in time instead of tokens, so nothing has to be refilled.
 */
#include "init/limiter.h"

#include "base/limits.h"

#define SLACK_MS                                                               \
	((uint64_t)(QUESTION_LIMIT_BURST - 1) * QUESTION_LIMIT_INTERVAL_MS)

uint64_t
limiter_when(const struct limiter *l, uint64_t now_ms)
{
	if (l->full_at_ms <= SLACK_MS || l->full_at_ms - SLACK_MS <= now_ms)
		return now_ms;
	return l->full_at_ms - SLACK_MS;
}

void
limiter_take(struct limiter *l, uint64_t now_ms)
{
	if (l->full_at_ms < now_ms)
		l->full_at_ms = now_ms;
	l->full_at_ms += QUESTION_LIMIT_INTERVAL_MS;
}
