/*
 * proxy.h - what HTTPS_PROXY, ALL_PROXY and NO_PROXY say, read as Go's
 * programs read them.
 */
#ifndef WIRE_PROXY_H
#define WIRE_PROXY_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "wire/url.h"

#include <stdbool.h>

enum proxy_kind {
	PROXY_HTTP,  /* CONNECT, RFC 9110 section 9.3.6 */
	PROXY_SOCKS5 /* RFC 1928; names are looked up by the proxy */
};

/* Holds a password: to be wiped, never printed. */
struct proxy {
	enum proxy_kind kind;
	struct url at; /* host and port */
	char user[PROXY_AUTH_MAX];
	char password[PROXY_AUTH_MAX]; /* both "": none */
};

/*
 * Parse [SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/]; user and password are
 * percent-encoded. Schemes: http (the default; port 80), socks5 and socks5h
 * (1080). ERR_CONFIG: another scheme. ERR_PARSE: anything else.
 */
enum err proxy_parse(struct proxy *p, struct span text) NODISCARD;

/*
 * to is in list, the value of NO_PROXY. Entries, separated by commas: "*", an
 * address, ADDRESS/BITS, a name (also for the names below it), .NAME or
 * *.NAME (only those below it), each but the first and third with :PORT or
 * without.
 */
bool proxy_is_listed(struct span list, const struct url *to);

/* It is that, or this machine's loopback: no proxy for calls of HTTPS. */
bool proxy_is_bypassed(struct span list, const struct url *to);

#endif
