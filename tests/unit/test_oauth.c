/*
 * test_oauth.c - dates, refusals and credentials files as token services and
 * users give them.
 */
#include "fetcher/credfile.h"
#include "fetcher/dates.h"
#include "fetcher/oauth.h"
#include "fetcher/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct json_token tokens[CREDENTIALS_TOKENS];
static struct error e;

static void
reads_dates(void **state)
{
	static const char *const bad[] = {"", "2026-01-01",
		"2026-01-01T00:00:00", "2026-01-01 00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+0100",
		"2026-01-01T00:00:00+24:00", "Sun, 06 Nov 1994 08:49:37 GMT"};
	int64_t t;

	(void)state;
	assert_int_equal(
		dates_rfc3339(span_str("2026-01-01T00:00:00Z"), &t), ERR_OK);
	assert_true(t == INT64_C(1767225600));
	assert_int_equal(
		dates_rfc3339(
			span_str("2026-01-01T01:30:00.123456789+01:30"), &t),
		ERR_OK);
	assert_true(t == INT64_C(1767225600));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			dates_rfc3339(span_str(bad[i]), &t), ERR_PARSE);
	assert_int_equal(
		dates_http(span_str("Sun, 06 Nov 1994 08:49:37 GMT"), &t),
		ERR_OK);
	assert_true(t == 784111777);
	assert_int_equal(
		dates_http(span_str("Sun, 06 Nox 1994 08:49:37 GMT"), &t),
		ERR_PARSE);
	assert_int_equal(
		dates_http(span_str("Sunday, 06-Nov-94 08:49:37 GMT"), &t),
		ERR_PARSE);
	assert_int_equal(dates_http(span_str("Sun, 06 Nov 1994 08:49:37"), &t),
		ERR_PARSE);
}

static const char *
refusal(enum oauth_grant grant, unsigned status, int64_t skew_s,
	const char *body)
{
	static char out[ERROR_DETAIL_MAX];
	struct oauth_refusal r = {.grant = grant,
		.status = status,
		.skew_s = skew_s,
		.body = span_str(body)};

	memset(out, 'x', sizeof(out));
	oauth_error_text(out, sizeof(out), &r, tokens, CREDENTIALS_TOKENS);
	return out;
}

static void
explains_refusals(void **state)
{
	(void)state;
	assert_string_equal(
		refusal(OAUTH_REFRESH, 400, 0,
			"{\"error\":\"invalid_grant\",\"error_description\":"
			"\"Token has been expired or revoked.\"}"),
		"oauth2: \"invalid_grant\" \"Token has been expired or "
		"revoked.\" (HTTP 400); log in again: gcloud auth "
		"application-default login");
	assert_string_equal(refusal(OAUTH_STS, 401, 0, "{\"error\":\"x\\n\"}"),
		"oauth2: \"x\" \"\" (HTTP 401)");
	assert_string_equal(refusal(OAUTH_JWT, 400, -90, "{\"error\":\"x\"}"),
		"oauth2: \"x\" \"\" (HTTP 400); this machine's clock is 90 s "
		"behind the server's");
	assert_string_equal(refusal(OAUTH_JWT, 400, 59, "{\"error\":\"x\"}"),
		"oauth2: \"x\" \"\" (HTTP 400)");
	assert_string_equal(refusal(OAUTH_JWT, 503, 90, "<html>"),
		"googleapi: got HTTP response code 503 with body: <html>");
}

static struct credfile file;

static enum err
type_of(const char *text, enum credfile_type *type)
{
	error_clear(&e);
	file.len = strlen(text);
	memcpy(file.text, text, file.len);
	if (credfile_parse(&file, &e) != ERR_OK)
		return e.code;
	return credfile_type(&file, json_root(&file.doc), type, &e);
}

static void
knows_types(void **state)
{
	static const char *const bad[] = {"", "[]", "\"service_account\"", "{}",
		"{\"type\":1}", "{\"type\":\"\"}", "{\"type\":\"SECRET\"}",
		"{\"type\":\"authorized_users\"}",
		"{\"type\":\"service_account\",\"web\":{}}",
		"{\"type\":\"service_account\"} x"};
	enum credfile_type type;

	(void)state;
	assert_int_equal(
		type_of("{\"type\":\"authorized_user\"}", &type), ERR_OK);
	assert_int_equal(type, CREDFILE_USER);
	assert_int_equal(
		type_of("{\"type\":\"impersonated_service_account\"}", &type),
		ERR_OK);
	assert_int_equal(type, CREDFILE_IMPERSONATED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(type_of(bad[i], &type), ERR_CONFIG);
		assert_null(strstr(e.detail, "SECRET"));
	}
}

static void
reads_members(void **state)
{
	enum credfile_type type;
	const struct json_token *root;
	char out[8];

	(void)state;
	assert_int_equal(type_of("{\"type\":\"authorized_user\",\"a\":\"1\","
				 "\"empty\":\"\",\"null\":null,\"n\":1,"
				 "\"long\":\"12345678\"}",
				 &type),
		ERR_OK);
	root = json_root(&file.doc);
	assert_int_equal(credfile_text(&file, root, "a", out, 8, &e), ERR_OK);
	assert_string_equal(out, "1");
	(void)strcpy(out, "f");
	assert_int_equal(
		credfile_optional(&file, root, "none", out, 8, &e), ERR_OK);
	assert_int_equal(
		credfile_optional(&file, root, "null", out, 8, &e), ERR_OK);
	assert_int_equal(
		credfile_optional(&file, root, "empty", out, 8, &e), ERR_OK);
	assert_string_equal(out, "f");
	assert_int_equal(
		credfile_optional(&file, root, "a", out, 8, &e), ERR_OK);
	assert_string_equal(out, "1");
	assert_int_equal(
		credfile_optional(&file, root, "n", out, 8, &e), ERR_CONFIG);
	error_clear(&e);
	assert_int_equal(
		credfile_text(&file, root, "empty", out, 8, &e), ERR_CONFIG);
	error_clear(&e);
	assert_int_equal(
		credfile_text(&file, root, "long", out, 8, &e), ERR_CONFIG);
	assert_string_equal(e.detail, "no usable \"long\" in it");
}

static enum err
impersonated(const char *text, struct token *t)
{
	struct json doc;

	error_clear(&e);
	assert_int_equal(
		json_parse(&doc, span_str(text), tokens, CREDENTIALS_TOKENS),
		ERR_OK);
	return token_parse_impersonated(t, &doc, &e);
}

static void
reads_impersonated_tokens(void **state)
{
	static struct token t;

	(void)state;
	assert_int_equal(impersonated("{\"accessToken\":\"abc\",\"expireTime\":"
				      "\"2026-01-01T00:00:00Z\"}",
				 &t),
		ERR_OK);
	assert_string_equal(t.text, "abc");
	assert_true(t.expires_s == INT64_C(1767225600));
	assert_int_equal(impersonated("{\"accessToken\":\"SECRET\"}", &t),
		ERR_CREDENTIALS);
	assert_string_equal(t.text, "");
	assert_null(strstr(e.detail, "SECRET"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_dates),
		cmocka_unit_test(explains_refusals),
		cmocka_unit_test(knows_types),
		cmocka_unit_test(reads_members),
		cmocka_unit_test(reads_impersonated_tokens),
	};

	return cmocka_run_group_tests_name("oauth", tests, NULL, NULL);
}
