/*
 * failover.c - watching where a DNS name leads. Owns what it was resolved to;
 * must never end a connection for anything but another instance's name.
 */
#include "tunnel/failover.h"

#include "base/clock.h"
#include "base/log.h"
#include "tunnel/connections.h"
#include "tunnel/tunnel.h"

#include <string.h>

void
failover_init(struct failover *f)
{
	memset(f, 0, sizeof(*f));
	f->due_ms = CLOCK_NEVER;
}

static void
wait_for_next(struct instance *i)
{
	uint64_t period_ms = i->tunnel->config->failover_period;

	i->failover.asking = false;
	i->failover.due_ms =
		period_ms == 0 ? CLOCK_NEVER : clock_ms() + period_ms;
}

/* True: it leads to another instance than before. */
static bool
moved(struct instance *i, const struct ipc_identity *answer)
{
	struct failover *f = &i->failover;

	if (f->connection_name[0] == '\0' ||
		strcmp(f->connection_name, answer->connection_name) == 0)
		return false;
	log_info("[%s] leads to %s now, no longer to %s: closing its "
		 "connections",
		i->config->name, answer->connection_name, f->connection_name);
	connections_leave(i);
	return true;
}

static void
remember(struct failover *f, const struct ipc_identity *answer)
{
	memcpy(f->connection_name, answer->connection_name,
		sizeof(f->connection_name));
}

void
failover_learn(struct instance *i, const struct ipc_identity *answer)
{
	(void)moved(i, answer);
	remember(&i->failover, answer);
	if (answer->name_may_move)
		wait_for_next(i);
	else
		i->failover.due_ms = CLOCK_NEVER;
}

void
failover_step(struct instance *i, struct refresh_time now)
{
	struct failover *f = &i->failover;
	struct ipc_message m;

	if (f->asking && f->lost_ms <= now.ms)
		failover_unanswered(i);
	if (f->due_ms > now.ms || i->refresh.asking)
		return;
	memset(&m, 0, sizeof(m));
	m.kind = IPC_ASK_IDENTITY;
	m.instance = i->index;
	m.flags = IPC_ASK_NAME;
	if (ipc_send(i->tunnel->control, &m, -1) != ERR_OK) {
		wait_for_next(i);
		return;
	}
	f->asking = true;
	f->due_ms = CLOCK_NEVER;
	f->lost_ms = now.ms + i->refresh.lost_ms;
}

uint64_t
failover_deadline_ms(const struct instance *i)
{
	const struct failover *f = &i->failover;

	if (f->asking)
		return f->lost_ms;
	/* While a question is out its answer, or its loss, wakes us. */
	return i->refresh.asking ? CLOCK_NEVER : f->due_ms;
}

void
failover_answered(struct instance *i, const struct ipc_identity *answer)
{
	wait_for_next(i);
	if (answer->result != IPC_RESULT_OK) {
		log_debug("[%s] could not be looked up: %s", i->config->name,
			answer->detail);
		return;
	}
	if (moved(i, answer)) {
		remember(&i->failover, answer);
		refresh_lapse(&i->refresh, tunnel_now());
	}
}

void
failover_unanswered(struct instance *i)
{
	if (i->failover.asking)
		wait_for_next(i);
}
