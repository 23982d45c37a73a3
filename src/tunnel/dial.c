/*
 * dial.c - the way from an accepted client to a connected server. Owns
 * nothing; must never try an address of an identity that has expired.
 */
#include "tunnel/dial.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/socket.h"
#include "tunnel/ending.h"
#include "tunnel/slots.h"
#include "tunnel/tunnel.h"

#include <stdio.h>

/* An equal share of the time left for each address that is left. */
static uint64_t
try_deadline_ms(const struct connection *c, uint64_t now_ms)
{
	uint64_t left = c->identity->address_count - c->address + 1;

	if (c->dial_deadline_ms <= now_ms)
		return now_ms;
	return now_ms + (c->dial_deadline_ms - now_ms) / left;
}

/* Try the addresses from c->address on; e holds the failure before. */
static void
next_address(struct connection *c, struct error *e)
{
	uint64_t now_ms = clock_ms();

	ending_hang_up(c, false);
	while (c->address < c->identity->address_count &&
		now_ms < c->dial_deadline_ms) {
		const struct ipc_address *a =
			&c->identity->addresses[c->address++];

		error_clear(e);
		if (socket_connect(a->text, a->port, &c->server, e) != ERR_OK)
			continue;
		if (connection_watch_server(c) != ERR_OK) {
			(void)error_set(e, ERR_LIMIT, "too many descriptors");
			break;
		}
		c->state = CONNECTION_CONNECTING;
		slots_set_deadline(c, try_deadline_ms(c, now_ms));
		return;
	}
	/* Without one try it says nothing about the instance. */
	if (e->code != ERR_OK)
		instance_unreachable(c->instance, c->serial);
	(void)error_set(e, ERR_TIMEOUT, "no time was left to connect");
	ending_fail_dial(c, "failed to dial", e->detail);
}

/* The try under way failed: name the address, which e does not. */
static void
try_failed(struct connection *c, const char *why)
{
	const struct ipc_address *a = &c->identity->addresses[c->address - 1];
	struct error e;

	error_clear(&e);
	(void)error_set(&e, ERR_CONNECT, "%s port %u: %s", a->text,
		(unsigned)a->port, why);
	if (c->address < c->identity->address_count)
		log_debug("[%s] %s", c->instance->config->name, e.detail);
	next_address(c, &e);
}

void
dial_ready(struct connection *c)
{
	struct error e;

	error_clear(&e);
	if (socket_connected(c->server, &e) == ERR_OK)
		connection_start_tls(c);
	else
		try_failed(c, e.detail);
}

void
dial_begin(struct connection *c)
{
	struct instance *i = c->instance;
	struct error e;

	switch (refresh_dial(&i->refresh, tunnel_now())) {
	case REFRESH_USE:
		c->identity = identity_hold(i->current);
		c->serial = i->serial;
		c->address = 0;
		error_clear(&e);
		next_address(c, &e);
		break;
	case REFRESH_WAIT:
		break;
	case REFRESH_REFUSE:
		ending_fail(c, i->refresh.last_error);
		break;
	}
}

void
dial_timed_out(struct connection *c)
{
	const struct refresh *r = &c->instance->refresh;
	char why[ERROR_DETAIL_MAX + 64];

	if (c->state == CONNECTION_CONNECTING) {
		try_failed(c, "timed out");
		return;
	}
	(void)snprintf(why, sizeof(why),
		"no ephemeral certificate within --dial-timeout%s%s",
		r->last_error[0] != '\0' ? ": " : "", r->last_error);
	ending_fail(c, why);
}
