/*
 * credentials.c - the table of token sources. Keeps no token itself.
 */
#include "fetcher/credentials.h"

#include "fetcher/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source {
	bool renewable;
	enum err (*fetch)(struct credentials *c, const char *scope,
		struct token *t, struct error *e);
};

static enum err
take_given(
	const char *given, const char *option, struct token *t, struct error *e)
{
	size_t len = strlen(given);

	if (!token_is_valid(given) || len >= sizeof(t->text))
		return error_set(e, ERR_CONFIG,
			"%s is empty, longer "
			"than %d bytes, or has characters no token has",
			option, TOKEN_MAX - 1);
	memcpy(t->text, given, len + 1);
	t->expires_s = INT64_MAX;
	return ERR_OK;
}

static enum err
fetch_given(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	(void)scope;
	return take_given(c->given, "--token", t, e);
}

static enum err
fetch_metadata(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	return metadata_token(
		c->metadata_host, scope, c->deadline_ms, c->scratch, t, e);
}

static const struct source sources[CREDENTIALS_SOURCES] = {
	[CREDENTIALS_GIVEN] = {.renewable = false, .fetch = fetch_given},
	[CREDENTIALS_METADATA] = {.renewable = true, .fetch = fetch_metadata},
};

void
credentials_init(struct credentials *c, const struct config *config,
	uint64_t deadline_ms, struct exchange *scratch)
{
	memset(c, 0, sizeof(*c));
	c->deadline_ms = deadline_ms;
	c->scratch = scratch;
	c->source = CREDENTIALS_METADATA;
	c->metadata_host = getenv("GCE_METADATA_HOST");
	if (config->token != NULL && config->token[0] != '\0') {
		c->source = CREDENTIALS_GIVEN;
		c->given = config->token;
		c->given_login = config->login_token;
	}
}

enum err
credentials_token(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	memset(t, 0, sizeof(*t));
	return sources[c->source].fetch(c, scope, t, e);
}

enum err
credentials_login_token(struct credentials *c, const char *scope,
	struct token *t, struct error *e)
{
	if (c->source != CREDENTIALS_GIVEN)
		return credentials_token(c, scope, t, e);
	memset(t, 0, sizeof(*t));
	return take_given(c->given_login, "--login-token", t, e);
}

bool
credentials_renewable(const struct credentials *c)
{
	return sources[c->source].renewable;
}

bool
credentials_have_login(const struct credentials *c)
{
	return c->source != CREDENTIALS_GIVEN || c->given_login != NULL;
}
