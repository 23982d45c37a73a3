/*
 * test_flat.c - TOML, YAML and JSON to pairs of strings, and the line and the
 * sentence of what is refused.
 */
#include "wire/flat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct flat flat;
static struct error error;

/* The pairs of text as "key=value|key=value|"; a failure ends them with "!". */
static const char *
pairs(enum flat_format format, const char *text)
{
	static char space[4096];
	static char all[4096];
	struct flat_pair pair;
	enum err r;

	all[0] = '\0';
	error_clear(&error);
	r = flat_open(
		&flat, format, span_str(text), space, sizeof(space), &error);
	while (r == ERR_OK) {
		r = flat_next(&flat, &pair, &error);
		if (r == ERR_OK) {
			strcat(all, pair.key);
			strcat(all, "=");
			strcat(all, pair.value);
			strcat(all, "|");
		}
	}
	if (r != ERR_EOF)
		strcat(all, "!");
	return all;
}

static void
refused(enum flat_format format, const char *text, unsigned line,
	const char *sentence)
{
	const char *got = pairs(format, text);

	if (strchr(got, '!') == NULL)
		fail_msg("accepted: %s (%s)", text, got);
	if (strstr(error.detail, sentence) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", text, error.detail,
			sentence);
	assert_int_equal(flat.line, line);
}

static void
test_toml(void **state)
{
	(void)state;
	assert_string_equal(pairs(FLAT_TOML, ""), "");
	assert_string_equal(pairs(FLAT_TOML, "# only\n\n  \t# this"), "");
	assert_string_equal(
		pairs(FLAT_TOML, "a = \"x y\" # z\r\nb-c='\\n'\n  d=12\ne = "
				 "true\n'f'=\"\"\n\"g\" = \"#\""),
		"a=x y|b-c=\\n|d=12|e=true|f=|g=#|");
	assert_string_equal(
		pairs(FLAT_TOML,
			"a = \"\\t\\\"\\\\\\u00e4\\U0001f600\\u0041\""),
		"a=\t\"\\\xc3\xa4\xf0\x9f\x98\x80"
		"A|");
	refused(FLAT_TOML, "a = 1\n\n[t]\n", 3, "tables are not read");
	refused(FLAT_TOML, "a\n", 1, "no \"=\"");
	refused(FLAT_TOML, "a = \n", 1, "must be a string");
	refused(FLAT_TOML, "a = [1]\n", 1, "must be a string");
	refused(FLAT_TOML, "a = 1.5\n", 1, "must be a string");
	refused(FLAT_TOML, "a = yes\n", 1, "must be a string");
	refused(FLAT_TOML, "a = \"x\n\"", 1, "does not end on its line");
	refused(FLAT_TOML, "a = \"\"\"x\"\"\"", 1, "behind the value");
	refused(FLAT_TOML, "a = 1 2", 1, "behind the value");
	refused(FLAT_TOML, "a.b = 1", 1, "no \"=\"");
	refused(FLAT_TOML, "= 1", 1, "must begin with an option's name");
	refused(FLAT_TOML, "a = \"\\x\"", 1, "escape");
	refused(FLAT_TOML, "a = \"\\ud800\"", 1, "names no character");
	refused(FLAT_TOML, "a = \"\\u0000\"", 1, "NUL");
}

static void
test_yaml(void **state)
{
	(void)state;
	assert_string_equal(
		pairs(FLAT_YAML, "# c\n---\na: x y  # z\r\nb: \"\\t\"\nc: "
				 "'it''s'\nd: p:r:i?port=1#2\ne:\t-1\n"),
		"a=x y|b=\t|c=it's|d=p:r:i?port=1#2|e=-1|");
	refused(FLAT_YAML, "a: 1\n  b: 2", 2, "nested values are not read");
	refused(FLAT_YAML, "a:\n  - b", 1, "there is no value");
	refused(FLAT_YAML, "- b", 1, "nested values are not read");
	refused(FLAT_YAML, "a: [1]", 1, "lists, maps");
	refused(FLAT_YAML, "a: |\n x", 1, "lists, maps");
	refused(FLAT_YAML, "a: b: c", 1, "needs quotes");
	refused(FLAT_YAML, "a:b", 1, "no blank behind");
	refused(FLAT_YAML, "a b: c", 1, "no \":\"");
	refused(FLAT_YAML, "a: ~", 1, "there is no value");
	refused(FLAT_YAML, "a: null", 1, "there is no value");
	refused(FLAT_YAML, "a: # c", 1, "there is no value");
	refused(FLAT_YAML, "a: 1\n---\nb: 2", 2, "nested");
	refused(FLAT_YAML, "a: 'x' y", 1, "behind the value");
}

static void
test_json(void **state)
{
	(void)state;
	assert_string_equal(pairs(FLAT_JSON, "{}"), "");
	assert_string_equal(
		pairs(FLAT_JSON, "{\"a\": \"x\\u0041\", \"b\": 12,\n"
				 "\"c\": true, \"d\": false, \"e\": \"\"}"),
		"a=xA|b=12|c=true|d=false|e=|");
	refused(FLAT_JSON, "{\n\"a\": 1,\n\"b\": null}", 3, "must be a string");
	refused(FLAT_JSON, "{\"a\": [1]}", 1, "must be a string");
	refused(FLAT_JSON, "[]", 1, "one object");
	refused(FLAT_JSON, "{\n\"a\": 1,\n}", 3, "not JSON");
	refused(FLAT_JSON, "{\"a\": \"\\u0000\"}", 1, "NUL");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_toml),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
