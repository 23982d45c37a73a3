/*
 * roles.h - how init starts the other processes without knowing them.
 *
 * main.c fills struct roles; init forks and calls. The child inherits config,
 * listeners and channels by memory; everything else has been closed, signals
 * are default and unblocked, and the process is not dumpable. SIGPIPE is
 * ignored, and so are SIGTERM, SIGINT, SIGQUIT and SIGHUP: a role ends when
 * init says so. The return value is the exit status of the process.
 */
#ifndef ROLES_H
#define ROLES_H

#include "base/limits.h"
#include "config.h"
#include "io/ipc.h"

#include <stdbool.h>

/* In the place of a listening socket. */
#define LISTENER_LATER (-1) /* not bound yet: IPC_LISTENER comes */
#define LISTENER_NONE                                                          \
	(-2) /* nobody will listen: it was skipped, or "check"                 \
	      */

struct tunnel_boot {
	int control;                  /* struct ipc_message, both ways */
	int answers;                  /* struct ipc_identity, to be read */
	int http;                     /* listening, or -1: not wanted */
	int admin;                    /* the same */
	bool test;                    /* begin with the connection test */
	int listeners[INSTANCES_MAX]; /* or LISTENER_LATER, LISTENER_NONE */
};

/* The tunnel's exit status when it drained in order, but connections were
 * left at the end of --max-sigterm-delay. */
#define TUNNEL_LEFT_OPEN 3

struct roles {
	int (*tunnel)(const struct config *c, const struct tunnel_boot *boot);
	int (*fetcher)(const struct config *c,
		const struct ipc_message *question, int answers);
	/* Reads the configuration again: init/reload.h. */
	int (*reader)(int channel);
};

#endif
