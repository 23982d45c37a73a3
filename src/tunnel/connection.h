/*
 * connection.h - one client's connection from accept to close.
 *
 *   WAITING     no usable identity yet; the answer is on its way
 *   CONNECTING  TCP to one address of the identity after the other
 *   HANDSHAKE   TLS, and the metadata exchange if there is one; until here
 *               --dial-timeout bounds it all
 *   RELAYING    bytes, no deadline unless one direction has ended
 *   LINGERING   the instance is done with; what the client still sends is
 *               read and dropped, so that closing does not destroy the last
 *               bytes on their way to it
 *   REFUSING    turned away; told why when it has said what it is
 *
 * If TLS fails before the server has said a word and a new identity can be
 * had, a connection goes back to WAITING for that, once, and the client does
 * not notice.
 *
 * Connections live in a fixed table (slots.h). A life begins here, dials
 * (dial.h), may break (verdict.h) and ends (ending.h); connections.h is what
 * happens to all at once.
 */
#ifndef TUNNEL_CONNECTION_H
#define TUNNEL_CONNECTION_H

#include "base/error.h"
#include "base/limits.h"
#include "io/loop.h"
#include "tunnel/instance.h"
#include "tunnel/refusal.h"
#include "tunnel/relay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum connection_state {
	CONNECTION_FREE,
	CONNECTION_WAITING,
	CONNECTION_CONNECTING,
	CONNECTION_HANDSHAKE,
	CONNECTION_RELAYING,
	CONNECTION_LINGERING,
	CONNECTION_REFUSING
};

struct connection {
	enum connection_state state;
	struct instance *instance;
	struct identity *identity; /* held from CONNECTING to HANDSHAKE's end */
	uint32_t serial;           /* of that identity */
	uint32_t address;          /* the next one to try */
	int client;
	int server; /* -1: none */
	struct watch client_watch;
	struct watch server_watch;
	union {
		struct relay relay;     /* from HANDSHAKE to LINGERING */
		struct refusal refusal; /* REFUSING */
	};
	struct socks *socks; /* in CONNECTING, through a proxy; NULL: none */
	struct metadata_exchange *exchange; /* in HANDSHAKE; NULL: none */
	struct early early;                 /* until the server speaks */
	bool retried;                       /* this is the second try */
	bool probe;                         /* no client's: a test */
	bool offered;                       /* a ticket, in this handshake */
	bool open; /* counts as one of connections.open */
	bool close_logged;
	uint64_t accepted_ms;
	uint64_t dial_deadline_ms; /* of everything before RELAYING */
	uint64_t deadline_ms;      /* of this state; CLOCK_NEVER: none */
	struct connection *next;   /* among those with a deadline, or free */
	struct connection **link;  /* what points here among those */
};

struct connections {
	struct connection table[CONNECTIONS_MAX];
	size_t touched;  /* entries that were ever used: table[0..touched) */
	size_t count;    /* in use */
	size_t open;     /* ... and neither lingering nor refused */
	size_t capacity; /* as many as descriptors allow */
	struct connection *free;
	struct connection *timed;
};

/* Serve the client that was accepted for i. client is then ours. */
void connection_open(struct instance *i, int client, const char *name);

/* Connect for probe_begin: client's other end stays silent. */
void connection_probe(struct instance *i, int client);

/* Turn the client away that was accepted for i. client is then ours. */
void connection_refuse(struct instance *i, int client, enum refusal_kind kind,
	const char *why);

/* c->server is connected: begin the handshake. */
void connection_start_tls(struct connection *c);

/* Wait for c->server to be connected. ERR_LIMIT. */
enum err connection_watch_server(struct connection *c) NODISCARD;

/* RELAYING: finish what is on its way, and end. */
void connection_drain(struct connection *c);

/* Its deadline has passed. */
void connection_expire(struct connection *c);

#endif
