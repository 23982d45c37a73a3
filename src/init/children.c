/*
 * children.c - waits for children, whoever made them. Only the pids that init
 * keeps decide anything; the others are taken from the process table.
 */
#include "init/children.h"

#include "base/clock.h"
#include "base/log.h"
#include "init/orders.h"
#include "init/reload.h"
#include "init/terminal.h"
#include "init/voice.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* The app was stopped, which nobody above us can see. */
static void
job_control(struct init *in)
{
	if (in->supervisor.state == ST_RUNNING && !in->config->session &&
		terminal_app_stopped(in->app.stopped, in->app.group))
		app_continue(&in->app);
}

static void
say_end(pid_t pid, int wait_status)
{
	if (WIFEXITED(wait_status))
		(void)voice_say(VOICE_EXITED, pid, WEXITSTATUS(wait_status));
	else
		(void)voice_say(VOICE_KILLED, pid, WTERMSIG(wait_status));
}

static void
app_changed(struct init *in, int wait_status)
{
	int code = 0;

	switch (app_reaped(&in->app, wait_status, &code)) {
	case APP_ENDED:
		notify_ended(&in->notify);
		orders_tell(in, EV_APP_EXITED, code);
		break;
	case APP_NOT_EXECUTED:
		notify_ended(&in->notify);
		orders_tell(in, EV_EXEC_FAILED, code);
		break;
	case APP_GOES_ON:
		if (in->app.stopped == 0)
			break;
		orders_tell(in, EV_APP_STOPPED, 0);
		job_control(in);
		break;
	}
}

/* Nobody but us would continue a role that was stopped, by accident or by an
 * app's kill(-1). */
static void
go_on(struct init *in, pid_t pid, int wait_status)
{
	struct spared roles = orders_roles(in);

	for (size_t i = 0; i < roles.count && WIFSTOPPED(wait_status); i++) {
		if (roles.pids[i] != pid)
			continue;
		log_warn("init: a process of ours was stopped; continuing it");
		(void)kill(pid, SIGCONT);
	}
}

static void
reaped(struct init *in, pid_t pid, int wait_status)
{
	bool ended = WIFEXITED(wait_status) || WIFSIGNALED(wait_status);

	if (ended)
		say_end(pid, wait_status);
	if (pid == in->app.pid) {
		app_changed(in, wait_status);
	} else if (!ended) {
		go_on(in, pid, wait_status);
	} else if (pid == in->keeper.pid) {
		questions_cancel(&in->questions);
		keeper_reaped(&in->keeper, wait_status, clock_ms());
		reload_forget(in);
		orders_tell(in, EV_TUNNEL_EXITED,
			WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0);
	} else if (!questions_reaped(
			   &in->questions, &in->keeper, pid, wait_status) &&
		   !reload_reaped(in, pid)) {
		if (!in->config->warn_reap || !voice_say(VOICE_REAPED, pid, 0))
			log_debug("init: reaped process %d", (int)pid);
	}
}

/*
 * Signals coalesce, so wait until there is nothing; but a bounded number per
 * turn, so that a flood of zombies does not keep everybody else waiting.
 */
void
children_reap(struct init *in)
{
	int flags = WNOHANG | WUNTRACED | WCONTINUED | __WALL;
	bool some = false;
	int wait_status;

	for (int i = 0; in->reap && i < REAP_PER_TURN; i++) {
		pid_t pid = waitpid(-1, &wait_status, flags);

		in->childless = pid < 0 && errno == ECHILD;
		if (pid <= 0)
			in->reap = false;
		else
			reaped(in, pid, wait_status);
		some = some || pid > 0;
	}
	if (!some || in->reap)
		return;
	if (in->supervisor.state == ST_STRAGGLERS && orders_alone(in))
		orders_tell(in, EV_ALONE, 0);
	else if (in->supervisor.state == ST_STRAGGLERS_KILL)
		/* Who was born during the last pass is met by this one. */
		orders_kill_rest(in);
}
