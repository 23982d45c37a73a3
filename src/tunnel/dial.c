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
#include "tunnel/socks.h"
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

/* The proxy's address; the fetcher looked a name up. "": it could not. */
static const char *
proxy_address(const struct connection *c)
{
	const struct url *at = &c->instance->tunnel->socks.proxy.at;

	return at->ip_len > 0 ? at->host : c->identity->proxy;
}

/* Begin to connect to a, or to the proxy that leads there. */
static enum err
connect_to(struct connection *c, const struct ipc_address *a, struct error *e)
{
	const struct socks_proxy *p = &c->instance->tunnel->socks;
	enum err err;

	if (!socks_wanted(p, a))
		return socket_connect(a->text, a->port, &c->server, e);
	if (proxy_address(c)[0] == '\0')
		return error_set(e, ERR_DNS,
			"could not look up the proxy of ALL_PROXY, %s",
			p->proxy.at.host);
	err = socket_connect(proxy_address(c), p->proxy.at.port, &c->server, e);
	if (err != ERR_OK)
		return err;
	err = socks_begin(&c->socks, p, a);
	if (err != ERR_OK)
		ending_hang_up(c, false);
	return err == ERR_OK ? err : error_set(e, err, "out of memory");
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
		if (connect_to(c, a, e) != ERR_OK)
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
	const struct url *at = &c->instance->tunnel->socks.proxy.at;
	struct error e;

	error_clear(&e);
	if (c->socks != NULL)
		(void)error_set(&e, ERR_CONNECT,
			"%s port %u through the proxy %s port %u (ALL_PROXY): "
			"%s",
			a->text, (unsigned)a->port, at->host,
			(unsigned)at->port, why);
	else
		(void)error_set(&e, ERR_CONNECT, "%s port %u: %s", a->text,
			(unsigned)a->port, why);
	if (c->address < c->identity->address_count)
		log_debug("[%s] %s", c->instance->config->name, e.detail);
	next_address(c, &e);
}

void
dial_ready(struct connection *c)
{
	struct loop *loop = &c->instance->tunnel->loop;
	int events = 0;
	struct error e;
	enum err err;

	error_clear(&e);
	err = socket_connected(c->server, &e);
	if (err == ERR_OK && c->socks != NULL)
		err = socks_step(c->socks, c->server, &events, &e);
	if (err == ERR_OK) {
		socks_end(&c->socks);
		connection_start_tls(c);
	} else if (err == ERR_AGAIN) {
		loop_set(loop, &c->server_watch, events);
	} else {
		try_failed(c, e.detail);
	}
}

void
dial_begin(struct connection *c)
{
	struct instance *i = c->instance;
	struct error e;

	if (i->gone) {
		ending_fail(c, "the instance was removed from the "
			       "configuration");
		return;
	}
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
