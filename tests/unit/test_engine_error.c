/*
 * test_engine_error.c - first words of PostgreSQL's clients, and the packets
 * by which they and MySQL's are told.
 */
#include "wire/engine_error.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SSL    "\0\0\0\x08\x04\xd2\x16\x2f"
#define GSSENC "\0\0\0\x08\x04\xd2\x16\x30"
#define START  "\0\0\0\x10\0\x03\0\0user\0a\0\0"

static struct startup startup;

static enum startup_step
feed(const void *bytes, size_t len)
{
	struct span in = span_of(bytes, len);
	enum startup_step step = startup_feed(&startup, &in);

	assert_int_equal(in.len, 0);
	return step;
}

static int
begin(void **state)
{
	(void)state;
	memset(&startup, 0, sizeof(startup));
	return 0;
}

static void
test_startup(void **state)
{
	(void)state;
	assert_int_equal(feed(START, 16), STARTUP_ANSWER);
	(void)begin(NULL);
	for (size_t n = 0; n < 15; n++)
		assert_int_equal(feed(&START[n], 1), STARTUP_MORE);
	assert_int_equal(feed(&START[15], 1), STARTUP_ANSWER);
}

static void
test_wishes(void **state)
{
	struct span in = span_of(GSSENC SSL START, 32);

	(void)state;
	assert_int_equal(startup_feed(&startup, &in), STARTUP_DECLINE);
	assert_int_equal(in.len, 24);
	assert_int_equal(startup_feed(&startup, &in), STARTUP_DECLINE);
	assert_int_equal(startup_feed(&startup, &in), STARTUP_ANSWER);
	assert_int_equal(in.len, 0);
}

static void
test_wishes_end(void **state)
{
	(void)state;
	assert_int_equal(feed(SSL, 8), STARTUP_DECLINE);
	assert_int_equal(feed(SSL, 8), STARTUP_DECLINE);
	assert_int_equal(feed(SSL, 8), STARTUP_STRANGE);
}

static void
test_strange(void **state)
{
	static const uint8_t strange[][9] = {
		"\0\0\0\x07\0\x03\0\0",       /* shorter than itself */
		"\0\0\x27\x11\0\x03\0\0",     /* 10001 bytes */
		"\xff\xff\xff\xff\0\x03\0\0", /* ... or more */
		"\0\0\0\x10\x04\xd2\x16\x2e", /* CancelRequest */
		"\0\0\0\x10\0\x02\0\0",       /* protocol 2 */
		"\0\0\0\x09\x04\xd2\x16\x2f", /* SSLRequest with more */
		"GET / HT",
	};

	(void)state;
	for (size_t n = 0; n < sizeof(strange) / sizeof(strange[0]); n++) {
		(void)begin(NULL);
		assert_int_equal(feed(strange[n], 8), STARTUP_STRANGE);
	}
}

static void
test_packets(void **state)
{
	uint8_t room[128];
	struct writer w = writer_over(room, sizeof(room));

	(void)state;
	postgres_error_write(&w, "53300", "no\nroom");
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, 36);
	assert_memory_equal(
		room, "E\0\0\0\x23SFATAL\0VFATAL\0C53300\0Mno room\0\0", w.len);
	w = writer_over(room, sizeof(room));
	mysql_error_write(&w, 1040, "no\nroom");
	assert_int_equal(w.len, 14);
	assert_memory_equal(room, "\x0a\0\0\0\xff\x10\x04no room", w.len);
	w = writer_over(room, 10);
	postgres_error_write(&w, "53300", "no room");
	assert_false(writer_ok(&w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_startup, begin),
		cmocka_unit_test_setup(test_wishes, begin),
		cmocka_unit_test_setup(test_wishes_end, begin),
		cmocka_unit_test_setup(test_strange, begin),
		cmocka_unit_test(test_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
