/*
 * connection.c - the life of a client's connection. Owns both of its sockets;
 * must never send a byte of the client's to a server that is not verified, and
 * never wait without a deadline for anything but bytes to relay.
 */
#include "tunnel/connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/socket.h"
#include "tunnel/dial.h"
#include "tunnel/exchange.h"
#include "tunnel/probe.h"
#include "tunnel/resume.h"
#include "tunnel/tunnel.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static void on_client(void *context, short revents);
static void on_server(void *context, short revents);

static const char *
name_of(const struct connection *c)
{
	return c->instance->config->name;
}

void
connection_set_deadline(struct connection *c, uint64_t deadline_ms)
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

void
connection_close_server(struct connection *c, bool reset)
{
	loop_remove(&c->instance->tunnel->loop, &c->server_watch);
	if (c->server < 0)
		return;
	if (reset)
		socket_reset(c->server);
	else
		socket_close(c->server);
	c->server = -1;
}

/* Keys are wiped and buffers given back as soon as the relay is over. */
static void
end_relay(struct connection *c)
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

/* The one place where a connection ends. reset: the client sees an error. */
static void
end(struct connection *c, bool reset)
{
	struct tunnel *t = c->instance->tunnel;
	struct connections *all = &t->connections;

	if (c->probe)
		probe_over(c, "the instance closed the connection");
	leave(c);
	end_relay(c);
	early_clear(&c->early);
	connection_close_server(c, reset);
	loop_remove(&t->loop, &c->client_watch);
	/* A reset would take back what is still on its way to the client. */
	if (reset && socket_unsent(c->client) == 0)
		socket_reset(c->client);
	else
		socket_close(c->client);
	connection_set_deadline(c, CLOCK_NEVER);
	c->state = CONNECTION_FREE;
	c->next = all->free;
	all->free = c;
	all->count--;
}

/*
 * A client that may still send keeps its socket for a while: closing it with
 * unread bytes would send a reset, which can overtake the last words to it.
 */
static void
linger(struct connection *c)
{
	leave(c);
	c->state = CONNECTION_LINGERING;
	socket_finish(c->client);
	connection_set_deadline(c, clock_ms() + HALF_CLOSE_LINGER_MS);
	loop_set(&c->instance->tunnel->loop, &c->client_watch, POLLIN);
}

/* The relay is over in order. */
static void
finish(struct connection *c)
{
	end_relay(c);
	connection_close_server(c, false);
	if (c->relay.client_eof)
		end(c, false);
	else
		linger(c);
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
		end(c, false);
		break;
	}
}

/* What the client has said already was read with the relay's first bytes. */
static void
refuse(struct connection *c, enum refusal_kind kind, const char *why)
{
	const struct early *early = &c->early;
	enum refusal_step step;

	end_relay(c);
	connection_close_server(c, false);
	leave(c);
	c->state = CONNECTION_REFUSING;
	step = refusal_begin(&c->refusal, c->client, kind,
		instance_engine(c->instance), why);
	connection_set_deadline(
		c, clock_ms() + refusal_patience_ms(&c->refusal));
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
		end(c, false);
}

void
connection_fail(struct connection *c, const char *why)
{
	struct counters *n = &c->instance->counters;
	char text[REFUSAL_TEXT_MAX];

	if (c->probe) {
		probe_over(c, why);
		end(c, false);
		return;
	}
	log_error("[%s] failed to connect to instance: %s", name_of(c), why);
	n->dial_failures++;
	counters_failure(n, why, clock_wall_s());
	(void)snprintf(
		text, sizeof(text), "failed to connect to instance: %s", why);
	refuse(c, REFUSAL_DIAL, text);
}

static void
drop_client_bytes(struct connection *c)
{
	uint8_t sink[2048];
	struct iovec v = {.iov_base = sink, .iov_len = sizeof(sink)};
	size_t done;
	enum err err = socket_read(c->client, &v, 1, &done);

	if (err == ERR_EOF || err == ERR_SYS)
		end(c, false);
}

/* Which side ended first is worth a line; that the other followed is not. */
static void
log_close(struct connection *c)
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

/*
 * Before the server's first word a failure of TLS is one to connect. After our
 * side of the handshake it is the server's verdict on our certificate, which
 * comes only then (RFC 8446 4.4.2.4).
 */
static void
refused(struct connection *c, const struct error *e)
{
	char why[ERROR_DETAIL_MAX + 64];

	(void)snprintf(why, sizeof(why), "%s%s",
		e->code == ERR_TLS_PEER_ALERT &&
				tls13_handshake_done(&c->relay.tls)
			? "the server refused the ephemeral certificate: "
			: "",
		e->detail);
	connection_fail(c, why);
}

/* A new identity is here, or will be: what is here now has just failed. */
static bool
new_identity_near(const struct connection *c)
{
	struct instance *i = c->instance;

	switch (refresh_dial(&i->refresh, tunnel_now())) {
	case REFRESH_USE:
		return i->serial != c->serial;
	case REFRESH_WAIT:
		return true;
	case REFRESH_REFUSE:
		break;
	}
	return false;
}

/*
 * Begin again with a new identity, if the client cannot tell: the server has
 * said nothing, and all that the client said is still here. False: not now.
 */
static bool
try_again(struct connection *c, const struct error *e, bool tickets_failed)
{
	if (c->retried || c->early.lost || clock_ms() >= c->dial_deadline_ms ||
		(!tickets_failed && !new_identity_near(c)))
		return false;
	log_info("[%s] trying once more with%s: %s", name_of(c),
		tickets_failed ? "out TLS resumption"
			       : " a new ephemeral certificate",
		e->detail);
	c->retried = true;
	end_relay(c);
	connection_close_server(c, false);
	c->state = CONNECTION_WAITING;
	connection_set_deadline(c, c->dial_deadline_ms);
	loop_set(&c->instance->tunnel->loop, &c->client_watch, 0);
	dial_begin(c);
	return true;
}

static void
broke(struct connection *c, const struct relay_report *report)
{
	bool dialing = c->state == CONNECTION_HANDSHAKE;
	bool spoke = tls13_server_spoke(&c->relay.tls);

	/* After the handshake it is not the ticket that is judged. */
	if (report->tls && !tls13_handshake_done(&c->relay.tls) &&
		resume_is_suspect(c, &report->error) &&
		try_again(c, &report->error, true))
		return;
	if (report->tls) {
		instance_suspect(c->instance, c->serial);
		if (!spoke && try_again(c, &report->error, false))
			return;
	} else if (!report->client && dialing) {
		instance_unreachable(c->instance, c->serial);
	}
	if (!report->client && (dialing || (report->tls && !spoke))) {
		refused(c, &report->error);
		return;
	}
	log_error("[%s] connection aborted - error %s: %s", name_of(c),
		report->doing, report->error.detail);
	end(c, true);
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
	connection_set_deadline(c, CLOCK_NEVER);
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
		connection_set_deadline(c, clock_ms() + patience_ms);
}

/*
 * The server did not agree. Where it spoke PostgreSQL, its own words are what
 * the client gets.
 */
static void
exchange_failed(struct connection *c, const struct error *e)
{
	struct iovec v = {
		.iov_base = c->exchange->bytes, .iov_len = c->exchange->filled};
	size_t done;

	if (!c->exchange->postgres ||
		socket_write(c->client, &v, 1, &done) != ERR_OK) {
		connection_fail(c, e->detail);
		return;
	}
	log_error("[%s] failed to connect to instance: %s", name_of(c),
		e->detail);
	c->instance->counters.dial_failures++;
	counters_failure(&c->instance->counters, e->detail, clock_wall_s());
	linger(c);
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
		exchange_failed(c, &e);
		return false;
	}
	if (*status != RELAY_FINISHED && *status != RELAY_TRUNCATED)
		return false;
	connection_fail(
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

/* Verified, and not refused: the test has passed. */
static void
pass_probe(struct connection *c)
{
	probe_over(c, NULL);
	end(c, false);
}

static void
watch_probe(struct connection *c)
{
	if (tls13_server_spoke(&c->relay.tls)) {
		pass_probe(c);
		return;
	}
	wait_for_bytes(c);
	if (c->deadline_ms == CLOCK_NEVER)
		connection_set_deadline(c, clock_ms() + PROBE_QUIET_MS);
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
		log_close(c);
		wait_for_bytes(c);
		break;
	case RELAY_TRUNCATED:
		log_debug(
			"[%s] instance ended without close_notify", name_of(c));
		log_close(c);
		finish(c);
		break;
	case RELAY_FINISHED:
		log_close(c);
		finish(c);
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

	connection_set_deadline(c, c->dial_deadline_ms);
	err = resume_start_relay(c);
	c->state = CONNECTION_HANDSHAKE;
	if (err == ERR_OK)
		err = exchange_begin(&c->exchange, &c->relay, c->identity,
			c->instance->config->auto_iam_authn);
	if (err != ERR_OK)
		connection_fail(c, error_text(err));
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

static struct connection *
take_entry(struct connections *all)
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

/* NULL: no room in the loop; the client is gone. */
static struct connection *
new_connection(struct instance *i, int client)
{
	struct tunnel *t = i->tunnel;
	struct connection *c = take_entry(&t->connections);

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
	end(c, false);
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
	connection_set_deadline(c, c->dial_deadline_ms);
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
	connection_set_deadline(c, c->dial_deadline_ms);
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
		refuse(c, kind, why);
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
		end(c, false);
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
		drop_client_bytes(c);
		break;
	case CONNECTION_REFUSING:
		refused_client_spoke(c);
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
			end(c, true);
	}
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

static void
expire(struct connection *c)
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
		connection_fail(c, c->exchange != NULL && c->exchange->sent
					   ? "the metadata exchange timed out"
					   : "the TLS handshake timed out");
		break;
	case CONNECTION_RELAYING:
		if (c->probe) {
			pass_probe(c);
			break;
		}
		log_debug("[%s] the other direction did not end", name_of(c));
		end(c, false);
		break;
	case CONNECTION_LINGERING:
		end(c, false);
		break;
	case CONNECTION_REFUSING:
		refusal_went(c, refusal_timed_out(&c->refusal, c->client));
		break;
	}
}

void
connections_expire(struct tunnel *t, uint64_t now_ms)
{
	struct connection *c = t->connections.timed;

	while (c != NULL) {
		/* Acting on one may end it, but never another one. */
		struct connection *next = c->next;

		if (c->deadline_ms <= now_ms)
			expire(c);
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

		if (c->state == CONNECTION_RELAYING) {
			relay_drain(&c->relay);
			pump(c);
		} else if (c->state != CONNECTION_FREE) {
			end(c, false);
		}
	}
}

void
connections_abort(struct tunnel *t)
{
	struct connections *all = &t->connections;
	size_t n;

	for (n = 0; n < all->touched; n++)
		if (all->table[n].state != CONNECTION_FREE)
			end(&all->table[n], false);
}
