/*
 * test_log.c - a reader that stopped reading never blocks the logger, what was
 * lost is counted, and text from outside cannot forge a line.
 */
#include "base/log.h"
#include "base/span.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_err;
static int reader;
static char seen[1 << 20];

/* Standard error becomes a pipe for one test; log_open happens once. */
static int
set_up(void **state)
{
	int fds[2];

	(void)state;
	saved_err = dup(STDERR_FILENO);
	if (saved_err < 0 || pipe(fds) != 0)
		return -1;
	if (dup2(fds[1], STDERR_FILENO) < 0)
		return -1;
	(void)close(fds[1]);
	reader = fds[0];
	return fcntl(reader, F_SETFL, O_NONBLOCK);
}

static int
tear_down(void **state)
{
	(void)state;
	(void)dup2(saved_err, STDERR_FILENO);
	(void)close(saved_err);
	(void)close(reader);
	return 0;
}

static const char *
drain(void)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(reader, seen + len, sizeof(seen) - 1 - len)) > 0)
		len += (size_t)n;
	seen[len] = '\0';
	return seen;
}

static bool
is_utf8(const char *s)
{
	struct span rest = span_str(s);

	while (rest.len > 0) {
		size_t len = utf8_length(rest);

		if (len == 0)
			return false;
		rest = span_of(rest.data + len, rest.len - len);
	}
	return true;
}

static void
test_text_line(void **state)
{
	(void)state;
	log_setup(LOG_INFO, false);
	log_error("tunnel: %s", "gone");
	assert_non_null(strstr(drain(), " tunnel: gone\n"));
}

static void
test_levels(void **state)
{
	(void)state;
	log_setup(LOG_ERROR, false);
	log_warn("quiet");
	assert_string_equal(drain(), "");
}

static void
test_controls_cannot_forge_a_line(void **state)
{
	(void)state;
	log_setup(LOG_INFO, false);
	log_error("server said: %s", "x\n2026/01/01 forged\033[2J");
	drain();
	assert_ptr_equal(strchr(seen, '\n'), seen + strlen(seen) - 1);
	assert_null(strchr(seen, '\033'));
}

static void
test_lines_are_utf8(void **state)
{
	char text[LOG_LINE_MAX + 1];

	(void)state;
	for (int json = 0; json < 2; json++) {
		log_setup(LOG_INFO, json == 1);
		log_error("<%s>", "\xc3\xa9 \xc3 \xff \xed\xa0\x80 \xc2\x9b");
		assert_non_null(strstr(drain(), "<\xc3\xa9 ? ? ???   >"));
		/* Whatever the place where a long line is cut. */
		for (size_t shift = 0; shift < 4; shift++) {
			memset(text, 'x', shift);
			for (size_t i = shift; i + 4 < sizeof(text); i += 3)
				memcpy(text + i, "\xe2\x82\xac", 4);
			log_error("%s", text);
			drain();
			assert_true(is_utf8(seen));
		}
	}
}

static void
test_json(void **state)
{
	(void)state;
	log_setup(LOG_INFO, true);
	log_error("a \"b\" \\ \n c");
	drain();
	assert_non_null(strstr(seen, "\"severity\":\"ERROR\""));
	assert_non_null(
		strstr(seen, "\"message\":\"a \\\"b\\\" \\\\ \\u000a c\"}\n"));
}

static void
test_long_message_is_cut_into_one_line(void **state)
{
	static char text[4096];

	(void)state;
	log_setup(LOG_INFO, true);
	memset(text, '"', sizeof(text) - 1);
	log_error("%s", text);
	drain();
	assert_true(strlen(seen) <= LOG_LINE_MAX);
	assert_string_equal(seen + strlen(seen) - 3, "\"}\n");
}

/* Runs past the pipe's capacity: the call returns all the same. */
static void
test_full_pipe_drops_and_counts(void **state)
{
	(void)state;
	log_setup(LOG_INFO, false);
	for (int i = 0; i < 2000; i++)
		log_error("line %d of many that nobody reads: %0500d", i, i);
	drain();
	log_error("after");
	drain();
	assert_non_null(strstr(seen, "line(s) lost"));
	assert_non_null(strstr(seen, "after\n"));
	assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}

/* As above, with the private non-blocking description of log_open. */
static void
test_full_pipe_with_own_description(void **state)
{
	log_open();
	assert_true(log_fd_err() > STDERR_FILENO);
	test_full_pipe_drops_and_counts(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_text_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_controls_cannot_forge_a_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_lines_are_utf8, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_long_message_is_cut_into_one_line, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_full_pipe_drops_and_counts, set_up, tear_down),
		/* Last: the description stays open. */
		cmocka_unit_test_setup_teardown(
			test_full_pipe_with_own_description, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
