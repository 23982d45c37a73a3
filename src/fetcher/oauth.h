/*
 * oauth.h - failures of token services in words that a user can act on.
 */
#ifndef FETCHER_OAUTH_H
#define FETCHER_OAUTH_H

#include "base/error.h"
#include "base/span.h"
#include "wire/json.h"

#include <stddef.h>
#include <stdint.h>

enum oauth_grant {
	OAUTH_JWT,     /* a service account's key */
	OAUTH_REFRESH, /* a user's refresh token */
	OAUTH_STS,     /* an identity provider's token */
	OAUTH_IMPERSONATION
};

/* What a token service answered. */
struct oauth_refusal {
	enum oauth_grant grant; /* of what it was asked for */
	unsigned status;
	int64_t skew_s; /* our clock's lead over the service's */
	struct span body;
};

/*
 * out: oauth2: "ERROR" "DESCRIPTION" (RFC 6749 section 5.2), or what
 * api_error_text makes of another body; then what can be done about it, and
 * our clock's lead where that matters. Cut where out is full; cap is not 0.
 */
void oauth_error_text(char *out, size_t cap, const struct oauth_refusal *r,
	struct json_token *tokens, size_t token_cap);

#endif
