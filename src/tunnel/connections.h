/*
 * connections.h - what happens to many connections at once.
 */
#ifndef TUNNEL_CONNECTIONS_H
#define TUNNEL_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct connections;
struct instance;
struct tunnel;

/* The identity of i has changed, or none will come: see to who waits. */
void connections_resume(struct instance *i);

/* End those that i's present server has, as when the server ends them. */
void connections_leave(struct instance *i);

/* i still has one, in whatever state. */
bool connections_some(const struct instance *i);

/* The earliest deadline; CLOCK_NEVER: none. */
uint64_t connections_deadline_ms(const struct connections *all);

/* Act on every deadline that has passed. */
void connections_expire(struct tunnel *t, uint64_t now_ms);

/* Let those that relay finish what is on its way; end all others. */
void connections_drain(struct tunnel *t);

/* End all of them at once. */
void connections_abort(struct tunnel *t);

#endif
