/*
 * ending.h - how a connection ends, what the log says of it, and the states
 * that come behind the instance: LINGERING and REFUSING.
 *
 * Each function but the first three may have given c's place back when it
 * returns: c must not be used afterwards.
 */
#ifndef TUNNEL_ENDING_H
#define TUNNEL_ENDING_H

#include "base/error.h"
#include "tunnel/connection.h"
#include "tunnel/refusal.h"
#include "tunnel/relay.h"

#include <stdbool.h>

/* Close the server's socket, if there is one. reset: it sees an error. */
void ending_hang_up(struct connection *c, bool reset);

/* Wipe the keys and give back what a dial or a relay holds. */
void ending_relay(struct connection *c);

/* One line of which side ended first, if one did; once. */
void ending_log(struct connection *c);

/* Now. reset: both sides see an error. */
void ending_now(struct connection *c, bool reset);

/* The relay is over in order. */
void ending_finish(struct connection *c);

/* The relay broke in its middle: one line for the log. */
void ending_break(struct connection *c, const struct relay_report *report);

/* Turn the client away, which was not served. */
void ending_refuse(
	struct connection *c, enum refusal_kind kind, const char *why);

/* The instance was not reached: one line for the log, and refuse. */
void ending_fail(struct connection *c, const char *why);

/* The same, in the proxies' words for a dial's failed step. */
void ending_fail_dial(struct connection *c, const char *step, const char *why);

/* The same for TLS that failed before the server's first word. */
void ending_fail_tls(struct connection *c, const struct error *e);

/*
 * The same for a metadata exchange that failed. Where the server spoke
 * PostgreSQL, its own words are what the client gets.
 */
void ending_fail_exchange(struct connection *c, const struct error *e);

/* The connection test was all that c was for, and the instance passed. */
void ending_pass(struct connection *c);

/* LINGERING or REFUSING: the client's socket is ready. */
void ending_client_event(struct connection *c);

/* LINGERING or REFUSING: the deadline has passed. */
void ending_timed_out(struct connection *c);

#endif
