/*
 * supervisor.c - the functions that the cells of the table name. Must stay free
 * of system calls: every cell is tested with invented times.
 */
#include "init/supervisor.h"

#include "base/clock.h"
#include "init/supervisor_table.h"
#include "roles.h"

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

/* The tunnel says whether it had to cut connections off. */
static void
drained(struct supervisor *sv, const struct step *s)
{
	if (s->value == TUNNEL_LEFT_OPEN && !sv->want.app)
		sv->exit_code = 1;
	finish(sv, s);
}

static void
drain(struct supervisor *sv, const struct step *s)
{
	if (!sv->want.tunnel) {
		finish(sv, s);
		return;
	}
	order(s, DO_DRAIN_TUNNEL);
	enter(sv, ST_DRAINING, s,
		after(DRAIN_TIMEOUT_MS, sv->want.max_delay_ms));
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
	const struct code_set *never = sv->want.no_restart_on;

	if (never != NULL && (never->bits[code / 8 % 32] >> code % 8 & 1) != 0)
		return false;
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
	uint64_t final_ms = after(s->now_ms, sv->want.stop_ms);

	final_ms = after(final_ms, sv->want.min_delay_ms);
	final_ms = after(final_ms, sv->want.max_delay_ms);
	sv->final_ms = after(final_ms, SHUTDOWN_REST_MS);
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

static int
code_of_stop(const struct supervisor *sv, int signo)
{
	if (sv->want.pause || signo == 0)
		return 0;
	return sv->want.exit_zero && signo == SIGTERM ? 0 : 128 + signo;
}

/* Asked to stop between two runs: the last run's code stays. */
static void
stop_backoff(struct supervisor *sv, const struct step *s)
{
	start_budget(sv, s);
	if (!sv->has_run)
		sv->exit_code = code_of_stop(sv, s->value);
	settle(sv, s);
}

/* Asked to stop before any app ran, or with none at all. */
static void
stop_serving(struct supervisor *sv, const struct step *s)
{
	start_budget(sv, s);
	sv->exit_code = code_of_stop(sv, s->value);
	if (sv->state == ST_SERVING && sv->want.min_delay_ms > 0)
		enter(sv, ST_DELAYED, s, sv->want.min_delay_ms);
	else
		drain(sv, s);
}

static action *const actions[] = {
	[IGNORE] = ignore,
	[START_APP] = start_app,
	[STARTUP_FAILED] = startup_failed,
	[STOP_SERVING] = stop_serving,
	[BACK_OFF] = back_off,
	[EXEC_FAILED] = exec_failed,
	[APP_EXITED] = app_exited,
	[FORWARD] = forward,
	[STOP_APP] = stop_app,
	[KILL_APP] = kill_app,
	[STOP_BACKOFF] = stop_backoff,
	[CONTINUE_APP] = continue_app,
	[APP_ENDED] = app_ended,
	[STOP_AGAIN] = stop_again,
	[GIVE_UP_APP] = give_up_app,
	[KILL_STRAGGLERS] = kill_stragglers,
	[DRAIN] = drain,
	[KILL_TUNNEL] = kill_tunnel,
	[FINISH] = finish,
	[DRAINED] = drained,
	[SERVE] = serve,
};

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
	actions[supervisor_cell(sv->state, ev)](sv, &s);
}

enum event
supervisor_classify(struct supervisor *sv, int signo, uint64_t now_ms)
{
	bool stop = signo == SIGTERM || signo == SIGINT ||
		    signo == sv->want.stop_signal;

	/* With an app these two are its own; a proxy alone would have died of
	 * them (the hang-up of its terminal, for one). */
	if (!sv->want.pause &&
		(sv->state == ST_GATED || sv->state == ST_SERVING))
		stop = stop || signo == SIGHUP || signo == SIGQUIT;
	if (!stop)
		return EV_SIGNAL;
	if (now_ms - sv->stop_asked_ms > STOP_REPEAT_MS)
		sv->stop_requests = 0;
	sv->stop_asked_ms = now_ms;
	sv->stop_requests++;
	return !sv->want.patient && sv->stop_requests >= STOP_REQUESTS_KILL
		       ? EV_HURRY
		       : EV_STOP;
}
