/*
 * orders.h - the supervisor is told what happens, and its orders are carried
 * out.
 */
#ifndef INIT_ORDERS_H
#define INIT_ORDERS_H

#include "init/init.h"
#include "init/stragglers.h"

/* Decide the first state, and do what that takes. */
void orders_begin(struct init *in, const struct supervision *want);

/* Tell the supervisor, and what its orders lead to, until that is nothing. */
void orders_tell(struct init *in, enum event ev, int value);

/* Our roles that run. */
struct spared orders_roles(const struct init *in);

/* Nothing but our roles is left. */
bool orders_alone(const struct init *in);

/* SIGKILL to what is left, once more. */
void orders_kill_rest(struct init *in);

#endif
