/*
 * verdict.h - what it means that a relay broke: for the identity and the
 * tickets that it was tried with, and for the client.
 */
#ifndef TUNNEL_VERDICT_H
#define TUNNEL_VERDICT_H

#include "tunnel/connection.h"
#include "tunnel/relay.h"

enum verdict {
	VERDICT_AGAIN,   /* begin again, with another identity or without
			  * tickets: the client cannot tell; logged */
	VERDICT_REFUSED, /* a failure to connect: TLS, before the server has
			  * said anything */
	VERDICT_BROKEN   /* the end of a connection that stood, or of its
			  * client */
};

/*
 * On c in HANDSHAKE or RELAYING. Its instance is told what the failure says of
 * its identity; c itself is not changed.
 */
enum verdict verdict_on(
	const struct connection *c, const struct relay_report *report);

#endif
