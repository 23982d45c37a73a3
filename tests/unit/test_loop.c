/*
 * test_loop.c - the epoll registry: interest, hang-ups, deadlines, and above
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
	struct probe *silenced;
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
	if (p->silenced != NULL)
		loop_set(&loop, &p->silenced->watch, LOOP_NOTHING);
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
	assert_int_equal(loop_init(&loop), ERR_OK);
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
	loop_close(&loop);
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
				/* A turn goes in the order of readiness. */
				bool gone = i == victim && victim > remover;

				assert_int_equal(probes[i].calls, gone ? 0 : 1);
			}
			assert_false(watch_used(&probes[victim].watch));
			assert_int_equal(loop.count, 4);
			turn();
			for (i = 0; i < 5; i++)
				assert_int_equal(probes[i].calls,
					i == victim ? (victim <= remover) : 2);
		}
	}
}

/*
 * The watch that a handler frees serves another descriptor before the turn
 * reaches what the first one was ready for.
 */
static void
test_reuse_in_a_turn(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		add(&probes[i]);
		poke(&probes[i]);
	}
	close(probes[2].fd);
	probes[2].fd = probes[3].fd;
	probes[3].fd = dup(probes[0].fd);
	probes[0].victim = &probes[2];
	probes[0].fresh = &probes[2];
	turn();
	assert_int_equal(probes[2].calls, 0);
	poke(&probes[3]);
	probes[0].victim = NULL;
	probes[0].fresh = NULL;
	turn();
	assert_int_equal(probes[2].calls, 1);
}

/* A handler that stops another one is obeyed in the same turn. */
static void
test_silence_in_a_turn(void **state)
{
	(void)state;
	add(&probes[0]);
	add(&probes[1]);
	poke(&probes[0]);
	poke(&probes[1]);
	probes[0].silenced = &probes[1];
	turn();
	assert_int_equal(probes[0].calls, 1);
	assert_int_equal(probes[1].calls, 0);
	loop_set(&loop, &probes[1].watch, POLLIN);
	probes[0].silenced = NULL;
	turn();
	assert_int_equal(probes[1].calls, 1);
}

/* More descriptors are ready than one turn takes: none is forgotten. */
static void
test_many_ready(void **state)
{
	static struct probe many[LOOP_READY_MAX + 5];
	const size_t count = sizeof(many) / sizeof(many[0]);
	size_t i;

	(void)state;
	memset(many, 0, sizeof(many));
	poke(&probes[0]);
	for (i = 0; i < count; i++) {
		many[i].fd = dup(probes[0].fd);
		add(&many[i]);
	}
	turn();
	turn();
	for (i = 0; i < count; i++) {
		assert_in_range(many[i].calls, 1, 2);
		loop_remove(&loop, &many[i].watch);
		close(many[i].fd);
	}
}

/* What hung up and is not waited for does not end one turn after another. */
static void
test_no_spinning(void **state)
{
	uint64_t deadline_ms;

	(void)state;
	add(&probes[0]);
	close(probes[0].peer);
	probes[0].peer = -1;
	loop_set(&loop, &probes[0].watch, LOOP_NOTHING);
	turn();
	deadline_ms = clock_ms() + 30;
	assert_int_equal(loop_turn(&loop, deadline_ms), ERR_OK);
	assert_true(clock_ms() >= deadline_ms);
	assert_int_equal(probes[0].calls, 0);
	loop_set(&loop, &probes[0].watch, 0);
	turn();
	assert_int_equal(probes[0].calls, 1);
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
test_a_descriptor_that_cannot_be_watched(void **state)
{
	struct watch w;

	(void)state;
	assert_int_equal(
		loop_add(&loop, &w, -1, on_event, &probes[0]), ERR_LIMIT);
	assert_false(watch_used(&w));
	loop_set(&loop, &w, POLLIN);
	loop_remove(&loop, &w);
	assert_int_equal(loop.count, 0);
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
		TEST(test_reuse_in_a_turn),
		TEST(test_silence_in_a_turn),
		TEST(test_many_ready),
		TEST(test_no_spinning),
		TEST(test_a_watch_that_removes_itself),
		TEST(test_a_descriptor_that_cannot_be_watched),
		TEST(test_a_deadline_ends_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
