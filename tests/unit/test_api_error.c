/*
 * test_api_error.c - refusals of an API in the words that users know, and
 * strangers' bytes made fit for a log.
 */
#include "base/limits.h"
#include "fetcher/api_error.h"
#include "fetcher/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char out[ERROR_DETAIL_MAX];

static const char *
render(unsigned status, const char *body)
{
	static struct json_token tokens[JSON_TOKENS_MAX];

	api_error_text(out, sizeof(out), status, span_str(body), tokens,
		JSON_TOKENS_MAX);
	return out;
}

static const char *
reason_of(const char *body, size_t cap)
{
	static struct json_token tokens[JSON_TOKENS_MAX];

	api_error_reason(out, cap, span_str(body), tokens, JSON_TOKENS_MAX);
	return out;
}

static void
renders_one_entry(void **state)
{
	(void)state;
	assert_string_equal(
		render(403, "{\"error\":{\"code\":403,\"message\":\"boss::"
			    "NOT_AUTHORIZED: Not authorized.\",\"errors\":[{"
			    "\"message\":\"boss::NOT_AUTHORIZED: Not "
			    "authorized.\",\"domain\":\"global\",\"reason\":"
			    "\"forbidden\"}],\"status\":\"PERMISSION_DENIED\"}"
			    "}"),
		"googleapi: Error 403: boss::NOT_AUTHORIZED: Not authorized., "
		"forbidden");
}

static void
renders_several_entries(void **state)
{
	(void)state;
	assert_string_equal(
		render(400, "{\"error\":{\"message\":\"M\",\"errors\":["
			    "{\"message\":\"a\",\"reason\":\"r1\"},"
			    "{\"message\":\"b\",\"reason\":\"r2\"}]}}"),
		"googleapi: Error 400: M\nMore details:\n"
		"Reason: r1, Message: a\nReason: r2, Message: b\n");
	/* One entry with words of its own is told in full, too. */
	assert_string_equal(
		render(404, "{\"error\":{\"message\":\"M\",\"errors\":["
			    "{\"message\":\"other\",\"reason\":\"r\"}]}}"),
		"googleapi: Error 404: M\nMore details:\n"
		"Reason: r, Message: other\n");
}

static void
renders_what_is_there(void **state)
{
	(void)state;
	assert_string_equal(render(409, "{\"error\":{\"message\":\"M\"}}"),
		"googleapi: Error 409: M");
	assert_string_equal(
		render(409, "{\"error\":{\"message\":\"M\",\"errors\":[]}}"),
		"googleapi: Error 409: M");
	/* A list of things that are no objects. */
	assert_string_equal(
		render(409, "{\"error\":{\"message\":\"M\",\"errors\":[1]}}"),
		"googleapi: Error 409: M\nMore details:\n"
		"Reason: , Message: \n");
}

static void
shows_bodies_that_are_no_error_object(void **state)
{
	static const char *const bodies[] = {"{}", "[]", "{\"error\":\"x\"}",
		"{\"error\":{}}", "{\"error\":{\"message\":7}}",
		"{\"error\":{\"message\":\"\"}}", "{\"error\":"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char wanted[128];

		(void)snprintf(wanted, sizeof(wanted),
			"googleapi: got HTTP response code 503 with body: %s",
			bodies[i]);
		assert_string_equal(render(503, bodies[i]), wanted);
	}
	assert_string_equal(render(502, ""),
		"googleapi: got HTTP response code 502 with body: ");
	assert_string_equal(
		render(502, "<html>\r\n\t<b>caf\xc3\xa9</b>\x1b[31m\n "),
		"googleapi: got HTTP response code 502 with body: "
		"<html> <b>caf\?\?</b>?[31m");
}

static void
bounds_what_it_shows(void **state)
{
	static char body[4 * ERROR_DETAIL_MAX];
	size_t prefix = strlen("googleapi: got HTTP response code 500 with "
			       "body: ");

	(void)state;
	memset(body, 'x', sizeof(body));
	body[sizeof(body) - 1] = '\0';
	assert_int_equal(
		strlen(render(500, body)), prefix + API_ERROR_BODY_MAX);
	/* A long message is cut, not lost, and not inside a character. */
	(void)sprintf(body, "{\"error\":{\"message\":\"");
	for (size_t i = 0; i < 700; i++)
		strcat(body, "\xc3\xa9");
	strcat(body, "\"}}");
	assert_true(strlen(render(500, body)) < sizeof(out));
	assert_true(strlen(out) > 900);
	assert_memory_equal(out + strlen(out) - 2, "\xc3\xa9", 2);
}

static void
leaves_no_control_bytes(void **state)
{
	(void)state;
	assert_string_equal(
		render(400,
			"{\"error\":{\"message\":\"a\\u001b[2J\\tb\\nc\\u0000"
			"d\"}}"),
		"googleapi: Error 400: a [2J b\nc");
}

static void
scrubs_secrets(void **state)
{
	char body[] = "token ya29.x and ya29.x, ya29.";

	(void)state;
	api_error_scrub((uint8_t *)body, strlen(body), "ya29.x");
	assert_string_equal(body, "token ****** and ******, ya29.");
	api_error_scrub((uint8_t *)body, strlen(body), "");
	api_error_scrub(NULL, 0, "x");
}

static void
makes_text_printable(void **state)
{
	char small[6];

	(void)state;
	text_printable(small, sizeof(small), span_str("  a \n\n b cdef"));
	assert_string_equal(small, "a b c");
	text_printable(small, sizeof(small), span_str("a   "));
	assert_string_equal(small, "a");
	text_printable(small, sizeof(small), span_of("a\0b", 3));
	assert_string_equal(small, "a?b");
	text_printable(small, 1, span_str("abc"));
	assert_string_equal(small, "");
}

static void
cuts_between_characters(void **state)
{
	static const char *const cases[][2] = {{"", ""}, {"a", "a"},
		{"a\xc3", "a"}, {"a\xc3\xa9", "a\xc3\xa9"},
		{"\xe2\x82\xac", "\xe2\x82\xac"}, {"x\xe2\x82", "x"},
		{"x\xf0\x9f\x98", "x"}, {"x\xf0", "x"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[8];

		(void)snprintf(text, sizeof(text), "%s", cases[i][0]);
		text_cut(text);
		assert_string_equal(text, cases[i][1]);
	}
}

static void
finds_reasons(void **state)
{
	static const char *const cases[][2] = {
		{"{\"error\":{\"errors\":[{\"reason\":\"forbidden\"}]}}",
			"forbidden"},
		{"{\"error\":{\"errors\":[{\"reason\":\"a\"},{\"message\":"
		 "\"m\"},{\"reason\":\"b\"}]}}",
			"a,b"},
		{"{\"error\":{\"message\":\"m\",\"details\":[{\"x\":1},{"
		 "\"reason\":\"SERVICE_DISABLED\"}]}}",
			"SERVICE_DISABLED"},
		{"{\"error\":{\"message\":\"m\",\"errors\":[{}]}}", ""},
		{"{\"error\":{\"errors\":[{\"reason\":7}]}}", ""},
		{"<html>", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(reason_of(cases[i][0], 128), cases[i][1]);
	/* Bounded, and a NUL in any case. */
	assert_string_equal(reason_of(cases[1][0], 3), "a,");
	assert_string_equal(reason_of(cases[1][0], 1), "");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(renders_one_entry),
		cmocka_unit_test(renders_several_entries),
		cmocka_unit_test(renders_what_is_there),
		cmocka_unit_test(shows_bodies_that_are_no_error_object),
		cmocka_unit_test(bounds_what_it_shows),
		cmocka_unit_test(leaves_no_control_bytes),
		cmocka_unit_test(finds_reasons),
		cmocka_unit_test(scrubs_secrets),
		cmocka_unit_test(makes_text_printable),
		cmocka_unit_test(cuts_between_characters),
	};

	return cmocka_run_group_tests_name("api_error", tests, NULL, NULL);
}
