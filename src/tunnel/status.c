/*
 * status.c - writes /status. Reads the tunnel's state and changes nothing;
 * must never write a token, a key or a certificate.
 */
#include "tunnel/status.h"

#include "base/clock.h"
#include "io/socket.h"
#include "tunnel/pages.h"
#include "tunnel/tunnel.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

static void
text(struct writer *w, const char *name, const char *value)
{
	pages_print(w, ",\"%s\":", name);
	json_write_string(w, span_str(value));
}

static void
number(struct writer *w, const char *name, uint64_t value)
{
	pages_print(w, ",\"%s\":%" PRIu64, name, value);
}

/* The failure that came last, of whatever kind, and when. */
static void
last_error(const struct counters *c, struct writer *w)
{
	if (c->failed_s == 0)
		return;
	number(w, "failed", (uint64_t)c->failed_s);
	text(w, "error", c->last_failure);
}

static uint64_t
sum(const uint64_t *values, size_t count)
{
	uint64_t total = 0;

	while (count > 0)
		total += values[--count];
	return total;
}

static uint64_t
failures(const struct counters *c)
{
	uint64_t total = 0;

	for (size_t n = 0; n < FAILURE_REASONS_MAX; n++)
		total += c->refresh_failures[n].count;
	return total;
}

static void
instance(const struct instance *i, struct writer *w)
{
	static const char engines[IPC_ENGINE_END][12] = {
		"", "PostgreSQL", "MySQL", "SQL Server"};
	const struct counters *c = &i->counters;
	char where[SOCKET_NAME_MAX] = "";

	if (i->listener >= 0)
		socket_own_name(i->listener, where);
	pages_print(w, "{\"name\":");
	json_write_string(w, span_str(i->config->name));
	text(w, "listening", where);
	text(w, "engine",
		i->current == NULL ? "" : engines[i->current->engine]);
	if (i->current != NULL) {
		number(w, "expires", (uint64_t)i->current->expires_s);
		number(w, "renews", (uint64_t)i->refresh.renew_s);
	}
	number(w, "open", c->open);
	number(w, "accepted", c->accepted);
	number(w, "refused_limit", c->refused[REFUSED_LIMIT]);
	number(w, "refused_user", c->refused[REFUSED_USER]);
	number(w, "sent", c->sent);
	number(w, "received", c->received);
	number(w, "dials", sum(c->dials, LATENCY_BOUNDS + 1));
	number(w, "dial_ms", c->dial_ms);
	number(w, "dial_failures", c->dial_failures);
	number(w, "refreshes", c->refreshes);
	number(w, "refresh_failures", failures(c));
	last_error(c, w);
	pages_print(w, "}");
}

/* [sent, received, dials, slowest] of each slot. */
static void
history(const struct history *h, struct writer *w)
{
	unsigned age = HISTORY_SLOTS;

	pages_print(
		w, "],\"slot_ms\":%u,\"history\":[", (unsigned)HISTORY_SLOT_MS);
	while (age-- > 0) {
		const struct history_slot *s = history_past(h, age);

		pages_print(w, "[%" PRIu64 ",%" PRIu64 ",%u,%u]%s", s->sent,
			s->received, (unsigned)s->dials,
			(unsigned)s->slowest_ms, age > 0 ? "," : "");
	}
	pages_print(w, "]}\n");
}

void
status_write(struct tunnel *t, struct writer *w)
{
	char room[96];
	const char *why = pages_not_ready(t, room, sizeof(room));
	const char *comma = "";

	pages_print(w, "{\"version\":\"" FAIRLEAD_VERSION "\"");
	number(w, "now", (uint64_t)clock_wall_s());
	number(w, "since", (uint64_t)t->since_s);
	text(w, "state", why == NULL ? "ok" : why);
	number(w, "open", t->connections.open);
	number(w, "max", t->config->max_connections);
	pages_print(w, ",\"instances\":[");
	for (size_t n = 0; n < t->instance_count; n++) {
		if (t->instances[n].gone)
			continue;
		pages_print(w, "%s", comma);
		comma = ",";
		instance(&t->instances[n], w);
	}
	(void)history_now(&t->history, clock_ms());
	history(&t->history, w);
}
