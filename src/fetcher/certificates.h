/*
 * certificates.h - PEM in API answers to the DER entries of an identity.
 */
#ifndef FETCHER_CERTIFICATES_H
#define FETCHER_CERTIFICATES_H

#include "base/error.h"
#include "base/span.h"
#include "io/ipc.h"
#include "wire/json.h"

/*
 * Every certificate of the PEM text in the JSON string v becomes a trust
 * anchor of id; they are tried out here, so that a bad one is reported by the
 * process that asked. ERR_CERT: e has the connectors' sentence.
 */
enum err certificates_read_anchors(const struct json *answer,
	const struct json_token *v, struct ipc_identity *id,
	struct error *e) NODISCARD;

/* The first certificate of v becomes id's chain, its notAfter id's expiry. */
enum err certificates_read_leaf(const struct json *answer,
	const struct json_token *v, struct ipc_identity *id,
	struct error *e) NODISCARD;

/*
 * The PEM texts of the list v, leaf first, become id's chain. Of more than
 * CHAIN_CERTS_MAX the last ones are left out: those are the server's own CAs.
 */
enum err certificates_read_chain(const struct json *answer,
	const struct json_token *v, struct ipc_identity *id,
	struct error *e) NODISCARD;

/*
 * The chain's leaf is for the key whose SubjectPublicKeyInfo this is: the key
 * stands in the certificate. ERR_CERT: it does not.
 */
enum err certificates_check_key(const struct ipc_identity *id,
	struct span public_key, struct error *e) NODISCARD;

#endif
