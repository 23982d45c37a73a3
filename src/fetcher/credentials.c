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
	bool has_login;
	enum err (*fetch)(struct credentials *c, const char *scope,
		struct token *t, struct error *e);
};

static enum err
fetch_given(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	size_t len = strlen(c->given);

	(void)scope;
	if (!token_is_valid(c->given) || len >= sizeof(t->text))
		return error_set(e, ERR_CONFIG,
			"--token is empty, longer "
			"than %d bytes, or has characters no token has",
			TOKEN_MAX - 1);
	memcpy(t->text, c->given, len + 1);
	t->expires_s = INT64_MAX;
	return ERR_OK;
}

static enum err
fetch_metadata(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	return metadata_token(
		c->metadata_host, scope, c->deadline_ms, c->scratch, t, e);
}

static const struct source sources[CREDENTIALS_SOURCES] = {
	[CREDENTIALS_GIVEN] = {.renewable = false,
		.has_login = false,
		.fetch = fetch_given},
	[CREDENTIALS_METADATA] = {.renewable = true,
		.has_login = true,
		.fetch = fetch_metadata},
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
	}
}

enum err
credentials_token(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	memset(t, 0, sizeof(*t));
	return sources[c->source].fetch(c, scope, t, e);
}

bool
credentials_renewable(const struct credentials *c)
{
	return sources[c->source].renewable;
}

bool
credentials_have_login(const struct credentials *c)
{
	return sources[c->source].has_login;
}
