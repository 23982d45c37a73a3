/*
 * counters.c - counting. Owns nothing; must never read a clock, so that it can
 * be tested with invented times.
 */
#include "tunnel/counters.h"

#include <stdio.h>
#include <string.h>

const uint16_t latency_bounds[LATENCY_BOUNDS] = {
	5, 25, 100, 250, 500, 1000, 2000, 5000, 30000};

struct history_slot *
history_now(struct history *h, uint64_t now_ms)
{
	uint64_t number = now_ms / HISTORY_SLOT_MS;
	uint64_t gone = number > h->newest ? number - h->newest : 0;

	if (gone > HISTORY_SLOTS)
		gone = HISTORY_SLOTS;
	for (uint64_t n = 0; n < gone; n++)
		memset(&h->slots[(number - n) % HISTORY_SLOTS], 0,
			sizeof(h->slots[0]));
	if (gone > 0)
		h->newest = number;
	return &h->slots[h->newest % HISTORY_SLOTS];
}

const struct history_slot *
history_past(const struct history *h, unsigned age)
{
	return &h->slots[(h->newest + HISTORY_SLOTS - age) % HISTORY_SLOTS];
}

void
counters_dialed(struct counters *c, struct history *h, uint64_t latency_ms,
	uint64_t now_ms)
{
	struct history_slot *slot = history_now(h, now_ms);
	size_t n = 0;

	while (n < LATENCY_BOUNDS && latency_ms > latency_bounds[n])
		n++;
	c->dials[n]++;
	c->dial_ms += latency_ms;
	slot->dials++;
	if (latency_ms > slot->slowest_ms)
		slot->slowest_ms = latency_ms < UINT32_MAX
					   ? (uint32_t)latency_ms
					   : UINT32_MAX;
}

void
counters_moved(struct counters *c, struct history *h, uint64_t sent,
	uint64_t received, uint64_t now_ms)
{
	struct history_slot *slot = history_now(h, now_ms);

	c->sent += sent;
	c->received += received;
	slot->sent += sent;
	slot->received += received;
}

/* What has no reason of Google's is counted by our own word for it. */
static const char kinds[IPC_RESULT_END][12] = {
	[IPC_RESULT_TEMPORARY] = "temporary",
	[IPC_RESULT_THROTTLED] = "throttled",
	[IPC_RESULT_DENIED] = "denied",
	[IPC_RESULT_CONFIG] = "config",
};

void
counters_refresh_failed(
	struct counters *c, const char *reason, enum ipc_result result)
{
	struct failures *f = c->refresh_failures;
	size_t n = 0;

	if (reason[0] == '\0')
		reason = kinds[result];
	while (n < FAILURE_REASONS_MAX - 1 && f[n].reason[0] != '\0' &&
		strcmp(f[n].reason, reason) != 0)
		n++;
	if (n == FAILURE_REASONS_MAX - 1)
		reason = "others";
	(void)snprintf(f[n].reason, sizeof(f[n].reason), "%s", reason);
	f[n].count++;
}

void
counters_failure(struct counters *c, const char *why, int64_t wall_s)
{
	c->failed_s = wall_s;
	(void)snprintf(c->last_failure, sizeof(c->last_failure), "%s", why);
}
