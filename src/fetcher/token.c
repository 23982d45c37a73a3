/*
 * token.c - token answers. Must never put any byte of one into an error.
 */
#include "fetcher/token.h"

#include "base/mem.h"
#include "fetcher/dates.h"

#include <string.h>

#define TOKEN_JSON_MAX 64 /* values in the answer of a token endpoint */
#define LIFETIME_MAX_S (10LL * 365 * 86400)

bool
token_is_valid(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~')
			return false;
	}
	return text[0] != '\0';
}

static enum err
read_lifetime(
	const struct json *doc, const struct json_token *v, int64_t *seconds)
{
	char digits[16];

	*seconds = 0;
	if (json_integer(doc, v, seconds) != ERR_OK) {
		if (json_text(doc, v, digits, sizeof(digits)) != ERR_OK)
			return ERR_PARSE;
		for (const char *p = digits; *p != '\0'; p++) {
			if (*p < '0' || *p > '9')
				return ERR_PARSE;
			*seconds = *seconds * 10 + (*p - '0');
		}
	}
	return *seconds > 0 && *seconds <= LIFETIME_MAX_S ? ERR_OK : ERR_PARSE;
}

enum err
token_parse(struct token *t, struct span body, int64_t now_s, struct error *e)
{
	struct json_token tokens[TOKEN_JSON_MAX];
	struct json doc;
	const struct json_token *text;
	const struct json_token *lifetime;
	int64_t seconds;
	enum err parsed;

	token_clear(t);
	parsed = json_parse(&doc, body, tokens, TOKEN_JSON_MAX);
	if (parsed != ERR_OK)
		return error_set(e, ERR_JSON,
			parsed == ERR_LIMIT
				? "the token answer has too many values"
				: "the token answer is not valid JSON");
	text = json_root_member(&doc, "access_token");
	lifetime = json_root_member(&doc, "expires_in");
	if (json_text(&doc, text, t->text, sizeof(t->text)) != ERR_OK ||
		!token_is_valid(t->text)) {
		token_clear(t);
		return error_set(e, ERR_CREDENTIALS,
			"the token answer has no usable access_token");
	}
	if (read_lifetime(&doc, lifetime, &seconds) != ERR_OK) {
		token_clear(t);
		return error_set(e, ERR_CREDENTIALS,
			"the token answer has no usable expires_in");
	}
	t->expires_s = now_s + seconds;
	return ERR_OK;
}

enum err
token_parse_impersonated(
	struct token *t, const struct json *answer, struct error *e)
{
	char time[64];

	token_clear(t);
	if (json_text(answer, json_root_member(answer, "accessToken"), t->text,
		    sizeof(t->text)) == ERR_OK &&
		token_is_valid(t->text) &&
		json_text(answer, json_root_member(answer, "expireTime"), time,
			sizeof(time)) == ERR_OK &&
		dates_rfc3339(span_str(time), &t->expires_s) == ERR_OK)
		return ERR_OK;
	token_clear(t);
	return error_set(e, ERR_CREDENTIALS,
		"the answer has no usable accessToken and expireTime");
}

void
token_clear(struct token *t)
{
	mem_wipe(t, sizeof(*t));
}
