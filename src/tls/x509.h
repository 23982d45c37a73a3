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
 * checked; one with name constraints, which are not applied, is no anchor.
 * Points inward: not copyable.
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
enum err x509_anchors_from_pem(
	struct x509_anchors *a, struct span pem, struct error *e) NODISCARD;

/* The roots compiled in for Google's APIs (vendor/). */
enum err x509_anchors_builtin(
	struct x509_anchors *a, struct error *e) NODISCARD;

void x509_anchors_free(struct x509_anchors *a);

/*
 * Every CERTIFICATE block of a PEM text appended to w as { u16, DER }; other
 * blocks and text between are skipped. *count says how many. ERR_PARSE: broken
 * base64 or framing. ERR_LIMIT: w is full.
 */
enum err x509_pem_to_entries(
	struct span pem, struct writer *w, size_t *count) NODISCARD;

/* notAfter of a certificate (DER), seconds since 1970. ERR_PARSE. */
enum err x509_not_after(struct span der, int64_t *not_after_s) NODISCARD;

/*
 * The chain that a server presents, checked by BearSSL's engine against the
 * anchors: order, signatures, dates, basicConstraints, path length; RSA keys
 * of 2048 bits at least; SHA-256, SHA-384 and SHA-512 only. It checks no name
 * (names_check) and, of the leaf, no usage (x509_check_leaf): both are due
 * before the leaf's key is trusted. Points inward: not copyable.
 *
 * Verdicts where validators differ. A chain is what the server sent, up to the
 * certificate that an anchor signed:
 *
 *   not strict DER, an extension twice        refused, 42
 *   signature algorithm differs in and out    refused, 42
 *   not in order, a gap, a better path among  refused, 48: no paths are built
 *   what was sent
 *   more certificates behind                  not looked at
 *   name constraints, in the chain or in an   refused, 43; such an anchor is
 *   anchor, critical or not                   not one: they are not applied
 *   ExtendedKeyUsage of a CA in the chain     must have serverAuth or any;
 *                                             else 43
 *   critical ExtendedKeyUsage                 refused, 43, by the engine;
 *                                             those who issue for the web may
 *                                             not make it critical either
 *   any other critical extension that the     refused, 43
 *   engine does not know
 *   KeyUsage of a CA without keyCertSign      refused, 42
 *   self-issued certificates                  count for the path length
 *   the leaf is itself an anchor that is      accepted
 *   not a CA
 *   anchor past its dates, with a weak        accepted: an anchor is a name
 *   signature or unknown extensions           and a key
 *   anchor with RSA under 2048 bits, or       not an anchor
 *   neither RSA nor EC
 *   RSA-PSS and EdDSA signatures, SHA-1       refused, 43
 *   revocation                                not looked at, as the proxies do
 *
 * On a failure e holds ERR_CERT with the alert to be sent: 45 expired or not
 * yet valid, 48 unknown CA, 43 unsupported certificate, 42 all else.
 */
enum x509_fault {
	X509_FAULT_NONE,
	X509_FAULT_MALFORMED,
	X509_FAULT_EXPIRED,
	X509_FAULT_NOT_YET_VALID,
	X509_FAULT_CONSTRAINED,
	X509_FAULT_USAGE
};

struct x509_chain {
	br_x509_minimal_context engine;
	int64_t now_s;
	enum x509_fault fault; /* the first of ours; refuses the chain */
	bool past_leaf;        /* a certificate was appended */
};

/* anchors is borrowed until the end; now_s: seconds since 1970. */
void x509_chain_begin(struct x509_chain *c, const struct x509_anchors *anchors,
	int64_t now_s);
/* The next certificate (DER), leaf first. What is wrong is told at the end. */
void x509_chain_append(struct x509_chain *c, struct span der);
/*
 * The verdict. On ERR_OK *leaf_key is the leaf's public key; it points into c.
 */
enum err x509_chain_end(struct x509_chain *c, const br_x509_pkey **leaf_key,
	struct error *e) NODISCARD;

/*
 * Our own walk of a server's leaf (DER): KeyUsage, when present, must have
 * digitalSignature; ExtendedKeyUsage, when present, serverAuth or
 * anyExtendedKeyUsage; the key must be RSA of 2048 to 4096 bits or EC P-256 or
 * P-384. A leaf that is a CA, or has no usage at all, may serve. ERR_CERT with
 * the alert, as above.
 */
enum err x509_check_leaf(struct span leaf, struct error *e) NODISCARD;

#endif
