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

struct init {
	const struct config *config;
	struct supervisor supervisor;
	struct app app;
	struct keeper keeper;
	struct notify notify;
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
