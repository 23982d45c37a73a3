/*
 * keyschedule.h - HKDF as TLS 1.3 uses it, and the chain of secrets
 * (RFC 5869; RFC 8446 7.1 to 7.3 and 4.4.4).
 *
 * Every output here is at most one hash long, so that HKDF-Expand is one HMAC.
 */
#ifndef TLS_KEYSCHEDULE_H
#define TLS_KEYSCHEDULE_H

#include "base/span.h"
#include "tls/suite.h"

#include <bearssl.h>
#include <stddef.h>
#include <stdint.h>

/* The secret the chain stands at: Early, then Handshake, then Master. */
struct keyschedule {
	const br_hash_class *hash;
	size_t hash_len;
	uint8_t secret[SUITE_HASH_MAX];
};

/* out, one hash long, is HKDF-Extract(salt, ikm). */
void keyschedule_extract(const br_hash_class *hash, struct span salt,
	struct span ikm, uint8_t *out);

/*
 * out is HKDF-Expand-Label(secret, label, context, out_len); label without
 * "tls13 ", at most 12 characters; context at most 255 bytes; out_len at most
 * one hash.
 */
void keyschedule_expand_label(const br_hash_class *hash, struct span secret,
	const char *label, struct span context, uint8_t *out, size_t out_len);

/*
 * Start the chain: the Early Secret. An empty psk, of a full handshake, stands
 * for a hash's length of zeros.
 */
void keyschedule_begin(
	struct keyschedule *k, const br_hash_class *hash, struct span psk);

/*
 * The hash of no bytes at all, which Derive-Secret(., ., "") asks for, in
 * out[0..SUITE_HASH_MAX). The span points into out.
 */
struct span keyschedule_empty_hash(const br_hash_class *hash, uint8_t *out);

/*
 * One step down the chain: Derive-Secret(., "derived", "") extracts ikm. An
 * empty ikm stands for a hash's length of zeros.
 */
void keyschedule_mix(struct keyschedule *k, struct span ikm);

/* out, one hash long, is Derive-Secret with this hash of the transcript. */
void keyschedule_derive(const struct keyschedule *k, const char *label,
	struct span transcript_hash, uint8_t *out);

/* verify_data of a Finished message under a traffic secret (4.4.4). */
void keyschedule_finished(const br_hash_class *hash, struct span secret,
	struct span transcript_hash, uint8_t *out);

/* The next application traffic secret, in place (7.2). */
void keyschedule_update(const br_hash_class *hash, uint8_t *secret);

#endif
