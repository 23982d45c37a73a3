/*
 * failover.h - an instance that is given by a DNS name may become another one.
 *
 * Its name is looked up every --failover-period. Only a name that leads to
 * another instance closes connections; one that cannot be looked up now does
 * not. Google's own names of instances never move and are not looked up.
 */
#ifndef TUNNEL_FAILOVER_H
#define TUNNEL_FAILOVER_H

#include "base/limits.h"
#include "io/ipc.h"
#include "tunnel/refresh.h"

#include <stdbool.h>
#include <stdint.h>

struct instance;

struct failover {
	bool asking;      /* a question is out: nothing else may be asked */
	uint64_t due_ms;  /* of the next; CLOCK_NEVER: the name cannot move */
	uint64_t lost_ms; /* while asking: when no answer will come */
	char connection_name[INSTANCE_NAME_MAX]; /* "": not resolved yet */
};

void failover_init(struct failover *f);

/* The instance's identity is here: what it was resolved to. */
void failover_learn(struct instance *i, const struct ipc_identity *answer);

/* Ask if that is due and nothing else has been asked. */
void failover_step(struct instance *i, struct refresh_time now);

uint64_t failover_deadline_ms(const struct instance *i);

/* What the name leads to now. */
void failover_answered(struct instance *i, const struct ipc_identity *answer);

/* No answer will come: the same again later. */
void failover_unanswered(struct instance *i);

#endif
