/*
 * grants.h - from credentials to an access token: one function for each type
 * of credentials, and impersonation.
 */
#ifndef FETCHER_GRANTS_H
#define FETCHER_GRANTS_H

#include "base/error.h"
#include "fetcher/credfile.h"
#include "fetcher/service.h"
#include "fetcher/token.h"

#define GRANTS_CLOUD_PLATFORM "https://www.googleapis.com/auth/cloud-platform"

/*
 * All of these: node lies in f and has the type; e explains. ERR_CONFIG: the
 * credentials cannot be used. ERR_CREDENTIALS: they were refused, for good.
 * Else the way to the service failed.
 */

/* A JWT of the key for a token with scope (RFC 7523). */
enum err grants_service_account(struct service *s, const struct credfile *f,
	const struct json_token *node, const char *scope, struct token *t,
	struct error *e) NODISCARD;

/* A JWT of the key that is itself the token; nobody is asked. */
enum err grants_self_signed(const struct credfile *f,
	const struct json_token *node, const char *scope, struct token *t,
	struct error *e) NODISCARD;

/* A refresh token's access token; its scopes are those of the login. */
enum err grants_user(struct service *s, const struct credfile *f,
	const struct json_token *node, struct token *t,
	struct error *e) NODISCARD;

/* Workload identity federation (RFC 8693), with an impersonation if asked. */
enum err grants_external(struct service *s, const struct credfile *f,
	const struct json_token *node, const char *scope, struct token *t,
	struct error *e) NODISCARD;

/* Everything is borrowed. */
struct impersonation {
	const char *url;       /* names the account */
	struct span delegates; /* a JSON array; empty: none */
	unsigned lifetime_s;
	const char *caller; /* a token with GRANTS_CLOUD_PLATFORM */
};

/* A token with scope of the account that i names. */
enum err grants_impersonate(struct service *s, const struct impersonation *i,
	const char *scope, struct token *t, struct error *e) NODISCARD;

#endif
