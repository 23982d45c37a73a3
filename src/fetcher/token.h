/*
 * token.h - an OAuth 2 access token, and reading one from the answer of a
 * token endpoint (RFC 6749 section 5.1) or the metadata server.
 */
#ifndef FETCHER_TOKEN_H
#define FETCHER_TOKEN_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "wire/json.h"

#include <stdint.h>

/* Secret: wiped by token_clear, never formatted into a message. */
struct token {
	char text[TOKEN_MAX]; /* "" : none */
	int64_t expires_s;    /* wall clock; INT64_MAX: not known */
};

/*
 * Read {"access_token": ..., "expires_in": ...}. now_s is when the answer
 * came. expires_in may be a string of digits, as some servers send it.
 * ERR_JSON: it is none. ERR_CREDENTIALS: something is missing. e says what,
 * without quoting the answer.
 */
enum err token_parse(struct token *t, struct span body, int64_t now_s,
	struct error *e) NODISCARD;

/*
 * The same of generateAccessToken's answer: {"accessToken", "expireTime"}.
 * ERR_CREDENTIALS: something is missing.
 */
enum err token_parse_impersonated(
	struct token *t, const struct json *answer, struct error *e) NODISCARD;

/* text is what a bearer token may be: visible ASCII, not empty. */
bool token_is_valid(const char *text);

void token_clear(struct token *t);

#endif
