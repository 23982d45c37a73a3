/*
 * test_keeper.c - init's dealings with tunnel and fetchers, which are real
 * processes here but do what the test wants. Times are invented.
 */
#include "init/keeper.h"
#include "init/questions.h"

#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1000000u

static struct config config;
static struct listeners listeners;
static struct keeper keeper;
static struct questions questions;

/* What the tunnel of the test does. */
enum conduct {
	SAYS_READY,
	SAYS_NONSENSE,
	SAYS_TOO_FAR, /* an instance that does not exist */
	ENDS,
	DRAINS,
	RELAYS /* tells the test what came on answers or control */
};

static enum conduct conduct;

static int
wait_for_end(const struct tunnel_boot *boot)
{
	char byte;

	return (int)recv(boot->control, &byte, 1, 0);
}

/* Every answer (one byte in this test) becomes an engine message. */
static int
relay(const struct tunnel_boot *boot)
{
	struct pollfd fds[2] = {
		{.fd = boot->control, .events = POLLIN, .revents = 0},
		{.fd = boot->answers, .events = POLLIN, .revents = 0},
	};
	struct ipc_message m = {.kind = IPC_ENGINE};
	unsigned char byte;
	int fd;

	for (;;) {
		(void)poll(fds, 2, -1);
		m.engine = IPC_ENGINE_POSTGRES;
		if ((fds[1].revents & POLLIN) != 0 &&
			read(boot->answers, &byte, 1) != 1)
			return 1;
		if (fds[1].revents == 0) {
			if (ipc_receive(boot->control, &m, &fd, 2) != ERR_OK)
				return 2;
			if (m.kind == IPC_DRAIN)
				return 0;
			m.kind = IPC_ENGINE;
			m.engine = IPC_ENGINE_MYSQL;
		}
		if (ipc_send(boot->control, &m, -1) != ERR_OK)
			return 3;
	}
}

static int
tunnel(const struct config *c, const struct tunnel_boot *boot)
{
	struct ipc_message m = {.kind = IPC_READY};

	if (c != &config || boot->listeners[0] != listeners.fds[0])
		return 99;
	switch (conduct) {
	case SAYS_READY:
		if (ipc_send(boot->control, &m, -1) != ERR_OK)
			return 98;
		return wait_for_end(boot);
	case SAYS_NONSENSE:
		(void)send(boot->control, "nonsense", 8, 0);
		return wait_for_end(boot);
	case SAYS_TOO_FAR:
		m.kind = IPC_ASK_IDENTITY;
		m.instance = 2;
		if (ipc_send(boot->control, &m, -1) != ERR_OK)
			return 97;
		return wait_for_end(boot);
	case DRAINS:
	case RELAYS:
		return relay(boot);
	case ENDS:
		break;
	}
	return 7;
}

/* It answers with one byte, but fails for the second instance. */
static int
fetcher(const struct config *c, const struct ipc_message *question, int answers)
{
	if (c != &config || question->instance > 0)
		return 5;
	return write(answers, "a", 1) == 1 ? 0 : 6;
}

static const struct roles roles = {.tunnel = tunnel, .fetcher = fetcher};

static void
start(enum conduct what)
{
	conduct = what;
	keeper_init(&keeper, &config, &roles, &listeners);
	keeper_start(&keeper, NOW);
	assert_true(keeper.pid > 0);
	assert_true(keeper.restart_at_ms == CLOCK_NEVER);
}

static int
reap(pid_t pid)
{
	int wait_status;

	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	return wait_status;
}

static enum err
next_message(struct ipc_message *m)
{
	struct pollfd p = {
		.fd = keeper.control, .events = POLLIN, .revents = 0};

	assert_int_equal(poll(&p, 1, 30000), 1);
	return keeper_receive(&keeper, m);
}

static void
end(void)
{
	pid_t pid = keeper.pid;

	keeper_kill(&keeper);
	(void)reap(pid);
}

static void
talks(void **state)
{
	struct ipc_message m;

	(void)state;
	start(SAYS_READY);
	assert_int_equal(next_message(&m), ERR_OK);
	assert_int_equal(m.kind, IPC_READY);
	assert_int_equal(keeper_receive(&keeper, &m), ERR_AGAIN);
	end();
}

static void
rule_breakers_are_killed(void **state)
{
	static const enum conduct bad[] = {SAYS_NONSENSE, SAYS_TOO_FAR};
	struct ipc_message m;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int wait_status;

		start(bad[i]);
		assert_int_equal(next_message(&m), ERR_PARSE);
		assert_int_equal(keeper.control, -1);
		wait_status = reap(keeper.pid);
		assert_true(WIFSIGNALED(wait_status));
		assert_int_equal(WTERMSIG(wait_status), SIGKILL);
	}
}

static void
restarts_back_off(void **state)
{
	uint64_t now = NOW;

	(void)state;
	start(ENDS);
	keeper_reaped(&keeper, reap(keeper.pid), now);
	assert_true(keeper.restart_at_ms == now);
	keeper_start(&keeper, now);
	keeper_reaped(&keeper, reap(keeper.pid), now);
	assert_in_range(keeper.restart_at_ms - now, 75, 125);
	keeper_start(&keeper, now);
	keeper_reaped(&keeper, reap(keeper.pid), now);
	assert_in_range(keeper.restart_at_ms - now, 150, 250);
	/* After a healthy run it is immediate again. */
	keeper_start(&keeper, now);
	now += HEALTHY_AFTER_MS;
	keeper_reaped(&keeper, reap(keeper.pid), now);
	assert_true(keeper.restart_at_ms == now);
}

static void
drains_once(void **state)
{
	(void)state;
	start(DRAINS);
	assert_true(keeper_drain(&keeper, 0));
	assert_int_equal(reap(keeper.pid), 0);
	keeper_reaped(&keeper, 0, NOW);
	assert_true(keeper.restart_at_ms == CLOCK_NEVER);
	assert_false(keeper_drain(&keeper, 0));
}

/* Control messages to a tunnel that never reads end in its death. */
static void
deaf_tunnel_is_killed(void **state)
{
	struct ipc_message m = {.kind = IPC_FETCHER_EXITED};
	pid_t pid;

	(void)state;
	start(SAYS_READY);
	pid = keeper.pid;
	(void)kill(pid, SIGSTOP);
	for (int i = 0; i < 100000 && keeper.control >= 0; i++)
		keeper_send(&keeper, &m, -1);
	assert_int_equal(keeper.control, -1);
	assert_true(WIFSIGNALED(reap(pid)));
}

static void
ask(uint32_t instance, uint64_t now)
{
	struct ipc_message m = {.kind = IPC_ASK_IDENTITY, .instance = instance};

	questions_ask(&questions, &m, now);
	questions_turn(&questions, &keeper, now);
}

static void
answered_question(void **state)
{
	struct ipc_message m;
	pid_t pid;

	(void)state;
	start(RELAYS);
	questions_init(&questions, &config, &roles);
	assert_true(questions_deadline(&questions, &keeper) == CLOCK_NEVER);
	ask(0, NOW);
	pid = questions.list[0].fetcher;
	assert_true(pid > 0);
	assert_true(questions_deadline(&questions, &keeper) > NOW + 60000);
	assert_int_equal(next_message(&m), ERR_OK);
	assert_int_equal(m.engine, IPC_ENGINE_POSTGRES);
	assert_true(questions_reaped(&questions, &keeper, pid, reap(pid)));
	assert_false(questions_reaped(&questions, &keeper, pid, 0));
	end();
}

static void
failed_question_is_reported(void **state)
{
	struct ipc_message m;
	pid_t pid;

	(void)state;
	start(RELAYS);
	questions_init(&questions, &config, &roles);
	ask(1, NOW);
	pid = questions.list[1].fetcher;
	assert_true(questions_reaped(&questions, &keeper, pid, reap(pid)));
	assert_int_equal(next_message(&m), ERR_OK);
	assert_int_equal(m.engine, IPC_ENGINE_MYSQL);
	assert_int_equal(m.instance, 1);
	assert_int_equal(WEXITSTATUS(m.wait_status), 5);
	end();
}

static void
one_at_a_time_and_not_too_often(void **state)
{
	uint64_t now = NOW;

	(void)state;
	start(SAYS_READY);
	questions_init(&questions, &config, &roles);
	for (int i = 0; i < QUESTION_LIMIT_BURST; i++) {
		pid_t pid;

		ask(0, now);
		pid = questions.list[0].fetcher;
		assert_true(pid > 0);
		/* Another one waits for this one's end. */
		ask(0, now);
		assert_int_equal(questions.list[0].fetcher, pid);
		assert_true(questions.list[0].waiting);
		questions.list[0].waiting = false;
		assert_true(
			questions_reaped(&questions, &keeper, pid, reap(pid)));
	}
	ask(0, now);
	assert_int_equal(questions.list[0].fetcher, -1);
	assert_true(questions_deadline(&questions, &keeper) ==
		    now + QUESTION_LIMIT_INTERVAL_MS);
	/* The other instance has a bucket of its own. */
	ask(1, now);
	assert_true(questions.list[1].fetcher > 0);
	(void)reap(questions.list[1].fetcher);
	now += QUESTION_LIMIT_INTERVAL_MS;
	questions_turn(&questions, &keeper, now);
	assert_true(questions.list[0].fetcher > 0);
	(void)reap(questions.list[0].fetcher);
	end();
}

static void
cancelled_questions(void **state)
{
	pid_t pid;
	int wait_status;
	struct spared s = {.count = 0};

	(void)state;
	start(SAYS_READY);
	questions_init(&questions, &config, &roles);
	/* A fetcher that cannot finish, because it is stopped. */
	ask(0, NOW);
	ask(0, NOW);
	pid = questions.list[0].fetcher;
	questions_spare(&questions, &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.pids[0], pid);
	questions_cancel(&questions);
	assert_false(questions.list[0].waiting);
	wait_status = reap(pid);
	assert_true(questions_reaped(&questions, &keeper, pid, wait_status));
	/* Without a tunnel's channel nothing is started and nothing is due. */
	end();
	ask(0, NOW + 1);
	assert_int_equal(questions.list[0].fetcher, -1);
	assert_true(questions_deadline(&questions, &keeper) == CLOCK_NEVER);
}

static void
overdue_fetcher_is_killed(void **state)
{
	uint64_t due;
	pid_t pid;

	(void)state;
	start(SAYS_READY);
	questions_init(&questions, &config, &roles);
	ask(0, NOW);
	pid = questions.list[0].fetcher;
	(void)kill(pid, SIGSTOP);
	due = questions_deadline(&questions, &keeper);
	assert_true(due == NOW + config.refresh_timeout +
				   FETCHER_ALARM_GRACE_S * UINT64_C(1000) +
				   FETCHER_KILL_GRACE_MS);
	questions_turn(&questions, &keeper, due);
	(void)reap(pid);
	assert_true(questions_deadline(&questions, &keeper) == CLOCK_NEVER);
	end();
}

static int
set_up(void **state)
{
	(void)state;
	config.instance_count = 2;
	config.refresh_timeout = 60000;
	memcpy(config.instances[0].name, "p:r:one", 8);
	memcpy(config.instances[1].name, "p:r:two", 8);
	listeners.config = &config;
	for (size_t i = 0; i < INSTANCES_MAX; i++)
		listeners.fds[i] = -1;
	listeners.fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return listeners.fds[0] < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return close(listeners.fds[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(talks),
		cmocka_unit_test(rule_breakers_are_killed),
		cmocka_unit_test(restarts_back_off),
		cmocka_unit_test(drains_once),
		cmocka_unit_test(deaf_tunnel_is_killed),
		cmocka_unit_test(answered_question),
		cmocka_unit_test(failed_question_is_reported),
		cmocka_unit_test(one_at_a_time_and_not_too_often),
		cmocka_unit_test(cancelled_questions),
		cmocka_unit_test(overdue_fetcher_is_killed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
