/*
 * reach.c - asks the kernel as somebody else, for the calling thread alone.
 * Must be ourselves again when it returns, or end the process.
 */
#include "io/reach.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The libraries' setgroups is for all threads, this for one. */
static long
set_groups(size_t count, const gid_t *groups)
{
	return syscall(SYS_setgroups, count, groups);
}

bool
reach_can_read(const struct account *account, const char *path)
{
	gid_t own[GROUPS_MAX];
	int own_count = getgroups(GROUPS_MAX, own);
	int fd;

	if (!account->set)
		return false;
	if (geteuid() != 0)
		return access(path, R_OK) == 0;
	/* Where we cannot become the account, the answer is the bad one. */
	if (own_count < 0 ||
		set_groups(account->group_count, account->groups) != 0)
		return true;
	(void)setfsgid(account->gid);
	(void)setfsuid(account->uid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0)
		(void)close(fd);
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	if (set_groups((size_t)own_count, own) != 0)
		abort();
	return fd >= 0;
}
