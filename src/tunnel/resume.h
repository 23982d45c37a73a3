/*
 * resume.h - TLS resumption of a connection: what its handshake offers, and
 * what becomes of the tickets that it brings.
 */
#ifndef TUNNEL_RESUME_H
#define TUNNEL_RESUME_H

#include "tunnel/connection.h"

/*
 * Begin the relay of c, whose server is connected, with a ticket if there is
 * one. Errors as relay_start.
 */
enum err resume_start_relay(struct connection *c) NODISCARD;

/*
 * The handshake of c failed with e. True: a ticket was offered and may be the
 * reason. Then the instance has none any more, and gets none.
 */
bool resume_is_suspect(const struct connection *c, const struct error *e);

#endif
