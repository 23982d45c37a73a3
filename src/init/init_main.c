/*
 * init_main.c - PID 1: feeds the supervisor with what happens and carries its
 * orders out. Owns the loop. Until the first start of the app a failure ends
 * the program with a message; from then on it must not die and must not block,
 * and what fails is logged and done again or done without.
 */
#include "init/init_main.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "init/app.h"
#include "init/keeper.h"
#include "init/listeners.h"
#include "init/narrate.h"
#include "init/notify.h"
#include "init/questions.h"
#include "init/setup.h"
#include "init/signals.h"
#include "init/stragglers.h"
#include "init/supervisor.h"
#include "init/terminal.h"
#include "init/trim.h"
#include "init/voice.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What an order led to; EV_COUNT: nothing. */
struct outcome {
	enum event ev;
	int value;
};

struct init {
	const struct config *config;
	struct supervisor supervisor;
	struct app app;
	struct listeners listeners;
	struct keeper keeper;
	struct questions questions;
	struct notify notify;
	struct signal_event signal; /* the one being handled */
	int cwd;                    /* where the app starts again; -1 */
	bool let_go;     /* of the directory and of foreign descriptors */
	bool identities; /* IPC_READY has come */
	bool tested;     /* the connection test has passed */
	bool reap;       /* children may have ended */
	bool childless;  /* the last look found none at all */
};

static const struct outcome nothing = {.ev = EV_COUNT, .value = 0};

static struct spared
our_roles(const struct init *in)
{
	struct spared s = {.count = 0};

	if (in->keeper.pid > 0)
		s.pids[s.count++] = in->keeper.pid;
	questions_spare(&in->questions, &s);
	return s;
}

/* Nothing but our roles is left. */
static bool
alone(const struct init *in)
{
	struct spared roles = our_roles(in);
	siginfo_t info;

	if (roles.count > 0)
		return !stragglers_left(&roles);
	/* waitid may be denied; then the next look at children tells. */
	if (in->childless)
		return true;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 &&
	       errno == ECHILD;
}

/* After the first start: nothing is to be in the app's way, and a relative
 * command is to be found. */
static void
let_go(struct init *in)
{
	int keep[ROLE_KEEP_MAX];
	size_t count = 0;
	bool again = in->config->restart.mode != RESTART_NO;

	if (in->let_go)
		return;
	in->let_go = true;
	for (size_t i = 0; i < in->config->instance_count; i++)
		keep[count++] = in->listeners.fds[i];
	keep[count++] = in->listeners.http;
	keep[count++] = in->listeners.admin;
	keep[count++] = in->keeper.control;
	keep[count++] = in->keeper.answers;
	keep[count++] = in->cwd;
	keep[count++] = signals_fd();
	keep[count++] = log_fd_out();
	keep[count++] = log_fd_err();
	keep[count++] = in->notify.fd;
	keep[count++] = in->notify.pipe;
	keep[count++] = in->notify.outer;
	setup_let_go(in->cwd >= 0 || !(again || in->config->instance_count > 0),
		keep, count, !again);
	trim_program();
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
	struct spared roles = our_roles(in);

	if (leave_them(in) || alone(in))
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
static void
tell(struct init *in, enum event ev, int value)
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

static bool
is_terminal_stop(int signo)
{
	return signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

static void
take_signal(struct init *in, const struct signal_event *ev)
{
	int signo = ev->signo;

	/* Whoever sent it: children are looked at, nothing else. */
	if (signo == SIGCHLD) {
		(void)voice_say(VOICE_RECEIVED_CHILD, signo, 0);
		in->reap = true;
		return;
	}
	(void)voice_say(VOICE_RECEIVED, signo, 0);
	if (in->config->rewrite.to[signo] == REWRITE_DROP) {
		(void)voice_say(VOICE_DROPPED, signo, 0);
	} else {
		/* A shell has continued us: what it gave us is the app's. */
		if (signo == SIGCONT)
			(void)terminal_regained(in->app.group);
		in->signal = *ev;
		tell(in,
			supervisor_classify(&in->supervisor, signo, clock_ms()),
			signo);
	}
	if (in->config->suspend && is_terminal_stop(signo)) {
		(void)voice_say(VOICE_SUSPENDED, 0, 0);
		(void)kill(getpid(), SIGSTOP);
	}
}

static void
take_signals(struct init *in)
{
	struct signal_event events[SIGNALS_PER_TURN];
	size_t count = signals_read(events);

	for (size_t i = 0; i < count; i++)
		take_signal(in, &events[i]);
}

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
		tell(in, EV_APP_EXITED, code);
		break;
	case APP_NOT_EXECUTED:
		notify_ended(&in->notify);
		tell(in, EV_EXEC_FAILED, code);
		break;
	case APP_GOES_ON:
		if (in->app.stopped == 0)
			break;
		tell(in, EV_APP_STOPPED, 0);
		job_control(in);
		break;
	}
}

/* Nobody but us would continue a role that was stopped, by accident or by an
 * app's kill(-1). */
static void
go_on(struct init *in, pid_t pid, int wait_status)
{
	struct spared roles = our_roles(in);

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
		tell(in, EV_TUNNEL_EXITED,
			WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0);
	} else if (!questions_reaped(
			   &in->questions, &in->keeper, pid, wait_status)) {
		if (!in->config->warn_reap || !voice_say(VOICE_REAPED, pid, 0))
			log_debug("init: reaped process %d", (int)pid);
	}
}

/*
 * Signals coalesce, so wait until there is nothing; but a bounded number per
 * turn, so that a flood of zombies does not keep everybody else waiting.
 */
static void
reap(struct init *in)
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
	if (in->supervisor.state == ST_STRAGGLERS && alone(in))
		tell(in, EV_ALONE, 0);
	else if (in->supervisor.state == ST_STRAGGLERS_KILL) {
		/* Who was born during the last pass is met by this one. */
		struct outcome o = end_stragglers(in, true);

		if (o.ev != EV_COUNT)
			tell(in, o.ev, 0);
	}
}

static bool
gate_is_open(const struct init *in)
{
	const struct config *c = in->config;
	bool wait = c->wait_ready.wanted && c->command != NULL &&
		    c->instance_count > 0;

	return in->listeners.missing == 0 && (!wait || in->identities) &&
	       (!c->run_connection_test || in->tested);
}

static void
look_at_gate(struct init *in)
{
	enum state state = in->supervisor.state;

	if ((state == ST_GATED || state == ST_SERVING) && gate_is_open(in))
		tell(in, EV_READY, 0);
}

static void
say_ready(struct init *in)
{
	if (in->config->command == NULL)
		notify_say(&in->notify, "READY=1\n");
	log_info("The proxy has started successfully and is ready for new "
		 "connections!");
}

static void
engine_known(struct init *in, const struct ipc_message *m)
{
	struct ipc_message answer = {
		.kind = IPC_LISTENER, .instance = m->instance};
	bool missing = in->listeners.fds[m->instance] < 0;
	struct error e;

	if (in->config->check_only)
		return;
	error_clear(&e);
	if (listeners_open_engine(&in->listeners, m->instance,
		    (enum ipc_engine)m->engine, &e) != ERR_OK) {
		log_error("unable to start: %s", e.detail);
		tell(in, EV_STARTUP_FAILED, 0);
		return;
	}
	if (!missing)
		return;
	keeper_send(&in->keeper, &answer, in->listeners.fds[m->instance]);
	if (in->listeners.missing == 0)
		say_ready(in);
	look_at_gate(in);
}

/* As if SIGTERM had come, but a proxy alone has succeeded then. */
static void
quit(struct init *in)
{
	in->signal = (struct signal_event){.signo = SIGTERM};
	tell(in, EV_STOP, 0);
}

/* The connection test is over; "check" has nothing else to do. */
static void
tested(struct init *in, bool passed)
{
	in->tested = true;
	if (!passed) {
		tell(in, EV_STARTUP_FAILED, 0);
		return;
	}
	look_at_gate(in);
	if (in->config->check_only)
		quit(in);
}

static void
take_message(struct init *in, const struct ipc_message *m)
{
	switch ((enum ipc_kind)m->kind) {
	case IPC_ASK_IDENTITY:
		if (!in->keeper.draining)
			questions_ask(&in->questions, m, clock_ms());
		break;
	case IPC_ENGINE:
		engine_known(in, m);
		break;
	case IPC_READY:
		in->identities = true;
		look_at_gate(in);
		break;
	case IPC_STARTUP_FAILED:
		/* The tunnel tries again, and with --wait-ready we wait. */
		if (in->listeners.fds[m->instance] < 0 &&
			!in->config->wait_ready.wanted)
			tell(in, EV_STARTUP_FAILED, 0);
		break;
	case IPC_QUIT:
		quit(in);
		break;
	case IPC_TESTED:
		tested(in, m->flags == 0);
		break;
	case IPC_LISTENER:
	case IPC_FETCHER_EXITED:
	case IPC_DRAIN:
	case IPC_KIND_END:
		log_debug("init: unexpected message %u", (unsigned)m->kind);
		break;
	}
}

static void
take_messages(struct init *in)
{
	struct ipc_message m;

	for (int i = 0; i < CONTROL_PER_TURN && in->keeper.control >= 0; i++) {
		if (keeper_receive(&in->keeper, &m) != ERR_OK)
			return;
		take_message(in, &m);
	}
}

static void
run_timers(struct init *in)
{
	uint64_t now = clock_ms();

	if (now >= in->supervisor.deadline_ms)
		tell(in, EV_TIMER, 0);
	if (now >= in->keeper.restart_at_ms)
		keeper_start(&in->keeper, now);
	questions_turn(&in->questions, &in->keeper, now);
	if (in->supervisor.state == ST_RUNNING) {
		int signo = notify_overdue(&in->notify, now);

		if (signo != 0)
			app_signal(&in->app, signo, NULL);
	}
}

static uint64_t
next_deadline(const struct init *in)
{
	uint64_t next = questions_deadline(&in->questions, &in->keeper);

	if (in->supervisor.deadline_ms < next)
		next = in->supervisor.deadline_ms;
	if (in->keeper.restart_at_ms < next)
		next = in->keeper.restart_at_ms;
	if (in->supervisor.state == ST_RUNNING && in->notify.watchdog_ms < next)
		next = in->notify.watchdog_ms;
	return in->reap ? 0 : next;
}

static void
turn(struct init *in)
{
	struct pollfd fds[5] = {
		{.fd = in->keeper.control, .events = POLLIN},
		{.fd = in->notify.fd, .events = POLLIN},
		{.fd = in->notify.pipe, .events = POLLIN},
		{.fd = in->app.spawning.report, .events = POLLIN},
	};

	signals_wait(fds, 4, clock_poll_timeout(clock_ms(), next_deadline(in)));
	if (fds[3].revents != 0 && app_started(&in->app))
		let_go(in);
	/* What it said before it ended, and before its time was over. */
	if (fds[1].revents != 0 || fds[2].revents != 0)
		notify_receive(&in->notify, clock_ms());
	/* Signals before deaths: what was told to stop is not restarted. */
	take_signals(in);
	reap(in);
	if (fds[0].revents != 0)
		take_messages(in);
	run_timers(in);
}

static void
start(struct init *in)
{
	const struct config *c = in->config;
	struct orders orders;
	struct supervision want = {
		.app = c->command != NULL,
		.tunnel = c->instance_count > 0,
		.gated = !gate_is_open(in),
		.gate_ms = c->wait_ready.wanted
				   ? c->wait_ready.timeout_ms
				   : c->refresh_timeout + WAIT_READY_MS,
		.stop_ms =
			c->stop_timeout.set ? c->stop_timeout.ms : CLOCK_NEVER,
		.min_delay_ms = c->command == NULL ? c->min_sigterm_delay : 0,
		.max_delay_ms = c->max_sigterm_delay,
		.exit_zero = c->command == NULL && c->exit_zero_on_sigterm,
		.restart = c->restart,
		.stop_signal = c->stop_signal,
		.no_restart_on = &c->no_restart_on,
		.patient = c->patient,
		.pause = c->pause,
		.jitter = rng_jitter,
	};
	struct outcome o;

	supervisor_start(&in->supervisor, &want, clock_ms(), &orders);
	o = carry_out_all(in, &orders);
	if (o.ev != EV_COUNT)
		tell(in, o.ev, o.value);
	if (want.tunnel && in->supervisor.state != ST_DONE &&
		!in->keeper.draining)
		keeper_start(&in->keeper, clock_ms());
	/* Children may have been inherited, and have ended unseen. */
	in->reap = true;
}

/* Everything that may still fail. ERR_OK: from now on we must not die. */
static enum err
prepare(struct init *in, const struct config *c, const struct roles *roles,
	struct error *e)
{
	setup_standard_streams();
	/* Before setup_process closes /proc/self/fd. Else it has time until the
	 * app is on its way. */
	if (c->instance_count > 0)
		log_open();
	in->config = c;
	in->cwd = -1;
	if (signals_open(e) != ERR_OK)
		return e->code;
	voice_set(c->voice);
	setup_process(c);
	if (c->session)
		terminal_leave();
	if (c->restart.mode != RESTART_NO || c->instance_count > 0)
		in->cwd = setup_hold_directory();
	notify_open(&in->notify, c);
	app_init(&in->app, c);
	questions_init(&in->questions, c, roles);
	keeper_init(&in->keeper, c, roles, &in->listeners);
	in->keeper.cwd = in->cwd;
	if (listeners_open(&in->listeners, c, e) != ERR_OK)
		return e->code;
	if (c->instance_count > 0 && in->listeners.missing == 0)
		say_ready(in);
	return ERR_OK;
}

int
init_main(const struct config *c, const struct roles *roles)
{
	/* Large, and there is one per process. */
	static struct init in;
	struct error e;

	error_clear(&e);
	if (prepare(&in, c, roles, &e) != ERR_OK) {
		log_error("unable to start: %s", e.detail);
		listeners_remove_files(&in.listeners);
		return error_exit_status(e.code);
	}
	start(&in);
	log_open();
	if (c->command == NULL)
		trim_program();
	while (in.supervisor.state != ST_DONE)
		turn(&in);
	questions_cancel(&in.questions);
	keeper_kill(&in.keeper);
	/* Where it fails, what was bound to a relative path stays there. */
	if (in.cwd >= 0 && fchdir(in.cwd) != 0)
		log_debug("init: cannot return: %s", strerror(errno));
	listeners_remove_files(&in.listeners);
	terminal_take_back();
	(void)voice_say(VOICE_APP_EXITED, in.supervisor.exit_code, 0);
	return in.supervisor.exit_code;
}
