/*
 * refresh.h - when to ask for an identity, and what a dial may do meanwhile.
 *
 * One struct refresh per instance, for the life of the process. It reads no
 * clock and does no input or output: times come in, verdicts go out. The rules
 * are the connectors' (refresh ahead of the expiry, two quick questions and
 * then one per 30 s), with two differences. The limiter belongs to the
 * instance, not to the identity, so that a client in a reconnect loop cannot
 * use up the API's quota. And failures back off by what a retry is worth.
 */
#ifndef TUNNEL_REFRESH_H
#define TUNNEL_REFRESH_H

#include "base/error.h"
#include "base/limits.h"
#include "io/ipc.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Both clocks at one moment. Waits go by the monotonic one; identities age on
 * the wall clock, also while the machine or the container is frozen.
 */
struct refresh_time {
	uint64_t ms;    /* CLOCK_MONOTONIC */
	int64_t wall_s; /* CLOCK_REALTIME */
};

enum refresh_verdict {
	REFRESH_USE,    /* the identity is good: dial */
	REFRESH_WAIT,   /* an answer is on its way */
	REFRESH_REFUSE, /* nothing usable, and no question may be asked yet:
			   last_error says why */
};

struct refresh {
	/* --lazy-refresh, to be set after refresh_init: behind the first
	 * question, none but for a dial. */
	bool lazy;
	bool asking;             /* a question is out; never more than one */
	uint64_t asked_ms;       /* when it was asked */
	uint64_t lost_ms;        /* after so long no answer will come */
	bool have;               /* an identity is here */
	bool suspect;            /* ... but a TLS handshake with it failed */
	int64_t expires_s;       /* ... and it is good until then */
	int64_t renew_s;         /* wall clock of the next question */
	uint64_t due_ms;         /* monotonic clock of the same */
	uint64_t gate_ms;        /* no question before: backoff */
	unsigned failures;       /* in a row */
	unsigned permits;        /* of the limiter */
	uint64_t refill_ms;      /* when the limiter's interval began */
	unsigned jitter_percent; /* of every backoff */
	char last_error[ERROR_DETAIL_MAX]; /* "" before the first failure */
};

/* Nothing known, first question due at once. */
void refresh_init(
	struct refresh *r, uint64_t refresh_timeout_ms, uint64_t now_ms);

/*
 * When the next question is due and permitted; in the past: now. CLOCK_NEVER
 * while one is out.
 */
uint64_t refresh_next_ms(struct refresh *r, struct refresh_time now);

/* When to give the question that is out up for lost; CLOCK_NEVER: none is. */
uint64_t refresh_lost_at_ms(const struct refresh *r);

/* The question was asked. */
void refresh_asked(struct refresh *r, struct refresh_time now);

/*
 * An identity came. False if it has expired already, which counts as a
 * failure: the caller keeps what it had.
 */
bool refresh_got(struct refresh *r, int64_t expires_s, struct refresh_time now);

/* The question failed. An identity that is still good stays in use. */
void refresh_failed(struct refresh *r, enum ipc_result result,
	uint32_t retry_after_s, const char *detail, struct refresh_time now);

/* What a connection that needs the identity now may do. */
enum refresh_verdict refresh_dial(struct refresh *r, struct refresh_time now);

/*
 * No address could be reached: ask again as soon as that is permitted, and
 * use what is here meanwhile.
 */
void refresh_force(struct refresh *r, struct refresh_time now);

/* The identity is another instance's: never to be used again. */
void refresh_lapse(struct refresh *r, struct refresh_time now);

/*
 * A TLS handshake failed, or the server refused our certificate. The next
 * dials wait for a new identity if one can be had now. Otherwise they try with
 * the old one: that costs one connection, where refusing could lock a healthy
 * database out for as long as the limiter closes.
 */
void refresh_suspect(struct refresh *r, struct refresh_time now);

#endif
