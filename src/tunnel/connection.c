/*
 * connection.c - the life of a client's connection, as far as it goes well.
 * Owns both of its sockets; must never send a byte of the client's to a server
 * that is not verified, and never wait without a deadline for anything but
 * bytes to relay.
 */
#include "tunnel/connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/socket.h"
#include "tunnel/dial.h"
#include "tunnel/ending.h"
#include "tunnel/exchange.h"
#include "tunnel/probe.h"
#include "tunnel/resume.h"
#include "tunnel/slots.h"
#include "tunnel/tunnel.h"
#include "tunnel/verdict.h"

#include <poll.h>

static void on_client(void *context, short revents);
static void on_server(void *context, short revents);

static const char *
name_of(const struct connection *c)
{
	return c->instance->config->name;
}

/* The server is verified; what the handshake borrowed is not needed now. */
static void
begin_relaying(struct connection *c)
{
	uint64_t now_ms;

	c->state = CONNECTION_RELAYING;
	if (tls13_resumed(&c->relay.tls))
		log_debug("[%s] resumed a TLS session", name_of(c));
	now_ms = clock_ms();
	counters_dialed(&c->instance->counters, &c->instance->tunnel->history,
		now_ms - c->accepted_ms, now_ms);
	if (c->identity->exchange == IPC_EXCHANGE_ANNOUNCE)
		relay_announce(
			&c->relay, c->instance->config->listen == LISTEN_TCP
					   ? EXCHANGE_TCP
					   : EXCHANGE_UNIX);
	identity_drop(c->identity);
	c->identity = NULL;
	slots_set_deadline(c, CLOCK_NEVER);
	c->early.replay = c->retried;
	c->relay.early = &c->early;
	/* Most clients have spoken by now: look without asking poll first. */
	c->relay.client_ready = true;
}

static void
wait_for_bytes(struct connection *c)
{
	struct loop *loop = &c->instance->tunnel->loop;
	const struct relay *r = &c->relay;
	uint64_t patience_ms;
	int client;
	int server;

	relay_interest(r, &client, &server);
	loop_set(loop, &c->client_watch, client);
	loop_set(loop, &c->server_watch, server);
	patience_ms = relay_patience_ms(r);
	if (c->state == CONNECTION_RELAYING && patience_ms != CLOCK_NEVER)
		slots_set_deadline(c, clock_ms() + patience_ms);
}

/*
 * The handshake is done: what comes before the client's bytes. False: that is
 * not over, or has failed, and c is seen to.
 */
static bool
ready_to_relay(struct connection *c, enum relay_status *status,
	struct relay_report *report)
{
	struct buffers *pool = &c->instance->tunnel->buffers;
	struct error e;
	enum err err;

	if (c->exchange == NULL)
		return *status == RELAY_RUNNING;
	error_clear(&e);
	err = exchange_step(c->exchange, &c->relay, c->identity, &e);
	if (err == ERR_AGAIN && *status == RELAY_RUNNING) {
		*status = relay_pump(&c->relay, pool, report);
		err = exchange_step(c->exchange, &c->relay, c->identity, &e);
	}
	if (err == ERR_OK) {
		exchange_end(&c->exchange, &c->relay);
		return true;
	}
	if (err != ERR_AGAIN) {
		ending_fail_exchange(c, &e);
		return false;
	}
	if (*status != RELAY_FINISHED && *status != RELAY_TRUNCATED)
		return false;
	ending_fail(
		c, "the server ended the connection in the metadata exchange");
	return false;
}

static void
count_bytes(struct connection *c)
{
	struct relay *r = &c->relay;

	if (r->sent == 0 && r->received == 0)
		return;
	counters_moved(&c->instance->counters, &c->instance->tunnel->history,
		r->sent, r->received, clock_ms());
	r->sent = 0;
	r->received = 0;
}

static void
watch_probe(struct connection *c)
{
	if (tls13_server_spoke(&c->relay.tls)) {
		ending_pass(c);
		return;
	}
	wait_for_bytes(c);
	if (c->deadline_ms == CLOCK_NEVER)
		slots_set_deadline(c, clock_ms() + PROBE_QUIET_MS);
}

static void
begin_again(struct connection *c)
{
	c->retried = true;
	ending_relay(c);
	ending_hang_up(c, false);
	c->state = CONNECTION_WAITING;
	slots_set_deadline(c, c->dial_deadline_ms);
	loop_set(&c->instance->tunnel->loop, &c->client_watch, 0);
	dial_begin(c);
}

static void
broke(struct connection *c, const struct relay_report *report)
{
	switch (verdict_on(c, report)) {
	case VERDICT_AGAIN:
		begin_again(c);
		break;
	case VERDICT_REFUSED:
		ending_fail_tls(c, &report->error);
		break;
	case VERDICT_BROKEN:
		ending_break(c, report);
		break;
	}
}

static void
pump(struct connection *c)
{
	struct buffers *pool = &c->instance->tunnel->buffers;
	struct relay_report report;
	enum relay_status status;

	status = relay_pump(&c->relay, pool, &report);
	if (c->state == CONNECTION_HANDSHAKE &&
		tls13_handshake_done(&c->relay.tls)) {
		if (ready_to_relay(c, &status, &report)) {
			begin_relaying(c);
			status = relay_pump(&c->relay, pool, &report);
		} else if (c->state != CONNECTION_HANDSHAKE) {
			return;
		}
	}
	if (c->relay.early != NULL && tls13_server_spoke(&c->relay.tls)) {
		c->relay.early = NULL;
		early_clear(&c->early);
	}
	count_bytes(c);
	if (c->probe && status == RELAY_RUNNING &&
		c->state == CONNECTION_RELAYING) {
		watch_probe(c);
		return;
	}
	switch (status) {
	case RELAY_RUNNING:
		ending_log(c);
		wait_for_bytes(c);
		break;
	case RELAY_TRUNCATED:
		log_debug(
			"[%s] instance ended without close_notify", name_of(c));
		ending_log(c);
		ending_finish(c);
		break;
	case RELAY_FINISHED:
		ending_log(c);
		ending_finish(c);
		break;
	case RELAY_BROKEN:
		broke(c, &report);
		break;
	}
}

void
connection_start_tls(struct connection *c)
{
	enum err err;

	slots_set_deadline(c, c->dial_deadline_ms);
	err = resume_start_relay(c);
	c->state = CONNECTION_HANDSHAKE;
	if (err == ERR_OK)
		err = exchange_begin(&c->exchange, &c->relay, c->identity,
			c->instance->config->auto_iam_authn);
	if (err != ERR_OK)
		ending_fail(c, error_text(err));
	else
		pump(c);
}

enum err
connection_watch_server(struct connection *c)
{
	struct loop *loop = &c->instance->tunnel->loop;
	enum err err;

	err = loop_add(loop, &c->server_watch, c->server, on_server, c);
	loop_set(loop, &c->server_watch, POLLOUT);
	return err;
}

/* NULL: no room in the loop; the client is gone. */
static struct connection *
new_connection(struct instance *i, int client)
{
	struct tunnel *t = i->tunnel;
	struct connection *c = slots_take(&t->connections);

	c->instance = i;
	c->client = client;
	c->server = -1;
	watch_init(&c->server_watch);
	c->state = CONNECTION_WAITING;
	c->accepted_ms = clock_ms();
	if (loop_add(&t->loop, &c->client_watch, client, on_client, c) ==
		ERR_OK)
		return c;
	log_error("[%s] failed to connect to instance: too many descriptors",
		i->config->name);
	ending_now(c, false);
	return NULL;
}

void
connection_open(struct instance *i, int client, const char *name)
{
	struct tunnel *t = i->tunnel;
	struct connection *c = new_connection(i, client);

	if (c == NULL)
		return;
	log_info("[%s] %cccepted connection from %s", i->config->name,
		i->config->product == PRODUCT_ALLOYDB ? 'a' : 'A', name);
	c->open = true;
	t->connections.open++;
	i->counters.open++;
	i->counters.accepted++;
	c->dial_deadline_ms = c->accepted_ms + t->config->dial_timeout;
	slots_set_deadline(c, c->dial_deadline_ms);
	loop_set(&t->loop, &c->client_watch, 0);
	dial_begin(c);
}

void
connection_probe(struct instance *i, int client)
{
	struct connection *c = new_connection(i, client);

	if (c == NULL) {
		probe_end(i, "too many descriptors");
		return;
	}
	c->probe = true;
	c->dial_deadline_ms = c->accepted_ms + i->tunnel->config->dial_timeout;
	slots_set_deadline(c, c->dial_deadline_ms);
	loop_set(&i->tunnel->loop, &c->client_watch, 0);
	dial_begin(c);
}

void
connection_refuse(
	struct instance *i, int client, enum refusal_kind kind, const char *why)
{
	const struct connections *all = &i->tunnel->connections;
	struct connection *c;

	/* A crowd of them must not take the place of those that are served. */
	if (all->count - all->open >= REFUSALS_MAX) {
		socket_close(client);
		return;
	}
	c = new_connection(i, client);
	if (c != NULL)
		ending_refuse(c, kind, why);
}

/*
 * A client that hangs up before it is served. With bytes of its own still to
 * be read it may be one that sends and goes (a cancel request): then it is
 * served to the end.
 */
static void
early_hang_up(struct connection *c, short revents)
{
	if ((revents & POLLERR) != 0 || socket_readable(c->client) == 0) {
		log_info("[%s] client closed the connection", name_of(c));
		ending_now(c, false);
		return;
	}
	loop_set(&c->instance->tunnel->loop, &c->client_watch, LOOP_NOTHING);
}

static void
on_client(void *context, short revents)
{
	struct connection *c = context;

	switch (c->state) {
	case CONNECTION_FREE:
		break;
	case CONNECTION_WAITING:
	case CONNECTION_CONNECTING:
		early_hang_up(c, revents);
		break;
	case CONNECTION_HANDSHAKE:
	case CONNECTION_RELAYING:
		relay_client_event(&c->relay, revents);
		pump(c);
		break;
	case CONNECTION_LINGERING:
	case CONNECTION_REFUSING:
		ending_client_event(c);
		break;
	}
}

static void
on_server(void *context, short revents)
{
	struct connection *c = context;

	switch (c->state) {
	case CONNECTION_FREE:
	case CONNECTION_WAITING:
	case CONNECTION_LINGERING:
	case CONNECTION_REFUSING:
		break;
	case CONNECTION_CONNECTING:
		dial_ready(c);
		break;
	case CONNECTION_HANDSHAKE:
	case CONNECTION_RELAYING:
		relay_server_event(&c->relay, revents);
		pump(c);
		break;
	}
}

void
connection_drain(struct connection *c)
{
	relay_drain(&c->relay);
	pump(c);
}

void
connection_expire(struct connection *c)
{
	switch (c->state) {
	case CONNECTION_FREE:
		break;
	case CONNECTION_WAITING:
	case CONNECTION_CONNECTING:
		dial_timed_out(c);
		break;
	case CONNECTION_HANDSHAKE:
		instance_unreachable(c->instance, c->serial);
		ending_fail(c, c->exchange != NULL && c->exchange->sent
				       ? "the metadata exchange timed out"
				       : "the TLS handshake timed out");
		break;
	case CONNECTION_RELAYING:
		if (c->probe) {
			ending_pass(c);
			break;
		}
		log_debug("[%s] the other direction did not end", name_of(c));
		ending_now(c, false);
		break;
	case CONNECTION_LINGERING:
	case CONNECTION_REFUSING:
		ending_timed_out(c);
		break;
	}
}
