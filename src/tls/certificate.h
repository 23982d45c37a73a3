/*
 * certificate.h - the fields of one X.509 certificate (RFC 5280 4.1), from our
 * own strict reading of its DER. Says what is written in it; whether that is
 * to be believed is x509.h's and names.h's business.
 */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Every span points into the certificate. */
struct certificate {
	unsigned version;    /* 1 to 3 */
	struct span subject; /* body of the Name: RDNs */
	struct span issuer;  /* the same */
	int64_t not_before_s;
	int64_t not_after_s;
	struct span public_key; /* body of SubjectPublicKeyInfo */
	struct span extensions; /* body of Extensions; empty: none */
};

/*
 * Read a certificate. ERR_PARSE: not strict DER throughout, two extensions of
 * one kind, or the signed AlgorithmIdentifier is not the one outside (RFC 5280
 * 4.1.1.2). ERR_LIMIT: too deep, or too many extensions.
 */
enum err certificate_parse(struct span der, struct certificate *c) NODISCARD;

/*
 * The value of an extension, given the body of its OBJECT IDENTIFIER; false
 * when the certificate has none.
 */
bool certificate_extension(
	const struct certificate *c, struct span oid, struct span *value);

/*
 * ExtendedKeyUsage (RFC 5280 4.2.1.12), where there is one, must have
 * serverAuth or anyExtendedKeyUsage; of a CA it bounds what it may issue.
 * ERR_CERT: it has neither. ERR_PARSE: malformed.
 */
enum err certificate_server_usage(const struct certificate *c) NODISCARD;

/* It has name constraints (4.2.1.10), critical or not. */
bool certificate_is_constrained(const struct certificate *c);

#endif
