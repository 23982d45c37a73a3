/* test_notify.c - datagrams of an app that notifies. */
#include "init/notify_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "guard.h"

#include <cmocka.h>

static struct notify_message message;

static void
assert_passed(const char *datagram, const char *passed)
{
	size_t size = strlen(datagram);
	char text[256];
	struct writer w = writer_over(text, sizeof(text) - 1);

	notify_message_read(
		&message, span_of(guarded_copy(datagram, size), size), &w);
	assert_true(writer_ok(&w));
	text[w.len] = '\0';
	assert_string_equal(text, passed);
}

static void
test_what_it_says(void **state)
{
	(void)state;
	assert_passed("READY=1", "READY=1\n");
	assert_true(message.ready && !message.alive && !message.stopping);
	assert_passed("WATCHDOG=1\nSTATUS=fine\n", "WATCHDOG=1\nSTATUS=fine\n");
	assert_true(message.alive && !message.ready && !message.hangs);
	assert_passed("WATCHDOG=trigger", "WATCHDOG=trigger\n");
	assert_true(message.hangs && !message.alive);
	assert_passed("STOPPING=1\n", "STOPPING=1\n");
	assert_true(message.stopping);
}

static void
test_what_stays_inside(void **state)
{
	(void)state;
	assert_passed(
		"MAINPID=7\nREADY=1\nFDSTORE=1\nBARRIER=1\nX=y", "READY=1\n");
	assert_true(message.ready);
	assert_passed("", "");
	assert_passed("\n\n\n", "");
	assert_passed("READY=0", "READY=0\n");
	assert_false(message.ready);
	assert_passed("READY=1x\n READY=1", "READY=1x\n");
	assert_false(message.ready);
	assert_passed("READY", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_says),
		cmocka_unit_test(test_what_stays_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
