/*
 * keeper.h - the tunnel as a process: started with the listeners and two
 * channels, started again when it dies, told to finish at the end.
 */
#ifndef INIT_KEEPER_H
#define INIT_KEEPER_H

#include "base/error.h"
#include "init/backoff.h"
#include "init/listeners.h"
#include "io/ipc.h"
#include "roles.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct keeper {
	const struct config *config;
	const struct roles *roles;
	const struct listeners *listeners;
	int cwd;     /* directory of the tunnel; -1: ours */
	pid_t pid;   /* -1: not running */
	int control; /* our end, or -1 */
	int answers; /* the end that fetchers inherit, or -1 */
	uint64_t started_ms;
	uint64_t restart_at_ms; /* CLOCK_NEVER: not waiting */
	struct backoff backoff;
	bool tested;   /* the connection test is over, and not to be repeated */
	bool draining; /* it is not started again */
};

void keeper_init(struct keeper *k, const struct config *c,
	const struct roles *roles, const struct listeners *listeners);

/* Start it now; when that is impossible, it is due again later. */
void keeper_start(struct keeper *k, uint64_t now_ms);

/* It has ended: a new one is due, at once the first time. */
void keeper_reaped(struct keeper *k, int wait_status, uint64_t now_ms);

/*
 * Take its next message. ERR_AGAIN: none. Any other failure: it has closed
 * the channel or broken the rules, and has been killed.
 */
enum err keeper_receive(struct keeper *k, struct ipc_message *m) NODISCARD;

/* Send it a message, fd attached where >= 0. If it does not read, kill it. */
void keeper_send(struct keeper *k, const struct ipc_message *m, int fd);

/* Tell it to finish. False: there is none. */
bool keeper_drain(struct keeper *k, uint32_t patience_ms);

void keeper_kill(struct keeper *k);

#endif
