/*
 * metrics.h - the counters as Prometheus reads them: the proxies' names, types
 * and labels (cloudsql.md 7.4, alloydb.md 7.5).
 */
#ifndef TUNNEL_METRICS_H
#define TUNNEL_METRICS_H

#include "base/span.h"

struct tunnel;

void metrics_write(const struct tunnel *t, struct writer *w);

#endif
