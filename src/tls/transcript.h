/*
 * transcript.h - the running hash of the handshake messages (RFC 8446 4.4.1).
 *
 * SHA-256 and SHA-384 run side by side until the server has chosen the suite:
 * the first ClientHello is hashed before anybody knows which will count.
 */
#ifndef TLS_TRANSCRIPT_H
#define TLS_TRANSCRIPT_H

#include "base/span.h"
#include "tls/suite.h"

#include <bearssl.h>

struct transcript {
	br_sha256_context sha256;
	br_sha384_context sha384;
	const struct suite *suite; /* NULL: both run */
};

void transcript_begin(struct transcript *t);

/* Append a whole message, its header included. */
void transcript_append(struct transcript *t, struct span message);

/* From here on only this suite's hash counts. */
void transcript_choose(struct transcript *t, const struct suite *suite);

/*
 * A HelloRetryRequest came: what was hashed, ClientHello1, is replaced by a
 * message_hash message of it. After transcript_choose.
 */
void transcript_restart(struct transcript *t);

/*
 * The hash so far, in out[0..SUITE_HASH_MAX). After transcript_choose. The
 * span points into out.
 */
struct span transcript_hash(const struct transcript *t, uint8_t *out);

#endif
