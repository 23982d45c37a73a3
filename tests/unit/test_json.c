/*
 * test_json.c - what is JSON, what is not, and what is read from it. Every
 * input ends at a page that cannot be touched.
 */
#include "base/limits.h"
#include "wire/json.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct json_token tokens[JSON_TOKENS_MAX];
static struct json doc;

static enum err
judge(const char *bytes, size_t len)
{
	uint8_t *copy = guarded_copy(bytes, len);
	enum err result =
		json_parse(&doc, span_of(copy, len), tokens, JSON_TOKENS_MAX);

	guarded_free(copy, len);
	return result;
}

static void
accepts_what_is_json(void **state)
{
	static const char *const good[] = {"{}", "[]", " [ ] ", "null", "true",
		"false", "0", "-0", "1.5e-3", "1E+2", "\"\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"", "[1,2,[3],{}]",
		"{\"a\":{\"b\":[null]},\"a\":1}", "\t\r\n{ \"k\" : 1 }\n",
		"\"\xc2\x80\"", "\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"",
		"\"\xf4\x8f\xbf\xbf\"", "\"\x7f\"", "\"\\ud83d\\ude00\"",
		"123456789012345678901234567890", "[\"\\u0000\"]"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (judge(good[i], strlen(good[i])) != ERR_OK)
			fail_msg("refused: %s", good[i]);
	}
}

static void
refuses_what_is_not(void **state)
{
	static const char *const bad[] = {"", " ", "{", "}", "[", "[1", "[1,",
		"[1,]", "[,1]", "[1 2]", "{1:2}", "{\"a\"}", "{\"a\":}",
		"{\"a\":1,}", "{,}", "{\"a\" 1}", "[}", "{]", "1 1", "{}x",
		"[] ,", "nul", "nulll", "True", "'a'", "\"", "\"\\\"",
		"\"\\x\"", "\"\\u12g4\"", "\"\\u123\"", "\"\t\"", "\"\n\"",
		"+1", "01", "-", "-a", "1.", ".5", "1e", "1e+", "0x1", "NaN",
		"Infinity", "//\n1", "/**/1", "\xef\xbb\xbf{}", "\"\x80\"",
		"\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xe0\x9f\xbf\"",
		"\"\xed\xa0\x80\"", "\"\xf0\x8f\xbf\xbf\"",
		"\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xc2\"",
		"\"\xe2\x82\"", "\"\\ud800\"", "\"\\udc00\"",
		"\"\\ud800\\u0041\"", "\"\\ud800x\"", "[1]\v", "\f[1]"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (judge(bad[i], strlen(bad[i])) != ERR_JSON)
			fail_msg("not refused: %s", bad[i]);
		assert_null(json_root(&doc));
	}
	assert_int_equal(judge("1\0", 2), ERR_JSON);
	assert_int_equal(judge("\"a\0b\"", 5), ERR_JSON);
	assert_int_equal(judge("[1]\0", 4), ERR_JSON);
}

/* Every proper prefix of a document is incomplete, none is read past. */
static void
refuses_every_prefix(void **state)
{
	static const char text[] = "{\"a\":[true,-1.5e7,\"\\ud83d\\ude00\xe2"
				   "\x82\xac\"],\"b\":null}";

	(void)state;
	assert_int_equal(judge(text, sizeof(text) - 1), ERR_OK);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(judge(text, i), ERR_JSON);
}

static void
says_where_it_broke(void **state)
{
	(void)state;
	assert_int_equal(judge("{\"a\": tru }", 11), ERR_JSON);
	assert_int_equal(doc.error_at, 6);
}

static void
bounds_depth_and_count(void **state)
{
	char deep[2 * JSON_DEPTH_MAX + 2];
	struct json_token few[3];

	(void)state;
	memset(deep, '[', JSON_DEPTH_MAX);
	memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(judge(deep, 2 * JSON_DEPTH_MAX), ERR_OK);
	memset(deep, '[', JSON_DEPTH_MAX + 1);
	memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(judge(deep, sizeof(deep)), ERR_LIMIT);
	assert_int_equal(json_parse(&doc, span_str("[1,2]"), few, 3), ERR_OK);
	assert_int_equal(
		json_parse(&doc, span_str("[1,2,3]"), few, 3), ERR_LIMIT);
	assert_null(json_root(&doc));
}

static const struct json_token *
parsed(const char *text)
{
	assert_int_equal(
		json_parse(&doc, span_str(text), tokens, JSON_TOKENS_MAX),
		ERR_OK);
	return json_root(&doc);
}

static void
finds_members(void **state)
{
	const struct json_token *root = parsed("{\"skip\":{\"x\":[1,{}]},"
					       "\"a\":{\"b\":\"c\"},"
					       "\"\\u0061b\":7}");
	const struct json_token *a = json_member(&doc, root, "a");
	int64_t n;

	(void)state;
	assert_true(json_equal_str(&doc, json_member(&doc, a, "b"), "c"));
	assert_int_equal(
		json_integer(&doc, json_member(&doc, root, "ab"), &n), ERR_OK);
	assert_int_equal(n, 7);
	assert_null(json_member(&doc, root, "x"));
	assert_null(json_member(&doc, root, ""));
	assert_null(json_member(&doc, NULL, "a"));
	/* A string is no object, whatever it says. */
	assert_null(json_member(&doc, json_member(&doc, a, "b"), "c"));
	assert_null(json_first(&doc, a));
}

static void
takes_the_last_of_equal_names(void **state)
{
	const struct json_token *root =
		parsed("{\"a\":1,\"b\":2,\"\\u0061\":3}");
	int64_t n;

	(void)state;
	assert_int_equal(
		json_integer(&doc, json_member(&doc, root, "a"), &n), ERR_OK);
	assert_int_equal(n, 3);
}

static void
walks_arrays(void **state)
{
	const struct json_token *root = parsed("[[1,2],{\"a\":[]},\"x\",[]]");
	const struct json_token *e = json_first(&doc, root);
	static const enum json_type types[] = {
		JSON_ARRAY, JSON_OBJECT, JSON_STRING, JSON_ARRAY};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_non_null(e);
		assert_int_equal(e->type, types[i]);
		e = json_after(&doc, root, e);
	}
	assert_null(e);
	assert_null(json_first(&doc, parsed("[]")));
	assert_null(json_first(&doc, parsed("{\"a\":1}")));
}

static void
unescapes(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(json_text(&doc,
				 parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t|\\u20ac|"
					"\\uD83D\\uDE00|\\u00e9|\xc3\xa9\""),
				 out, sizeof(out)),
		ERR_OK);
	assert_string_equal(out, "\"\\/\b\f\n\r\t|\xe2\x82\xac|"
				 "\xf0\x9f\x98\x80|\xc3\xa9|\xc3\xa9");
}

static void
gives_no_text_that_lies(void **state)
{
	char out[4] = "zzz";

	(void)state;
	/* A C string would end at the NUL and look like another value. */
	assert_int_equal(
		json_text(&doc, parsed("\"a\\u0000b\""), out, 4), ERR_PARSE);
	assert_string_equal(out, "");
	assert_int_equal(
		json_text(&doc, parsed("\"abcd\""), out, 4), ERR_LIMIT);
	assert_string_equal(out, "");
	assert_int_equal(json_text(&doc, parsed("\"abc\""), out, 4), ERR_OK);
	assert_string_equal(out, "abc");
	assert_int_equal(json_text(&doc, parsed("12"), out, 4), ERR_PARSE);
	assert_int_equal(json_text(&doc, NULL, out, 4), ERR_PARSE);
	assert_int_equal(json_text(&doc, parsed("\"\""), out, 0), ERR_LIMIT);
}

static void
reads_integers(void **state)
{
	static const char *const bad[] = {"1.0", "1e2", "9223372036854775808",
		"\"5\"", "null", "99999999999999999999"};
	int64_t n;

	(void)state;
	assert_int_equal(json_integer(&doc, parsed("3599"), &n), ERR_OK);
	assert_int_equal(n, 3599);
	assert_int_equal(json_integer(&doc, parsed("-12"), &n), ERR_OK);
	assert_int_equal(n, -12);
	assert_int_equal(
		json_integer(&doc, parsed("9223372036854775807"), &n), ERR_OK);
	assert_true(n == INT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			json_integer(&doc, parsed(bad[i]), &n), ERR_PARSE);
	assert_int_equal(json_integer(&doc, NULL, &n), ERR_PARSE);
}

static void
writes_strings_that_read_back(void **state)
{
	static const char hostile[] = "a\"b\\c\nd\x01\x1f/\xe2\x82\xac";
	char text[64];
	char back[64];
	struct writer w = writer_over(text, sizeof(text));

	(void)state;
	json_write_string(&w, span_str(hostile));
	write_u8(&w, 0);
	assert_true(writer_ok(&w));
	assert_int_equal(
		json_text(&doc, parsed(text), back, sizeof(back)), ERR_OK);
	assert_string_equal(back, hostile);
	assert_non_null(strstr(text, "\\u0001"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_is_json),
		cmocka_unit_test(refuses_what_is_not),
		cmocka_unit_test(refuses_every_prefix),
		cmocka_unit_test(says_where_it_broke),
		cmocka_unit_test(bounds_depth_and_count),
		cmocka_unit_test(finds_members),
		cmocka_unit_test(takes_the_last_of_equal_names),
		cmocka_unit_test(walks_arrays),
		cmocka_unit_test(unescapes),
		cmocka_unit_test(gives_no_text_that_lies),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(writes_strings_that_read_back),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
