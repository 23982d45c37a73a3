/*
 * ending.c - the ways out. Owns the order in which a connection is taken down;
 * must never let the last words to a client be lost to a reset, nor keep a key
 * for longer than its relay.
 */
#include "tunnel/ending.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/socket.h"
#include "tunnel/exchange.h"
#include "tunnel/probe.h"
#include "tunnel/slots.h"
#include "tunnel/socks.h"
#include "tunnel/tunnel.h"

#include <poll.h>
#include <stdio.h>

static const char *
name_of(const struct connection *c)
{
	return c->instance->config->name;
}

void
ending_hang_up(struct connection *c, bool reset)
{
	socks_end(&c->socks);
	loop_remove(&c->instance->tunnel->loop, &c->server_watch);
	if (c->server < 0)
		return;
	if (reset)
		socket_reset(c->server);
	else
		socket_close(c->server);
	c->server = -1;
}

void
ending_relay(struct connection *c)
{
	exchange_end(&c->exchange, &c->relay);
	if (c->state == CONNECTION_HANDSHAKE || c->state == CONNECTION_RELAYING)
		relay_end(&c->relay, &c->instance->tunnel->buffers);
	identity_drop(c->identity);
	c->identity = NULL;
}

/* It is over, whatever is still to be said: --max-connections counts less. */
static void
leave(struct connection *c)
{
	if (!c->open)
		return;
	c->open = false;
	c->instance->tunnel->connections.open--;
	c->instance->counters.open--;
}

static void
probe_over(struct connection *c, const char *why)
{
	c->probe = false;
	probe_end(c->instance, why);
}

/* The one place where a connection ends. */
void
ending_now(struct connection *c, bool reset)
{
	struct tunnel *t = c->instance->tunnel;

	if (c->probe)
		probe_over(c, "the instance closed the connection");
	leave(c);
	ending_relay(c);
	early_clear(&c->early);
	ending_hang_up(c, reset);
	loop_remove(&t->loop, &c->client_watch);
	/* A reset would take back what is still on its way to the client. */
	if (reset && socket_unsent(c->client) == 0)
		socket_reset(c->client);
	else
		socket_close(c->client);
	slots_set_deadline(c, CLOCK_NEVER);
	slots_give(&t->connections, c);
}

/*
 * A client that may still send keeps its socket for a while: closing it with
 * unread bytes would send a reset, which can overtake the last words to it.
 * Everything else of the connection is over.
 */
static void
linger(struct connection *c)
{
	ending_relay(c);
	ending_hang_up(c, false);
	leave(c);
	c->state = CONNECTION_LINGERING;
	socket_finish(c->client);
	slots_set_deadline(c, clock_ms() + HALF_CLOSE_LINGER_MS);
	loop_set(&c->instance->tunnel->loop, &c->client_watch, POLLIN);
}

void
ending_finish(struct connection *c)
{
	if (c->relay.client_eof || c->probe)
		ending_now(c, false);
	else
		linger(c);
}

/* Which side ended first is worth a line; that the other followed is not. */
void
ending_log(struct connection *c)
{
	const struct relay *r = &c->relay;

	if (c->close_logged)
		return;
	if (r->client_eof && !r->draining)
		log_info("[%s] client closed the connection", name_of(c));
	else if (r->client_finished)
		log_info("[%s] instance closed the connection", name_of(c));
	else
		return;
	c->close_logged = true;
}

void
ending_break(struct connection *c, const struct relay_report *report)
{
	/* A client that has ended need not take what still came for it. */
	if (report->client && c->close_logged)
		log_debug("[%s] the client took no more: %s", name_of(c),
			report->error.detail);
	else
		log_error("[%s] connection aborted - error %s: %s", name_of(c),
			report->doing, report->error.detail);
	ending_now(c, true);
}

static void
refusal_went(struct connection *c, enum refusal_step step)
{
	switch (step) {
	case REFUSAL_WAIT:
		loop_set(&c->instance->tunnel->loop, &c->client_watch, POLLIN);
		break;
	case REFUSAL_TOLD:
		linger(c);
		break;
	case REFUSAL_CLOSE:
		ending_now(c, false);
		break;
	}
}

/* What the client has said already was read with the relay's first bytes. */
void
ending_refuse(struct connection *c, enum refusal_kind kind, const char *why)
{
	const struct early *early = &c->early;
	enum refusal_step step;

	ending_relay(c);
	ending_hang_up(c, false);
	leave(c);
	c->state = CONNECTION_REFUSING;
	step = refusal_begin(&c->refusal, c->client, kind,
		instance_engine(c->instance), why);
	slots_set_deadline(c, clock_ms() + refusal_patience_ms(&c->refusal));
	if (step == REFUSAL_WAIT && early->lost)
		step = REFUSAL_CLOSE;
	else if (step == REFUSAL_WAIT && early->len > 0)
		step = refusal_feed(&c->refusal, c->client,
			span_of(early->bytes, early->len));
	refusal_went(c, step);
}

static void
refused_client_spoke(struct connection *c)
{
	uint8_t bytes[512];
	struct iovec v = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	size_t done;
	enum err err = socket_read(c->client, &v, 1, &done);

	if (err == ERR_OK)
		refusal_went(c, refusal_feed(&c->refusal, c->client,
					span_of(bytes, done)));
	else if (err != ERR_AGAIN)
		ending_now(c, false);
}

void
ending_fail(struct connection *c, const char *why)
{
	struct counters *n = &c->instance->counters;
	char text[REFUSAL_TEXT_MAX];

	if (c->probe) {
		probe_over(c, why);
		ending_now(c, false);
		return;
	}
	log_error("[%s] failed to connect to instance: %s", name_of(c), why);
	n->dial_failures++;
	counters_failure(n, why, clock_wall_s());
	(void)snprintf(
		text, sizeof(text), "failed to connect to instance: %s", why);
	ending_refuse(c, REFUSAL_DIAL, text);
}

void
ending_fail_dial(struct connection *c, const char *step, const char *why)
{
	const struct instance_config *ic = c->instance->config;
	char text[ERROR_DETAIL_MAX];

	(void)snprintf(text, sizeof(text), "dial error: %s (%s = \"%s\"): %s",
		step,
		ic->product == PRODUCT_ALLOYDB ? "instance URI"
					       : "connection name",
		ic->name, why);
	ending_fail(c, text);
}

/*
 * Before the server's first word a failure of TLS is one to connect. After our
 * side of the handshake it is the server's verdict on our certificate, which
 * comes only then (RFC 8446 4.4.2.4).
 */
void
ending_fail_tls(struct connection *c, const struct error *e)
{
	char why[ERROR_DETAIL_MAX + 64];

	if (!tls13_handshake_done(&c->relay.tls)) {
		ending_fail_dial(c, "handshake failed", e->detail);
		return;
	}
	(void)snprintf(why, sizeof(why), "%s%s",
		e->code == ERR_TLS_PEER_ALERT
			? "the server refused the ephemeral certificate: "
			: "",
		e->detail);
	ending_fail(c, why);
}

void
ending_fail_exchange(struct connection *c, const struct error *e)
{
	struct iovec v = {
		.iov_base = c->exchange->bytes, .iov_len = c->exchange->filled};
	size_t done;

	if (!c->exchange->postgres || c->probe ||
		socket_write(c->client, &v, 1, &done) != ERR_OK) {
		ending_fail(c, e->detail);
		return;
	}
	log_error("[%s] failed to connect to instance: %s", name_of(c),
		e->detail);
	c->instance->counters.dial_failures++;
	counters_failure(&c->instance->counters, e->detail, clock_wall_s());
	linger(c);
}

void
ending_pass(struct connection *c)
{
	probe_over(c, NULL);
	ending_now(c, false);
}

static void
drop_client_bytes(struct connection *c)
{
	uint8_t sink[2048];
	struct iovec v = {.iov_base = sink, .iov_len = sizeof(sink)};
	size_t done;
	enum err err = socket_read(c->client, &v, 1, &done);

	if (err == ERR_EOF || err == ERR_SYS)
		ending_now(c, false);
}

void
ending_client_event(struct connection *c)
{
	if (c->state == CONNECTION_REFUSING)
		refused_client_spoke(c);
	else
		drop_client_bytes(c);
}

void
ending_timed_out(struct connection *c)
{
	if (c->state == CONNECTION_REFUSING)
		refusal_went(c, refusal_timed_out(&c->refusal, c->client));
	else
		ending_now(c, false);
}
