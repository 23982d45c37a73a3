/*
 * init_main.c - PID 1's loop: waits, and hands what has come to orders.h,
 * children.h and messages.h. Until the first start of the app a failure ends
 * the program with a message; from then on it must not die and must not block,
 * and what fails is logged and done again or done without.
 */
#include "init/init_main.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "init/children.h"
#include "init/init.h"
#include "init/memory_news.h"
#include "init/messages.h"
#include "init/narrate.h"
#include "init/orders.h"
#include "init/reload.h"
#include "init/setup.h"
#include "init/terminal.h"
#include "init/trim.h"
#include "init/voice.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

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
	(void)memory_news();
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
	/* An app gets it, too; a proxy alone would end by it. */
	if (signo == SIGHUP && reload_begin(in) && in->config->command == NULL)
		return;
	if (in->config->rewrite.to[signo] == REWRITE_DROP) {
		(void)voice_say(VOICE_DROPPED, signo, 0);
	} else {
		/* A shell has continued us: what it gave us is the app's. */
		if (signo == SIGCONT)
			(void)terminal_regained(in->app.group);
		in->signal = *ev;
		orders_tell(in,
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

static void
run_timers(struct init *in)
{
	uint64_t now = clock_ms();

	if (now >= in->supervisor.deadline_ms)
		orders_tell(in, EV_TIMER, 0);
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
next_deadline(const struct init *in, uint64_t now)
{
	uint64_t next = questions_deadline(&in->questions, &in->keeper);

	if (in->supervisor.deadline_ms < next)
		next = in->supervisor.deadline_ms;
	if (in->keeper.restart_at_ms < next)
		next = in->keeper.restart_at_ms;
	if (in->supervisor.state == ST_RUNNING && in->notify.watchdog_ms < next)
		next = in->notify.watchdog_ms;
	if (in->app.spawning.report >= 0 && now < in->look_ms &&
		in->look_ms < next)
		next = in->look_ms;
	return in->reap ? 0 : next;
}

/*
 * Whatever has woken us: what is done and said now comes after the start. The
 * end of the exec alone wakes nobody at once: on the app's processor, our work
 * would come before its first instruction.
 */
static void
look_at_start(struct init *in)
{
	if (in->app.spawning.report < 0)
		return;
	log_open();
	in->reap = true;
	if (app_started(&in->app))
		let_go(in);
}

static void
turn(struct init *in)
{
	uint64_t now = clock_ms();
	struct pollfd fds[6] = {
		{.fd = in->keeper.control, .events = POLLIN},
		{.fd = in->notify.fd, .events = POLLIN},
		{.fd = in->notify.pipe, .events = POLLIN},
		{.fd = now < in->look_ms ? -1 : in->app.spawning.report,
			.events = POLLIN},
		{.fd = in->reload.channel, .events = POLLIN},
	};

	signals_wait(fds, 5, clock_poll_timeout(now, next_deadline(in, now)));
	look_at_start(in);
	/* What it said before it ended, and before its time was over. */
	if (fds[1].revents != 0 || fds[2].revents != 0)
		notify_receive(&in->notify, clock_ms());
	/* Signals before deaths: what was told to stop is not restarted. */
	take_signals(in);
	children_reap(in);
	if (fds[0].revents != 0)
		messages_take(in);
	if (fds[4].revents != 0 && in->reload.channel >= 0)
		reload_receive(in);
	run_timers(in);
}

static void
start(struct init *in)
{
	const struct config *c = in->config;
	struct supervision want = {
		.app = c->command != NULL,
		.tunnel = c->instance_count > 0,
		.gated = !messages_gate_is_open(in),
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

	orders_begin(in, &want);
	if (want.tunnel && in->supervisor.state != ST_DONE &&
		!in->keeper.draining)
		keeper_start(&in->keeper, clock_ms());
	/* Children may have been inherited, and have ended unseen; but an app
	 * that is on its way comes first: look_at_start. */
	in->reap = in->app.spawning.report < 0;
}

/* Everything that may still fail. ERR_OK: from now on we must not die. */
static enum err
prepare(struct init *in, struct config *c, const struct roles *roles,
	struct error *e)
{
	setup_standard_streams();
	/* Before setup_process closes /proc/self/fd. Else it has time until
	 * look_at_start. */
	if (c->instance_count > 0)
		log_open();
	in->config = c;
	in->cwd = -1;
	reload_init(&in->reload);
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
	if (c->instance_count > 0)
		narrate_credentials(c);
	if (listeners_open(&in->listeners, c, e) != ERR_OK)
		return e->code;
	if (c->instance_count > 0 && in->listeners.missing == 0 &&
		!c->check_only)
		messages_say_ready(in);
	return ERR_OK;
}

int
init_main(struct config *c, const struct roles *roles)
{
	/* Large, and there is one per process. */
	static struct init in;
	struct error e;

	error_clear(&e);
	if (prepare(&in, c, roles, &e) != ERR_OK) {
		narrate_no_start(c, e.detail);
		listeners_remove_files(&in.listeners);
		return error_exit_status(e.code);
	}
	start(&in);
	if (in.app.spawning.report < 0)
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
