/*
 * stragglers.h - what an app leaves behind when it ends: processes that are
 * neither ours nor our roles'.
 */
#ifndef INIT_STRAGGLERS_H
#define INIT_STRAGGLERS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ROLES_MAX (INSTANCES_MAX + 1)

/* Our roles, which are left alone. */
struct spared {
	pid_t pids[ROLES_MAX];
	size_t count;
};

/*
 * Ask them to end: SIGTERM, then SIGCONT for those that are stopped. As PID 1
 * it reaches every process of the namespace at one moment; the roles ignore
 * SIGTERM. Elsewhere only our descendants may be meant, and /proc tells them;
 * without /proc it is the app's process group (-1: none).
 */
void stragglers_ask(const struct spared *roles, pid_t group);

/*
 * SIGKILL to those that are there now, naming the first few in the log. Later
 * ones are met by the next call.
 */
void stragglers_kill(const struct spared *roles, pid_t group);

/*
 * False: none is left, for certain. Zombies do not count. Without /proc it is
 * true.
 */
bool stragglers_left(const struct spared *roles);

#endif
