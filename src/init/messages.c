/*
 * messages.c - acts on the tunnel's messages. They were checked when they were
 * received; an instance's number is in range.
 */
#include "init/messages.h"

#include "base/clock.h"
#include "base/log.h"
#include "init/orders.h"

bool
messages_gate_is_open(const struct init *in)
{
	const struct config *c = in->config;
	bool wait = c->wait_ready.wanted && c->command != NULL &&
		    c->instance_count > 0;

	return in->listeners.missing == 0 && (!wait || in->identities) &&
	       (!c->run_connection_test || in->keeper.tested);
}

static void
look_at_gate(struct init *in)
{
	enum state state = in->supervisor.state;

	if ((state == ST_GATED || state == ST_SERVING) &&
		messages_gate_is_open(in))
		orders_tell(in, EV_READY, 0);
}

void
messages_say_ready(struct init *in)
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
	bool missing = in->listeners.fds[m->instance] == LISTENER_LATER;
	struct error e;

	error_clear(&e);
	if (listeners_open_engine(&in->listeners, m->instance,
		    (enum ipc_engine)m->engine, &e) != ERR_OK) {
		log_error("unable to start: %s", e.detail);
		orders_tell(in, EV_STARTUP_FAILED, 0);
		return;
	}
	if (!missing)
		return;
	keeper_send(&in->keeper, &answer, in->listeners.fds[m->instance]);
	if (in->listeners.missing == 0)
		messages_say_ready(in);
	look_at_gate(in);
}

/* As if SIGTERM had come, but a proxy alone has succeeded then. */
static void
quit(struct init *in)
{
	in->signal = (struct signal_event){.signo = SIGTERM};
	orders_tell(in, EV_STOP, 0);
}

/* The connection test is over; "check" has nothing else to do. */
static void
tested(struct init *in, bool passed)
{
	in->keeper.tested = true;
	if (!passed) {
		orders_tell(in, EV_STARTUP_FAILED, 0);
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
		if (in->listeners.fds[m->instance] == LISTENER_LATER &&
			!in->config->wait_ready.wanted)
			orders_tell(in, EV_STARTUP_FAILED, 0);
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

void
messages_take(struct init *in)
{
	struct ipc_message m;

	for (int i = 0; i < CONTROL_PER_TURN && in->keeper.control >= 0; i++) {
		if (keeper_receive(&in->keeper, &m) != ERR_OK)
			return;
		take_message(in, &m);
	}
}
