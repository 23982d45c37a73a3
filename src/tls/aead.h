/*
 * aead.h - the three AEADs of TLS 1.3, in place, on BearSSL (RFC 5116, 8439).
 *
 * The fastest code that this processor has is chosen at run time: AES-NI with
 * PCLMULQDQ, SSE2 for ChaCha20; constant-time C otherwise.
 */
#ifndef TLS_AEAD_H
#define TLS_AEAD_H

#include "base/span.h"

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AEAD_KEY_MAX   32
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN   16

enum aead_algorithm {
	AEAD_AES_GCM,
	AEAD_CHACHA20_POLY1305
};

/* A key made ready. Points inward: must not be moved or copied. */
struct aead {
	enum aead_algorithm algorithm;
	union {
		br_aes_gen_ctr_keys aes;
		uint8_t chacha[AEAD_KEY_MAX];
	} key;
	br_gcm_context gcm;
};

/* AES runs in hardware here: GCM is the better offer. */
bool aead_has_fast_aes(void);

/* key_len: 16 or 32 bytes for AES-GCM, 32 for ChaCha20-Poly1305. */
void aead_init(struct aead *a, enum aead_algorithm algorithm,
	const uint8_t *key, size_t key_len);

/* Encrypt data[0..len) in place; the tag follows in data[len..len + 16). */
void aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN],
	struct span aad, uint8_t *data, size_t len);

/*
 * Decrypt data[0..len) in place, its tag following in data[len..len + 16).
 * False: the tag is wrong (compared in constant time) and data is wiped.
 */
bool aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN],
	struct span aad, uint8_t *data, size_t len)
	__attribute__((warn_unused_result));

/* Wipe. */
void aead_clear(struct aead *a);

#endif
