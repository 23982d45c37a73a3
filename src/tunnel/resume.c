/*
 * resume.c - see resume.h. Must never offer a ticket of one identity in a
 * handshake with another, nor any that was offered before.
 */
#include "tunnel/resume.h"

#include "base/clock.h"
#include "tunnel/tunnel.h"

/* From a connection that began with another identity none is kept. */
static void
take_ticket(void *owner, const struct tls13_ticket *ticket)
{
	struct connection *c = owner;

	if (c->serial == c->instance->serial)
		tickets_add(&c->instance->tickets, ticket, tunnel_now());
}

enum err
resume_start_relay(struct connection *c)
{
	struct tunnel *t = c->instance->tunnel;
	struct tls13_config *tls = &c->identity->tls;
	struct tls13_resumption resumption = {
		.take_ticket = take_ticket, .owner = c};
	struct ticket *ticket = NULL;
	enum err err;

	if (c->serial == c->instance->serial)
		ticket = tickets_take(&c->instance->tickets, tunnel_now(),
			&resumption.age_ms);
	c->offered = ticket != NULL;
	if (c->offered)
		resumption.ticket = ticket_tls(ticket);
	tls->now_s = clock_wall_s();
	tls->resumption = t->config->tls_resumption && !c->instance->tickets.off
				  ? &resumption
				  : NULL;
	err = relay_start(&c->relay, &t->buffers, c->client, c->server, tls);
	tls->resumption = NULL;
	ticket_free(ticket);
	return err;
}

bool
resume_is_suspect(const struct connection *c, const struct error *e)
{
	/* A certificate was looked at: the ticket had been declined. */
	if (!c->offered || e->code == ERR_CERT)
		return false;
	tickets_clear(&c->instance->tickets);
	c->instance->tickets.off = true;
	return true;
}
