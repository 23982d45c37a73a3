/* test_backoff.c - the delays of backoff.c and limiter.c, which know no clock.
 */
#include "init/backoff.h"
#include "init/limiter.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t
same(uint64_t value, unsigned percent)
{
	(void)percent;
	return value;
}

static void
doubles_to_the_cap(void **state)
{
	static const uint64_t want[] = {100, 200, 400, 800, 1600, 3200, 6400,
		12800, 25600, 30000, 30000};
	struct backoff b;

	(void)state;
	backoff_init(&b, BACKOFF_BASE_MS);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_true(backoff_next(&b, same) == want[i]);
	backoff_reset(&b);
	assert_true(backoff_next(&b, same) == 100);
}

static void
first_can_be_free(void **state)
{
	struct backoff b;

	(void)state;
	backoff_init(&b, 0);
	assert_true(backoff_next(&b, same) == 0);
	assert_true(backoff_next(&b, same) == 100);
	assert_true(backoff_next(&b, same) == 200);
	backoff_reset(&b);
	assert_true(backoff_next(&b, same) == 0);
}

static void
jitter_stays_in_bounds(void **state)
{
	bool differs = false;
	struct backoff b;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t delay;

		backoff_init(&b, 10000);
		delay = backoff_next(&b, rng_jitter);
		assert_in_range(delay, 7500, 12500);
		differs = differs || delay != 10000;
	}
	assert_true(differs);
}

static void
burst_then_interval(void **state)
{
	struct limiter l = {0};
	uint64_t now = 5;

	(void)state;
	for (int i = 0; i < QUESTION_LIMIT_BURST; i++) {
		assert_true(limiter_when(&l, now) == now);
		limiter_take(&l, now);
	}
	for (int i = 0; i < 5; i++) {
		uint64_t when = limiter_when(&l, now);

		assert_true(when == now + QUESTION_LIMIT_INTERVAL_MS);
		now = when;
		limiter_take(&l, now);
	}
}

static void
bucket_refills_to_its_size(void **state)
{
	struct limiter l = {0};
	uint64_t now = 1000;

	(void)state;
	for (int i = 0; i < QUESTION_LIMIT_BURST; i++)
		limiter_take(&l, now);
	now += QUESTION_LIMIT_INTERVAL_MS;
	assert_true(limiter_when(&l, now) == now);
	limiter_take(&l, now);
	assert_true(limiter_when(&l, now) > now);
	/* A day later there is a burst, and not more. */
	now += 86400000;
	for (int i = 0; i < QUESTION_LIMIT_BURST; i++) {
		assert_true(limiter_when(&l, now) == now);
		limiter_take(&l, now);
	}
	assert_true(limiter_when(&l, now) == now + QUESTION_LIMIT_INTERVAL_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_to_the_cap),
		cmocka_unit_test(first_can_be_free),
		cmocka_unit_test(jitter_stays_in_bounds),
		cmocka_unit_test(burst_then_interval),
		cmocka_unit_test(bucket_refills_to_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
