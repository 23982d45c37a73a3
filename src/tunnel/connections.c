/*
 * connections.c - walks through the table of connections. Owns nothing; must
 * never act on one that is free.
 */
#include "tunnel/connections.h"

#include "base/clock.h"
#include "tunnel/dial.h"
#include "tunnel/ending.h"
#include "tunnel/tunnel.h"

void
connections_resume(struct instance *i)
{
	struct connections *all = &i->tunnel->connections;
	size_t n;

	for (n = 0; n < all->touched; n++) {
		struct connection *c = &all->table[n];

		if (c->state == CONNECTION_WAITING && c->instance == i)
			dial_begin(c);
	}
}

void
connections_leave(struct instance *i)
{
	struct connections *all = &i->tunnel->connections;
	size_t n;

	for (n = 0; n < all->touched; n++) {
		struct connection *c = &all->table[n];

		if (c->instance == i && c->state != CONNECTION_FREE &&
			c->state != CONNECTION_WAITING)
			ending_now(c, true);
	}
}

bool
connections_some(const struct instance *i)
{
	const struct connections *all = &i->tunnel->connections;

	for (size_t n = 0; n < all->touched; n++)
		if (all->table[n].state != CONNECTION_FREE &&
			all->table[n].instance == i)
			return true;
	return false;
}

uint64_t
connections_deadline_ms(const struct connections *all)
{
	const struct connection *c;
	uint64_t earliest = CLOCK_NEVER;

	for (c = all->timed; c != NULL; c = c->next)
		if (c->deadline_ms < earliest)
			earliest = c->deadline_ms;
	return earliest;
}

void
connections_expire(struct tunnel *t, uint64_t now_ms)
{
	struct connection *c = t->connections.timed;

	while (c != NULL) {
		/* Acting on one may end it, but never another one. */
		struct connection *next = c->next;

		if (c->deadline_ms <= now_ms)
			connection_expire(c);
		c = next;
	}
}

void
connections_drain(struct tunnel *t)
{
	struct connections *all = &t->connections;
	size_t n;

	for (n = 0; n < all->touched; n++) {
		struct connection *c = &all->table[n];

		if (c->state == CONNECTION_RELAYING)
			connection_drain(c);
		else if (c->state != CONNECTION_FREE)
			ending_now(c, false);
	}
}

void
connections_abort(struct tunnel *t)
{
	struct connections *all = &t->connections;
	size_t n;

	for (n = 0; n < all->touched; n++)
		if (all->table[n].state != CONNECTION_FREE)
			ending_now(&all->table[n], false);
}
