/*
 * limiter.h - a token bucket that delays: QUESTION_LIMIT_BURST questions at
 * once, then one per QUESTION_LIMIT_INTERVAL_MS. It is kept by the process
 * that forks, so that no fault elsewhere can storm Google's API. Pure.
 */
#ifndef INIT_LIMITER_H
#define INIT_LIMITER_H

#include <stdint.h>

/* All zeros is a full bucket. */
struct limiter {
	uint64_t full_at_ms; /* when the bucket will be full again */
};

/* The earliest moment at which a token may be taken: now_ms or later. */
uint64_t limiter_when(const struct limiter *l, uint64_t now_ms);

/* Take a token. */
void limiter_take(struct limiter *l, uint64_t now_ms);

#endif
