/*
 * test_config.c - command line, environment and instance parameters to struct
 * config; every refusal names what was wrong.
 */
#include "argv.h"
#include "config_values.h"
#include "parsed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_presets(void **state)
{
	(void)state;
	assert_int_equal(parse("fairlead p:r:i"), ERR_OK);
	assert_int_equal(action, CONFIG_RUN);
	assert_string_equal(config.address, "127.0.0.1");
	assert_string_equal(config.sqladmin_api_endpoint,
		"https://sqladmin.googleapis.com");
	assert_int_equal(config.refresh_timeout, REFRESH_TIMEOUT_MS);
	assert_int_equal(config.dial_timeout, DIAL_TIMEOUT_MS);
	assert_int_equal(config.restart.mode, RESTART_NO);
	assert_int_equal(config.stop_signal, 15);
	assert_false(config.stop_timeout.set);
	assert_false(config.wait_ready.wanted);
	assert_null(config.command);
	assert_int_equal(config.instance_count, 1);
	assert_int_equal(config.instances[0].port, 0);
}

static void
test_command_follows_the_dashes(void **state)
{
	(void)state;
	assert_int_equal(
		parse("fairlead p:r:i --port 5432 -- node --port 7"), ERR_OK);
	assert_string_equal(config.command[0], "node");
	assert_string_equal(config.command[1], "--port");
	assert_string_equal(config.command[2], "7");
	assert_null(config.command[3]);
	assert_int_equal(config.instances[0].port, 5432);
	assert_int_equal(parse("fairlead -- true"), ERR_OK);
	assert_int_equal(config.instance_count, 0);
}

static void
test_forms_of_options(void **state)
{
	(void)state;
	assert_int_equal(parse("fairlead -p7001 -il p:r:i"), ERR_OK);
	assert_int_equal(config.port, 7001);
	assert_true(config.auto_iam_authn);
	assert_true(config.structured_logs);
	assert_int_equal(parse("fairlead -p=7002 p:r:i"), ERR_OK);
	assert_int_equal(config.port, 7002);
	assert_int_equal(parse("fairlead -p 7003 p:r:i"), ERR_OK);
	assert_int_equal(config.port, 7003);
	assert_int_equal(
		parse("fairlead --private-ip=false --quiet=TRUE p:r:i"),
		ERR_OK);
	assert_false(config.private_ip);
	assert_true(config.quiet);
	assert_int_equal(parse("fairlead --wait-ready=5s p:r:i"), ERR_OK);
	assert_true(config.wait_ready.wanted);
	assert_int_equal(config.wait_ready.timeout_ms, 5000);
	assert_int_equal(parse("fairlead --wait-ready p:r:i"), ERR_OK);
	assert_int_equal(config.wait_ready.timeout_ms, WAIT_READY_MS);
	assert_int_equal(parse("fairlead --wait-ready=false p:r:i"), ERR_OK);
	assert_false(config.wait_ready.wanted);
	assert_int_equal(parse("fairlead --stop-timeout 0 -- x"), ERR_OK);
	assert_true(config.stop_timeout.set);
	assert_int_equal(config.stop_timeout.ms, 0);
}

static void
test_actions(void **state)
{
	(void)state;
	assert_int_equal(parse("fairlead --help"), ERR_OK);
	assert_int_equal(action, CONFIG_HELP);
	assert_int_equal(parse("fairlead -v --nonsense"), ERR_OK);
	assert_int_equal(action, CONFIG_VERSION);
	assert_int_equal(parse("fairlead version"), ERR_OK);
	assert_int_equal(action, CONFIG_VERSION);
	assert_int_equal(parse("fairlead wait --max 2s -m 3s"), ERR_OK);
	assert_int_equal(action, CONFIG_WAIT);
	assert_int_equal(config.max, 3000);
	assert_int_equal(parse("fairlead --admin-port 5 shutdown"), ERR_OK);
	assert_int_equal(action, CONFIG_SHUTDOWN);
	assert_int_equal(config.admin_port, 5);
	assert_int_equal(parse("fairlead status"), ERR_OK);
	assert_int_equal(action, CONFIG_STATUS);
	assert_int_equal(parse("fairlead check p:r:i"), ERR_OK);
	assert_int_equal(action, CONFIG_CHECK);
	assert_true(config.check_only && config.run_connection_test);
	assert_refused("fairlead check", "missing instance_connection_name");
	assert_refused(
		"fairlead check p:r:i -- true", "check goes without a command");
	assert_refused("fairlead p:r:i check", "\"check\" is not an instance");
}

static void
test_refusals_say_why(void **state)
{
	(void)state;
	assert_refused("fairlead", "missing instance_connection_name");
	assert_refused("fairlead p:r:i --", "no command after --");
	assert_refused("fairlead node app.js", "goes after --");
	assert_refused("fairlead p:r", "project:region:instance");
	assert_refused("fairlead a:b:c:d:e", "project:region:instance");
	assert_refused("fairlead p::i", "project:region:instance");
	assert_refused("fairlead p:r:i/x", "project:region:instance");
	assert_refused("fairlead p:r:i --portx 1", "unknown flag: --portx");
	assert_refused(
		"fairlead p:r:i -Z", "unknown shorthand flag: 'Z' in -Z");
	assert_refused(
		"fairlead p:r:i --port", "flag needs an argument: --port");
	assert_refused("fairlead p:r:i --port 65536", "not a port");
	assert_refused("fairlead p:r:i --port -1", "not a port");
	assert_refused("fairlead p:r:i --address x", "not a valid IP address");
	assert_refused("fairlead p:r:i --stop-timeout 30", "with its unit");
	assert_refused("fairlead p:r:i --restart sometimes", "restart policy");
	assert_refused("fairlead p:r:i --restart no:3x", "restart policy");
	assert_refused("fairlead p:r:i --stop-signal FOO", "not a signal");
	assert_refused("fairlead p:r:i --quiet=maybe", "neither true nor");
	assert_refused("fairlead p:r:i --sqladmin-api-endpoint http://x",
		"must begin with https://");
	assert_refused("fairlead p:r:i --dial-timeout 0", "longer than 0");
}

static void
test_options_that_exclude_each_other(void **state)
{
	(void)state;
	assert_refused("fairlead p:r:i -u /x -p 1", "--unix-socket and --port");
	assert_refused("fairlead p:r:i -u /x -a 127.0.0.1",
		"--unix-socket and --address");
	assert_refused("fairlead p:r:i --private-ip --auto-ip", "--auto-ip");
	assert_refused("fairlead p:r:i --private-ip --psc", "--psc");
	assert_refused("fairlead p:r:i -i -t x", "--login-token");
	assert_refused("fairlead p:r:i --login-token x", "--token");
	assert_refused(
		"fairlead p:r:i?port=1&unix-socket=/x", "cannot specify both");
	assert_refused("fairlead p:r:i?unix-socket=/a&unix-socket-path=/x",
		"cannot specify both");
	assert_refused("fairlead p:r:i?psc=true&private-ip=true",
		"cannot specify both");
	assert_refused("fairlead --auto-ip p:r:i?private-ip=true", "--auto-ip");
}

static void
test_instance_names(void **state)
{
	(void)state;
	assert_int_equal(parse("fairlead example.com:p:r:i"), ERR_OK);
	assert_string_equal(config.instances[0].project, "example.com:p");
	assert_string_equal(config.instances[0].region, "r");
	assert_string_equal(config.instances[0].instance, "i");
	assert_string_equal(config.instances[0].name, "example.com:p:r:i");
}

static void
test_ports_count_up(void **state)
{
	(void)state;
	assert_int_equal(
		parse("fairlead -p 7000 p:r:a p:r:b?port=99 p:r:c"), ERR_OK);
	assert_int_equal(config.instances[0].port, 7000);
	assert_int_equal(config.instances[1].port, 99);
	assert_int_equal(config.instances[2].port, 7001);
	assert_refused("fairlead -p 65535 p:r:a p:r:b", "no port is left");
}

static void
test_instance_parameters(void **state)
{
	(void)state;
	assert_int_equal(
		parse("fairlead p:r:a?unix-socket-path=%2Ftmp%2Fx&psc=t "
		      "p:r:b?auto-iam-authn&unknown=1 "
		      "p:r:c?address=::1&private-ip=true"),
		ERR_OK);
	assert_int_equal(config.instances[0].listen, LISTEN_UNIX_PATH);
	assert_string_equal(config.instances[0].path, "/tmp/x");
	assert_int_equal(config.instances[0].ip, IP_PSC);
	assert_true(config.instances[1].auto_iam_authn);
	assert_int_equal(config.instances[1].listen, LISTEN_TCP);
	assert_string_equal(config.instances[2].address, "::1");
	assert_int_equal(config.instances[2].ip, IP_PRIVATE);
	assert_refused("fairlead p:r:i?port=1&port=2", "only one value");
	assert_refused("fairlead p:r:i?address=%zz", "percent-encoded");
	assert_refused("fairlead p:r:i?unix-socket=", "empty");
}

/* The proxies' order: path, then address and port, then the global directory,
 * then the parameter's. */
static void
test_unix_socket_precedence(void **state)
{
	(void)state;
	assert_int_equal(parse("fairlead -u /g p:r:a p:r:b?unix-socket=/p "
			       "p:r:c?port=5 p:r:d?unix-socket-path=/s"),
		ERR_OK);
	assert_string_equal(config.instances[0].path, "/g");
	assert_string_equal(config.instances[1].path, "/g");
	assert_int_equal(config.instances[2].listen, LISTEN_TCP);
	assert_int_equal(config.instances[3].listen, LISTEN_UNIX_PATH);
}

static void
test_environment(void **state)
{
	(void)state;
	assert_int_equal(
		parse_with("fairlead p:r:i",
			"FAIRLEAD_PORT=7 CSQL_PROXY_PORT=8 CSQL_PROXY_QUIET=t"),
		ERR_OK);
	assert_int_equal(config.port, 7);
	assert_true(config.quiet);
	assert_int_equal(
		parse_with("fairlead -p 9 p:r:i", "FAIRLEAD_PORT=7"), ERR_OK);
	assert_int_equal(config.port, 9);
	/* What Kubernetes says about a service of our name. */
	assert_int_equal(
		parse_with("fairlead p:r:i", "FAIRLEAD_PORT=tcp://10.0.0.1:80"),
		ERR_OK);
	assert_int_equal(config.port, 0);
	/* An option of ours alone has no name of the proxies'. */
	assert_int_equal(
		parse_with("fairlead -- x", "CSQL_PROXY_RESTART=always"),
		ERR_OK);
	assert_int_equal(config.restart.mode, RESTART_NO);
	assert_int_not_equal(
		parse_with("fairlead p:r:i", "CSQL_PROXY_PORT=many"), ERR_OK);
	assert_non_null(strstr(error.detail, "CSQL_PROXY_PORT"));
}

static void
test_instances_of_the_environment(void **state)
{
	(void)state;
	assert_int_equal(parse_with("fairlead",
				 "CSQL_PROXY_INSTANCE_CONNECTION_NAME_0=p:r:a "
				 "CSQL_PROXY_INSTANCE_CONNECTION_NAME_1=p:r:b "
				 "CSQL_PROXY_INSTANCE_CONNECTION_NAME_3=p:r:d"),
		ERR_OK);
	assert_int_equal(config.instance_count, 2);
	assert_int_equal(parse_with("fairlead p:r:c",
				 "CSQL_PROXY_INSTANCE_CONNECTION_NAME=p:r:a"),
		ERR_OK);
	assert_int_equal(config.instance_count, 1);
	assert_string_equal(config.instances[0].name, "p:r:c");
}

static void
test_app_environment_has_no_secret(void **state)
{
	(void)state;
	assert_int_equal(parse_with("fairlead -- x",
				 "A=1 CSQL_PROXY_TOKEN=s FAIRLEAD_TOKEN=s A=2"),
		ERR_OK);
	assert_string_equal(config.environment[0], "A=1");
	assert_string_equal(config.environment[1], "A=2");
	assert_null(config.environment[2]);
}

static void
test_secrets_are_forgotten(void **state)
{
	char unused[] = "CSQL_PROXY_TOKEN=secret";
	char used[] = "FAIRLEAD_LOGIN_TOKEN=secret";
	char other[] = "TOKEN=kept";
	char *environment[] = {unused, other, used, NULL};
	char token[] = "--token=secret";
	char iam[] = "--auto-iam-authn";
	char name[] = "p:r:i";
	char *line[] = {name, token, iam, name, NULL};

	(void)state;
	assert_int_equal(parse_vectors(line, environment), ERR_OK);
	assert_string_equal(config.login_token, "secret");
	config_forget_secrets(&config, environment);
	assert_string_equal(config.token, "");
	assert_string_equal(config.login_token, "");
	assert_string_equal(token, "--token=");
	assert_string_equal(unused, "CSQL_PROXY_TOKEN=");
	assert_string_equal(used, "FAIRLEAD_LOGIN_TOKEN=");
	assert_string_equal(other, "TOKEN=kept");
}

static void
test_cloud_run_has_a_stop_timeout(void **state)
{
	(void)state;
	assert_int_equal(parse_with("fairlead -- x", "K_SERVICE=s"), ERR_OK);
	assert_true(config.stop_timeout.set);
	assert_int_equal(config.stop_timeout.ms, CLOUD_RUN_STOP_MS);
	assert_int_equal(parse_with("fairlead --stop-timeout 2s -- x",
				 "CLOUD_RUN_JOB=j"),
		ERR_OK);
	assert_int_equal(config.stop_timeout.ms, 2000);
}

static void
test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {
		{"10s", 10000},
		{"1m30s", 90000},
		{"250ms", 250},
		{"1.5h", 5400000},
		{"0", 0},
		{"0.25s", 250},
		{"2500us", 2},
	};
	static const char *const bad[] = {"", "s", "10", "1d", "-1s", "1s ",
		"1 s", "99999999999999999999s", "1000000h", "1.s5"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t ms = 1;

		error_clear(&error);
		assert_int_equal(value_time(&ms, good[i].text, &error), ERR_OK);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t ms = 77;

		error_clear(&error);
		if (value_time(&ms, bad[i], &error) == ERR_OK)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(ms, 77);
	}
}

static void
test_restart_policies(void **state)
{
	(void)state;
	assert_int_equal(parse("fairlead --restart on-failure:3 -- x"), ERR_OK);
	assert_int_equal(config.restart.mode, RESTART_ON_FAILURE);
	assert_true(config.restart.bounded);
	assert_int_equal(config.restart.max, 3);
	assert_int_equal(parse("fairlead --restart always -- x"), ERR_OK);
	assert_int_equal(config.restart.mode, RESTART_ALWAYS);
	assert_false(config.restart.bounded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_command_follows_the_dashes),
		cmocka_unit_test(test_forms_of_options),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_refusals_say_why),
		cmocka_unit_test(test_options_that_exclude_each_other),
		cmocka_unit_test(test_instance_names),
		cmocka_unit_test(test_ports_count_up),
		cmocka_unit_test(test_instance_parameters),
		cmocka_unit_test(test_unix_socket_precedence),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_instances_of_the_environment),
		cmocka_unit_test(test_app_environment_has_no_secret),
		cmocka_unit_test(test_secrets_are_forgotten),
		cmocka_unit_test(test_cloud_run_has_a_stop_timeout),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_restart_policies),
	};
	int failures = cmocka_run_group_tests(tests, NULL, NULL);

	argv_free(config.environment);
	return failures;
}
