/*
 * orders.c - carries the supervisor's orders out. Decides nothing that the
 * table decides; must not block, and what fails is logged and done without.
 */
#include "init/orders.h"

#include "base/clock.h"
#include "init/narrate.h"
#include "init/voice.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* What an order led to; EV_COUNT: nothing. */
struct outcome {
	enum event ev;
	int value;
};

static const struct outcome nothing = {.ev = EV_COUNT, .value = 0};

struct spared
orders_roles(const struct init *in)
{
	struct spared s = {.count = 0};

	if (in->keeper.pid > 0)
		s.pids[s.count++] = in->keeper.pid;
	questions_spare(&in->questions, &s);
	return s;
}

/* Nothing but our roles is left. */
bool
orders_alone(const struct init *in)
{
	struct spared roles = orders_roles(in);
	siginfo_t info;

	if (roles.count > 0)
		return !stragglers_left(&roles);
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		return false;
	/* It may be denied; then the last look at children tells. */
	return errno == ECHILD || in->childless;
}

static struct outcome
start_app(struct init *in)
{
	struct outcome o = nothing;
	int pipe = notify_pipe(&in->notify);

	in->childless = false;
	if (app_start(&in->app, in->cwd, pipe) != ERR_OK)
		o.ev = EV_NO_PROCESS;
	if (pipe >= 0)
		(void)close(pipe);
	in->look_ms = clock_ms();
	/* dumb-init is in / as soon as its app runs. */
	if (in->config->voice != VOICE_DUMB_INIT)
		in->look_ms += START_QUIET_MS;
	return o;
}

/*
 * As --stragglers says, and not for PID 1: what it leaves the kernel kills.
 */
static bool
leave_them(const struct init *in)
{
	enum stragglers_mode mode = in->config->stragglers;
	int signo = in->config->rewrite.to[SIGTERM];

	if (mode == STRAGGLERS_ASK) {
		if (in->config->kill_group && in->app.group > 0 &&
			signo != REWRITE_DROP)
			(void)signals_send(-in->app.group,
				signo != 0 ? signo : SIGTERM, NULL);
		(void)voice_say(VOICE_FORWARDED, SIGTERM, 0);
	}
	return mode != STRAGGLERS_END && getpid() != 1;
}

static struct outcome
end_stragglers(struct init *in, bool kill_them)
{
	struct outcome o = {.ev = EV_ALONE, .value = 0};
	struct spared roles = orders_roles(in);

	if (leave_them(in) || orders_alone(in))
		return o;
	if (kill_them)
		stragglers_kill(&roles, in->app.group);
	else
		stragglers_ask(&roles, in->app.group);
	return nothing;
}

static struct outcome
drain_tunnel(struct init *in)
{
	struct outcome o = {.ev = EV_TUNNEL_EXITED, .value = 0};

	questions_cancel(&in->questions);
	return keeper_drain(
		       &in->keeper, (uint32_t)in->supervisor.want.max_delay_ms)
		       ? nothing
		       : o;
}

/* Pass the signal that came on to the app, as the user wants it. */
static void
pass_on(struct init *in)
{
	int signo = in->signal.signo;
	int to = in->config->rewrite.to[signo];

	if (to != 0)
		(void)voice_say(VOICE_REWRITTEN, signo, to);
	else
		to = signo == SIGTERM ? in->config->stop_signal : signo;
	app_signal(&in->app, to, &in->signal);
	(void)voice_say(VOICE_FORWARDED, to, 0);
}

static struct outcome
carry_out(struct init *in, enum order what)
{
	switch (what) {
	case DO_START_APP:
		return start_app(in);
	case DO_FORWARD:
		pass_on(in);
		return nothing;
	case DO_STOP_APP:
		pass_on(in);
		app_continue(&in->app);
		return nothing;
	case DO_CONTINUE_APP:
		app_continue(&in->app);
		return nothing;
	case DO_KILL_APP:
		app_kill(&in->app);
		return nothing;
	case DO_TERM_STRAGGLERS:
		return end_stragglers(in, false);
	case DO_KILL_STRAGGLERS:
		return end_stragglers(in, true);
	case DO_DRAIN_TUNNEL:
		return drain_tunnel(in);
	case DO_KILL_TUNNEL:
		keeper_kill(&in->keeper);
		return nothing;
	case ORDER_COUNT:
		break;
	}
	return nothing;
}

static struct outcome
carry_out_all(struct init *in, const struct orders *orders)
{
	struct outcome o = nothing;

	for (size_t i = 0; i < orders->count; i++)
		o = carry_out(in, orders->list[i]);
	return o;
}

/* Tell the supervisor, and what its orders lead to, until that is nothing. */
void
orders_tell(struct init *in, enum event ev, int value)
{
	struct outcome o = {.ev = ev, .value = value};

	while (o.ev != EV_COUNT) {
		enum state before = in->supervisor.state;
		uint64_t now = clock_ms();
		struct orders orders;

		supervisor_handle(&in->supervisor, o.ev, o.value, now, &orders);
		narrate(in->config, &in->supervisor, before, o.ev, o.value,
			now);
		if (o.ev == EV_STOP)
			notify_say(&in->notify, "STOPPING=1\n");
		o = carry_out_all(in, &orders);
	}
}

void
orders_begin(struct init *in, const struct supervision *want)
{
	struct orders orders;
	struct outcome o;

	supervisor_start(&in->supervisor, want, clock_ms(), &orders);
	o = carry_out_all(in, &orders);
	if (o.ev != EV_COUNT)
		orders_tell(in, o.ev, o.value);
}

void
orders_kill_rest(struct init *in)
{
	struct outcome o = end_stragglers(in, true);

	if (o.ev != EV_COUNT)
		orders_tell(in, o.ev, o.value);
}
