/*
 * questions.c - owns the fetchers' pids and the limiters. Never reads an
 * answer: that goes from the fetcher to the tunnel.
 */
#include "init/questions.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "io/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

struct fetcher_start {
	const struct config *config;
	const struct roles *roles;
	const struct ipc_message *question;
	int answers;
};

void
questions_init(
	struct questions *q, const struct config *c, const struct roles *roles)
{
	q->config = c;
	q->roles = roles;
	/* No more than is used: untouched pages cost nothing. */
	for (uint32_t i = 0; i < c->instance_count; i++)
		questions_add(q, i);
}

void
questions_add(struct questions *q, uint32_t instance)
{
	struct question *one = &q->list[instance];

	memset(one, 0, sizeof(*one));
	one->fetcher = -1;
	one->kill_at_ms = CLOCK_NEVER;
	backoff_init(&one->backoff, BACKOFF_BASE_MS);
}

void
questions_ask(struct questions *q, const struct ipc_message *m, uint64_t now_ms)
{
	struct question *one = &q->list[m->instance];

	one->message = *m;
	one->waiting = true;
	/* A look at the DNS is none of the API's business. */
	one->not_before_ms = (m->flags & IPC_ASK_NAME) != 0
				     ? now_ms
				     : limiter_when(&one->limiter, now_ms);
	if (one->not_before_ms > now_ms)
		log_warn("[%s] refreshed too often; the next refresh waits "
			 "%u ms",
			q->config->instances[m->instance].name,
			(unsigned)(one->not_before_ms - now_ms));
}

static int
run_fetcher(const void *arg)
{
	const struct fetcher_start *start = arg;

	return start->roles->fetcher(
		start->config, start->question, start->answers);
}

static void
fork_fetcher(struct questions *q, struct question *one, const struct keeper *k,
	uint64_t now_ms)
{
	struct fetcher_start start = {
		.config = q->config,
		.roles = q->roles,
		.question = &one->message,
		.answers = k->answers,
	};
	struct spawn_role role = {
		.name = "fairlead-fetch",
		.run = run_fetcher,
		.arg = &start,
		.cwd = k->cwd,
		.keep = {k->answers, log_fd_out(), log_fd_err()},
		.keep_count = 3,
	};

	if (spawn_role(&role, &one->fetcher) != ERR_OK) {
		one->fetcher = -1;
		one->not_before_ms =
			now_ms + backoff_next(&one->backoff, rng_jitter);
		log_warn("init: cannot start a fetcher now: %s",
			strerror(errno));
		return;
	}
	backoff_reset(&one->backoff);
	if ((one->message.flags & IPC_ASK_NAME) == 0)
		limiter_take(&one->limiter, now_ms);
	one->waiting = false;
	one->stale = false;
	one->kill_at_ms = now_ms + q->config->refresh_timeout +
			  FETCHER_ALARM_GRACE_S * UINT64_C(1000) +
			  FETCHER_KILL_GRACE_MS;
}

void
questions_turn(struct questions *q, const struct keeper *k, uint64_t now_ms)
{
	for (size_t i = 0; i < q->config->instance_count; i++) {
		struct question *one = &q->list[i];

		if (one->fetcher > 0 && now_ms >= one->kill_at_ms) {
			(void)kill(one->fetcher, SIGKILL);
			one->kill_at_ms = CLOCK_NEVER;
		}
		if (one->waiting && one->fetcher < 0 && k->answers >= 0 &&
			now_ms >= one->not_before_ms)
			fork_fetcher(q, one, k, now_ms);
	}
}

uint64_t
questions_deadline(const struct questions *q, const struct keeper *k)
{
	uint64_t next = CLOCK_NEVER;

	for (size_t i = 0; i < q->config->instance_count; i++) {
		const struct question *one = &q->list[i];

		if (one->fetcher > 0 && one->kill_at_ms < next)
			next = one->kill_at_ms;
		if (one->waiting && one->fetcher < 0 && k->answers >= 0 &&
			one->not_before_ms < next)
			next = one->not_before_ms;
	}
	return next;
}

static void
tell_failure(struct keeper *k, uint32_t instance, int wait_status)
{
	struct ipc_message m = {
		.kind = IPC_FETCHER_EXITED,
		.instance = instance,
		.wait_status = wait_status,
	};

	keeper_send(k, &m, -1);
}

bool
questions_reaped(
	struct questions *q, struct keeper *k, pid_t pid, int wait_status)
{
	for (uint32_t i = 0; i < q->config->instance_count; i++) {
		struct question *one = &q->list[i];

		if (one->fetcher != pid)
			continue;
		one->fetcher = -1;
		one->kill_at_ms = CLOCK_NEVER;
		if (wait_status != 0 && !one->stale)
			tell_failure(k, i, wait_status);
		return true;
	}
	return false;
}

void
questions_drop(struct questions *q, uint32_t instance)
{
	struct question *one = &q->list[instance];

	one->waiting = false;
	if (one->fetcher > 0) {
		one->stale = true;
		(void)kill(one->fetcher, SIGKILL);
	}
}

void
questions_cancel(struct questions *q)
{
	for (uint32_t i = 0; i < q->config->instance_count; i++)
		questions_drop(q, i);
}

void
questions_spare(const struct questions *q, struct spared *s)
{
	for (size_t i = 0; i < q->config->instance_count; i++) {
		if (q->list[i].fetcher > 0 && s->count < ROLES_MAX)
			s->pids[s->count++] = q->list[i].fetcher;
	}
}
