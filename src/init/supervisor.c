/*
 * supervisor.c - the table, and the few functions its cells name. Must stay
 * free of system calls: every cell is tested with invented times.
 */
#include "init/supervisor.h"

#include "base/clock.h"

#include <signal.h>

struct step {
	int value;
	uint64_t now_ms;
	struct orders *out;
};

typedef void action(struct supervisor *sv, const struct step *s);

static void
order(const struct step *s, enum order what)
{
	if (s->out->count < ORDERS_MAX)
		s->out->list[s->out->count++] = what;
}

static uint64_t
after(uint64_t now_ms, uint64_t ms)
{
	return ms >= CLOCK_NEVER - now_ms ? CLOCK_NEVER : now_ms + ms;
}

/* No stage of a shutdown may outlast the whole. */
static void
enter(struct supervisor *sv, enum state state, const struct step *s,
	uint64_t ms)
{
	uint64_t deadline = after(s->now_ms, ms);

	sv->state = state;
	sv->deadline_ms = deadline < sv->final_ms ? deadline : sv->final_ms;
}

static void
ignore(struct supervisor *sv, const struct step *s)
{
	(void)sv;
	(void)s;
}

static void
finish(struct supervisor *sv, const struct step *s)
{
	(void)s;
	sv->state = ST_DONE;
	sv->deadline_ms = CLOCK_NEVER;
}

static void
drain(struct supervisor *sv, const struct step *s)
{
	if (!sv->want.tunnel) {
		finish(sv, s);
		return;
	}
	order(s, DO_DRAIN_TUNNEL);
	enter(sv, ST_DRAINING, s, DRAIN_TIMEOUT_MS);
}

static void
kill_tunnel(struct supervisor *sv, const struct step *s)
{
	order(s, DO_KILL_TUNNEL);
	enter(sv, ST_DRAIN_KILL, s, KILL_WAIT_MS);
}

/* The app is over for good: what it left behind comes next. */
static void
settle(struct supervisor *sv, const struct step *s)
{
	order(s, DO_TERM_STRAGGLERS);
	enter(sv, ST_STRAGGLERS, s, STRAGGLER_GRACE_MS);
}

static void
kill_stragglers(struct supervisor *sv, const struct step *s)
{
	order(s, DO_KILL_STRAGGLERS);
	enter(sv, ST_STRAGGLERS_KILL, s, KILL_WAIT_MS);
}

static void
start_app(struct supervisor *sv, const struct step *s)
{
	order(s, DO_START_APP);
	sv->started_ms = s->now_ms;
	enter(sv, ST_RUNNING, s, CLOCK_NEVER);
}

static void
back_off(struct supervisor *sv, const struct step *s)
{
	enter(sv, ST_BACKOFF, s, backoff_next(&sv->backoff, sv->want.jitter));
}

static bool
may_restart(const struct supervisor *sv, int code)
{
	const struct restart_policy *p = &sv->want.restart;

	if (p->mode == RESTART_NO || (p->bounded && sv->restarts >= p->max))
		return false;
	return p->mode == RESTART_ALWAYS || code != 0;
}

static void
app_exited(struct supervisor *sv, const struct step *s)
{
	sv->has_run = true;
	sv->exit_code = s->value;
	if (!may_restart(sv, s->value)) {
		settle(sv, s);
		return;
	}
	if (s->now_ms - sv->started_ms >= HEALTHY_AFTER_MS)
		backoff_reset(&sv->backoff);
	sv->restarts++;
	back_off(sv, s);
}

/* It was asked to end, and did. */
static void
app_ended(struct supervisor *sv, const struct step *s)
{
	sv->has_run = true;
	sv->exit_code = s->value;
	settle(sv, s);
}

/* Not even SIGKILL ended it in time: it hangs in the kernel. */
static void
give_up_app(struct supervisor *sv, const struct step *s)
{
	sv->has_run = true;
	sv->exit_code = 128 + SIGKILL;
	settle(sv, s);
}

static void
exec_failed(struct supervisor *sv, const struct step *s)
{
	sv->exit_code = s->value;
	settle(sv, s);
}

static void
startup_failed(struct supervisor *sv, const struct step *s)
{
	sv->exit_code = 1;
	drain(sv, s);
}

static void
serve(struct supervisor *sv, const struct step *s)
{
	enter(sv, ST_SERVING, s, CLOCK_NEVER);
}

static void
forward(struct supervisor *sv, const struct step *s)
{
	(void)sv;
	order(s, DO_FORWARD);
}

static void
stop_again(struct supervisor *sv, const struct step *s)
{
	(void)sv;
	order(s, DO_STOP_APP);
}

static void
start_budget(struct supervisor *sv, const struct step *s)
{
	sv->final_ms =
		after(after(s->now_ms, sv->want.stop_ms), SHUTDOWN_REST_MS);
}

static void
stop_app(struct supervisor *sv, const struct step *s)
{
	start_budget(sv, s);
	order(s, DO_STOP_APP);
	enter(sv, ST_STOPPING, s, sv->want.stop_ms);
}

static void
kill_app(struct supervisor *sv, const struct step *s)
{
	order(s, DO_KILL_APP);
	enter(sv, ST_KILLING, s, KILL_WAIT_MS);
}

static void
continue_app(struct supervisor *sv, const struct step *s)
{
	(void)sv;
	order(s, DO_CONTINUE_APP);
}

/* Asked to stop between two runs: the last run's code stays. */
static void
stop_backoff(struct supervisor *sv, const struct step *s)
{
	start_budget(sv, s);
	if (!sv->has_run)
		sv->exit_code = 128 + s->value;
	settle(sv, s);
}

/* Asked to stop before any app ran, or with none at all. */
static void
stop_serving(struct supervisor *sv, const struct step *s)
{
	start_budget(sv, s);
	sv->exit_code = 128 + s->value;
	drain(sv, s);
}

/* Impossible pairs are ignored: PID 1 does not die of a surprise. */
static action *const in_gated[EV_COUNT] = {
	[EV_READY] = start_app,
	[EV_STARTUP_FAILED] = startup_failed,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = stop_serving,
	[EV_HURRY] = stop_serving,
	[EV_TIMER] = startup_failed,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_running[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = back_off,
	[EV_EXEC_FAILED] = exec_failed,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = app_exited,
	[EV_SIGNAL] = forward,
	[EV_STOP] = stop_app,
	[EV_HURRY] = kill_app,
	[EV_TIMER] = ignore,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_backoff[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = stop_backoff,
	[EV_HURRY] = stop_backoff,
	[EV_TIMER] = start_app,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_stopping[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = continue_app,
	[EV_APP_EXITED] = app_ended,
	[EV_SIGNAL] = forward,
	[EV_STOP] = stop_again,
	[EV_HURRY] = kill_app,
	[EV_TIMER] = kill_app,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_killing[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = app_ended,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = ignore,
	[EV_HURRY] = ignore,
	[EV_TIMER] = give_up_app,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_stragglers[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = ignore,
	[EV_HURRY] = kill_stragglers,
	[EV_TIMER] = kill_stragglers,
	[EV_ALONE] = drain,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_stragglers_kill[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = ignore,
	[EV_HURRY] = drain,
	[EV_TIMER] = drain,
	[EV_ALONE] = drain,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_draining[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = ignore,
	[EV_HURRY] = kill_tunnel,
	[EV_TIMER] = kill_tunnel,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = finish,
};

static action *const in_drain_kill[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = ignore,
	[EV_HURRY] = finish,
	[EV_TIMER] = finish,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = finish,
};

static action *const in_serving[EV_COUNT] = {
	[EV_READY] = serve,
	[EV_STARTUP_FAILED] = startup_failed,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = stop_serving,
	[EV_HURRY] = stop_serving,
	[EV_TIMER] = startup_failed,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const in_done[EV_COUNT] = {
	[EV_READY] = ignore,
	[EV_STARTUP_FAILED] = ignore,
	[EV_NO_PROCESS] = ignore,
	[EV_EXEC_FAILED] = ignore,
	[EV_APP_STOPPED] = ignore,
	[EV_APP_EXITED] = ignore,
	[EV_SIGNAL] = ignore,
	[EV_STOP] = ignore,
	[EV_HURRY] = ignore,
	[EV_TIMER] = ignore,
	[EV_ALONE] = ignore,
	[EV_TUNNEL_EXITED] = ignore,
};

static action *const *const on[ST_COUNT] = {
	[ST_GATED] = in_gated,
	[ST_RUNNING] = in_running,
	[ST_BACKOFF] = in_backoff,
	[ST_STOPPING] = in_stopping,
	[ST_KILLING] = in_killing,
	[ST_STRAGGLERS] = in_stragglers,
	[ST_STRAGGLERS_KILL] = in_stragglers_kill,
	[ST_DRAINING] = in_draining,
	[ST_DRAIN_KILL] = in_drain_kill,
	[ST_SERVING] = in_serving,
	[ST_DONE] = in_done,
};

bool
supervisor_has_cell(enum state state, enum event ev)
{
	return on[state] != NULL && on[state][ev] != NULL;
}

void
supervisor_start(struct supervisor *sv, const struct supervision *want,
	uint64_t now_ms, struct orders *out)
{
	struct step s = {.value = 0, .now_ms = now_ms, .out = out};

	*sv = (struct supervisor){
		.want = *want,
		.final_ms = CLOCK_NEVER,
		.deadline_ms = CLOCK_NEVER,
	};
	backoff_init(&sv->backoff, BACKOFF_BASE_MS);
	out->count = 0;
	if (want->gated)
		enter(sv, want->app ? ST_GATED : ST_SERVING, &s, want->gate_ms);
	else if (want->app)
		start_app(sv, &s);
	else
		serve(sv, &s);
}

void
supervisor_handle(struct supervisor *sv, enum event ev, int value,
	uint64_t now_ms, struct orders *out)
{
	struct step s = {.value = value, .now_ms = now_ms, .out = out};

	out->count = 0;
	on[sv->state][ev](sv, &s);
}

enum event
supervisor_classify(struct supervisor *sv, int signo, uint64_t now_ms)
{
	bool stop = signo == SIGTERM || signo == SIGINT;

	/* With an app these two are its own; a proxy alone would have died of
	 * them (the hang-up of its terminal, for one). */
	if (sv->state == ST_GATED || sv->state == ST_SERVING)
		stop = stop || signo == SIGHUP || signo == SIGQUIT;
	if (!stop)
		return EV_SIGNAL;
	if (now_ms - sv->stop_asked_ms > STOP_REPEAT_MS)
		sv->stop_requests = 0;
	sv->stop_asked_ms = now_ms;
	sv->stop_requests++;
	return sv->stop_requests >= STOP_REQUESTS_KILL ? EV_HURRY : EV_STOP;
}
