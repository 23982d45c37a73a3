/*
 * test_counters.c - buckets and the ring of the last minutes.
 */
#include "tunnel/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct counters counters;
static struct history history;

static int
begin(void **state)
{
	(void)state;
	memset(&counters, 0, sizeof(counters));
	memset(&history, 0, sizeof(history));
	return 0;
}

static void
test_buckets(void **state)
{
	(void)state;
	counters_dialed(&counters, &history, 0, 0);
	counters_dialed(&counters, &history, 5, 0);
	counters_dialed(&counters, &history, 6, 0);
	counters_dialed(&counters, &history, 30000, 0);
	counters_dialed(&counters, &history, 30001, 0);
	assert_int_equal(counters.dials[0], 2);
	assert_int_equal(counters.dials[1], 1);
	assert_int_equal(counters.dials[LATENCY_BOUNDS - 1], 1);
	assert_int_equal(counters.dials[LATENCY_BOUNDS], 1);
	assert_int_equal(counters.dial_ms, 60012);
	assert_int_equal(history_past(&history, 0)->dials, 5);
	assert_int_equal(history_past(&history, 0)->slowest_ms, 30001);
}

static void
test_ring(void **state)
{
	uint64_t now = UINT64_C(1000) * HISTORY_SLOT_MS;

	(void)state;
	counters_moved(&counters, &history, 1, 10, now);
	counters_moved(&counters, &history, 2, 20, now + HISTORY_SLOT_MS - 1);
	counters_moved(&counters, &history, 4, 40, now + HISTORY_SLOT_MS);
	assert_int_equal(history_past(&history, 1)->sent, 3);
	assert_int_equal(history_past(&history, 1)->received, 30);
	assert_int_equal(history_past(&history, 0)->sent, 4);
	assert_int_equal(counters.sent, 7);
	assert_int_equal(counters.received, 70);
	/* Slots that nobody used are empty, not what was there before. */
	(void)history_now(
		&history, now + UINT64_C(1) * HISTORY_SLOTS * HISTORY_SLOT_MS);
	assert_int_equal(history_past(&history, HISTORY_SLOTS - 1)->sent, 4);
	for (unsigned age = 0; age < HISTORY_SLOTS - 1; age++)
		assert_int_equal(history_past(&history, age)->sent, 0);
}

static void
test_long_silence(void **state)
{
	(void)state;
	counters_moved(&counters, &history, 9, 9, 0);
	counters_moved(&counters, &history, 1, 1, UINT64_MAX / 2);
	assert_int_equal(history_past(&history, 0)->sent, 1);
	for (unsigned age = 1; age < HISTORY_SLOTS; age++)
		assert_int_equal(history_past(&history, age)->sent, 0);
	/* A clock that goes back adds to the newest slot. */
	counters_moved(&counters, &history, 1, 1, 0);
	assert_int_equal(history_past(&history, 0)->sent, 2);
}

static void
test_failure(void **state)
{
	char text[FAILURE_TEXT_MAX + 50];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	counters_failure(&counters, text, 7);
	assert_int_equal(counters.failed_s, 7);
	assert_int_equal(strlen(counters.last_failure), FAILURE_TEXT_MAX - 1);
}

static void
test_reasons(void **state)
{
	const struct failures *f = counters.refresh_failures;
	char reason[] = "reason0";

	(void)state;
	counters_refresh_failed(&counters, "", IPC_RESULT_TEMPORARY);
	assert_string_equal(f[0].reason, "temporary");
	for (unsigned n = 0; n < 2 * FAILURE_REASONS_MAX; n++) {
		reason[6] = (char)('a' + n);
		counters_refresh_failed(&counters, reason, IPC_RESULT_DENIED);
		counters_refresh_failed(&counters, reason, IPC_RESULT_DENIED);
	}
	assert_string_equal(f[1].reason, "reasona");
	assert_int_equal(f[1].count, 2);
	/* Whoever sends new reasons for ever does not fill the memory. */
	assert_string_equal(f[FAILURE_REASONS_MAX - 1].reason, "others");
	assert_int_equal(f[FAILURE_REASONS_MAX - 1].count,
		2 * (FAILURE_REASONS_MAX + 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_buckets, begin),
		cmocka_unit_test_setup(test_ring, begin),
		cmocka_unit_test_setup(test_long_silence, begin),
		cmocka_unit_test_setup(test_failure, begin),
		cmocka_unit_test_setup(test_reasons, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
