/* test_signame.c - every signal has a name that reads back as itself. */
#include "base/signame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_names_read_back(void **state)
{
	char name[SIGNAL_NAME_MAX];

	(void)state;
	for (int i = 1; i <= SIGNAL_MAX; i++) {
		signame_format(i, name);
		if (i == 32 || i == 33)
			assert_int_equal(strncmp(name, "signal ", 7), 0);
		else
			assert_int_equal(signame_parse(name), i);
	}
}

static void
test_forms(void **state)
{
	(void)state;
	assert_int_equal(signame_parse("TERM"), 15);
	assert_int_equal(signame_parse("sigterm"), 15);
	assert_int_equal(signame_parse("15"), 15);
	assert_int_equal(signame_parse("IOT"), 6);
	assert_int_equal(signame_parse("RTMIN"), 34);
	assert_int_equal(signame_parse("SIGRTMIN+3"), 37);
	assert_int_equal(signame_parse("RTMAX-1"), 63);
	assert_int_equal(signame_parse("32"), 32);
}

static void
test_what_is_no_signal(void **state)
{
	static const char *const bad[] = {"", "0", "65", "TERMX", "SIG", "-1",
		"+1", "1x", "RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMAX-31",
		"RTMIN+", "015", "SIGSIGTERM"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (signame_parse(bad[i]) != 0)
			fail_msg("\"%s\" was read as %d", bad[i],
				signame_parse(bad[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_read_back),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_what_is_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
