/*
 * metrics.c - writes /metrics. Reads counters and changes nothing.
 */
#include "tunnel/metrics.h"

#include "tunnel/pages.h"
#include "tunnel/tunnel.h"
#include "wire/json.h"

#include <inttypes.h>

enum metric {
	BYTES_RECEIVED,
	BYTES_SENT,
	DIAL_FAILURES,
	DIAL_LATENCY,
	OPEN,
	REFRESH_FAILURES,
	REFRESHES,
	METRIC_COUNT
};

/* The name, its type, and its explanation. */
static const struct {
	char name[24];
	char type[12];
	char help[56];
} metrics[METRIC_COUNT] = {
	[BYTES_RECEIVED] = {"bytes_received", "counter",
		"The number of bytes received from the instances"},
	[BYTES_SENT] = {"bytes_sent", "counter",
		"The number of bytes sent to the instances"},
	[DIAL_FAILURES] = {"dial_failure_count", "counter",
		"The number of failed attempts to dial"},
	[DIAL_LATENCY] = {"dial_latency", "histogram",
		"The distribution of dialer latencies (ms)"},
	[OPEN] = {"open_connections", "gauge",
		"The current number of open connections"},
	[REFRESH_FAILURES] = {"refresh_failure_count", "counter",
		"The number of failed certificate refreshes"},
	[REFRESHES] = {"refresh_success_count", "counter",
		"The number of successful certificate refreshes"},
};

static const char *
prefix_of(enum product product)
{
	return product == PRODUCT_ALLOYDB ? "alloydb" : "cloudsql";
}

static const char *
namespace_of(const struct tunnel *t)
{
	const char *name = t->config->prometheus_namespace;

	return name == NULL ? "" : name;
}

/* The name and the labels, which are in order, without the last brace. */
static void
series_for(const struct tunnel *t, const struct instance *i, enum metric m,
	const char *suffix, const char *reason, struct writer *w)
{
	const char *space = namespace_of(t);
	const char *prefix = prefix_of(i->config->product);

	pages_print(w, "%s%s%sconn_%s%s{%s_dialer_id=\"%s\",", space,
		space[0] != '\0' ? "_" : "", prefix, metrics[m].name, suffix,
		prefix, t->dialer_id);
	if (reason != NULL) {
		pages_print(w, "%s_error_code=", prefix);
		json_write_string(w, span_str(reason));
		write_u8(w, ',');
	}
	pages_print(w, "%s_instance=", prefix);
	json_write_string(w, span_str(i->config->name));
}

static void
series(const struct tunnel *t, const struct instance *i, enum metric m,
	const char *suffix, struct writer *w)
{
	series_for(t, i, m, suffix, NULL, w);
}

static void
one(const struct tunnel *t, const struct instance *i, enum metric m,
	uint64_t value, struct writer *w)
{
	series(t, i, m, "", w);
	pages_print(w, "} %" PRIu64 "\n", value);
}

static void
latency(const struct tunnel *t, const struct instance *i, struct writer *w)
{
	const struct counters *c = &i->counters;
	uint64_t below = 0;

	for (size_t n = 0; n <= LATENCY_BOUNDS; n++) {
		below += c->dials[n];
		series(t, i, DIAL_LATENCY, "_bucket", w);
		if (n < LATENCY_BOUNDS)
			pages_print(w, ",le=\"%u\"} %" PRIu64 "\n",
				(unsigned)latency_bounds[n], below);
		else
			pages_print(w, ",le=\"+Inf\"} %" PRIu64 "\n", below);
	}
	series(t, i, DIAL_LATENCY, "_sum", w);
	pages_print(w, "} %" PRIu64 "\n", c->dial_ms);
	series(t, i, DIAL_LATENCY, "_count", w);
	pages_print(w, "} %" PRIu64 "\n", below);
}

static void
refresh_failures(
	const struct tunnel *t, const struct instance *i, struct writer *w)
{
	const struct failures *f = i->counters.refresh_failures;

	for (size_t n = 0; n < FAILURE_REASONS_MAX && f[n].count > 0; n++) {
		series_for(t, i, REFRESH_FAILURES, "", f[n].reason, w);
		pages_print(w, "} %" PRIu64 "\n", f[n].count);
	}
}

static void
values(const struct tunnel *t, const struct instance *i, enum metric m,
	struct writer *w)
{
	const struct counters *c = &i->counters;

	switch (m) {
	case BYTES_RECEIVED:
		one(t, i, m, c->received, w);
		break;
	case BYTES_SENT:
		one(t, i, m, c->sent, w);
		break;
	case DIAL_FAILURES:
		one(t, i, m, c->dial_failures, w);
		break;
	case DIAL_LATENCY:
		latency(t, i, w);
		break;
	case OPEN:
		one(t, i, m, c->open, w);
		break;
	case REFRESH_FAILURES:
		refresh_failures(t, i, w);
		break;
	case REFRESHES:
		one(t, i, m, c->refreshes, w);
		break;
	case METRIC_COUNT:
		break;
	}
}

static void
family(const struct tunnel *t, enum product product, enum metric m,
	struct writer *w)
{
	const char *space = namespace_of(t);
	const char *prefix = prefix_of(product);
	const char *line = space[0] != '\0' ? "_" : "";

	pages_print(w, "# HELP %s%s%sconn_%s %s\n", space, line, prefix,
		metrics[m].name, metrics[m].help);
	pages_print(w, "# TYPE %s%s%sconn_%s %s\n", space, line, prefix,
		metrics[m].name, metrics[m].type);
	for (size_t n = 0; n < t->instance_count; n++)
		if (t->instances[n].config->product == product &&
			!t->instances[n].gone)
			values(t, &t->instances[n], m, w);
}

void
metrics_write(const struct tunnel *t, struct writer *w)
{
	for (enum product p = PRODUCT_CLOUDSQL; p <= PRODUCT_ALLOYDB; p++) {
		bool some = false;

		for (size_t n = 0; n < t->instance_count; n++)
			some = some || (t->instances[n].config->product == p &&
					       !t->instances[n].gone);
		for (enum metric m = 0; some && m < METRIC_COUNT; m++)
			family(t, p, m, w);
	}
}
