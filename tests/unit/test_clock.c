/*
 * test_clock.c - deadlines as poll(2) wants them, and the calendar against the
 * C library's.
 */
#include "base/clock.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
test_poll_timeout(void **state)
{
	(void)state;
	assert_int_equal(clock_poll_timeout(5, CLOCK_NEVER), -1);
	assert_int_equal(clock_poll_timeout(5, 5), 0);
	assert_int_equal(clock_poll_timeout(5, 4), 0);
	assert_int_equal(clock_poll_timeout(5, 0), 0);
	assert_int_equal(clock_poll_timeout(5, 6), 1);
	assert_int_equal(clock_poll_timeout(1, (uint64_t)INT_MAX + 1), INT_MAX);
	assert_int_equal(clock_poll_timeout(0, (uint64_t)INT_MAX + 1), INT_MAX);
	assert_int_equal(clock_poll_timeout(0, CLOCK_NEVER - 1), INT_MAX);
}

static void
test_clocks_move_forward(void **state)
{
	uint64_t before = clock_ms();
	int64_t wall = clock_wall_s();

	(void)state;
	assert_true(clock_ms() >= before);
	assert_true(wall > INT64_C(1700000000));
}

/* The way back gives what the C library gives. */
static void
assert_utc(int64_t wall_s, const struct tm *tm)
{
	struct clock_utc u = clock_to_utc(wall_s);

	if (u.year != tm->tm_year + 1900 || u.month != tm->tm_mon + 1 ||
		u.day != tm->tm_mday || u.hour != tm->tm_hour ||
		u.minute != tm->tm_min || u.second != tm->tm_sec)
		fail_msg("%lld: %d-%d-%d", (long long)wall_s, u.year, u.month,
			u.day);
}

static void
test_seconds_to_utc(void **state)
{
	/* A prime step, so that every hour, minute and second is met. */
	(void)state;
	for (int64_t s = -86400; s < INT64_C(8000000000); s += 99991) {
		time_t t = (time_t)s;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		assert_utc(s, &tm);
	}
}

static void
test_every_day_of_four_centuries(void **state)
{
	int64_t expected = INT64_C(-11676096000); /* 1600-01-01 */
	int year = 1600;

	(void)state;
	assert_true(clock_from_utc(1600, 1, 1, 0, 0, 0) == expected);
	while (year < 2000) {
		time_t t = (time_t)expected;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		year = tm.tm_year + 1900;
		if (clock_from_utc(year, tm.tm_mon + 1, tm.tm_mday, 0, 0, 0) !=
			expected)
			fail_msg("%d-%d-%d", year, tm.tm_mon + 1, tm.tm_mday);
		assert_utc(expected, &tm);
		expected += 86400;
	}
}

static void
test_known_instants(void **state)
{
	(void)state;
	assert_true(clock_from_utc(1970, 1, 1, 0, 0, 0) == 0);
	assert_true(clock_from_utc(1969, 12, 31, 23, 59, 59) == -1);
	assert_true(
		clock_from_utc(2038, 1, 19, 3, 14, 8) == INT64_C(2147483648));
	assert_true(clock_from_utc(1, 1, 1, 0, 0, 0) == INT64_C(-62135596800));
	assert_true(clock_from_utc(9999, 12, 31, 23, 59, 59) ==
		    INT64_C(253402300799));
	assert_true(clock_from_utc(2000, 2, 29, 0, 0, 0) == INT64_C(951782400));
	/* A leap second is the second after it. */
	assert_true(clock_from_utc(2016, 12, 31, 23, 59, 60) ==
		    clock_from_utc(2017, 1, 1, 0, 0, 0));
}

static void
test_out_of_range(void **state)
{
	static const int bad[][6] = {{0, 1, 1, 0, 0, 0}, {10000, 1, 1, 0, 0, 0},
		{-1, 1, 1, 0, 0, 0}, {2026, 0, 1, 0, 0, 0},
		{2026, 13, 1, 0, 0, 0}, {2026, 1, 0, 0, 0, 0},
		{2026, 1, 32, 0, 0, 0}, {2026, 4, 31, 0, 0, 0},
		{2026, 2, 29, 0, 0, 0}, {1900, 2, 29, 0, 0, 0},
		{2024, 2, 30, 0, 0, 0}, {2026, 1, 1, 24, 0, 0},
		{2026, 1, 1, -1, 0, 0}, {2026, 1, 1, 0, 60, 0},
		{2026, 1, 1, 0, -1, 0}, {2026, 1, 1, 0, 0, 61},
		{2026, 1, 1, 0, 0, -1},
		{INT_MAX, INT_MAX, INT_MAX, INT_MAX, INT_MAX, INT_MAX},
		{INT_MIN, INT_MIN, INT_MIN, INT_MIN, INT_MIN, INT_MIN}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const int *b = bad[i];

		if (clock_from_utc(b[0], b[1], b[2], b[3], b[4], b[5]) !=
			INT64_MIN)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_poll_timeout),
		cmocka_unit_test(test_clocks_move_forward),
		cmocka_unit_test(test_every_day_of_four_centuries),
		cmocka_unit_test(test_seconds_to_utc),
		cmocka_unit_test(test_known_instants),
		cmocka_unit_test(test_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
