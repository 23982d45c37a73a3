/*
 * test_supervisor.c - every cell of the table, and the stories that go through
 * several of them, with invented times.
 */
#include "init/supervisor.h"
#include "roles.h"

#include "base/clock.h"
#include "init/supervisor_table.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW     1000000u
#define STOP_MS CLOUD_RUN_STOP_MS
#define NONE    ORDER_COUNT

static uint64_t
same(uint64_t value, unsigned percent)
{
	assert_int_equal(percent, BACKOFF_JITTER_PERCENT);
	return value;
}

/* An app with a tunnel beside it, and time for its end. */
static const struct supervision usual = {
	.app = true,
	.tunnel = true,
	.gate_ms = CLOCK_NEVER,
	.stop_ms = STOP_MS,
	.jitter = same,
};

static struct supervisor
in_state(enum state state)
{
	struct supervisor sv;
	struct orders orders;

	supervisor_start(&sv, &usual, NOW - 500, &orders);
	sv.state = state;
	sv.deadline_ms = NOW + 12345;
	sv.exit_code = 42;
	return sv;
}

struct row {
	enum state from;
	enum event ev;
	int value;
	enum state to;
	enum order order;
	uint64_t lasts_ms; /* deadline of the new state, from NOW */
	int exit_code;
};

#define FOREVER   (CLOCK_NEVER - NOW)
#define UNCHANGED 12345u

/* What is not here changes nothing. No restart is allowed by the policy. */
static const struct row cells[] = {
	{ST_GATED, EV_READY, 0, ST_RUNNING, DO_START_APP, FOREVER, 42},
	{ST_GATED, EV_STARTUP_FAILED, 0, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 1},
	{ST_GATED, EV_STOP, SIGTERM, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 143},
	{ST_GATED, EV_HURRY, SIGINT, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 130},
	{ST_GATED, EV_TIMER, 0, ST_DRAINING, DO_DRAIN_TUNNEL, DRAIN_TIMEOUT_MS,
		1},
	{ST_RUNNING, EV_NO_PROCESS, 0, ST_BACKOFF, NONE, BACKOFF_BASE_MS, 42},
	{ST_RUNNING, EV_EXEC_FAILED, 127, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 127},
	{ST_RUNNING, EV_APP_EXITED, 3, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 3},
	{ST_RUNNING, EV_SIGNAL, SIGHUP, ST_RUNNING, DO_FORWARD, UNCHANGED, 42},
	{ST_RUNNING, EV_STOP, SIGTERM, ST_STOPPING, DO_STOP_APP, STOP_MS, 42},
	{ST_RUNNING, EV_HURRY, SIGTERM, ST_KILLING, DO_KILL_APP, KILL_WAIT_MS,
		42},
	{ST_BACKOFF, EV_STOP, SIGTERM, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 143},
	{ST_BACKOFF, EV_HURRY, SIGINT, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 130},
	{ST_BACKOFF, EV_TIMER, 0, ST_RUNNING, DO_START_APP, FOREVER, 42},
	{ST_STOPPING, EV_EXEC_FAILED, 126, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 126},
	{ST_STOPPING, EV_APP_STOPPED, 0, ST_STOPPING, DO_CONTINUE_APP,
		UNCHANGED, 42},
	{ST_STOPPING, EV_APP_EXITED, 5, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 5},
	{ST_STOPPING, EV_SIGNAL, SIGUSR1, ST_STOPPING, DO_FORWARD, UNCHANGED,
		42},
	{ST_STOPPING, EV_STOP, SIGTERM, ST_STOPPING, DO_STOP_APP, UNCHANGED,
		42},
	{ST_STOPPING, EV_HURRY, SIGTERM, ST_KILLING, DO_KILL_APP, KILL_WAIT_MS,
		42},
	{ST_STOPPING, EV_TIMER, 0, ST_KILLING, DO_KILL_APP, KILL_WAIT_MS, 42},
	{ST_KILLING, EV_EXEC_FAILED, 127, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 127},
	{ST_KILLING, EV_APP_EXITED, 137, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 137},
	{ST_KILLING, EV_TIMER, 0, ST_STRAGGLERS, DO_TERM_STRAGGLERS,
		STRAGGLER_GRACE_MS, 137},
	{ST_STRAGGLERS, EV_HURRY, SIGTERM, ST_STRAGGLERS_KILL,
		DO_KILL_STRAGGLERS, KILL_WAIT_MS, 42},
	{ST_STRAGGLERS, EV_TIMER, 0, ST_STRAGGLERS_KILL, DO_KILL_STRAGGLERS,
		KILL_WAIT_MS, 42},
	{ST_STRAGGLERS, EV_ALONE, 0, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 42},
	{ST_STRAGGLERS_KILL, EV_HURRY, SIGTERM, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 42},
	{ST_STRAGGLERS_KILL, EV_TIMER, 0, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 42},
	{ST_STRAGGLERS_KILL, EV_ALONE, 0, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 42},
	{ST_DRAINING, EV_HURRY, SIGTERM, ST_DRAIN_KILL, DO_KILL_TUNNEL,
		KILL_WAIT_MS, 42},
	{ST_DRAINING, EV_TIMER, 0, ST_DRAIN_KILL, DO_KILL_TUNNEL, KILL_WAIT_MS,
		42},
	{ST_DRAINING, EV_TUNNEL_EXITED, 0, ST_DONE, NONE, FOREVER, 42},
	{ST_DRAIN_KILL, EV_HURRY, SIGTERM, ST_DONE, NONE, FOREVER, 42},
	{ST_DRAIN_KILL, EV_TIMER, 0, ST_DONE, NONE, FOREVER, 42},
	{ST_DRAIN_KILL, EV_TUNNEL_EXITED, 0, ST_DONE, NONE, FOREVER, 42},
	{ST_DELAYED, EV_HURRY, SIGTERM, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 42},
	{ST_DELAYED, EV_TIMER, 0, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 42},
	{ST_SERVING, EV_READY, 0, ST_SERVING, NONE, FOREVER, 42},
	{ST_SERVING, EV_STARTUP_FAILED, 0, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 1},
	{ST_SERVING, EV_STOP, SIGINT, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 130},
	{ST_SERVING, EV_HURRY, SIGTERM, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 143},
	{ST_SERVING, EV_TIMER, 0, ST_DRAINING, DO_DRAIN_TUNNEL,
		DRAIN_TIMEOUT_MS, 1},
};

static struct row
expected(enum state from, enum event ev)
{
	struct row nothing = {
		.from = from,
		.ev = ev,
		.value = 7,
		.to = from,
		.order = NONE,
		.lasts_ms = UNCHANGED,
		.exit_code = 42,
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		if (cells[i].from == from && cells[i].ev == ev)
			return cells[i];
	}
	return nothing;
}

static bool
behaves(struct row want)
{
	struct supervisor sv = in_state(want.from);
	struct orders orders;

	supervisor_handle(&sv, want.ev, want.value, NOW, &orders);
	return sv.state == want.to && sv.exit_code == want.exit_code &&
	       sv.deadline_ms == NOW + want.lasts_ms &&
	       orders.count == (want.order == NONE ? 0 : 1) &&
	       (want.order == NONE || orders.list[0] == want.order);
}

static void
every_cell(void **state)
{
	(void)state;
	for (enum state from = 0; from < ST_COUNT; from++) {
		for (enum event ev = 0; ev < EV_COUNT; ev++) {
			if (!behaves(expected(from, ev)))
				fail_msg("state %d, event %d", (int)from,
					(int)ev);
		}
	}
}

/* A state or an event that nobody wrote cells for is a forgotten one. */
static void
every_row_and_column(void **state)
{
	bool leaves[ST_COUNT] = {false};
	bool counts[EV_COUNT] = {false};

	(void)state;
	for (enum state from = 0; from < ST_COUNT; from++) {
		for (enum event ev = 0; ev < EV_COUNT; ev++) {
			bool acts = supervisor_cell(from, ev) != IGNORE;

			leaves[from] = leaves[from] || acts;
			counts[ev] = counts[ev] || acts;
		}
	}
	for (enum state from = 0; from < ST_COUNT; from++)
		assert_true(leaves[from] == (from != ST_DONE));
	for (enum event ev = 0; ev < EV_COUNT; ev++)
		assert_true(counts[ev]);
}

static struct supervisor
started(struct supervision want)
{
	struct supervisor sv;
	struct orders orders;

	supervisor_start(&sv, &want, NOW, &orders);
	return sv;
}

static struct orders
send(struct supervisor *sv, enum event ev, int value, uint64_t now)
{
	struct orders orders;

	supervisor_handle(sv, ev, value, now, &orders);
	return orders;
}

static void
first_states(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;
	struct orders orders;

	(void)state;
	supervisor_start(&sv, &want, NOW, &orders);
	assert_int_equal(sv.state, ST_RUNNING);
	assert_int_equal(orders.count, 1);
	assert_int_equal(orders.list[0], DO_START_APP);
	want.gated = true;
	want.gate_ms = 60000;
	supervisor_start(&sv, &want, NOW, &orders);
	assert_int_equal(sv.state, ST_GATED);
	assert_int_equal(orders.count, 0);
	assert_true(sv.deadline_ms == NOW + 60000);
	want.app = false;
	supervisor_start(&sv, &want, NOW, &orders);
	assert_int_equal(sv.state, ST_SERVING);
	assert_true(sv.deadline_ms == NOW + 60000);
	want.gated = false;
	supervisor_start(&sv, &want, NOW, &orders);
	assert_int_equal(sv.state, ST_SERVING);
	assert_int_equal(orders.count, 0);
	assert_true(sv.deadline_ms == CLOCK_NEVER);
}

static void
without_a_tunnel_nothing_drains(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;

	(void)state;
	want.tunnel = false;
	sv = started(want);
	(void)send(&sv, EV_APP_EXITED, 9, NOW);
	assert_int_equal(send(&sv, EV_ALONE, 0, NOW).count, 0);
	assert_int_equal(sv.state, ST_DONE);
	assert_int_equal(sv.exit_code, 9);
}

/* A proxy alone and its delays; what is left open is a failure. */
static void
delays(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;

	(void)state;
	want.app = false;
	want.min_delay_ms = 2000;
	want.max_delay_ms = 5000;
	want.exit_zero = true;
	sv = started(want);
	assert_int_equal(send(&sv, EV_STOP, SIGTERM, NOW).count, 0);
	assert_int_equal(sv.state, ST_DELAYED);
	assert_true(sv.deadline_ms == NOW + 2000);
	assert_int_equal(send(&sv, EV_TIMER, 0, NOW + 2000).count, 1);
	assert_int_equal(sv.state, ST_DRAINING);
	assert_true(sv.deadline_ms == NOW + 7000 + DRAIN_TIMEOUT_MS);
	assert_int_equal(sv.exit_code, 0);
	(void)send(&sv, EV_TUNNEL_EXITED, TUNNEL_LEFT_OPEN, NOW + 7000);
	assert_int_equal(sv.state, ST_DONE);
	assert_int_equal(sv.exit_code, 1);
}

/* One exit with code under a policy: is there another start? */
static bool
restarts(enum restart_mode mode, int code)
{
	struct supervision want = usual;
	struct supervisor sv;

	want.restart.mode = mode;
	sv = started(want);
	(void)send(&sv, EV_APP_EXITED, code, NOW + 1);
	assert_true(sv.state == ST_BACKOFF || sv.state == ST_STRAGGLERS);
	assert_int_equal(sv.exit_code, code);
	return sv.state == ST_BACKOFF;
}

static void
policies(void **state)
{
	static const int codes[] = {1, 127, 137, 143, 255};

	(void)state;
	assert_false(restarts(RESTART_NO, 0));
	assert_false(restarts(RESTART_ON_FAILURE, 0));
	assert_true(restarts(RESTART_ALWAYS, 0));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_false(restarts(RESTART_NO, codes[i]));
		assert_true(restarts(RESTART_ON_FAILURE, codes[i]));
		assert_true(restarts(RESTART_ALWAYS, codes[i]));
	}
}

static void
never_after_exec_failure(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;

	(void)state;
	want.restart.mode = RESTART_ALWAYS;
	sv = started(want);
	(void)send(&sv, EV_EXEC_FAILED, 126, NOW);
	assert_int_equal(sv.state, ST_STRAGGLERS);
	assert_int_equal(sv.exit_code, 126);
}

static void
never_during_shutdown(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;

	(void)state;
	want.restart.mode = RESTART_ALWAYS;
	sv = started(want);
	(void)send(&sv, EV_STOP, SIGTERM, NOW + 100);
	(void)send(&sv, EV_APP_EXITED, 143, NOW + 200);
	assert_int_equal(sv.state, ST_STRAGGLERS);
	assert_int_equal(sv.exit_code, 143);
}

static void
bound_counts_restarts(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;
	uint64_t now = NOW;

	(void)state;
	want.restart = (struct restart_policy){
		.mode = RESTART_ON_FAILURE, .bounded = true, .max = 2};
	sv = started(want);
	for (int i = 0; i < 2; i++) {
		(void)send(&sv, EV_APP_EXITED, 10 + i, now);
		assert_int_equal(sv.state, ST_BACKOFF);
		now = sv.deadline_ms;
		(void)send(&sv, EV_TIMER, 0, now);
		assert_int_equal(sv.state, ST_RUNNING);
	}
	(void)send(&sv, EV_APP_EXITED, 12, now);
	assert_int_equal(sv.state, ST_STRAGGLERS);
	assert_int_equal(sv.exit_code, 12);

	want.restart.max = 0;
	sv = started(want);
	(void)send(&sv, EV_APP_EXITED, 1, NOW);
	assert_int_equal(sv.state, ST_STRAGGLERS);
}

/* Crash at once, n times; the delays before each start. */
static void
backoff_doubles_and_resets(void **state)
{
	static const uint64_t delays[] = {100, 200, 400, 800, 1600, 3200, 6400,
		12800, 25600, 30000, 30000};
	struct supervision want = usual;
	struct supervisor sv;
	uint64_t now = NOW;

	(void)state;
	want.restart.mode = RESTART_ALWAYS;
	sv = started(want);
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		(void)send(&sv, EV_APP_EXITED, 1, now);
		assert_true(sv.deadline_ms == now + delays[i]);
		now = sv.deadline_ms;
		(void)send(&sv, EV_TIMER, 0, now);
	}
	/* One millisecond short of health changes nothing; health does. */
	now += HEALTHY_AFTER_MS - 1;
	(void)send(&sv, EV_APP_EXITED, 1, now);
	assert_true(sv.deadline_ms == now + 30000);
	now = sv.deadline_ms;
	(void)send(&sv, EV_TIMER, 0, now);
	now += HEALTHY_AFTER_MS;
	(void)send(&sv, EV_APP_EXITED, 1, now);
	assert_true(sv.deadline_ms == now + 100);
}

static void
no_process_is_no_restart(void **state)
{
	struct supervisor sv = started(usual);

	(void)state;
	(void)send(&sv, EV_NO_PROCESS, 0, NOW);
	assert_int_equal(sv.state, ST_BACKOFF);
	assert_int_equal(sv.restarts, 0);
	(void)send(&sv, EV_TIMER, 0, NOW + 100);
	assert_int_equal(sv.state, ST_RUNNING);
}

static void
stop_during_backoff_keeps_the_code(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;

	(void)state;
	want.restart.mode = RESTART_ALWAYS;
	sv = started(want);
	(void)send(&sv, EV_APP_EXITED, 3, NOW);
	(void)send(&sv, EV_STOP, SIGTERM, NOW + 1);
	assert_int_equal(sv.state, ST_STRAGGLERS);
	assert_int_equal(sv.exit_code, 3);
}

/* From there on nobody ends by himself. Returns when the last stage is over. */
static uint64_t
run_out(struct supervisor *sv, uint64_t now)
{
	for (int i = 0; i < 6 && sv->state != ST_DONE; i++) {
		assert_true(sv->deadline_ms >= now);
		now = sv->deadline_ms;
		(void)send(sv, EV_TIMER, 0, now);
	}
	assert_int_equal(sv->state, ST_DONE);
	return now;
}

/* On Cloud Run: 8 s for the app and everything after it within 9.5 s, however
 * long each of them takes. */
static void
stages_fit_the_budget(void **state)
{
	static const unsigned app_ms[] = {0, 100, 4000, 7900, STOP_MS - 1};

	struct supervisor sv = started(usual);

	(void)state;
	(void)send(&sv, EV_STOP, SIGTERM, NOW);
	assert_true(run_out(&sv, NOW) < NOW + 9500);
	assert_int_equal(sv.exit_code, 137);
	for (size_t i = 0; i < sizeof(app_ms) / sizeof(app_ms[0]); i++) {
		sv = started(usual);
		(void)send(&sv, EV_STOP, SIGTERM, NOW);
		(void)send(&sv, EV_APP_EXITED, 6, NOW + app_ms[i]);
		assert_true(run_out(&sv, NOW + app_ms[i]) < NOW + 9500);
		assert_int_equal(sv.exit_code, 6);
	}
	/* Killed before its time, and not dead at once. */
	sv = started(usual);
	(void)send(&sv, EV_STOP, SIGTERM, NOW);
	(void)send(&sv, EV_HURRY, SIGTERM, NOW + STOP_MS - 1);
	assert_true(run_out(&sv, NOW + STOP_MS - 1) < NOW + 9500);
}

static void
without_stop_timeout_the_app_has_all_time(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;

	(void)state;
	want.stop_ms = CLOCK_NEVER;
	sv = started(want);
	(void)send(&sv, EV_STOP, SIGTERM, NOW);
	assert_int_equal(sv.state, ST_STOPPING);
	assert_true(sv.deadline_ms == CLOCK_NEVER);
	(void)send(&sv, EV_STOP, SIGTERM, NOW + 1000000);
	assert_true(sv.deadline_ms == CLOCK_NEVER);
	(void)send(&sv, EV_APP_EXITED, 0, NOW + 2000000);
	assert_true(sv.deadline_ms == NOW + 2000000 + STRAGGLER_GRACE_MS);
}

/* A second request must not give the app more time. */
static void
budget_starts_once(void **state)
{
	struct supervisor sv = started(usual);

	(void)state;
	(void)send(&sv, EV_STOP, SIGTERM, NOW);
	(void)send(&sv, EV_STOP, SIGTERM, NOW + 5000);
	assert_true(sv.deadline_ms == NOW + STOP_MS);
}

static void
classification(void **state)
{
	struct supervisor sv = started(usual);
	static const enum state without_app[] = {ST_GATED, ST_SERVING};

	(void)state;
	for (int signo = 1; signo <= 64; signo++) {
		enum event want = signo == SIGTERM || signo == SIGINT
					  ? EV_STOP
					  : EV_SIGNAL;

		sv = started(usual);
		assert_int_equal(supervisor_classify(&sv, signo, NOW), want);
	}
	for (size_t i = 0; i < 2; i++) {
		sv = in_state(without_app[i]);
		assert_int_equal(
			supervisor_classify(&sv, SIGHUP, NOW), EV_STOP);
		sv = in_state(without_app[i]);
		assert_int_equal(
			supervisor_classify(&sv, SIGQUIT, NOW), EV_STOP);
		assert_int_equal(
			supervisor_classify(&sv, SIGUSR1, NOW), EV_SIGNAL);
	}
}

/* systemd's SIGRTMIN+3, or the SIGQUIT of an image with STOPSIGNAL. */
static void
stop_signal_is_a_request_too(void **state)
{
	struct supervision want = usual;
	struct supervisor sv;

	(void)state;
	want.stop_signal = 37;
	sv = started(want);
	assert_int_equal(supervisor_classify(&sv, 37, NOW), EV_STOP);
	assert_int_equal(supervisor_classify(&sv, SIGQUIT, NOW), EV_SIGNAL);
	assert_int_equal(supervisor_classify(&sv, SIGTERM, NOW), EV_STOP);
	assert_int_equal(supervisor_classify(&sv, 37, NOW), EV_HURRY);
}

static void
third_request_is_urgent(void **state)
{
	struct supervisor sv = started(usual);
	uint64_t now = NOW;

	(void)state;
	assert_int_equal(supervisor_classify(&sv, SIGTERM, now), EV_STOP);
	now += STOP_REPEAT_MS;
	assert_int_equal(supervisor_classify(&sv, SIGINT, now), EV_STOP);
	now += STOP_REPEAT_MS;
	assert_int_equal(supervisor_classify(&sv, SIGTERM, now), EV_HURRY);
	assert_int_equal(supervisor_classify(&sv, SIGTERM, now), EV_HURRY);
	/* After a pause it counts from one again. */
	now += STOP_REPEAT_MS + 1;
	assert_int_equal(supervisor_classify(&sv, SIGTERM, now), EV_STOP);
	assert_int_equal(supervisor_classify(&sv, SIGUSR2, now), EV_SIGNAL);
	assert_int_equal(supervisor_classify(&sv, SIGTERM, now), EV_STOP);
	assert_int_equal(supervisor_classify(&sv, SIGTERM, now), EV_HURRY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell),
		cmocka_unit_test(every_row_and_column),
		cmocka_unit_test(first_states),
		cmocka_unit_test(without_a_tunnel_nothing_drains),
		cmocka_unit_test(delays),
		cmocka_unit_test(policies),
		cmocka_unit_test(never_after_exec_failure),
		cmocka_unit_test(never_during_shutdown),
		cmocka_unit_test(bound_counts_restarts),
		cmocka_unit_test(backoff_doubles_and_resets),
		cmocka_unit_test(no_process_is_no_restart),
		cmocka_unit_test(stop_during_backoff_keeps_the_code),
		cmocka_unit_test(stages_fit_the_budget),
		cmocka_unit_test(without_stop_timeout_the_app_has_all_time),
		cmocka_unit_test(budget_starts_once),
		cmocka_unit_test(classification),
		cmocka_unit_test(stop_signal_is_a_request_too),
		cmocka_unit_test(third_request_is_urgent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
