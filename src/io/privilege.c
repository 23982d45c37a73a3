/*
 * privilege.c - gives privileges up. Raw system calls, because the C library's
 * wrappers lock and signal all threads. Must never go on after a failure.
 */
#include "io/privilege.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
is_already(const struct account *a)
{
	return getuid() == a->uid && geteuid() == a->uid &&
	       getgid() == a->gid && getegid() == a->gid;
}

bool
privilege_become(const struct account *a)
{
	/* An image's USER and --user may say the same. */
	if (geteuid() != 0 && is_already(a))
		return true;
	if (syscall(SYS_setgroups, a->group_count, a->groups) != 0 ||
		syscall(SYS_setresgid, a->gid, a->gid, a->gid) != 0 ||
		syscall(SYS_setresuid, a->uid, a->uid, a->uid) != 0)
		return false;
	if (!is_already(a) ||
		(a->uid != 0 && syscall(SYS_setresuid, -1, 0, -1) == 0)) {
		errno = EPERM;
		return false;
	}
	return true;
}

static bool
set_limits(const struct resource_limits *l)
{
	for (unsigned i = 0; i < RESOURCES_MAX; i++) {
		struct rlimit limit = {
			.rlim_cur = l->of[i].soft, .rlim_max = l->of[i].hard};

		if ((l->set >> i & 1u) != 0 &&
			syscall(SYS_prlimit64, 0, i, &limit, NULL) != 0)
			return false;
	}
	return true;
}

enum spawn_failure
privilege_enter(const struct privilege *p)
{
	/* Limits first: to raise them is root's right. */
	if (!set_limits(p->limits))
		return SPAWN_LIMITS;
	if (p->account->set && !privilege_become(p->account))
		return SPAWN_USER;
	if (p->directory != NULL && chdir(p->directory) != 0)
		return SPAWN_DIRECTORY;
	if (p->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return SPAWN_LOCK;
	return SPAWN_OK;
}
