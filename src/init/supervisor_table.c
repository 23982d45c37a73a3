/* supervisor_table.c - state x event: the pairs that do something. */
#include "init/supervisor_table.h"

#include <stdint.h>

/*
 * What does not stand here is ignored: it is nothing to that state, or cannot
 * come, and PID 1 does not die of a surprise. ST_DONE ignores everything.
 */
static const uint8_t on[ST_COUNT][EV_COUNT] = {
	[ST_GATED] =
		{
			[EV_READY] = START_APP,
			[EV_STARTUP_FAILED] = STARTUP_FAILED,
			[EV_STOP] = STOP_SERVING,
			[EV_HURRY] = STOP_SERVING,
			[EV_TIMER] = STARTUP_FAILED,
		},
	[ST_RUNNING] =
		{
			[EV_NO_PROCESS] = BACK_OFF,
			[EV_EXEC_FAILED] = EXEC_FAILED,
			[EV_APP_EXITED] = APP_EXITED,
			[EV_SIGNAL] = FORWARD,
			[EV_STOP] = STOP_APP,
			[EV_HURRY] = KILL_APP,
		},
	[ST_BACKOFF] =
		{
			[EV_STOP] = STOP_BACKOFF,
			[EV_HURRY] = STOP_BACKOFF,
			[EV_TIMER] = START_APP,
		},
	[ST_STOPPING] =
		{
			[EV_EXEC_FAILED] = EXEC_FAILED,
			[EV_APP_STOPPED] = CONTINUE_APP,
			[EV_APP_EXITED] = APP_ENDED,
			[EV_SIGNAL] = FORWARD,
			[EV_STOP] = STOP_AGAIN,
			[EV_HURRY] = KILL_APP,
			[EV_TIMER] = KILL_APP,
		},
	[ST_KILLING] =
		{
			[EV_EXEC_FAILED] = EXEC_FAILED,
			[EV_APP_EXITED] = APP_ENDED,
			[EV_TIMER] = GIVE_UP_APP,
		},
	[ST_STRAGGLERS] =
		{
			[EV_HURRY] = KILL_STRAGGLERS,
			[EV_TIMER] = KILL_STRAGGLERS,
			[EV_ALONE] = DRAIN,
		},
	[ST_STRAGGLERS_KILL] =
		{
			[EV_HURRY] = DRAIN,
			[EV_TIMER] = DRAIN,
			[EV_ALONE] = DRAIN,
		},
	[ST_DRAINING] =
		{
			[EV_HURRY] = KILL_TUNNEL,
			[EV_TIMER] = KILL_TUNNEL,
			[EV_TUNNEL_EXITED] = DRAINED,
		},
	[ST_DRAIN_KILL] =
		{
			[EV_HURRY] = FINISH,
			[EV_TIMER] = FINISH,
			[EV_TUNNEL_EXITED] = FINISH,
		},
	[ST_SERVING] =
		{
			[EV_READY] = SERVE,
			[EV_STARTUP_FAILED] = STARTUP_FAILED,
			[EV_STOP] = STOP_SERVING,
			[EV_HURRY] = STOP_SERVING,
			[EV_TIMER] = STARTUP_FAILED,
		},
	[ST_DELAYED] =
		{
			[EV_HURRY] = DRAIN,
			[EV_TIMER] = DRAIN,
		},
};

enum cell
supervisor_cell(enum state state, enum event ev)
{
	return (enum cell)on[state][ev];
}
