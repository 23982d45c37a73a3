/*
 * test_restarts.c - ten thousand runs of an app: real processes, with invented
 * times between them, so that no backoff is waited for.
 */
#include "init/app.h"
#include "init/supervisor.h"

#include "base/clock.h"
#include "base/rng.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS 10000u

/* The sanitizer's; gcc comes without its header. */
size_t allocated_bytes(void) __asm__("__sanitizer_get_current_allocated_bytes");

static size_t
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	assert_int_equal(closedir(dir), 0);
	return count;
}

static void
run_once(struct app *a, struct supervisor *sv, uint64_t *now)
{
	struct orders orders;
	int wait_status;
	int code = -1;
	pid_t pid = a->pid;

	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	assert_int_equal(app_reaped(a, wait_status, &code), APP_ENDED);
	assert_int_equal(code, 1);
	supervisor_handle(sv, EV_APP_EXITED, code, *now, &orders);
	assert_int_equal(sv->state, ST_BACKOFF);
	assert_true(sv->deadline_ms > *now);
	assert_true(sv->deadline_ms - *now <=
		    BACKOFF_CAP_MS * (100 + BACKOFF_JITTER_PERCENT) / 100);
	*now = sv->deadline_ms;
	supervisor_handle(sv, EV_TIMER, 0, *now, &orders);
	assert_int_equal(orders.count, 1);
	assert_int_equal(orders.list[0], DO_START_APP);
	assert_int_equal(app_start(a, -1, -1), ERR_OK);
}

static void
nothing_grows(void **state)
{
	static char path[] = "/bin/false";
	static char *command[] = {path, NULL};
	static char *environment[] = {NULL};
	static struct config config;
	struct supervision want = {.app = true,
		.stop_ms = CLOCK_NEVER,
		.restart = {.mode = RESTART_ALWAYS},
		.jitter = rng_jitter};
	struct supervisor sv;
	struct orders orders;
	struct app app;
	uint64_t now = 1000;
	size_t descriptors;
	size_t bytes;

	(void)state;
	config.command = command;
	config.environment = environment;
	app_init(&app, &config);
	supervisor_start(&sv, &want, now, &orders);
	assert_int_equal(app_start(&app, -1, -1), ERR_OK);
	run_once(&app, &sv, &now);
	descriptors = open_descriptors();
	bytes = allocated_bytes();
	for (unsigned i = 1; i < RUNS; i++)
		run_once(&app, &sv, &now);
	assert_int_equal(open_descriptors(), descriptors);
	assert_int_equal(allocated_bytes(), bytes);
	assert_int_equal(sv.restarts, RUNS);
	assert_int_equal(waitpid(app.pid, NULL, 0), app.pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
