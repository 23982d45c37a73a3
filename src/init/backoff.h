/*
 * backoff.h - how long to wait before the next try: doubling from
 * BACKOFF_BASE_MS to BACKOFF_CAP_MS. Pure: randomness is passed in.
 */
#ifndef INIT_BACKOFF_H
#define INIT_BACKOFF_H

#include "base/limits.h"

#include <stdint.h>

/* value changed by up to +-percent; rng_jitter, or a test's. */
typedef uint64_t backoff_jitter(uint64_t value, unsigned percent);

struct backoff {
	uint64_t first_ms; /* 0: the first retry is immediate */
	uint64_t next_ms;
};

void backoff_init(struct backoff *b, uint64_t first_ms);

/* Back to the first delay. */
void backoff_reset(struct backoff *b);

/* The delay before this try in milliseconds; the next one is twice as long. */
uint64_t backoff_next(struct backoff *b, backoff_jitter *jitter);

#endif
