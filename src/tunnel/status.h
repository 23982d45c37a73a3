/*
 * status.h - the state of the tunnel as JSON, for the status page, `fairlead
 * status` and whoever watches. Times are seconds since 1970, latencies are
 * milliseconds; the history begins with the oldest slot.
 */
#ifndef TUNNEL_STATUS_H
#define TUNNEL_STATUS_H

#include "base/span.h"

struct tunnel;

void status_write(struct tunnel *t, struct writer *w);

#endif
