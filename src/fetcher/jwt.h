/*
 * jwt.h - signed claims (RFC 7519) of a service account: RS256 alone.
 */
#ifndef FETCHER_JWT_H
#define FETCHER_JWT_H

#include "base/error.h"
#include "base/span.h"
#include "tls/keypair.h"

#include <stdint.h>

struct jwt_claims {
	const char *key_id; /* "": none */
	const char *issuer;
	const char *subject;  /* NULL: none */
	const char *audience; /* NULL: none */
	const char *scope;    /* NULL: none */
	int64_t now_s;        /* issued JWT_BACKDATE_S before, for JWT_LIFE_S */
};

/*
 * Append the JWT to w. ERR_LIMIT: it does not fit. ERR_KEY: could not sign.
 */
enum err jwt_write(struct writer *w, const struct jwt_claims *c,
	const struct keypair *key) NODISCARD;

#endif
