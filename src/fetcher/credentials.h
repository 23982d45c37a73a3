/*
 * credentials.h - where access tokens come from. One row per source, so that
 * credential files, impersonation and the rest find their place.
 */
#ifndef FETCHER_CREDENTIALS_H
#define FETCHER_CREDENTIALS_H

#include "base/error.h"
#include "config.h"
#include "fetcher/exchange.h"
#include "fetcher/token.h"

#include <stdbool.h>
#include <stdint.h>

enum credentials_source {
	CREDENTIALS_GIVEN, /* --token: one token for all, never renewed */
	CREDENTIALS_METADATA,
	CREDENTIALS_SOURCES
};

struct credentials {
	enum credentials_source source;
	const char *given;         /* CREDENTIALS_GIVEN; borrowed */
	const char *given_login;   /* the same for logins; NULL: none */
	const char *metadata_host; /* NULL: the well-known address */
	uint64_t deadline_ms;      /* clock_ms */
	struct exchange *scratch;
};

/* Choose the source from the configuration and the environment. */
void credentials_init(struct credentials *c, const struct config *config,
	uint64_t deadline_ms, struct exchange *scratch);

/* A token with exactly this scope, where the source can choose. */
enum err credentials_token(struct credentials *c, const char *scope,
	struct token *t, struct error *e) NODISCARD;

/* The same for database logins; only where credentials_have_login. */
enum err credentials_login_token(struct credentials *c, const char *scope,
	struct token *t, struct error *e) NODISCARD;

/* Asking again may give another token: worth a try after HTTP 401. */
bool credentials_renewable(const struct credentials *c);

/* The source can give a token for database logins only. */
bool credentials_have_login(const struct credentials *c);

#endif
