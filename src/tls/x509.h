/*
 * x509.h - certificate chains, on BearSSL's minimal engine, and our own strict
 * walk of the leaf for what that engine leaves to its caller: ExtendedKeyUsage,
 * KeyUsage, key sizes.
 */
#ifndef TLS_X509_H
#define TLS_X509_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Trust anchors: keys and names, decoded once. Certificates are anchors
 * whether or not they are self-signed; their own signatures and dates are not
 * checked. Points inward: not copyable.
 */
struct x509_anchors {
	br_x509_trust_anchor *anchor; /* count of them, from the heap */
	size_t count;
	uint8_t *storage; /* DNs and keys, from the heap */
};

/*
 * Decode certificates given as { u16 big-endian length, DER } entries.
 * At least one must be usable. any_is_ca: a version 1 root, which has no
 * basicConstraints, counts as CA (only for anchors named explicitly by the
 * API). ERR_CERT, ERR_NOMEM; a is then empty.
 */
enum err x509_anchors_from_der(struct x509_anchors *a, struct span entries,
	bool any_is_ca, struct error *e) NODISCARD;

/* As above from PEM text (a CA file): every CERTIFICATE block. */
enum err x509_anchors_from_pem(struct x509_anchors *a, struct span pem,
	struct error *e) NODISCARD;

/* The roots compiled in for Google's APIs (vendor/). */
enum err x509_anchors_builtin(struct x509_anchors *a, struct error *e)
	NODISCARD;

void x509_anchors_free(struct x509_anchors *a);

/*
 * Every CERTIFICATE block of a PEM text appended to w as { u16, DER }; other
 * blocks and text between are skipped. *count says how many. ERR_PARSE: broken
 * base64 or framing. ERR_LIMIT: w is full.
 */
enum err x509_pem_to_entries(struct span pem, struct writer *w, size_t *count)
	NODISCARD;

/* notAfter of a certificate (DER), seconds since 1970. ERR_PARSE. */
enum err x509_not_after(struct span der, int64_t *not_after_s) NODISCARD;

#endif
