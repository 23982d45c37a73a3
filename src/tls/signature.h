/*
 * signature.h - SignatureScheme and CertificateVerify (RFC 8446 4.2.3, 4.4.3).
 *
 * RSASSA-PKCS1-v1_5 is offered since certificates are signed with it, and
 * never accepted in CertificateVerify. rsa_pss_pss_* and EdDSA are not
 * offered: the X.509 engine cannot read such keys.
 */
#ifndef TLS_SIGNATURE_H
#define TLS_SIGNATURE_H

#include "base/error.h"
#include "base/span.h"
#include "tls/keypair.h"
#include "tls/pss.h"

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>

#define SIGNATURE_MAX PSS_SIGNATURE_MAX

/* Append the body of our signature_algorithms extension. */
void signature_offer(struct writer *w);

/*
 * The first scheme of a CertificateRequest's list (pairs of bytes, without
 * its length) that our key can serve, by our preference; 0: none.
 */
uint16_t signature_choose(struct span list, const struct keypair *key);

/*
 * Check the server's CertificateVerify: sig over the transcript hash, by key.
 * Failures hold the alert: 47 for a scheme that was not offered, is not for
 * CertificateVerify or does not belong to the key; 51 for a bad signature.
 */
enum err signature_verify(uint16_t scheme, const br_x509_pkey *key,
	struct span transcript_hash, struct span sig,
	struct error *e) NODISCARD;

/*
 * The part of signature_verify that published vectors can reach: sig over a
 * digest of the length that the scheme's hash has. ERR_TLS: scheme
 * and key do not belong together, or the signature is not good.
 */
enum err signature_verify_digest(uint16_t scheme, const br_x509_pkey *key,
	struct span digest, struct span sig) NODISCARD;

/*
 * Sign the transcript hash as a client. sig takes SIGNATURE_MAX bytes. ERR_SYS,
 * ERR_KEY as pss_sign. An ECDSA nonce is derived from key and digest (RFC
 * 6979).
 */
enum err signature_sign(uint16_t scheme, const struct keypair *key,
	struct span transcript_hash, uint8_t *sig, size_t *sig_len) NODISCARD;

#endif
