/*
 * test_sandbox.c - what a sandboxed process can still do, and what it cannot.
 * The seccomp list belongs to musl's build; tests/integration sees to that.
 */
#include "io/sandbox.h"
#include "io/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_VERSION        1u

static long
landlock_abi(void)
{
	return syscall(
		LANDLOCK_CREATE_RULESET, NULL, (size_t)0, LANDLOCK_VERSION);
}

/* The exit status of check() in a child that entered the sandbox. */
static int
inside(enum sandbox_role role, int (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		sandbox_enter(role);
		_exit(check());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
basics(void)
{
	struct rlimit core;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return 3;
	return 0;
}

static int
open_a_file(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static int
bind_a_port(void)
{
	struct error e;
	uint16_t port;
	int fd;

	error_clear(&e);
	if (socket_listen_tcp("127.0.0.1", 0, &fd, &port, &e) != ERR_OK)
		return e.sys_errno;
	return 0;
}

static int
signal_the_parent(void)
{
	return kill(getppid(), 0) == 0 ? 0 : errno;
}

static void
test_basics(void **state)
{
	(void)state;
	assert_int_equal(inside(SANDBOX_FETCHER, basics), 0);
	assert_int_equal(inside(SANDBOX_TUNNEL, basics), 0);
}

static void
test_a_fetcher_keeps_files(void **state)
{
	(void)state;
	assert_int_equal(inside(SANDBOX_FETCHER, open_a_file), 0);
}

static void
test_a_tunnel_has_no_files(void **state)
{
	(void)state;
	if (landlock_abi() < 1) {
		(void)puts("kernel: no Landlock");
		skip();
	}
	assert_int_equal(inside(SANDBOX_TUNNEL, open_a_file), EACCES);
}

static void
test_a_tunnel_binds_no_port(void **state)
{
	(void)state;
	if (landlock_abi() < 4) {
		(void)puts("kernel: no rules for ports in Landlock");
		skip();
	}
	assert_int_equal(inside(SANDBOX_TUNNEL, bind_a_port), EACCES);
}

static void
test_a_tunnel_signals_nobody(void **state)
{
	(void)state;
	if (landlock_abi() < 6) {
		(void)puts("kernel: no scopes in Landlock");
		skip();
	}
	assert_int_equal(inside(SANDBOX_TUNNEL, signal_the_parent), EPERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_a_fetcher_keeps_files),
		cmocka_unit_test(test_a_tunnel_has_no_files),
		cmocka_unit_test(test_a_tunnel_binds_no_port),
		cmocka_unit_test(test_a_tunnel_signals_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
