/*
 * refresh.c - the refresh machine of one instance. Owns times and counters;
 * must never read a clock, ask a question itself or hold a secret.
 */
#include "tunnel/refresh.h"

#include "base/clock.h"
#include "base/rng.h"

#include <stdio.h>
#include <string.h>

void
refresh_init(struct refresh *r, uint64_t refresh_timeout_ms, uint64_t now_ms)
{
	memset(r, 0, sizeof(*r));
	r->lost_ms = refresh_timeout_ms + REFRESH_LOST_MS;
	r->due_ms = now_ms;
	r->permits = REFRESH_LIMIT_BURST;
	r->refill_ms = now_ms;
	r->jitter_percent = BACKOFF_JITTER_PERCENT;
}

static bool
usable(const struct refresh *r, struct refresh_time now)
{
	return r->have && now.wall_s < r->expires_s;
}

static void
refill(struct refresh *r, uint64_t now_ms)
{
	uint64_t intervals;

	if (now_ms < r->refill_ms)
		return;
	intervals = (now_ms - r->refill_ms) / REFRESH_LIMIT_INTERVAL_MS;
	if (intervals >= REFRESH_LIMIT_BURST - r->permits)
		r->permits = REFRESH_LIMIT_BURST;
	else
		r->permits += (unsigned)intervals;
	r->refill_ms += intervals * REFRESH_LIMIT_INTERVAL_MS;
}

static uint64_t
permitted_ms(const struct refresh *r)
{
	if (r->permits > 0)
		return 0;
	return r->refill_ms + REFRESH_LIMIT_INTERVAL_MS;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t
refresh_next_ms(struct refresh *r, struct refresh_time now)
{
	uint64_t due = r->due_ms;

	if (r->asking)
		return CLOCK_NEVER;
	refill(r, now.ms);
	/* The monotonic clock stood still while we were suspended. */
	if (!r->lazy && r->have && now.wall_s >= r->renew_s && now.ms < due)
		due = now.ms;
	return later(later(due, r->gate_ms), permitted_ms(r));
}

uint64_t
refresh_lost_at_ms(const struct refresh *r)
{
	return r->asking ? r->asked_ms + r->lost_ms : CLOCK_NEVER;
}

void
refresh_asked(struct refresh *r, struct refresh_time now)
{
	refill(r, now.ms);
	if (r->permits == REFRESH_LIMIT_BURST)
		r->refill_ms = now.ms;
	if (r->permits > 0)
		r->permits--;
	r->asking = true;
	r->asked_ms = now.ms;
}

/* Half way through a long life; else REFRESH_BUFFER_S before its end. */
static int64_t
delay_s(int64_t left_s)
{
	if (left_s >= 3600)
		return left_s / 2;
	if (left_s >= REFRESH_BUFFER_S)
		return left_s - REFRESH_BUFFER_S;
	return 0;
}

bool
refresh_got(struct refresh *r, int64_t expires_s, struct refresh_time now)
{
	int64_t delay;

	if (expires_s <= now.wall_s) {
		refresh_failed(r, IPC_RESULT_TEMPORARY, 0,
			"the ephemeral certificate had expired when it came: "
			"is this machine's clock right?",
			now);
		return false;
	}
	delay = r->lazy ? expires_s - now.wall_s - REFRESH_BUFFER_S
			: delay_s(expires_s - now.wall_s);
	r->asking = false;
	r->have = true;
	r->suspect = false;
	r->expires_s = expires_s;
	r->renew_s = now.wall_s + delay;
	r->due_ms = r->lazy ? CLOCK_NEVER : now.ms + (uint64_t)delay * 1000;
	r->gate_ms = 0;
	r->failures = 0;
	r->last_error[0] = '\0';
	return true;
}

static uint64_t
doubled(uint64_t base_ms, unsigned failures)
{
	uint64_t ms = base_ms;
	unsigned i;

	for (i = 1; i < failures && ms < REFRESH_BACKOFF_CAP_MS; i++)
		ms *= 2;
	return ms < REFRESH_BACKOFF_CAP_MS ? ms : REFRESH_BACKOFF_CAP_MS;
}

static uint64_t
throttled_ms(uint32_t retry_after_s)
{
	if (retry_after_s < REFRESH_RETRY_AFTER_MIN_S)
		return REFRESH_RETRY_AFTER_MIN_S * UINT64_C(1000);
	if (retry_after_s > REFRESH_RETRY_AFTER_MAX_S)
		return REFRESH_RETRY_AFTER_MAX_S * UINT64_C(1000);
	return retry_after_s * UINT64_C(1000);
}

static uint64_t
backoff_ms(
	const struct refresh *r, enum ipc_result result, uint32_t retry_after_s)
{
	switch (result) {
	case IPC_RESULT_THROTTLED:
		return throttled_ms(retry_after_s);
	case IPC_RESULT_DENIED:
	case IPC_RESULT_CONFIG:
		/* A person must act, which takes longer than a network. */
		return doubled(
			UINT64_C(4) * REFRESH_BACKOFF_BASE_MS, r->failures);
	case IPC_RESULT_OK:
	case IPC_RESULT_TEMPORARY:
	case IPC_RESULT_END:
		break;
	}
	return doubled(REFRESH_BACKOFF_BASE_MS, r->failures);
}

void
refresh_failed(struct refresh *r, enum ipc_result result,
	uint32_t retry_after_s, const char *detail, struct refresh_time now)
{
	uint64_t wait_ms;

	if (r->failures < 1000)
		r->failures++;
	wait_ms = backoff_ms(r, result, retry_after_s);
	/* Retry-After is a floor: jitter only adds to it. */
	if (result == IPC_RESULT_THROTTLED)
		wait_ms += rng_jitter(wait_ms * r->jitter_percent / 200, 100);
	else
		wait_ms = rng_jitter(wait_ms, r->jitter_percent);
	r->asking = false;
	r->due_ms = r->lazy ? CLOCK_NEVER : now.ms;
	r->gate_ms = now.ms + wait_ms;
	(void)snprintf(r->last_error, sizeof(r->last_error), "%s", detail);
}

enum refresh_verdict
refresh_dial(struct refresh *r, struct refresh_time now)
{
	uint64_t next_ms;

	/* Nearly over and this lazy: renewed while it still serves. */
	if (r->lazy && now.wall_s >= r->renew_s)
		refresh_force(r, now);
	if (usable(r, now) && !r->suspect)
		return REFRESH_USE;
	if (r->asking)
		return REFRESH_WAIT;
	if (r->have && !usable(r, now)) {
		r->have = false;
		r->due_ms = now.ms;
	}
	next_ms = refresh_next_ms(r, now);
	if (r->have)
		return next_ms <= now.ms ? REFRESH_WAIT : REFRESH_USE;
	if (next_ms <= now.ms + REFRESH_PATIENCE_MS)
		return REFRESH_WAIT;
	if (r->last_error[0] == '\0')
		(void)snprintf(r->last_error, sizeof(r->last_error),
			"the ephemeral certificate has expired and the limit "
			"of API questions is reached");
	return REFRESH_REFUSE;
}

void
refresh_force(struct refresh *r, struct refresh_time now)
{
	if (now.ms < r->due_ms)
		r->due_ms = now.ms;
}

void
refresh_suspect(struct refresh *r, struct refresh_time now)
{
	r->suspect = true;
	refresh_force(r, now);
}

void
refresh_lapse(struct refresh *r, struct refresh_time now)
{
	r->have = false;
	refresh_force(r, now);
}
