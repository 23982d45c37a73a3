/*
 * pss.h - RSASSA-PSS as TLS 1.3 uses it (RFC 8017 8.1, RFC 8446 4.2.3,
 * rsa_pss_rsae_*): MGF1 with the hash of the signature, salt as long as the
 * hash, trailer 0xbc. Built on BearSSL's raw RSA operations.
 */
#ifndef TLS_PSS_H
#define TLS_PSS_H

#include "base/error.h"
#include "base/span.h"
#include "tls/keypair.h"

#include <bearssl.h>
#include <stddef.h>
#include <stdint.h>

#define PSS_SIGNATURE_MAX 512 /* bytes: RSA-4096 */

/*
 * Sign digest, made with SHA-hash_bits (256, 384 or 512), with a fresh salt.
 * sig takes PSS_SIGNATURE_MAX bytes; *sig_len becomes the length of the
 * modulus. ERR_SYS: no randomness. ERR_KEY: k holds no key, is too small for
 * the hash, or digest has not the hash's length.
 */
enum err pss_sign(const struct keypair *k, unsigned hash_bits,
	struct span digest, uint8_t *sig, size_t *sig_len) NODISCARD;

/*
 * Check sig over digest. ERR_KEY: hash_bits, digest or modulus is of no use
 * here. ERR_TLS: the signature does not verify; its length must be exactly
 * that of the modulus and its encoding exactly that of RFC 8017 9.1.2.
 */
enum err pss_verify(const br_rsa_public_key *pk, unsigned hash_bits,
	struct span digest, struct span sig) NODISCARD;

#endif
