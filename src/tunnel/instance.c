/*
 * instance.c - asking for identities and taking the answers. Owns the current
 * identity of each instance; must never have two questions out for one, nor
 * give up an identity that is still good.
 */
#include "tunnel/instance.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/span.h"
#include "tunnel/connections.h"
#include "tunnel/tunnel.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

void
instance_init(struct instance *i, struct tunnel *t, uint32_t index,
	struct refresh_time now)
{
	memset(i, 0, sizeof(*i));
	i->tunnel = t;
	i->config = &t->config->instances[index];
	i->index = index;
	i->gone = i->config->gone;
	i->gone_told = i->gone;
	i->listener = -1;
	i->probe = -1;
	watch_init(&i->listener_watch);
	refresh_init(&i->refresh, t->config->refresh_timeout, now.ms);
	i->refresh.lazy = t->config->lazy_refresh;
	failover_init(&i->failover);
}

/* The key is kept over refreshes: making one costs up to 350 ms of CPU. */
static void
add_public_key(const struct instance *i, struct ipc_message *m)
{
	struct writer w = writer_over(m->public_key, sizeof(m->public_key));

	if (i->current == NULL)
		return;
	keypair_public_der(&i->current->key, &w);
	if (writer_ok(&w))
		m->public_key_len = (uint32_t)w.len;
}

static void
ask(struct instance *i, struct refresh_time now)
{
	struct ipc_message m;
	enum err err;

	memset(&m, 0, sizeof(m));
	m.kind = IPC_ASK_IDENTITY;
	m.instance = i->index;
	if (i->fresh_token)
		m.flags |= IPC_ASK_FRESH_TOKEN;
	add_public_key(i, &m);
	err = ipc_send(i->tunnel->control, &m, -1);
	refresh_asked(&i->refresh, now);
	if (err != ERR_OK)
		instance_unanswered(i, "the request could not be sent");
	else
		log_debug("[%s] asking for an ephemeral certificate",
			i->config->name);
}

void
instance_step(struct instance *i, struct refresh_time now)
{
	if (refresh_lost_at_ms(&i->refresh) <= now.ms)
		instance_unanswered(i, "no answer came");
	if (i->tunnel->draining)
		return;
	failover_step(i, now);
	if (!i->failover.asking && refresh_next_ms(&i->refresh, now) <= now.ms)
		ask(i, now);
}

uint64_t
instance_deadline_ms(struct instance *i, struct refresh_time now)
{
	uint64_t next = refresh_next_ms(&i->refresh, now);
	uint64_t lost = refresh_lost_at_ms(&i->refresh);
	uint64_t failover = failover_deadline_ms(i);

	/* One question at a time. */
	if (i->failover.asking)
		return failover;
	next = next < lost ? next : lost;
	return next < failover ? next : failover;
}

static void
failed(struct instance *i, enum ipc_result result, uint32_t retry_after_s,
	const char *reason, const char *why)
{
	struct refresh_time now = tunnel_now();

	refresh_failed(&i->refresh, result, retry_after_s, why, now);
	counters_refresh_failed(&i->counters, reason, result);
	counters_failure(&i->counters, why, now.wall_s);
	log_error("[%s] could not get an ephemeral certificate: %s",
		i->config->name, why);
	if (i->current == NULL)
		tunnel_tell(i->tunnel, IPC_STARTUP_FAILED, i->index,
			IPC_ENGINE_UNKNOWN);
	connections_resume(i);
}

void
instance_unanswered(struct instance *i, const char *why)
{
	failover_unanswered(i);
	if (i->refresh.asking)
		failed(i, IPC_RESULT_TEMPORARY, 0, "", why);
}

void
instance_fetcher_exited(struct instance *i, int wait_status)
{
	char why[80];

	if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGALRM)
		(void)snprintf(
			why, sizeof(why), "no answer within --refresh-timeout");
	else if (WIFSIGNALED(wait_status))
		(void)snprintf(why, sizeof(why),
			"the fetcher was killed by signal %d",
			WTERMSIG(wait_status));
	else
		(void)snprintf(why, sizeof(why),
			"the fetcher ended with status %d",
			WEXITSTATUS(wait_status));
	instance_unanswered(i, why);
}

static void
adopt(struct instance *i, struct identity *id)
{
	bool first = i->current == NULL;

	identity_drop(i->current);
	tickets_clear(&i->tickets);
	i->current = id;
	i->serial++;
	i->counters.refreshes++;
	log_debug("[%s] ephemeral certificate is good for %lld s",
		i->config->name,
		(long long)(id->expires_s - tunnel_now().wall_s));
	if (first)
		tunnel_first_identity(i->tunnel, i);
	connections_resume(i);
}

void
instance_answered(struct instance *i, const struct ipc_identity *answer)
{
	const struct keypair *key = i->current ? &i->current->key : NULL;
	struct identity *id;
	struct error e;

	if (answer->name_only) {
		failover_answered(i, answer);
		return;
	}
	i->fresh_token = answer->fresh_token_needed != 0;
	if (answer->result != IPC_RESULT_OK) {
		failed(i, (enum ipc_result)answer->result,
			answer->retry_after_s, answer->reason, answer->detail);
		return;
	}
	error_clear(&e);
	if (identity_new(answer, key, &id, &e) != ERR_OK) {
		failed(i, IPC_RESULT_TEMPORARY, 0, "", e.detail);
		return;
	}
	if (!refresh_got(&i->refresh, id->expires_s, tunnel_now())) {
		counters_refresh_failed(&i->counters, "", IPC_RESULT_TEMPORARY);
		counters_failure(&i->counters, i->refresh.last_error,
			tunnel_now().wall_s);
		identity_drop(id);
		log_error("[%s] %s", i->config->name, i->refresh.last_error);
		connections_resume(i);
		return;
	}
	failover_learn(i, answer);
	adopt(i, id);
}

void
instance_renew(struct instance *i)
{
	if (i->current != NULL && !i->gone)
		refresh_force(&i->refresh, tunnel_now());
}

void
instance_unreachable(struct instance *i, uint32_t serial)
{
	if (serial == i->serial)
		refresh_force(&i->refresh, tunnel_now());
}

void
instance_suspect(struct instance *i, uint32_t serial)
{
	if (serial == i->serial)
		refresh_suspect(&i->refresh, tunnel_now());
}

enum ipc_engine
instance_engine(const struct instance *i)
{
	if (i->current != NULL)
		return i->current->engine;
	return i->config->product == PRODUCT_ALLOYDB ? IPC_ENGINE_POSTGRES
						     : IPC_ENGINE_UNKNOWN;
}

void
instance_clear(struct instance *i)
{
	identity_drop(i->current);
	tickets_clear(&i->tickets);
	i->current = NULL;
}
