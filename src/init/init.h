/*
 * init.h - what PID 1 has: one of it, passed to the files that do its work.
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include "config.h"
#include "init/app.h"
#include "init/keeper.h"
#include "init/listeners.h"
#include "init/notify.h"
#include "init/questions.h"
#include "init/signals.h"
#include "init/supervisor.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* See reload.h. */
struct reload {
	pid_t reader; /* 0: none */
	int channel;  /* what the reader sends; -1: none */
	size_t count; /* of instances that have come */
	bool again;   /* another SIGHUP came meanwhile */
	bool free[INSTANCES_MAX];
};

struct init {
	struct config *config;
	struct supervisor supervisor;
	struct app app;
	struct keeper keeper;
	struct notify notify;
	struct reload reload;
	struct signal_event signal; /* the one being handled */
	int cwd;                    /* where the app starts again; -1 */
	uint64_t look_ms;           /* earlier nobody asks how its start went */
	bool let_go;     /* of the directory and of foreign descriptors */
	bool identities; /* IPC_READY has come */
	bool reap;       /* children may have ended */
	bool childless;  /* the last look found none at all */
	/* Large ones last, so that an init alone touches few pages. */
	struct listeners listeners;
	struct questions questions;
};

#endif
