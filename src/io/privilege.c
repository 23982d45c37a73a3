/*
 * privilege.c - gives privileges up. Raw system calls, because the C library's
 * wrappers lock and signal all threads, and because errno may be another
 * process's too. Must never go on after a failure.
 */
#include "io/privilege.h"

#include "io/rawcall.h"

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

int
privilege_become(const struct account *a)
{
	long r;

	/* An image's USER and --user may say the same. */
	if (geteuid() != 0 && is_already(a))
		return 0;
	r = raw_call(
		SYS_setgroups, (long)a->group_count, (long)a->groups, 0, 0, 0);
	if (r == 0)
		r = raw_call(SYS_setresgid, a->gid, a->gid, a->gid, 0, 0);
	if (r == 0)
		r = raw_call(SYS_setresuid, a->uid, a->uid, a->uid, 0, 0);
	if (r < 0)
		return (int)-r;
	if (!is_already(a) ||
		(a->uid != 0 && raw_call(SYS_setresuid, -1, 0, -1, 0, 0) == 0))
		return EPERM;
	return 0;
}

static int
set_limits(const struct resource_limits *l)
{
	for (unsigned i = 0; i < RESOURCES_MAX; i++) {
		struct rlimit limit = {
			.rlim_cur = l->of[i].soft, .rlim_max = l->of[i].hard};
		long r;

		if ((l->set >> i & 1u) == 0)
			continue;
		r = raw_call(SYS_prlimit64, 0, (long)i, (long)&limit, 0, 0);
		if (r < 0)
			return (int)-r;
	}
	return 0;
}

enum spawn_failure
privilege_enter(const struct privilege *p, int *sys_errno)
{
	long r;

	/* Limits first: to raise them is root's right. */
	*sys_errno = set_limits(p->limits);
	if (*sys_errno != 0)
		return SPAWN_LIMITS;
	if (p->account->set)
		*sys_errno = privilege_become(p->account);
	if (*sys_errno != 0)
		return SPAWN_USER;
	if (p->directory != NULL) {
		r = raw_call(SYS_chdir, (long)p->directory, 0, 0, 0, 0);
		*sys_errno = (int)-r;
		if (r < 0)
			return SPAWN_DIRECTORY;
	}
	if (p->no_new_privs) {
		r = raw_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		*sys_errno = (int)-r;
		if (r < 0)
			return SPAWN_LOCK;
	}
	return SPAWN_OK;
}
