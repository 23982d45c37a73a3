/*
 * privilege.h - what a new process gives up or is given before it runs: limits,
 * another user, the right to gain privileges, another directory.
 */
#ifndef IO_PRIVILEGE_H
#define IO_PRIVILEGE_H

#include "base/error.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account {
	bool set; /* otherwise nobody else is meant */
	uint32_t uid;
	uint32_t gid;
	uint32_t groups[GROUPS_MAX]; /* supplementary */
	size_t group_count;
	char home[PATH_LEN_MAX]; /* "/" where none is known */
};

#define RESOURCES_MAX 16 /* RLIMIT_... are below */

struct resource_limits {
	uint32_t set; /* bit n: RLIMIT number n */
	struct {
		uint64_t soft; /* RLIM_INFINITY: none */
		uint64_t hard;
	} of[RESOURCES_MAX];
};

struct privilege {
	const struct account *account;
	const struct resource_limits *limits;
	const char *directory; /* seen as the new user; NULL: as it is */
	bool no_new_privs;
};

/* What goes wrong between fork and exec. */
enum spawn_failure {
	SPAWN_OK,
	SPAWN_CWD, /* the directory of the first start is gone */
	SPAWN_LIMITS,
	SPAWN_USER,
	SPAWN_DIRECTORY,
	SPAWN_LOCK,   /* no_new_privs */
	SPAWN_NOTIFY, /* its descriptor for readiness */
	SPAWN_EXEC
};

/*
 * Become the account: supplementary groups, group, user, and then a try to
 * come back, which must fail. 0, or the errno; the process may then be half
 * changed and must end.
 */
int privilege_become(const struct account *a) NODISCARD;

/*
 * All of p, in the order that makes each step possible. Not SPAWN_OK:
 * *sys_errno says why, and the process must end. Only system calls, and never
 * errno: it runs between clone and exec, in the parent's memory.
 */
enum spawn_failure privilege_enter(
	const struct privilege *p, int *sys_errno) NODISCARD;

#endif
