/*
 * proxy_handshake.h - the way through a proxy, without a socket: bytes to be
 * sent, bytes received. HTTP CONNECT with Basic authentication (RFC 9110,
 * RFC 7617); SOCKS5 with user name and password (RFC 1928, RFC 1929).
 *
 *   proxy_handshake_begin
 *   do {
 *           write all of proxy_handshake_output
 *           read at least one byte to proxy_handshake_input
 *           e = proxy_handshake_advance
 *   } while (e == ERR_AGAIN)
 *
 * The peer behind it must not be one that speaks first: bytes behind the
 * proxy's own answer are refused.
 */
#ifndef WIRE_PROXY_HANDSHAKE_H
#define WIRE_PROXY_HANDSHAKE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "wire/proxy.h"

#include <stdint.h>

enum proxy_state {
	PROXY_CONNECT, /* CONNECT is out */
	PROXY_METHOD,  /* SOCKS5: the greeting is out */
	PROXY_LOGIN,   /* SOCKS5: user and password are out */
	PROXY_REPLY,   /* SOCKS5: the request is out */
	PROXY_OPEN,
	PROXY_FAILED
};

/* Holds a password until the end: proxy_handshake_clear. */
struct proxy_handshake {
	enum proxy_state state;
	const struct proxy *proxy; /* borrowed */
	const struct url *to;      /* borrowed */
	struct writer out;
	uint8_t out_bytes[2 * PROXY_AUTH_MAX + 2 * HOST_LEN_MAX + 512];
	size_t filled;
	uint8_t in[PROXY_HEAD_MAX];
};

void proxy_handshake_begin(
	struct proxy_handshake *h, const struct proxy *p, const struct url *to);

/* What is to be sent now; may be empty. */
struct span proxy_handshake_output(const struct proxy_handshake *h);

/* Where received bytes go, at most *cap (never 0 before the end). */
uint8_t *proxy_handshake_input(struct proxy_handshake *h, size_t *cap);

/*
 * The output was sent and got bytes were received. ERR_OK: to is at the other
 * end. ERR_AGAIN: go on. ERR_DENIED: the proxy will not; ERR_CONNECT: it could
 * not; ERR_CREDENTIALS: it wants another user or password; ERR_PARSE,
 * ERR_LIMIT: it is none. e says so, without the proxy's name.
 */
enum err proxy_handshake_advance(
	struct proxy_handshake *h, size_t got, struct error *e) NODISCARD;

void proxy_handshake_clear(struct proxy_handshake *h);

#endif
