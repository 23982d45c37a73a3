/*
 * suite.h - the cipher suites spoken here (RFC 8446 B.4).
 */
#ifndef TLS_SUITE_H
#define TLS_SUITE_H

#include "tls/aead.h"

#include <bearssl.h>
#include <stddef.h>
#include <stdint.h>

#define SUITE_COUNT    3
#define SUITE_HASH_MAX 48 /* bytes: SHA-384 */

struct suite {
	uint16_t id;
	enum aead_algorithm aead;
	size_t key_len;
	const br_hash_class *hash;
	size_t hash_len;
	const char *name;
};

/* What we offer, best first: ChaCha20 leads where AES is slow. */
const struct suite *suite_offered(size_t index);

/* The suite of this code point; NULL: not one we offer. */
const struct suite *suite_find(uint16_t id);

#endif
