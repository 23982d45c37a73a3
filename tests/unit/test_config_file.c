/*
 * test_config_file.c - a file's options and instances; which source wins; and
 * where an error is said to be. What the formats allow is in test_flat.c.
 */
#include "parsed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_config_file.XXXXXX";

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
	r = parse_with(line, environment);
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
}

static void
test_environment_names_the_file(void **state)
{
	char path[128];
	char variable[256];

	(void)state;
	write_file("b.toml", "instance-connection-name = \"p:r:file\"\n", path);
	(void)snprintf(
		variable, sizeof(variable), "FAIRLEAD_CONFIG_FILE=%s", path);
	assert_int_equal(parse_with("fairlead", variable), ERR_OK);
	assert_string_equal(config.instances[0].instance, "file");
	(void)unlink(path);
}

static void
file_refused(const char *name, const char *text, const char *sentence)
{
	assert_says(with_file(name, text, "p:r:i", ""), text, sentence);
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
	assert_int_equal(parse("fairlead --config-file /nowhere/x.toml p:r:i"),
		ERR_USAGE);
	assert_non_null(strstr(error.detail,
		"failed to load configuration from /nowhere/x.toml: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_of_a_file),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_environment_names_the_file),
		cmocka_unit_test(test_refusals_name_the_line),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}
