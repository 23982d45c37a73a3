/*
 * slots.h - the places of the fixed table of connections: which are free, and
 * which have a deadline. Knows nothing of what a connection does.
 */
#ifndef TUNNEL_SLOTS_H
#define TUNNEL_SLOTS_H

#include "tunnel/connection.h"

#include <stdint.h>

/* A zeroed place; all->count must be less than CONNECTIONS_MAX. */
struct connection *slots_take(struct connections *all);

/* c, without a deadline, is free again. */
void slots_give(struct connections *all, struct connection *c);

/* Of c's present state; CLOCK_NEVER: none. */
void slots_set_deadline(struct connection *c, uint64_t deadline_ms);

#endif
