/*
 * supervisor.h - what init decides: a table of state x event that answers with
 * orders. Pure: no system call, no clock; the caller tells events with their
 * time, carries the orders out one after another, and calls EV_TIMER at
 * deadline_ms.
 *
 * The app is started, restarted and ended here. The tunnel restarts by itself
 * (keeper.h); the supervisor only says when its work is over.
 */
#ifndef INIT_SUPERVISOR_H
#define INIT_SUPERVISOR_H

#include "base/limits.h"
#include "config.h"
#include "init/backoff.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state {
	ST_GATED, /* the app waits for listeners or --wait-ready */
	ST_RUNNING,
	ST_BACKOFF,         /* the app waits for its next start */
	ST_STOPPING,        /* asked to stop; the tunnel serves on */
	ST_KILLING,         /* SIGKILL sent to the app */
	ST_STRAGGLERS,      /* app gone; SIGTERM sent to what it left behind */
	ST_STRAGGLERS_KILL, /* SIGKILL sent to them */
	ST_DRAINING,        /* nobody left to serve: the tunnel finishes */
	ST_DRAIN_KILL,      /* SIGKILL sent to the tunnel */
	ST_SERVING,         /* no app: a proxy alone */
	ST_DELAYED,         /* asked to stop: serves on for min_delay_ms */
	ST_DONE,            /* exit with exit_code */
	ST_COUNT
};

enum event {
	EV_READY,          /* what gates the app is there */
	EV_STARTUP_FAILED, /* it will not come */
	EV_NO_PROCESS,     /* DO_START_APP: none could be made now */
	EV_EXEC_FAILED,    /* it never ran: value is 126 or 127 */
	EV_APP_STOPPED,    /* job control: SIGSTOP, SIGTSTP, ... */
	EV_APP_EXITED,     /* value is its code, or 128 + signal */
	EV_SIGNAL,         /* value is a signal that is only passed on */
	EV_STOP,           /* value is SIGTERM or its like; 0: no signal, and
			    * without an app the end is a success */
	EV_HURRY,          /* the same for the third time */
	EV_TIMER,          /* deadline_ms has come */
	EV_ALONE,          /* no process but ours is left */
	EV_TUNNEL_EXITED,  /* value is its exit status, 0 of a signal */
	EV_COUNT
};

enum order {
	DO_START_APP,
	DO_FORWARD,  /* the event's signal, to the app */
	DO_STOP_APP, /* the same; SIGTERM becomes --stop-signal; a
		      * stopped app is continued */
	DO_CONTINUE_APP,
	DO_KILL_APP,
	DO_TERM_STRAGGLERS,
	DO_KILL_STRAGGLERS,
	DO_DRAIN_TUNNEL,
	DO_KILL_TUNNEL,
	ORDER_COUNT
};

#define ORDERS_MAX 2

struct orders {
	enum order list[ORDERS_MAX];
	size_t count;
};

/* What the user asked for, in the supervisor's words. */
struct supervision {
	bool app;
	bool tunnel;
	bool gated;       /* something must be there before the app starts */
	uint64_t gate_ms; /* and at the latest after this; CLOCK_NEVER */
	uint64_t stop_ms; /* from the stop signal to SIGKILL; CLOCK_NEVER */
	uint64_t min_delay_ms; /* without an app: serves on after a stop */
	uint64_t max_delay_ms; /* connections may end by themselves */
	bool exit_zero;        /* without an app: SIGTERM means success */
	int stop_signal;       /* asks to stop, as SIGTERM and SIGINT do */
	bool patient; /* repeated stop requests never become EV_HURRY */
	bool pause;   /* without an app: asked to stop means success */
	struct restart_policy restart;
	const struct code_set *no_restart_on; /* NULL: none */
	backoff_jitter *jitter;
};

struct supervisor {
	struct supervision want;
	enum state state;
	uint64_t deadline_ms;   /* of this state; CLOCK_NEVER */
	uint64_t final_ms;      /* no stage goes on longer; CLOCK_NEVER */
	uint64_t started_ms;    /* the app's last start */
	uint64_t stop_asked_ms; /* the last stop request */
	unsigned stop_requests; /* near to each other */
	unsigned restarts;
	bool has_run; /* exit_code is the app's */
	int exit_code;
	struct backoff backoff;
};

/* Decide the first state and its orders. */
void supervisor_start(struct supervisor *sv, const struct supervision *want,
	uint64_t now_ms, struct orders *out);

/* One event; value as at enum event says. */
void supervisor_handle(struct supervisor *sv, enum event ev, int value,
	uint64_t now_ms, struct orders *out);

/* Which event a signal other than SIGCHLD is; counts stop requests. */
enum event supervisor_classify(
	struct supervisor *sv, int signo, uint64_t now_ms);

#endif
