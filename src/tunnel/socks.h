/*
 * socks.h - the dial through the SOCKS5 proxy that ALL_PROXY names, except for
 * what NO_PROXY lists; the variables as Google's proxies read them, so
 * another kind of proxy in ALL_PROXY is none for a dial.
 */
#ifndef TUNNEL_SOCKS_H
#define TUNNEL_SOCKS_H

#include "base/error.h"
#include "io/ipc.h"
#include "wire/proxy.h"
#include "wire/proxy_handshake.h"

#include <stdbool.h>
#include <stddef.h>

struct socks_proxy {
	bool on;
	struct proxy proxy; /* holds a password */
	struct span except; /* NO_PROXY, borrowed from the environment */
};

/* One dial's talk with the proxy. */
struct socks {
	struct url to;
	struct proxy_handshake handshake;
	size_t sent; /* of the handshake's output */
};

/* Read the environment; says in the log what it does not use. */
void socks_configure(struct socks_proxy *p);

/* a is to be reached through the proxy. */
bool socks_wanted(const struct socks_proxy *p, const struct ipc_address *a);

/* Prepare the way to a. ERR_NOMEM. */
enum err socks_begin(struct socks **s, const struct socks_proxy *p,
	const struct ipc_address *a) NODISCARD;

/*
 * Go on, fd being connected to the proxy. ERR_OK: what follows is the
 * server's. ERR_AGAIN: wait for *events. Else e says what the proxy did.
 */
enum err socks_step(
	struct socks *s, int fd, int *events, struct error *e) NODISCARD;

/* Wipe and free; *s may be NULL. */
void socks_end(struct socks **s);

#endif
