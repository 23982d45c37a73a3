/*
 * test_token.c - token answers: what is usable, and that nothing of one gets
 * into an error.
 */
#include "fetcher/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1767225600)

static struct token token;
static struct error e;

static enum err
parse(const char *body)
{
	error_clear(&e);
	return token_parse(&token, span_str(body), NOW, &e);
}

static void
reads_answers(void **state)
{
	(void)state;
	assert_int_equal(
		parse("{\"access_token\":\"ya29.c.EX-am_ple...\","
		      "\"expires_in\":3241,\"token_type\":\"Bearer\"}"),
		ERR_OK);
	assert_string_equal(token.text, "ya29.c.EX-am_ple...");
	assert_true(token.expires_s == NOW + 3241);
	/* Some token services send the number as a string. */
	assert_int_equal(
		parse("{\"expires_in\":\"60\",\"access_token\":\"a\"}"),
		ERR_OK);
	assert_true(token.expires_s == NOW + 60);
}

static void
refuses_unusable_answers(void **state)
{
	static const char *const bad[] = {"{}", "[]", "\"x\"",
		"{\"access_token\":\"\",\"expires_in\":1}",
		"{\"access_token\":7,\"expires_in\":1}",
		"{\"access_token\":null,\"expires_in\":1}",
		"{\"access_token\":\"SECRET x\",\"expires_in\":1}",
		"{\"access_token\":\"SECRET\\r\\nX: y\",\"expires_in\":1}",
		"{\"access_token\":\"SECRET\\u0000\",\"expires_in\":1}",
		"{\"access_token\":\"SECRET\\u00e9\",\"expires_in\":1}",
		"{\"access_token\":\"SECRET\"}",
		"{\"access_token\":\"SECRET\",\"expires_in\":0}",
		"{\"access_token\":\"SECRET\",\"expires_in\":-5}",
		"{\"access_token\":\"SECRET\",\"expires_in\":1.5}",
		"{\"access_token\":\"SECRET\",\"expires_in\":\"\"}",
		"{\"access_token\":\"SECRET\",\"expires_in\":\"1h\"}",
		"{\"access_token\":\"SECRET\",\"expires_in\":999999999999}",
		"{\"access_token\":\"S\",\"expires_in\":\"999999999999\"}",
		"{\"access_token\":\"SECRET\",\"expires_in\":true}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i]) != ERR_CREDENTIALS)
			fail_msg("not refused: %s", bad[i]);
		assert_string_equal(token.text, "");
		assert_null(strstr(e.detail, "SECRET"));
	}
	assert_int_equal(parse("{\"access_token\":\"SECRET\""), ERR_JSON);
	assert_int_equal(parse("<html>"), ERR_JSON);
	assert_null(strstr(e.detail, "SECRET"));
}

static void
bounds_tokens(void **state)
{
	static char body[TOKEN_MAX + 128];
	size_t at;

	(void)state;
	at = (size_t)sprintf(body, "{\"access_token\":\"");
	memset(body + at, 'x', TOKEN_MAX - 1);
	(void)sprintf(body + at + TOKEN_MAX - 1, "\",\"expires_in\":5}");
	assert_int_equal(parse(body), ERR_OK);
	assert_int_equal(strlen(token.text), TOKEN_MAX - 1);
	memset(body + at, 'x', TOKEN_MAX);
	(void)sprintf(body + at + TOKEN_MAX, "\",\"expires_in\":5}");
	assert_int_equal(parse(body), ERR_CREDENTIALS);
}

static void
wipes_tokens(void **state)
{
	static const struct token zero;

	(void)state;
	assert_int_equal(
		parse("{\"access_token\":\"abc\",\"expires_in\":5}"), ERR_OK);
	token_clear(&token);
	assert_memory_equal(&token, &zero, sizeof(token));
}

static void
knows_valid_tokens(void **state)
{
	(void)state;
	assert_true(token_is_valid("ya29.A-b_c~+/="));
	assert_false(token_is_valid(""));
	assert_false(token_is_valid("a b"));
	assert_false(token_is_valid("a\n"));
	assert_false(token_is_valid("\xc3\xa9"));
	assert_false(token_is_valid("a\x7f"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_answers),
		cmocka_unit_test(refuses_unusable_answers),
		cmocka_unit_test(bounds_tokens),
		cmocka_unit_test(wipes_tokens),
		cmocka_unit_test(knows_valid_tokens),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
