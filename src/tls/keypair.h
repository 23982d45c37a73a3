/*
 * keypair.h - private keys: making them, reading them, telling their public
 * half. Those made here are RSA; a client may have one on P-256 or P-384.
 */
#ifndef TLS_KEYPAIR_H
#define TLS_KEYPAIR_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <bearssl.h>
#include <stdint.h>

#define KEYPAIR_RSA_BITS    2048
#define KEYPAIR_RSA_BUF     BR_RSA_KBUF_PRIV_SIZE(4096)
#define KEYPAIR_MODULUS_MAX 512 /* bytes: RSA-4096 */
#define KEYPAIR_EC_MAX      48  /* bytes of a scalar: P-384 */

/* A private key. Flat and copyable only by keypair_copy: it points inward. */
struct keypair {
	br_rsa_private_key rsa; /* points into storage */
	unsigned char storage[KEYPAIR_RSA_BUF];
	uint8_t modulus[KEYPAIR_MODULUS_MAX]; /* big-endian */
	size_t modulus_len;                   /* bytes; 0: no RSA key here */
	uint8_t private_exponent[KEYPAIR_MODULUS_MAX];
	size_t private_exponent_len; /* only for keypair_private_der */
	uint32_t exponent;
	int curve; /* BearSSL's number; 0: no EC key here */
	uint8_t scalar[KEYPAIR_EC_MAX];
	size_t scalar_len;
};

/*
 * Make a fresh RSA-2048 key, e = 65537. Takes 15 to 350 ms of CPU.
 * ERR_SYS: no randomness. ERR_INTERNAL: the generator failed.
 */
enum err keypair_generate(struct keypair *k) NODISCARD;

/*
 * Read an unencrypted RSAPrivateKey (PKCS#1) or PrivateKeyInfo (PKCS#8) DER
 * holding an RSA key of two primes and 2048 to 4096 bits. The halves are
 * tried against each other, 2 ms of CPU. ERR_KEY: anything else, whatever the
 * bytes are (they may be hostile); k is then cleared.
 */
enum err keypair_from_der(struct keypair *k, struct span der) NODISCARD;

/*
 * Read an unencrypted ECPrivateKey (RFC 5915) or PrivateKeyInfo DER of a key on
 * P-256 or P-384, for client certificates; the functions below are for RSA.
 * ERR_KEY: anything else; k is then cleared.
 */
enum err keypair_ec_from_der(struct keypair *k, struct span der) NODISCARD;

/* Append the key as RSAPrivateKey DER. Fails the writer when it is full. */
void keypair_private_der(const struct keypair *k, struct writer *w);

/* Append SubjectPublicKeyInfo DER (294 bytes for RSA-2048). */
void keypair_public_der(const struct keypair *k, struct writer *w);

void keypair_copy(struct keypair *to, const struct keypair *from);

/* Wipe. */
void keypair_clear(struct keypair *k);

#endif
