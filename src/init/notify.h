/*
 * notify.h - readiness and life signs (sd_notify(3)): what the app says to a
 * socket of ours, or with a newline to a pipe, is passed on to the socket that
 * we were given; and what we say there ourselves.
 */
#ifndef INIT_NOTIFY_H
#define INIT_NOTIFY_H

#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct notify {
	const struct config *config;
	int fd;               /* the app's NOTIFY_SOCKET; -1: none */
	int pipe;             /* the end we read of --notify-fd; -1: none */
	int outer;            /* to where we pass on; -1: nobody asked */
	bool ready;           /* the app is, since its last start */
	bool aborted;         /* it was sent SIGABRT */
	uint64_t watchdog_ms; /* no sign until then: it hangs; CLOCK_NEVER */
};

/* Open what c asks for. Never fails: what is missing is logged. */
void notify_open(struct notify *n, const struct config *c);

/* A pipe for the next start of the app; its end to give away, or -1. */
int notify_pipe(struct notify *n);

/* Something may have come on fd or pipe. */
void notify_receive(struct notify *n, uint64_t now_ms);

/* The app is not running: nothing is expected of it. */
void notify_ended(struct notify *n);

/*
 * The app has been silent for too long: the signal to end it with, SIGABRT and
 * a while later SIGKILL; else 0.
 */
int notify_overdue(struct notify *n, uint64_t now_ms);

/* Tell the outer socket, "READY=1" for instance. */
void notify_say(struct notify *n, const char *text);

#endif
