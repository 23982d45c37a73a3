/*
 * supervisor_table.h - which of the supervisor's functions answers an event in
 * a state.
 */
#ifndef INIT_SUPERVISOR_TABLE_H
#define INIT_SUPERVISOR_TABLE_H

#include "init/supervisor.h"

/*
 * What a cell of the table can be. Numbers and not pointers, which would cost
 * this table 4 kB of relocations, and memory that is written to at the start.
 */
enum cell {
	IGNORE, /* and what a pair that is not written down is */
	START_APP,
	STARTUP_FAILED,
	STOP_SERVING,
	BACK_OFF,
	EXEC_FAILED,
	APP_EXITED,
	FORWARD,
	STOP_APP,
	KILL_APP,
	STOP_BACKOFF,
	CONTINUE_APP,
	APP_ENDED,
	STOP_AGAIN,
	GIVE_UP_APP,
	KILL_STRAGGLERS,
	DRAIN,
	KILL_TUNNEL,
	FINISH,
	DRAINED,
	SERVE
};

/* For every pair; a test knows what each of them does. */
enum cell supervisor_cell(enum state state, enum event ev);

#endif
