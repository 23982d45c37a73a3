/*
 * test_config_signals.c - --rewrite, --remap-exit, --stragglers, --session:
 * every form that is accepted, and those that are not.
 */
#include "config.h"
#include "config_values.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_rewrite(void **state)
{
	static const char *const bad[] = {"", "15", "15:", ":15", "15::3",
		"TERM:DERP", "0:3", "65:1", "1:65", "15:3,", ",15:3",
		"TERM-QUIT", "15:3 ", "15:300",
		"SIGAVERYLONGNAMETHATISNOSIGNAL:SIGTERM"};
	struct rewrites r = {.to = {0}};
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(value_rewrite(&r, "TERM:QUIT,sigusr1:0", &e), ERR_OK);
	assert_int_equal(value_rewrite(&r, "2:RTMIN+3", &e), ERR_OK);
	assert_int_equal(value_rewrite(&r, "RTMAX:1", &e), ERR_OK);
	for (int i = 1; i <= SIGNAL_MAX; i++) {
		int want = i == SIGTERM   ? SIGQUIT
			   : i == SIGUSR1 ? REWRITE_DROP
			   : i == SIGINT  ? 37
			   : i == 64      ? 1
					  : 0;

		assert_int_equal(r.to[i], want);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rewrites before = r;

		if (value_rewrite(&r, bad[i], &e) == ERR_OK)
			fail_msg("accepted: \"%s\"", bad[i]);
		assert_memory_equal(&r, &before, sizeof(r));
	}
}

static void
test_remap(void **state)
{
	static const char *const bad[] = {"", "256", "-1", "1-", "1=", "1=256",
		"5-3", "1,", ",1", "1=2=3", "x", "1 ", "1--2"};
	static struct exit_map m;
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(value_remap(&m, "143", &e), ERR_OK);
	assert_int_equal(value_remap(&m, "0=1,10-12=7,255-255", &e), ERR_OK);
	for (int i = 0; i < 256; i++) {
		int want = i == 143             ? 1
			   : i == 0             ? 2
			   : i >= 10 && i <= 12 ? 8
			   : i == 255           ? 1
						: 0;

		assert_int_equal(m.to[i], want);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (value_remap(&m, bad[i], &e) == ERR_OK)
			fail_msg("accepted: \"%s\"", bad[i]);
	}
	assert_int_equal(m.to[1], 0);
}

static void
test_stragglers(void **state)
{
	enum stragglers_mode m = STRAGGLERS_END;
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(value_stragglers(&m, "leave", &e), ERR_OK);
	assert_int_equal(m, STRAGGLERS_LEAVE);
	assert_int_equal(value_stragglers(&m, "ask", &e), ERR_OK);
	assert_int_equal(m, STRAGGLERS_ASK);
	assert_int_equal(value_stragglers(&m, "End", &e), ERR_USAGE);
	assert_int_equal(m, STRAGGLERS_ASK);
	assert_int_equal(value_stragglers(&m, "end", &e), ERR_OK);
	assert_int_equal(m, STRAGGLERS_END);
}

static void
test_session(void **state)
{
	static struct config c;

	(void)state;
	c.rewrite.to[SIGTTIN] = SIGHUP;
	config_session(&c);
	assert_true(c.session && c.kill_group && c.suspend);
	assert_int_equal(c.rewrite.to[SIGTSTP], SIGSTOP);
	assert_int_equal(c.rewrite.to[SIGTTIN], SIGHUP);
	assert_int_equal(c.rewrite.to[SIGTTOU], SIGSTOP);
	assert_int_equal(c.rewrite.to[SIGTERM], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_remap),
		cmocka_unit_test(test_stragglers),
		cmocka_unit_test(test_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
