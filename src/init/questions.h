/*
 * questions.h - the tunnel's questions for identities, and the fetchers that
 * answer them: one at a time per instance, as often as the limiter allows.
 */
#ifndef INIT_QUESTIONS_H
#define INIT_QUESTIONS_H

#include "init/backoff.h"
#include "init/keeper.h"
#include "init/limiter.h"
#include "init/stragglers.h"
#include "io/ipc.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct question {
	bool waiting;  /* asked, no fetcher yet */
	bool stale;    /* the fetcher works for a tunnel that is gone */
	pid_t fetcher; /* -1: none */
	uint64_t not_before_ms;
	uint64_t kill_at_ms;    /* of the fetcher */
	struct limiter limiter; /* for the life of the container */
	struct backoff backoff; /* of fork(2) */
	struct ipc_message message;
};

struct questions {
	const struct config *config;
	const struct roles *roles;
	struct question list[INSTANCES_MAX];
};

void questions_init(
	struct questions *q, const struct config *c, const struct roles *roles);

/* An instance is new at that place, where no fetcher is. */
void questions_add(struct questions *q, uint32_t instance);

/* Nobody needs its answer: forget the question, end the fetcher. */
void questions_drop(struct questions *q, uint32_t instance);

/* An IPC_ASK_IDENTITY has come. */
void questions_ask(
	struct questions *q, const struct ipc_message *m, uint64_t now_ms);

/* Start what is due, kill what is overdue. */
void questions_turn(
	struct questions *q, const struct keeper *k, uint64_t now_ms);

/* When questions_turn has something to do next. */
uint64_t questions_deadline(const struct questions *q, const struct keeper *k);

/* A child has ended. True: it was a fetcher; the tunnel is told if need be. */
bool questions_reaped(
	struct questions *q, struct keeper *k, pid_t pid, int wait_status);

/* Whoever asked is gone: forget questions, end fetchers. */
void questions_cancel(struct questions *q);

/* Add the fetchers to the processes to be spared. */
void questions_spare(const struct questions *q, struct spared *s);

#endif
