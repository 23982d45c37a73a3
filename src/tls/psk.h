/*
 * psk.h - resumption: keys from the server's tickets (RFC 8446 2.2, 4.2.9,
 * 4.2.11, 4.6.1). Always with a fresh (EC)DHE (psk_dhe_ke), never with early
 * data, and one ticket at a time.
 */
#ifndef TLS_PSK_H
#define TLS_PSK_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "tls/suite.h"

#include <stdbool.h>
#include <stdint.h>

struct handshake;
struct tls13;
struct tls13_resumption;

/*
 * What resumes a session. Whoever holds psk can be the server to us: it is a
 * secret, and good only for the names and anchors that judged the server which
 * gave it.
 */
struct tls13_ticket {
	const struct suite *suite; /* of that connection; its hash counts */
	uint32_t lifetime_s;       /* 1 to TLS_TICKET_LIFETIME_S */
	uint32_t age_add;
	struct span identity; /* 1 to TLS_TICKET_MAX bytes */
	uint8_t psk[SUITE_HASH_MAX];
};

/* The PSK of one handshake; suite NULL: none is offered. */
struct psk {
	const struct suite *suite;
	uint32_t obfuscated_age;
	size_t identity_len; /* the bytes are in the handshake's ticket */
	uint8_t key[SUITE_HASH_MAX];
};

/* Copy what is to be offered; a ticket that is too old or long is not. */
void psk_choose(struct handshake *h, const struct tls13_resumption *r);

/*
 * After a HelloRetryRequest has chosen the suite: a PSK of another hash is
 * dropped (4.1.4).
 */
void psk_recheck(struct handshake *h);

/* psk_key_exchange_modes, if tickets are wanted. */
void psk_write_modes(struct writer *w);

/* pre_shared_key with zeros for a binder; the last extension (4.2.11). */
void psk_write(struct writer *w, const struct handshake *h);

/*
 * Compute the binder of a finished ClientHello that ends with psk_write's
 * extension, and put it in its place (4.2.11.2).
 */
void psk_bind(const struct handshake *h, uint8_t *hello, size_t len);

/*
 * The server's answer, the body of pre_shared_key in ServerHello. Afterwards
 * h->resumed. ERR_TLS: decode error, an identity that was not offered, or a
 * suite with another hash than the PSK's (4.2.11).
 */
enum err psk_accept(struct tls13 *t, struct span body) NODISCARD;

/* NewSessionTicket, without the header: check it, and hand it out. */
enum err psk_ticket_receive(struct tls13 *t, struct span body) NODISCARD;

#endif
