/*
 * slots.c - two lists through the table of connections. Owns their links; must
 * never walk them.
 */
#include "tunnel/slots.h"

#include "base/clock.h"
#include "tunnel/tunnel.h"

#include <string.h>

struct connection *
slots_take(struct connections *all)
{
	struct connection *c = all->free;

	if (c != NULL)
		all->free = c->next;
	else
		c = &all->table[all->touched++];
	all->count++;
	memset(c, 0, sizeof(*c));
	return c;
}

void
slots_give(struct connections *all, struct connection *c)
{
	c->state = CONNECTION_FREE;
	c->next = all->free;
	all->free = c;
	all->count--;
}

void
slots_set_deadline(struct connection *c, uint64_t deadline_ms)
{
	struct connections *all = &c->instance->tunnel->connections;
	bool linked = c->link != NULL;

	c->deadline_ms = deadline_ms;
	if (deadline_ms != CLOCK_NEVER && !linked) {
		c->next = all->timed;
		c->link = &all->timed;
		if (c->next != NULL)
			c->next->link = &c->next;
		all->timed = c;
	} else if (deadline_ms == CLOCK_NEVER && linked) {
		*c->link = c->next;
		if (c->next != NULL)
			c->next->link = c->link;
		c->next = NULL;
		c->link = NULL;
	}
}
