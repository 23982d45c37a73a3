/*
 * keyshare.h - ephemeral Diffie-Hellman (RFC 8446 4.2.8, RFC 7748): X25519,
 * P-256 and P-384. A key serves one connection.
 */
#ifndef TLS_KEYSHARE_H
#define TLS_KEYSHARE_H

#include "base/error.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYSHARE_SECP256R1 0x0017
#define KEYSHARE_SECP384R1 0x0018
#define KEYSHARE_X25519    0x001d

#define KEYSHARE_GROUPS     3
#define KEYSHARE_PUBLIC_MAX 97 /* bytes: an uncompressed P-384 point */
#define KEYSHARE_SECRET_MAX 48

struct keyshare {
	uint16_t group; /* NamedGroup; 0: none */
	size_t secret_len;
	size_t public_len;
	uint8_t secret[KEYSHARE_SECRET_MAX];
	uint8_t public[KEYSHARE_PUBLIC_MAX];
};

/* The groups we offer, best first; a share is sent for the first. */
uint16_t keyshare_offered(size_t index);

/* We offer this group. */
bool keyshare_is_offered(uint16_t group);

/* A fresh key in an offered group. ERR_SYS: no randomness. */
enum err keyshare_generate(struct keyshare *k, uint16_t group) NODISCARD;

/*
 * The shared secret with the peer's share, in out[0..KEYSHARE_SECRET_MAX);
 * *len says its length. ERR_PARSE: wrong length, not on the curve, or of an
 * order that makes the X25519 secret zero (RFC 7748 6.1).
 */
enum err keyshare_agree(const struct keyshare *k, struct span peer,
	uint8_t *out, size_t *len) NODISCARD;

/* Wipe. */
void keyshare_clear(struct keyshare *k);

#endif
