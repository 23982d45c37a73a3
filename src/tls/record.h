/*
 * record.h - the record layer (RFC 8446 5): one direction's keys and sequence
 * number, and a record sealed or opened in place.
 */
#ifndef TLS_RECORD_H
#define TLS_RECORD_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "tls/aead.h"
#include "tls/suite.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_HEADER_LEN 5
/* What a sealed record has beyond its content: header, type, tag. */
#define RECORD_OVERHEAD   (RECORD_HEADER_LEN + 1 + AEAD_TAG_LEN)
#define RECORD_SEALED_MAX (TLS_PLAINTEXT_MAX + 256) /* after the header */

enum record_type {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_APPLICATION_DATA = 23
};

/*
 * Keys of one direction. The AEAD made ready from them is kept apart, since a
 * connection at rest does without (record_ready).
 */
struct record_keys {
	const struct suite *suite; /* NULL: records are not protected yet */
	uint64_t sequence;
	uint8_t secret[SUITE_HASH_MAX];
	uint8_t key[AEAD_KEY_MAX];
	uint8_t iv[AEAD_NONCE_LEN];
};

/* Take a traffic secret (one hash of suite long): sequence 0. */
void record_keys_set(struct record_keys *k, const struct suite *suite,
	const uint8_t *secret);

/* The next generation of the same direction (7.2): sequence 0. */
void record_keys_update(struct record_keys *k);

/* Make the AEAD of these keys ready; needs k->suite. */
void record_ready(const struct record_keys *k, struct aead *a);

/*
 * Write a record header for len bytes that follow unprotected. version:
 * 0x0301 for the first ClientHello, else 0x0303 (5.1).
 */
void record_header(
	uint8_t *at, enum record_type type, uint16_t version, size_t len);

/*
 * Seal in place: content of len bytes stands at record + RECORD_HEADER_LEN,
 * with RECORD_OVERHEAD - RECORD_HEADER_LEN bytes of room behind. Returns the
 * length of the whole record. len is at most TLS_PLAINTEXT_MAX, and the
 * sequence number has not run out: the engine updates keys long before.
 */
size_t record_seal(struct record_keys *k, struct aead *a, enum record_type type,
	uint8_t *record, size_t len);

/*
 * Look at the header of the record that begins in. ERR_AGAIN: fewer than five
 * bytes. On ERR_OK *len is the length of the whole record, which may not be
 * there yet. ERR_TLS: not a record (e has the alert). protected: keys are set
 * in this direction.
 */
enum err record_peek(
	struct span in, bool protected, size_t *len, struct error *e) NODISCARD;

/* The content of an opened record: type, and where it stands. */
struct record_content {
	enum record_type type;
	uint8_t *data;
	size_t len;
};

/*
 * Open one whole protected record in place: decrypt, verify, take padding and
 * type off (5.2, 5.4). ERR_TLS: e has the alert; nothing of it may be used. Nor
 * is a record opened whose number is the last that 64 bits can count.
 */
enum err record_open(struct record_keys *k, struct aead *a, uint8_t *record,
	size_t len, struct record_content *content, struct error *e) NODISCARD;

/* Wipe. */
void record_keys_clear(struct record_keys *k);

#endif
