/*
 * instance.h - one database instance as the tunnel sees it: its listening
 * socket, its current identity and the questions that renew it.
 */
#ifndef TUNNEL_INSTANCE_H
#define TUNNEL_INSTANCE_H

#include "config.h"
#include "io/ipc.h"
#include "io/loop.h"
#include "tunnel/counters.h"
#include "tunnel/failover.h"
#include "tunnel/identity.h"
#include "tunnel/refresh.h"
#include "tunnel/tickets.h"

#include <stdbool.h>
#include <stdint.h>

struct tunnel;

struct instance {
	struct tunnel *tunnel;
	const struct instance_config *config;
	uint32_t index; /* in config.instances */
	struct refresh refresh;
	struct failover failover;
	int probe; /* the far end of its connection test; -1: none */
	struct identity *current; /* NULL before the first one */
	uint32_t serial;          /* of current: a new one adds 1 */
	struct tickets tickets;   /* of current */
	struct counters counters;
	bool fresh_token; /* the last token was refused */
	int listener;     /* -1: not there yet, or closed */
	bool unheard;     /* nobody listens for it, nor will */
	bool gone;        /* taken out of the configuration */
	bool gone_told;   /* init knows that it has no connection */
	struct watch listener_watch;
};

void instance_init(struct instance *i, struct tunnel *t, uint32_t index,
	struct refresh_time now);

/* Ask if that is due; give up a question that was lost. */
void instance_step(struct instance *i, struct refresh_time now);

/* When instance_step is to be called again, clock_ms's scale. */
uint64_t instance_deadline_ms(struct instance *i, struct refresh_time now);

/* The answer to the question that is out, whatever its result. */
void instance_answered(struct instance *i, const struct ipc_identity *answer);

/* The question that is out will not be answered. */
void instance_unanswered(struct instance *i, const char *why);

/* IPC_REFRESH. */
void instance_renew(struct instance *i);

/* IPC_FETCHER_EXITED. */
void instance_fetcher_exited(struct instance *i, int wait_status);

/* No address of the identity with that serial could be reached. */
void instance_unreachable(struct instance *i, uint32_t serial);

/* TLS failed with the identity with that serial. */
void instance_suspect(struct instance *i, uint32_t serial);

/* Its database's engine; IPC_ENGINE_UNKNOWN before the first identity. */
enum ipc_engine instance_engine(const struct instance *i);

/* Drop the identity, for the end of the process. */
void instance_clear(struct instance *i);

#endif
