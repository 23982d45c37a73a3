/*
 * test_config_file.c - TOML, YAML and JSON to pairs; pairs to options and
 * instances; which source wins; and where an error is said to be.
 */
#include "argv.h"
#include "config.h"
#include "wire/flat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct flat flat;
static struct config config;
static struct error error;
static char folder[] = "/tmp/test_config_file.XXXXXX";

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

static void
write_file(const char *name, const char *text, char path[128])
{
	FILE *f;

	(void)snprintf(path, 128, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static enum err
parse(const char *line, const char *environment)
{
	enum config_action action;

	argv_free(config.environment);
	memset(&config, 0, sizeof(config));
	error_clear(&error);
	return config_parse(&config, &action, argv_split(line),
		argv_split(environment), &error);
}

/* fairlead --config-file NAME more, where NAME holds text. */
static enum err
with_file(const char *name, const char *text, const char *more,
	const char *environment)
{
	char path[128];
	char line[512];
	enum err r;

	write_file(name, text, path);
	(void)snprintf(
		line, sizeof(line), "fairlead --config-file %s %s", path, more);
	r = parse(line, environment);
	(void)unlink(path);
	return r;
}

static void
test_options_of_a_file(void **state)
{
	(void)state;
	assert_int_equal(
		with_file("a.toml",
			"instance-connection-name-0 = \"p:r:i?port=7000\"\n"
			"instance-connection-name-1 = \"p:r:j\"\n"
			"auto-iam-authn = true\nmax-sigterm-delay = \"9s\"\n",
			"", ""),
		ERR_OK);
	assert_int_equal(config.instance_count, 2);
	assert_int_equal(config.instances[0].port, 7000);
	assert_string_equal(config.instances[1].instance, "j");
	assert_true(config.auto_iam_authn);
	assert_int_equal(config.max_sigterm_delay, 9000);
	assert_int_equal(
		with_file("a.yml",
			"instance-uri: projects/p/locations/l/clusters/c/"
			"instances/i\ninstance-connection-name: p:r:i\n",
			"", ""),
		ERR_OK);
	assert_int_equal(config.instance_count, 2);
	assert_int_equal(config.instances[0].product, PRODUCT_CLOUDSQL);
	assert_int_equal(config.instances[1].product, PRODUCT_ALLOYDB);
	assert_int_equal(
		with_file("a.json", "{\"unix-socket\": \"/s\"}", "p:r:i", ""),
		ERR_OK);
	assert_string_equal(config.unix_socket, "/s");
}

static void
test_precedence(void **state)
{
	const char *text = "port = 1\nquota-project = \"file\"\n"
			   "user-agent = \"file\"\n"
			   "instance-connection-name = \"p:r:file\"\n";

	(void)state;
	assert_int_equal(
		with_file("a.toml", text, "--port 3 --user-agent flag p:r:flag",
			"CSQL_PROXY_USER_AGENT=env "
			"CSQL_PROXY_QUOTA_PROJECT=env "
			"FAIRLEAD_PORT=2"),
		ERR_OK);
	assert_int_equal(config.port, 3);
	assert_string_equal(config.user_agent, "flag");
	assert_string_equal(config.quota_project, "env");
	assert_int_equal(config.instance_count, 1);
	assert_string_equal(config.instances[0].instance, "flag");
	assert_int_equal(with_file("a.toml", text, "",
				 "FAIRLEAD_PORT=2 FAIRLEAD_INSTANCE_"
				 "CONNECTION_NAME=p:r:env"),
		ERR_OK);
	assert_int_equal(config.port, 2);
	assert_string_equal(config.user_agent, "file");
	assert_int_equal(config.instance_count, 1);
	assert_string_equal(config.instances[0].instance, "env");
	/* What the file says counts as said. */
	assert_int_equal(
		with_file("a.toml", text, "-u /s p:r:i", ""), ERR_USAGE);
	assert_non_null(strstr(error.detail,
		"cannot specify --unix-socket and --port together"));
	/* The environment may name the file. */
	char path[128];
	char variable[256];
	write_file("b.toml", text, path);
	(void)snprintf(
		variable, sizeof(variable), "FAIRLEAD_CONFIG_FILE=%s", path);
	assert_int_equal(parse("fairlead", variable), ERR_OK);
	assert_string_equal(config.instances[0].instance, "file");
	(void)unlink(path);
}

static void
file_refused(const char *name, const char *text, const char *sentence)
{
	if (with_file(name, text, "p:r:i", "") == ERR_OK)
		fail_msg("accepted: %s", text);
	if (strstr(error.detail, sentence) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", text, error.detail,
			sentence);
}

static void
test_refusals_name_the_line(void **state)
{
	(void)state;
	file_refused("a.toml", "\nport = \"x\"\n", "a.toml:2: port: \"x\"");
	file_refused("a.toml", "prot = 1\n",
		"a.toml:1: there is no option \"prot\"");
	file_refused("a.yaml", "port: 1\nport: 2\n",
		"a.yaml:2: port is given twice");
	file_refused("a.json", "{", "a.json:1: this is not JSON");
	file_refused("a.toml", "config-file = \"b\"\n", "another one");
	file_refused("a.toml", "instance-uri-0 = \"a\"\ninstance-uri = \"b\"\n",
		":2: instance-uri is given twice");
	file_refused("a.toml", "instance-uri-32 = \"a\"\n", "more than 32");
	file_refused("a.ini", "",
		"a.ini should have extension of toml, yaml, or json");
	assert_int_equal(
		parse("fairlead --config-file /nowhere/x.toml p:r:i", ""),
		ERR_USAGE);
	assert_non_null(strstr(error.detail,
		"failed to load configuration from /nowhere/x.toml: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_toml),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_options_of_a_file),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_refusals_name_the_line),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}
