/*
 * refusal.h - turning a client away so that its own log says why: with an
 * error packet of its database's protocol where that is possible, and else by
 * closing.
 */
#ifndef TUNNEL_REFUSAL_H
#define TUNNEL_REFUSAL_H

#include "base/limits.h"
#include "base/span.h"
#include "io/ipc.h"
#include "wire/engine_error.h"

#include <stdbool.h>

enum refusal_kind {
	REFUSAL_LIMIT, /* --max-connections */
	REFUSAL_USER,  /* --allow-uid */
	REFUSAL_DIAL,  /* no identity, or the instance cannot be reached */
	REFUSAL_COUNT
};

struct refusal {
	enum refusal_kind kind;
	enum ipc_engine engine; /* UNKNOWN: shows when the client speaks, or
				 * does not */
	struct startup startup;
	char why[REFUSAL_TEXT_MAX];
};

/* What is to be done with the client now. */
enum refusal_step {
	REFUSAL_WAIT,  /* for more of its bytes */
	REFUSAL_TOLD,  /* the packet is out: let it read that */
	REFUSAL_CLOSE, /* no packet is possible */
};

/* Begin. why is for a person; it is cut where it is too long. */
enum refusal_step refusal_begin(struct refusal *r, int client,
	enum refusal_kind kind, enum ipc_engine engine, const char *why);

/* Bytes of the client. */
enum refusal_step refusal_feed(struct refusal *r, int client, struct span in);

/* How long to wait for them. */
uint64_t refusal_patience_ms(const struct refusal *r);

/* That time is over. */
enum refusal_step refusal_timed_out(struct refusal *r, int client);

#endif
