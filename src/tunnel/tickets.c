/*
 * tickets.c - the store. Owns the copies of tickets and their keys; must never
 * hand one out twice, nor let a key stay in memory that was given back.
 */
#include "tunnel/tickets.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct ticket {
	struct tls13_ticket tls; /* its identity points to bytes */
	struct refresh_time taken;
	uint8_t bytes[];
};

void
ticket_free(struct ticket *ticket)
{
	if (ticket == NULL)
		return;
	mem_wipe(&ticket->tls, sizeof(ticket->tls));
	free(ticket);
}

const struct tls13_ticket *
ticket_tls(const struct ticket *ticket)
{
	return &ticket->tls;
}

void
tickets_add(struct tickets *t, const struct tls13_ticket *ticket,
	struct refresh_time now)
{
	struct ticket *copy;

	if (t->off)
		return;
	copy = malloc(sizeof(*copy) + ticket->identity.len);
	if (copy == NULL)
		return;
	copy->tls = *ticket;
	copy->taken = now;
	memcpy(copy->bytes, ticket->identity.data, ticket->identity.len);
	copy->tls.identity.data = copy->bytes;
	if (t->count == TICKETS_KEPT) {
		ticket_free(t->kept[0]);
		t->count--;
		for (size_t i = 0; i < t->count; i++)
			t->kept[i] = t->kept[i + 1];
	}
	t->kept[t->count++] = copy;
}

/*
 * By the clock that has gone further: the monotonic one stands still while the
 * machine is suspended, and the other one can be set back.
 */
static uint64_t
age(const struct ticket *ticket, struct refresh_time now)
{
	uint64_t age_ms = now.ms - ticket->taken.ms;
	int64_t wall_s = now.wall_s - ticket->taken.wall_s;

	if (wall_s > 0 && (uint64_t)wall_s > age_ms / 1000 + 1)
		age_ms = (uint64_t)wall_s * 1000;
	return age_ms;
}

struct ticket *
tickets_take(struct tickets *t, struct refresh_time now, uint64_t *age_ms)
{
	while (t->count > 0) {
		struct ticket *ticket = t->kept[--t->count];

		*age_ms = age(ticket, now);
		if (*age_ms / 1000 < ticket->tls.lifetime_s)
			return ticket;
		ticket_free(ticket);
	}
	return NULL;
}

void
tickets_clear(struct tickets *t)
{
	while (t->count > 0)
		ticket_free(t->kept[--t->count]);
}
