/*
 * test_accounts.c - users and groups from the text of account files, and
 * environment files line by line.
 */
#include "config_accounts.h"
#include "config_environment.h"
#include "config_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "guard.h"

#include <cmocka.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment\n"
			     "broken\n"
			     "::7:7::/:\n"
			     "far:x:4294967295:1::/far:\n"
			     "word:x:12a:1::/word:\n"
			     "app:x:1000:1001:An App:/home/app:/bin/sh\n"
			     "bare:x:5:6\n"
			     "relative:x:8:9::home:\n"
			     "last:x:1002:1003::/last:/bin/sh";
static const char group[] = "root:x:0:\n"
			    "app:x:1001:\n"
			    "video:x:44:other,app\n"
			    "audio:x:29:apple,xapp\n"
			    "broken:x:app:app\n"
			    "disk:x:6:app,app\n"
			    "last:x:7:other,app";

static struct account account;
static struct error error;

static enum err
find(const char *what)
{
	const uint8_t *p = guarded_copy(passwd, sizeof(passwd) - 1);
	const uint8_t *g = guarded_copy(group, sizeof(group) - 1);

	error_clear(&error);
	memset(&account, 0xff, sizeof(account));
	return accounts_find(&account, what, span_of(p, sizeof(passwd) - 1),
		span_of(g, sizeof(group) - 1), &error);
}

static void
assert_account(uint32_t uid, uint32_t gid, size_t groups, const char *home)
{
	assert_true(account.set);
	assert_int_equal(account.uid, uid);
	assert_int_equal(account.gid, gid);
	assert_int_equal(account.group_count, groups);
	assert_string_equal(account.home, home);
}

static void
test_names(void **state)
{
	(void)state;
	assert_int_equal(find("app"), ERR_OK);
	assert_account(1000, 1001, 3, "/home/app");
	assert_int_equal(account.groups[0], 44);
	assert_int_equal(account.groups[1], 6);
	assert_int_equal(account.groups[2], 7);
	assert_int_equal(find("last"), ERR_OK);
	assert_account(1002, 1003, 0, "/last");
	assert_int_equal(find("root"), ERR_OK);
	assert_account(0, 0, 0, "/root");
	assert_int_equal(find("bare"), ERR_OK);
	assert_account(5, 6, 0, "/");
	assert_int_equal(find("relative"), ERR_OK);
	assert_account(8, 9, 0, "/");
}

static void
test_numbers(void **state)
{
	(void)state;
	/* A number that has a line is that line's user. */
	assert_int_equal(find("1000"), ERR_OK);
	assert_account(1000, 1001, 3, "/home/app");
	assert_int_equal(find("65532"), ERR_OK);
	assert_account(65532, 65532, 0, "/");
	assert_int_equal(find("4294967294"), ERR_OK);
	assert_account(4294967294u, 4294967294u, 0, "/");
}

static void
test_groups(void **state)
{
	(void)state;
	/* With a group it is that group alone. */
	assert_int_equal(find("app:video"), ERR_OK);
	assert_account(1000, 44, 0, "/home/app");
	assert_int_equal(find("app:0"), ERR_OK);
	assert_account(1000, 0, 0, "/home/app");
	assert_int_equal(find("65532:65533"), ERR_OK);
	assert_account(65532, 65533, 0, "/");
}

static void
test_refused(void **state)
{
	static const char *const refused[] = {"", ":", ":app", "app:", "nobody",
		"app:nobody", "broken", "far", "word", "4294967295",
		"99999999999", "-1", "app:4294967295", "App", "app "};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (find(refused[i]) != ERR_USAGE)
			fail_msg("accepted: \"%s\"", refused[i]);
		assert_true(strlen(error.detail) > 0);
	}
}

static void
test_no_files(void **state)
{
	struct span none = span_of("", 0);

	(void)state;
	error_clear(&error);
	assert_int_equal(
		accounts_find(&account, "7", none, none, &error), ERR_OK);
	assert_account(7, 7, 0, "/");
	assert_int_equal(
		accounts_find(&account, "root", none, none, &error), ERR_USAGE);
}

static void
test_more_groups_than_fit(void **state)
{
	static char many[4096];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < GROUPS_MAX + 9; i++)
		len += (size_t)snprintf(
			many + len, sizeof(many) - len, "g:x:%d:app\n", i);
	error_clear(&error);
	assert_int_equal(accounts_find(&account, "app",
				 span_of(passwd, sizeof(passwd) - 1),
				 span_of(many, len), &error),
		ERR_OK);
	assert_int_equal(account.group_count, GROUPS_MAX);
}

static void
assert_lines(const char *text, const char *expected)
{
	size_t size = strlen(text);
	struct span rest = span_of(guarded_copy(text, size), size);
	struct span line;
	char seen[256];
	struct writer w = writer_over(seen, sizeof(seen) - 1);

	while (environment_next(&rest, &line)) {
		write_span(&w, line);
		write_u8(&w, '|');
	}
	seen[w.len] = '\0';
	assert_string_equal(seen, expected);
}

static void
test_environment_lines(void **state)
{
	(void)state;
	assert_lines("", "");
	assert_lines("\n\n \t\n", "");
	assert_lines("A=1", "A=1|");
	assert_lines("A=1\r\nB= x \n# C=3\n\t D=\"4\"\n", "A=1|B= x |D=\"4\"|");
	assert_lines("\r", "");
}

static void
test_environment_entries(void **state)
{
	(void)state;
	assert_true(environment_is_entry(span_str("A=1 2")));
	assert_true(environment_is_entry(span_str("A=")));
	assert_true(environment_is_entry(span_str("A")));
	assert_true(environment_is_entry(span_str("A=b=\xff")));
	assert_false(environment_is_entry(span_str("")));
	assert_false(environment_is_entry(span_str("=x")));
	assert_false(environment_is_entry(span_str("export A=1")));
	assert_false(environment_is_entry(span_of("A=1\0B", 5)));
}

static void
test_codes(void **state)
{
	static const char *const refused[] = {"", "x", "1,", ",1", "256", "5-3",
		"1-", "-1", "1 ,2", "1-2-3", "300-301"};
	struct code_set set = {{0}};

	(void)state;
	error_clear(&error);
	assert_int_equal(value_codes(&set, "0,7-9,255", &error), ERR_OK);
	assert_int_equal(set.bits[0], 0x81);
	assert_int_equal(set.bits[1], 0x03);
	assert_int_equal(set.bits[31], 0x80);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct code_set before = set;

		if (value_codes(&set, refused[i], &error) != ERR_USAGE)
			fail_msg("accepted: \"%s\"", refused[i]);
		assert_memory_equal(&set, &before, sizeof(set));
	}
}

static void
test_limits(void **state)
{
	static const char *const refused[] = {"", "nofile", "nofile=", "=1",
		"nofile=x", "nofile=5:4", "nofile=1:", "NOFILE=1",
		"nofile=1:2:3", "nofile=-1", "files=1", "core=unlimited:0",
		"core=unlimitedx"};
	struct resource_limits l;

	(void)state;
	memset(&l, 0, sizeof(l));
	error_clear(&error);
	assert_int_equal(value_limit(&l, "nofile=10:20", &error), ERR_OK);
	assert_int_equal(value_limit(&l, "core=0", &error), ERR_OK);
	assert_int_equal(value_limit(&l, "stack=8:unlimited", &error), ERR_OK);
	assert_int_equal(l.set,
		1u << RLIMIT_NOFILE | 1u << RLIMIT_CORE | 1u << RLIMIT_STACK);
	assert_int_equal(l.of[RLIMIT_NOFILE].soft, 10);
	assert_int_equal(l.of[RLIMIT_NOFILE].hard, 20);
	assert_int_equal(l.of[RLIMIT_CORE].hard, 0);
	assert_true(l.of[RLIMIT_STACK].hard == RLIM_INFINITY);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (value_limit(&l, refused[i], &error) != ERR_USAGE)
			fail_msg("accepted: \"%s\"", refused[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_more_groups_than_fit),
		cmocka_unit_test(test_environment_lines),
		cmocka_unit_test(test_environment_entries),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
