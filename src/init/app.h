/*
 * app.h - the user's command as a process: started, signalled, and put into
 * words when it fails.
 */
#ifndef INIT_APP_H
#define INIT_APP_H

#include "base/error.h"
#include "config.h"
#include "init/signals.h"
#include "io/spawn.h"

#include <stdbool.h>
#include <sys/types.h>

struct app {
	const struct config *config;
	pid_t pid;   /* -1: not running */
	pid_t group; /* its process group, also after its end; -1: none */
	int stopped; /* the signal that stopped it; 0: it runs */
	struct spawning spawning; /* its last start */
};

/* What a wait status of the app means. */
enum app_news {
	APP_GOES_ON, /* it was stopped or continued */
	APP_ENDED,
	APP_NOT_EXECUTED /* it never ran */
};

void app_init(struct app *a, const struct config *c);

/*
 * Start it, in directory cwd if >= 0, with the descriptor notify for
 * --notify-fd if >= 0, which stays open here. ERR_AGAIN: no process could be
 * made now. ERR_OK: it is on its way, look at it with app_started.
 */
enum err app_start(struct app *a, int cwd, int notify) NODISCARD;

/*
 * a->spawning.report can be read. True: the app runs now. False: not yet, or it
 * cannot be executed; that was logged, and app_reaped will tell.
 */
bool app_started(struct app *a);

/* Pass a signal on, as --kill-group says; nothing when it is not running. */
void app_signal(struct app *a, int signo, const struct signal_event *ev);

/* Wake it from a stop, if it is stopped. */
void app_continue(struct app *a);

/* SIGKILL to it and its process group. */
void app_kill(struct app *a);

/*
 * A wait status of it has come. APP_ENDED: *exit_code is its code or 128 +
 * signal, as --remap-exit changes it. APP_NOT_EXECUTED: it is 126 or 127.
 */
enum app_news app_reaped(struct app *a, int wait_status, int *exit_code);

#endif
