/*
 * test_loop.c - the poll registry: interest, hang-ups, deadlines, and above
 * all removal and reuse of watches in the middle of a turn.
 */
#include "base/clock.h"
#include "io/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PIPES 16

struct probe {
	struct watch watch;
	int fd;   /* reading end */
	int peer; /* writing end */
	int calls;
	short revents;
	struct probe *victim; /* removed by this one's handler */
	struct probe *fresh;  /* added by this one's handler */
};

static struct loop loop;
static struct probe probes[PIPES];

static void
on_event(void *context, short revents)
{
	struct probe *p = context;

	p->calls++;
	p->revents = revents;
	if (p->victim != NULL)
		loop_remove(&loop, &p->victim->watch);
	if (p->fresh != NULL) {
		assert_int_equal(loop_add(&loop, &p->fresh->watch, p->fresh->fd,
					 on_event, p->fresh),
			ERR_OK);
		loop_set(&loop, &p->fresh->watch, POLLIN);
	}
}

static void
add(struct probe *p)
{
	assert_int_equal(
		loop_add(&loop, &p->watch, p->fd, on_event, p), ERR_OK);
	loop_set(&loop, &p->watch, POLLIN);
}

static int
begin(void **state)
{
	size_t i;

	(void)state;
	memset(&loop, 0, sizeof(loop));
	memset(probes, 0, sizeof(probes));
	for (i = 0; i < PIPES; i++) {
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		probes[i].fd = fds[0];
		probes[i].peer = fds[1];
		watch_init(&probes[i].watch);
	}
	return 0;
}

static int
finish(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < PIPES; i++) {
		close(probes[i].fd);
		if (probes[i].peer >= 0)
			close(probes[i].peer);
	}
	return 0;
}

static void
poke(struct probe *p)
{
	assert_int_equal(write(p->peer, "x", 1), 1);
}

static void
turn(void)
{
	assert_int_equal(loop_turn(&loop, clock_ms()), ERR_OK);
}

static void
test_a_new_watch_waits_for_nothing(void **state)
{
	struct probe *p = &probes[0];

	(void)state;
	assert_int_equal(
		loop_add(&loop, &p->watch, p->fd, on_event, p), ERR_OK);
	poke(p);
	turn();
	assert_int_equal(p->calls, 0);
	loop_set(&loop, &p->watch, POLLIN);
	turn();
	assert_int_equal(p->calls, 1);
	assert_int_equal(p->revents, POLLIN);
	loop_set(&loop, &p->watch, LOOP_NOTHING);
	turn();
	assert_int_equal(p->calls, 1);
}

static void
test_hang_up(void **state)
{
	struct probe *p = &probes[0];

	(void)state;
	add(p);
	loop_set(&loop, &p->watch, 0);
	poke(p);
	turn();
	assert_int_equal(p->calls, 0);
	close(p->peer);
	p->peer = -1;
	turn();
	assert_int_equal(p->calls, 1);
	assert_int_equal(p->revents, POLLHUP);
	loop_set(&loop, &p->watch, LOOP_NOTHING);
	turn();
	assert_int_equal(p->calls, 1);
}

/* Every pair: the handler of one removes another, which is ready as well. */
static void
test_removal_in_a_turn(void **state)
{
	size_t remover;
	size_t victim;

	for (remover = 0; remover < 5; remover++) {
		for (victim = 0; victim < 5; victim++) {
			size_t i;

			finish(state);
			begin(state);
			for (i = 0; i < 5; i++) {
				add(&probes[i]);
				poke(&probes[i]);
			}
			probes[remover].victim = &probes[victim];
			turn();
			for (i = 0; i < 5; i++) {
				/* Turns run from the last to the first. */
				bool gone = i == victim && victim < remover;

				assert_int_equal(probes[i].calls, gone ? 0 : 1);
			}
			assert_int_equal(probes[victim].watch.slot, LOOP_FREE);
			assert_int_equal(loop.count, 4);
			turn();
			for (i = 0; i < 5; i++)
				assert_int_equal(probes[i].calls,
					i == victim ? (victim >= remover) : 2);
		}
	}
}

/* A descriptor added in a turn has no events in that turn, wherever it is
 * moved to. */
static void
test_addition_in_a_turn(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		add(&probes[i]);
		poke(&probes[i]);
	}
	poke(&probes[3]);
	probes[2].fresh = &probes[3];
	probes[2].victim = &probes[0];
	turn();
	assert_int_equal(probes[0].calls, 0);
	assert_int_equal(probes[3].calls, 0);
	probes[2].fresh = NULL;
	turn();
	assert_int_equal(probes[3].calls, 1);
}

static void
test_a_watch_that_removes_itself(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < PIPES; i++) {
		add(&probes[i]);
		poke(&probes[i]);
		probes[i].victim = &probes[i];
	}
	turn();
	for (i = 0; i < PIPES; i++)
		assert_int_equal(probes[i].calls, 1);
	assert_int_equal(loop.count, 0);
	loop_remove(&loop, &probes[0].watch);
	loop_set(&loop, &probes[0].watch, POLLIN);
	assert_int_equal(loop.count, 0);
}

static void
test_the_registry_is_bounded(void **state)
{
	static struct watch many[LOOP_WATCHES_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < LOOP_WATCHES_MAX; i++)
		assert_int_equal(loop_add(&loop, &many[i], probes[0].fd,
					 on_event, &probes[0]),
			ERR_OK);
	assert_int_equal(
		loop_add(&loop, &many[i], probes[0].fd, on_event, &probes[0]),
		ERR_LIMIT);
	assert_int_equal(many[i].slot, LOOP_FREE);
	loop_remove(&loop, &many[7]);
	assert_int_equal(
		loop_add(&loop, &many[i], probes[0].fd, on_event, &probes[0]),
		ERR_OK);
}

static void
test_a_deadline_ends_a_turn(void **state)
{
	uint64_t deadline_ms = clock_ms() + 30;

	(void)state;
	add(&probes[0]);
	assert_int_equal(loop_turn(&loop, deadline_ms), ERR_OK);
	assert_true(clock_ms() >= deadline_ms);
	assert_int_equal(probes[0].calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_new_watch_waits_for_nothing),
		TEST(test_hang_up),
		TEST(test_removal_in_a_turn),
		TEST(test_addition_in_a_turn),
		TEST(test_a_watch_that_removes_itself),
		TEST(test_the_registry_is_bounded),
		TEST(test_a_deadline_ends_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
