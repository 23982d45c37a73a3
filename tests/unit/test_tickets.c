/*
 * test_tickets.c - the tunnel's store of TLS tickets: newest first, each once,
 * none that has run out, all gone when told.
 */
#include "tunnel/tickets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct tickets store;

static struct refresh_time
at(uint64_t ms, int64_t wall_s)
{
	return (struct refresh_time){.ms = ms, .wall_s = wall_s};
}

static void
add(char name, uint32_t lifetime_s, struct refresh_time now)
{
	struct tls13_ticket t = {.suite = suite_find(0x1301),
		.lifetime_s = lifetime_s,
		.age_add = (uint32_t)name,
		.identity = span_of(&name, 1)};

	memset(t.psk, name, sizeof(t.psk));
	tickets_add(&store, &t, now);
}

/* The one that is taken out, and its age; 0: none. */
static char
take(struct refresh_time now, uint64_t age_ms)
{
	uint64_t age = 0;
	struct ticket *t = tickets_take(&store, now, &age);
	const struct tls13_ticket *tls;
	char name;

	if (t == NULL)
		return 0;
	tls = ticket_tls(t);
	assert_int_equal(tls->identity.len, 1);
	name = (char)tls->identity.data[0];
	assert_int_equal(tls->age_add, name);
	assert_int_equal(tls->psk[47], name);
	assert_int_equal(age, age_ms);
	ticket_free(t);
	return name;
}

static void
newest_first_and_once(void **state)
{
	(void)state;
	add('a', 60, at(1000, 5));
	add('b', 60, at(1500, 5));
	assert_int_equal(take(at(2000, 6), 500), 'b');
	assert_int_equal(take(at(2000, 6), 1000), 'a');
	assert_int_equal(take(at(2000, 6), 0), 0);
}

static void
oldest_makes_room(void **state)
{
	(void)state;
	for (char c = 'a'; c < 'a' + TICKETS_KEPT + 2; c++)
		add(c, 60, at(0, 0));
	assert_int_equal(store.count, TICKETS_KEPT);
	for (char c = 'a' + TICKETS_KEPT + 1; c >= 'c'; c--)
		assert_int_equal(take(at(0, 0), 0), c);
	assert_int_equal(take(at(0, 0), 0), 0);
}

static void
none_that_has_run_out(void **state)
{
	(void)state;
	add('a', 60, at(0, 100));
	add('b', 10, at(0, 100));
	assert_int_equal(take(at(10000, 110), 10000), 'a');
	assert_int_equal(store.count, 0);
	add('a', 60, at(0, 100));
	assert_int_equal(take(at(60000, 160), 0), 0);
	assert_int_equal(store.count, 0);
}

/* The clocks disagree: whichever went further is right. */
static void
both_clocks_count(void **state)
{
	(void)state;
	add('a', 60, at(0, 100));
	assert_int_equal(take(at(5, 159), 59000), 'a'); /* suspended */
	add('a', 60, at(0, 100));
	assert_int_equal(take(at(5, 160), 0), 0);
	add('a', 60, at(0, 100));
	assert_int_equal(take(at(59000, 20), 59000), 'a'); /* set back */
	add('a', 60, at(0, 100));
	assert_int_equal(take(at(60000, 20), 0), 0);
}

static void
cleared_and_off(void **state)
{
	(void)state;
	add('a', 60, at(0, 0));
	add('b', 60, at(0, 0));
	tickets_clear(&store);
	assert_int_equal(take(at(0, 0), 0), 0);
	store.off = true;
	add('c', 60, at(0, 0));
	assert_int_equal(store.count, 0);
	store.off = false;
	tickets_clear(&store);
	ticket_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_first_and_once),
		cmocka_unit_test(oldest_makes_room),
		cmocka_unit_test(none_that_has_run_out),
		cmocka_unit_test(both_clocks_count),
		cmocka_unit_test(cleared_and_off),
	};

	return cmocka_run_group_tests_name("tickets", tests, NULL, NULL);
}
