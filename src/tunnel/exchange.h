/*
 * exchange.h - the metadata exchange of one connection, between the end of its
 * handshake and the first byte that is relayed.
 */
#ifndef TUNNEL_EXCHANGE_H
#define TUNNEL_EXCHANGE_H

#include "base/error.h"
#include "tunnel/identity.h"
#include "tunnel/relay.h"

#include <stdbool.h>

/*
 * Before the handshake: r hands out nothing of the client's until the server
 * has agreed. *x is new memory, if identity demands an exchange. ERR_NOMEM.
 */
enum err exchange_begin(struct metadata_exchange **x, struct relay *r,
	const struct identity *id, bool auto_iam) NODISCARD;

/*
 * After the handshake, and after each relay_pump from then on: send, and take
 * what came. ERR_AGAIN: to be continued; what was written is for relay_pump to
 * send. ERR_OK: the server agrees. Else e explains.
 */
enum err exchange_step(struct metadata_exchange *x, struct relay *r,
	const struct identity *id, struct error *e) NODISCARD;

/* Wipe, and let go of r. NULL is allowed; *x is NULL afterwards. */
void exchange_end(struct metadata_exchange **x, struct relay *r);

#endif
