/*
 * fuzz_credentials.c - any bytes as a credentials file, as a refusal of a token
 * service, as dates, and as an answer of generateAccessToken.
 */
#include "fetcher/credfile.h"
#include "fetcher/dates.h"
#include "fetcher/oauth.h"
#include "fetcher/token.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_token tokens[CREDENTIALS_TOKENS];

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_file(const uint8_t *data, size_t size)
{
	static struct credfile f;
	enum credfile_type type;
	struct error e;
	char text[64];

	if (size > sizeof(f.text))
		return;
	error_clear(&e);
	memcpy(f.text, data, size);
	f.len = size;
	if (credfile_parse(&f, &e) != ERR_OK) {
		require(e.code == ERR_CONFIG);
		return;
	}
	if (credfile_type(&f, json_root(&f.doc), &type, &e) == ERR_OK)
		require(type < CREDFILE_TYPES);
	error_clear(&e);
	if (credfile_text(&f, json_root(&f.doc), "private_key", text,
		    sizeof(text), &e) == ERR_OK)
		require(text[0] != '\0' && strlen(text) < sizeof(text));
	else
		require(text[0] == '\0' && e.detail[0] != '\0');
}

static void
check_refusal(const uint8_t *data, size_t size, enum oauth_grant grant)
{
	char out[ERROR_DETAIL_MAX];
	struct oauth_refusal r = {.grant = grant,
		.status = 400,
		.skew_s = 1000,
		.body = span_of(data, size)};

	memset(out, 'x', sizeof(out));
	oauth_error_text(out, sizeof(out), &r, tokens, CREDENTIALS_TOKENS);
	require(memchr(out, 0, sizeof(out)) != NULL && out[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct token t;
	struct json doc;
	struct error e;
	int64_t when;

	check_file(data, size);
	check_refusal(data, size, OAUTH_JWT);
	check_refusal(data, size, OAUTH_IMPERSONATION);
	(void)!dates_http(span_of(data, size), &when);
	if (dates_rfc3339(span_of(data, size), &when) == ERR_OK)
		require(size >= 20);
	error_clear(&e);
	if (json_parse(&doc, span_of(data, size), tokens, CREDENTIALS_TOKENS) ==
			ERR_OK &&
		token_parse_impersonated(&t, &doc, &e) == ERR_OK)
		require(token_is_valid(t.text));
	return 0;
}
