/*
 * test_personality.c - the command lines of other inits become the struct
 * config that they mean; and what is said in their words.
 */
#include "argv.h"
#include "personality.h"

#include "init/voice.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct config config;
static int status;

/* A line split at spaces, and an environment likewise. */
static enum personality_next
parse_with(const char *line, const char *environment)
{
	memset(&config, 0, sizeof(config));
	status = -1;
	return personality_parse(
		&config, &status, argv_split(line), argv_split(environment));
}

static void
runs(const char *line, const char *environment, const char *command)
{
	if (parse_with(line, environment) != PERSONALITY_RUN)
		fail_msg("not run: %s", line);
	assert_string_equal(config.command[0], command);
	assert_int_equal(config.stop_signal, SIGTERM);
	assert_int_equal(config.restart.mode, RESTART_NO);
	assert_int_equal(config.instance_count, 0);
	assert_false(config.stop_timeout.set);
	assert_true(config.patient);
}

static void
ends(const char *line, int with)
{
	if (parse_with(line, "") != PERSONALITY_EXIT)
		fail_msg("not ended: %s", line);
	assert_int_equal(status, with);
}

static void
test_names(void **state)
{
	static const char *const own[] = {"fairlead true", "/bin/tini2 true",
		"tini/fairlead true", "cloud-sql-proxy p:r:i", "-tini true"};

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_int_equal(parse_with(own[i], ""), PERSONALITY_OWN);
	runs("/sbin/docker-init -- true", "", "true");
	runs("tini-static true", "", "true");
	runs("/run/podman-init -- true", "", "true");
	assert_int_equal(personality_called("/x/cloud-sql-proxy"), OF_CLOUDSQL);
	assert_int_equal(
		personality_called("./alloydb-auth-proxy"), OF_ALLOYDB);
	assert_int_equal(personality_called("anything"), OF_NONE);
	assert_int_equal(personality_called(NULL), OF_NONE);
	assert_string_equal(personality_name(OF_ALLOYDB), "alloydb-auth-proxy");
}

static void
test_tini(void **state)
{
	(void)state;
	runs("tini true -s -g", "", "true");
	assert_false(config.subreaper);
	assert_false(config.kill_group);
	assert_int_equal(config.voice, VOICE_TINI);
	assert_int_equal(config.stragglers, STRAGGLERS_LEAVE);
	runs("tini -sgwvv -p SIGUSR1 -e 143 -e 3 -- true", "", "true");
	assert_true(config.subreaper);
	assert_true(config.kill_group);
	assert_true(config.warn_reap);
	assert_int_equal(config.pdeathsig, SIGUSR1);
	assert_int_equal(config.remap_exit.to[143], 1);
	assert_int_equal(config.remap_exit.to[3], 1);
	assert_int_equal(config.remap_exit.to[4], 0);
	runs("tini -e143 -pHUP true", "", "true");
	assert_int_equal(config.remap_exit.to[143], 1);
	assert_int_equal(config.pdeathsig, SIGHUP);
	runs("tini true", "TINI_SUBREAPER= TINI_KILL_PROCESS_GROUP=1", "true");
	assert_true(config.subreaper);
	assert_true(config.kill_group);
	runs("tini true", "DUMB_INIT_SETSID=0 TINI_SUBREAPERS=1", "true");
	assert_false(config.subreaper);
	runs("tini -- --", "", "--");
	runs("tini -", "", "-");
	ends("tini", 1);
	ends("tini -x true", 1);
	ends("tini --foo true", 1);
	ends("tini -e 256 true", 1);
	ends("tini -e", 1);
	ends("tini -p NOSUCH true", 1);
	ends("tini -h", 0);
	ends("tini -l", 0);
	ends("tini --version", 0);
}

static void
test_dumb_init(void **state)
{
	(void)state;
	runs("dumb-init true", "", "true");
	assert_true(config.session);
	assert_true(config.kill_group);
	assert_true(config.suspend);
	assert_false(config.subreaper);
	assert_int_equal(config.stragglers, STRAGGLERS_ASK);
	assert_int_equal(config.rewrite.to[SIGTSTP], SIGSTOP);
	assert_int_equal(config.rewrite.to[SIGTTIN], SIGSTOP);
	assert_int_equal(config.rewrite.to[SIGTTOU], SIGSTOP);
	runs("dumb-init -r 15:3 --rewrite=2:0 -r 20:1 --single -- true", "",
		"true");
	assert_false(config.session);
	assert_false(config.kill_group);
	assert_true(config.suspend);
	assert_int_equal(config.rewrite.to[15], 3);
	assert_int_equal(config.rewrite.to[2], REWRITE_DROP);
	assert_int_equal(config.rewrite.to[20], 1);
	assert_int_equal(config.rewrite.to[SIGTTIN], 0);
	runs("dumb-init true", "DUMB_INIT_SETSID=0 DUMB_INIT_DEBUG=1", "true");
	assert_false(config.session);
	runs("dumb-init true", "DUMB_INIT_SETSID=1", "true");
	assert_true(config.session);
	ends("dumb-init -r 1:32 true", 1);
	ends("dumb-init -r 32:1 true", 1);
	ends("dumb-init -r true", 1);
	ends("dumb-init", 1);
	ends("dumb-init --yolo true", 1);
	ends("dumb-init -V", 0);
}

static void
test_catatonit(void **state)
{
	(void)state;
	runs("catatonit -g -- true", "", "true");
	assert_true(config.subreaper);
	assert_true(config.kill_group);
	assert_int_equal(parse_with("catatonit -P", ""), PERSONALITY_RUN);
	assert_true(config.pause);
	assert_null(config.command);
	ends("catatonit", 1);
	ends("catatonit --version", 0);
	ends("catatonit -L", 0);
}

/* The environment is the app's to the last byte, the proxies' secrets too. */
static void
test_environment_is_left_alone(void **state)
{
	(void)state;
	runs("tini cloud-sql-proxy",
		"CSQL_PROXY_TOKEN=x FAIRLEAD_RESTART=always",
		"cloud-sql-proxy");
	assert_string_equal(config.environment[0], "CSQL_PROXY_TOKEN=x");
	assert_string_equal(config.environment[1], "FAIRLEAD_RESTART=always");
	assert_null(config.environment[2]);
}

static void
test_words(void **state)
{
	char text[100];

	(void)state;
	for (int w = 0; w < VOICE_WORDS; w++) {
		voice_format(text, sizeof(text), VOICE_OWN, (enum voice_word)w,
			1, 2);
		assert_string_equal(text, "");
	}
	voice_format(text, sizeof(text), VOICE_DUMB_INIT, VOICE_EXITED, 7, 3);
	assert_string_equal(
		text, "iA child with PID 7 exited with exit status 3.");
	voice_format(text, sizeof(text), VOICE_TINI, VOICE_REAPED, 7, 0);
	assert_string_equal(text, "wReaped zombie process with pid=7");
	voice_format(
		text, sizeof(text), VOICE_CATATONIT, VOICE_NO_REAPER, 0, 0);
	assert_string_equal(text, "");
	voice_format(text, 6, VOICE_DUMB_INIT, VOICE_SPAWNED, 12345, 0);
	assert_string_equal(text, "iChil");
	voice_format(text, 24, VOICE_DUMB_INIT, VOICE_SPAWNED, 12345, 0);
	assert_string_equal(text, "iChild spawned with PID");
	voice_format(text, 27, VOICE_DUMB_INIT, VOICE_SPAWNED, 12345, 0);
	assert_string_equal(text, "iChild spawned with PID 12");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_tini),
		cmocka_unit_test(test_dumb_init),
		cmocka_unit_test(test_catatonit),
		cmocka_unit_test(test_environment_is_left_alone),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
