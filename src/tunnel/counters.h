/*
 * counters.h - what an instance has been asked for and what came of it, and
 * the last minutes of all of them together.
 *
 * Plain numbers since the tunnel's start. The history is a ring of fixed size
 * that moves on when it is used, not by a timer: an idle tunnel sleeps.
 */
#ifndef TUNNEL_COUNTERS_H
#define TUNNEL_COUNTERS_H

#include "base/limits.h"
#include "io/ipc.h"

#include <stdint.h>

/* Why a client was turned away before its instance was dialed. */
enum refused {
	REFUSED_LIMIT, /* --max-connections */
	REFUSED_USER,  /* --allow-uid */
	REFUSED_COUNT
};

/* Failed refreshes for one reason. */
struct failures {
	char reason[API_REASON_MAX]; /* "": the slot is free */
	uint64_t count;
};

struct counters {
	uint64_t accepted; /* and not refused */
	uint64_t refused[REFUSED_COUNT];
	uint64_t open;     /* dialing or relaying now */
	uint64_t sent;     /* bytes to the instance */
	uint64_t received; /* bytes from it */
	uint64_t dial_failures;
	uint64_t dials[LATENCY_BOUNDS + 1]; /* by latency; last: above all */
	uint64_t dial_ms;                   /* the sum of their latencies */
	uint64_t refreshes;
	struct failures refresh_failures[FAILURE_REASONS_MAX];
	int64_t failed_s; /* wall clock of last_failure; 0: none yet */
	char last_failure[FAILURE_TEXT_MAX];
};

/* Upper bounds in milliseconds, inclusive, rising. */
extern const uint16_t latency_bounds[LATENCY_BOUNDS];

struct history_slot {
	uint64_t sent;
	uint64_t received;
	uint32_t dials;
	uint32_t slowest_ms; /* of these dials */
};

struct history {
	uint64_t newest; /* number of the newest slot since clock 0 */
	struct history_slot slots[HISTORY_SLOTS]; /* number % HISTORY_SLOTS */
};

/* The slot of now_ms, after forgetting those that are too old. */
struct history_slot *history_now(struct history *h, uint64_t now_ms);

/* The slot that is age older than the newest one, age < HISTORY_SLOTS. */
const struct history_slot *history_past(const struct history *h, unsigned age);

/* An instance was reached in so many milliseconds. */
void counters_dialed(struct counters *c, struct history *h, uint64_t latency_ms,
	uint64_t now_ms);

void counters_moved(struct counters *c, struct history *h, uint64_t sent,
	uint64_t received, uint64_t now_ms);

/* A refresh failed: the API's reason or, without one, what kind it was. */
void counters_refresh_failed(
	struct counters *c, const char *reason, enum ipc_result result);

/* Keep why something failed, for people: text is cut where it is too long. */
void counters_failure(struct counters *c, const char *why, int64_t wall_s);

#endif
