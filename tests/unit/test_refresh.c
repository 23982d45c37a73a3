/*
 * test_refresh.c - the refresh machine on a fake clock: when it asks, what a
 * dial may do, and how many questions a misbehaving world can provoke.
 */
#include "base/clock.h"
#include "tunnel/refresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START_MS UINT64_C(1000000)
#define START_S  INT64_C(1800000000)

static struct refresh r;
static struct refresh_time now;

static int
begin(void **state)
{
	(void)state;
	now.ms = START_MS;
	now.wall_s = START_S;
	refresh_init(&r, 60000, now.ms);
	r.jitter_percent = 0;
	return 0;
}

static void
pass_s(int64_t seconds)
{
	now.ms += (uint64_t)seconds * 1000;
	now.wall_s += seconds;
}

/* The wall clock goes on while the process is frozen; the other stands. */
static void
freeze_s(int64_t seconds)
{
	now.wall_s += seconds;
}

static bool
due(void)
{
	return refresh_next_ms(&r, now) <= now.ms;
}

static void
got_for_s(int64_t life)
{
	assert_true(due());
	refresh_asked(&r, now);
	assert_true(refresh_got(&r, now.wall_s + life, now));
}

static void
failed(enum ipc_result result, uint32_t retry_after_s)
{
	refresh_asked(&r, now);
	refresh_failed(&r, result, retry_after_s, "reason", now);
}

/* Milliseconds until the next question. */
static uint64_t
next_in(void)
{
	uint64_t at = refresh_next_ms(&r, now);

	return at <= now.ms ? 0 : at - now.ms;
}

static void
test_first_question_is_due_at_once(void **state)
{
	(void)state;
	assert_true(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	refresh_asked(&r, now);
	assert_true(refresh_next_ms(&r, now) == CLOCK_NEVER);
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	assert_true(refresh_got(&r, now.wall_s + 3600, now));
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
}

static void
test_refresh_ahead(void **state)
{
	static const struct {
		int64_t life, delay;
	} rows[] = {
		{7200, 3600},
		{3600, 1800},
		{3599, 3359},
		{241, 1},
		{240, 0},
		{100, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(state);
		got_for_s(rows[i].life);
		assert_int_equal(next_in(), rows[i].delay * 1000);
	}
}

static void
test_short_lives_are_paced(void **state)
{
	int questions = 0;
	int i;

	(void)state;
	for (i = 0; i < 600; i++) {
		if (due()) {
			refresh_asked(&r, now);
			assert_true(refresh_got(&r, now.wall_s + 100, now));
			questions++;
		}
		pass_s(1);
	}
	assert_int_equal(questions, 2 + 19);
}

static void
test_freeze_past_expiry(void **state)
{
	(void)state;
	got_for_s(3600);
	freeze_s(7200);
	assert_true(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	refresh_asked(&r, now);
	assert_true(refresh_got(&r, now.wall_s + 3600, now));
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
}

static void
test_freeze_past_renewal_does_not_make_anyone_wait(void **state)
{
	(void)state;
	got_for_s(3600);
	freeze_s(3500);
	assert_true(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
}

static void
test_good_identity_outlives_failures(void **state)
{
	(void)state;
	got_for_s(3600);
	pass_s(1800);
	assert_true(due());
	failed(IPC_RESULT_TEMPORARY, 0);
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
	assert_false(due());
	pass_s(1799);
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
	pass_s(1);
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
}

static void
test_temporary_failure_is_soon_forgiven(void **state)
{
	(void)state;
	failed(IPC_RESULT_TEMPORARY, 0);
	assert_int_equal(next_in(), 1000);
	/* So near that a waiting app should not see an error. */
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	pass_s(1);
	failed(IPC_RESULT_TEMPORARY, 0);
	/* The limiter: the first permit was used one second ago. */
	assert_int_equal(next_in(), 29000);
	assert_int_equal(refresh_dial(&r, now), REFRESH_REFUSE);
	assert_string_equal(r.last_error, "reason");
}

static void
test_backoff_by_class(void **state)
{
	(void)state;
	failed(IPC_RESULT_DENIED, 0);
	assert_int_equal(next_in(), 4000);
	assert_int_equal(refresh_dial(&r, now), REFRESH_REFUSE);

	begin(state);
	failed(IPC_RESULT_CONFIG, 0);
	assert_int_equal(next_in(), 4000);
	assert_int_equal(refresh_dial(&r, now), REFRESH_REFUSE);

	begin(state);
	failed(IPC_RESULT_THROTTLED, 0);
	assert_int_equal(next_in(), 30000);

	begin(state);
	failed(IPC_RESULT_THROTTLED, 95);
	assert_int_equal(next_in(), 95000);

	begin(state);
	failed(IPC_RESULT_THROTTLED, UINT32_MAX);
	assert_int_equal(next_in(), 3600000);
}

static void
test_backoff_has_a_cap(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		pass_s(60);
		assert_true(due());
		failed(IPC_RESULT_DENIED, 0);
		assert_true(next_in() <= 60000);
	}
	assert_int_equal(next_in(), 60000);
}

static void
test_throttled_jitter_only_adds(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		begin(NULL);
		r.jitter_percent = 25;
		failed(IPC_RESULT_THROTTLED, 40);
		assert_true(next_in() >= 40000);
		assert_true(next_in() <= 50000);
	}
}

static void
test_reconnect_loop_does_not_storm(void **state)
{
	int questions = 0;
	int i;

	(void)state;
	/* 100 dials a second for 5 minutes, every handshake refused. */
	for (i = 0; i < 30000; i++) {
		if (due()) {
			refresh_asked(&r, now);
			assert_true(refresh_got(&r, now.wall_s + 3600, now));
			questions++;
		}
		if (refresh_dial(&r, now) == REFRESH_USE)
			refresh_suspect(&r, now);
		now.ms += 10;
		now.wall_s = START_S + (int64_t)((now.ms - START_MS) / 1000);
	}
	assert_int_equal(questions, 2 + 9);
}

static void
test_suspect_identity(void **state)
{
	(void)state;
	got_for_s(3600);
	refresh_suspect(&r, now);
	assert_true(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	refresh_asked(&r, now);
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	/* The API fails: the old identity is better than none. */
	refresh_failed(&r, IPC_RESULT_TEMPORARY, 0, "reason", now);
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
	pass_s(30);
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	refresh_asked(&r, now);
	assert_true(refresh_got(&r, now.wall_s + 3600, now));
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
	assert_false(due());
}

static void
test_suspect_identity_expires_all_the_same(void **state)
{
	(void)state;
	got_for_s(3600);
	pass_s(1800);
	got_for_s(3600);
	refresh_suspect(&r, now);
	failed(IPC_RESULT_DENIED, 0);
	freeze_s(3600);
	assert_int_equal(refresh_dial(&r, now), REFRESH_REFUSE);
}

static void
test_unreachable_server_asks_again_but_keeps(void **state)
{
	(void)state;
	got_for_s(3600);
	assert_false(due());
	refresh_force(&r, now);
	assert_true(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
	refresh_asked(&r, now);
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
}

static void
test_expired_on_arrival(void **state)
{
	(void)state;
	refresh_asked(&r, now);
	assert_false(refresh_got(&r, now.wall_s, now));
	assert_false(r.asking);
	assert_int_equal(next_in(), 1000);
	pass_s(1);
	refresh_asked(&r, now);
	assert_false(refresh_got(&r, now.wall_s - 5, now));
	assert_int_equal(refresh_dial(&r, now), REFRESH_REFUSE);
	assert_non_null(strstr(r.last_error, "clock"));
}

static void
test_success_clears_backoff(void **state)
{
	(void)state;
	failed(IPC_RESULT_THROTTLED, 600);
	pass_s(600);
	got_for_s(3600);
	assert_int_equal(r.failures, 0);
	assert_string_equal(r.last_error, "");
	pass_s(1800);
	assert_true(due());
}

static void
test_lost_question(void **state)
{
	(void)state;
	assert_true(refresh_lost_at_ms(&r) == CLOCK_NEVER);
	refresh_asked(&r, now);
	assert_int_equal(
		refresh_lost_at_ms(&r), now.ms + 60000 + REFRESH_LOST_MS);
}

static void
test_lazy_asks_for_a_dial_only(void **state)
{
	(void)state;
	r.lazy = true;
	got_for_s(3600);
	assert_int_equal(refresh_next_ms(&r, now), CLOCK_NEVER);
	pass_s(3600 - REFRESH_BUFFER_S - 1);
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
	assert_false(due());
	pass_s(1);
	assert_false(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
	assert_true(due());
	failed(IPC_RESULT_TEMPORARY, 0);
	pass_s(10);
	assert_false(due());
	pass_s(REFRESH_BUFFER_S);
	assert_false(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	got_for_s(3600);
	assert_int_equal(refresh_dial(&r, now), REFRESH_USE);
}

static void
test_lazy_after_a_freeze(void **state)
{
	(void)state;
	r.lazy = true;
	got_for_s(3600);
	freeze_s(4000);
	assert_false(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	assert_true(due());
}

static void
test_lazy_without_an_identity(void **state)
{
	(void)state;
	r.lazy = true;
	assert_true(due());
	failed(IPC_RESULT_DENIED, 0);
	pass_s(60);
	assert_false(due());
	assert_int_equal(refresh_dial(&r, now), REFRESH_WAIT);
	assert_true(due());
}

static void
test_limiter_refills_to_its_burst_only(void **state)
{
	int questions = 0;

	(void)state;
	got_for_s(7200);
	pass_s(3600);
	while (due()) {
		failed(IPC_RESULT_TEMPORARY, 0);
		r.gate_ms = 0;
		questions++;
	}
	assert_int_equal(questions, REFRESH_LIMIT_BURST);
	assert_int_equal(next_in(), 30000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			test_first_question_is_due_at_once, begin),
		cmocka_unit_test_setup(test_refresh_ahead, begin),
		cmocka_unit_test_setup(test_short_lives_are_paced, begin),
		cmocka_unit_test_setup(test_freeze_past_expiry, begin),
		cmocka_unit_test_setup(
			test_freeze_past_renewal_does_not_make_anyone_wait,
			begin),
		cmocka_unit_test_setup(
			test_good_identity_outlives_failures, begin),
		cmocka_unit_test_setup(
			test_temporary_failure_is_soon_forgiven, begin),
		cmocka_unit_test_setup(test_backoff_by_class, begin),
		cmocka_unit_test_setup(test_backoff_has_a_cap, begin),
		cmocka_unit_test_setup(test_throttled_jitter_only_adds, begin),
		cmocka_unit_test_setup(
			test_reconnect_loop_does_not_storm, begin),
		cmocka_unit_test_setup(test_suspect_identity, begin),
		cmocka_unit_test_setup(
			test_suspect_identity_expires_all_the_same, begin),
		cmocka_unit_test_setup(
			test_unreachable_server_asks_again_but_keeps, begin),
		cmocka_unit_test_setup(test_expired_on_arrival, begin),
		cmocka_unit_test_setup(test_success_clears_backoff, begin),
		cmocka_unit_test_setup(test_lost_question, begin),
		cmocka_unit_test_setup(test_lazy_asks_for_a_dial_only, begin),
		cmocka_unit_test_setup(test_lazy_after_a_freeze, begin),
		cmocka_unit_test_setup(test_lazy_without_an_identity, begin),
		cmocka_unit_test_setup(
			test_limiter_refills_to_its_burst_only, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
