/*
 * messages.c - acts on the tunnel's messages. They were checked when they were
 * received; an instance's number is in range.
 */
#include "init/messages.h"

#include "base/clock.h"
#include "base/log.h"
#include "init/narrate.h"
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

void
messages_look(struct init *in)
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

/* Where an instance listens, if at all, has been decided. */
static void
settled(struct init *in, uint32_t instance)
{
	struct ipc_message answer = {
		.kind = IPC_LISTENER, .instance = instance};

	keeper_send(&in->keeper, &answer, in->listeners.fds[instance]);
	if (in->listeners.missing == 0 && !in->listeners.late[instance])
		messages_say_ready(in);
	messages_look(in);
}

/* Whose turn it is opens its listener, and by that others have their turn. */
static void
open_in_turn(struct init *in)
{
	struct error e;

	for (uint32_t i = 0; i < in->config->instance_count; i++) {
		if (!listeners_turn(&in->listeners, i))
			continue;
		error_clear(&e);
		if (listeners_open_engine(&in->listeners, i, &e) != ERR_OK) {
			narrate_no_start(in->config, e.detail);
			orders_tell(in, EV_STARTUP_FAILED, 0);
			return;
		}
		settled(in, i);
	}
}

static void
engine_known(struct init *in, const struct ipc_message *m)
{
	in->listeners.engines[m->instance] = (uint8_t)m->engine;
	open_in_turn(in);
}

/* The tunnel tries again, and with --wait-ready we wait. */
static void
engine_unknown(struct init *in, uint32_t instance)
{
	struct error e;

	if (in->listeners.fds[instance] != LISTENER_LATER ||
		in->listeners.late[instance] || in->config->wait_ready.wanted)
		return;
	error_clear(&e);
	(void)error_set(&e, ERR_CONFIG, "its engine is not known");
	if (!listeners_skip(&in->listeners, instance, &e)) {
		orders_tell(in, EV_STARTUP_FAILED, 0);
		return;
	}
	settled(in, instance);
	open_in_turn(in);
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
	messages_look(in);
	if (in->config->check_only)
		quit(in);
}

static void
take_message(struct init *in, const struct ipc_message *m)
{
	switch ((enum ipc_kind)m->kind) {
	case IPC_ASK_IDENTITY:
		if (!in->keeper.draining &&
			!in->config->instances[m->instance].gone)
			questions_ask(&in->questions, m, clock_ms());
		break;
	case IPC_ENGINE:
		engine_known(in, m);
		break;
	case IPC_READY:
		in->identities = true;
		messages_look(in);
		break;
	case IPC_STARTUP_FAILED:
		engine_unknown(in, m->instance);
		break;
	case IPC_QUIT:
		quit(in);
		break;
	case IPC_TESTED:
		tested(in, m->flags == 0);
		break;
	case IPC_GONE:
		in->reload.free[m->instance] = true;
		break;
	case IPC_LISTENER:
	case IPC_FETCHER_EXITED:
	case IPC_DRAIN:
	case IPC_INSTANCE:
	case IPC_REFRESH:
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
