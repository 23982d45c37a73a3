/*
 * setup.c - init's own process. Nothing here is worth failing for: each step
 * makes a guarantee better, and the app can run without it.
 */
#include "init/setup.h"

#include "base/log.h"
#include "init/voice.h"
#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void
setup_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free number is fd. Not close-on-exec: these are
		 * the app's too. */
		/* cppcheck-suppress leakReturnValNotUsed */
		if (open("/dev/null", O_RDWR) < 0)
			/* cppcheck-suppress leakReturnValNotUsed */
			(void)open("/", O_PATH);
	}
}

static void
die_with_parent(int signo)
{
	pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, signo) != 0)
		log_warn("init: our parent's end will not be noticed: %s",
			strerror(errno));
	else if (getppid() != parent)
		(void)kill(getpid(), signo);
}

static void
adopt_orphans(bool wanted)
{
	int already = 0;

	if (wanted && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		log_warn("init: orphans cannot be adopted, zombies may stay: "
			 "%s",
			strerror(errno));
	/* It outlasts an exec, so somebody may have asked before us. */
	if (!wanted &&
		(prctl(PR_GET_CHILD_SUBREAPER, &already) != 0 || already == 0))
		(void)voice_say(VOICE_NO_REAPER, 0, 0);
}

void
setup_process(const struct config *c)
{
	if (c->pdeathsig != 0)
		die_with_parent(c->pdeathsig);
	if (getpid() != 1)
		adopt_orphans(c->subreaper);
	if (c->instance_count > 0 && prctl(PR_SET_DUMPABLE, 0) != 0)
		log_warn("init: processes of the same user can read our "
			 "memory: %s",
			strerror(errno));
}

int
setup_hold_directory(void)
{
	return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void
setup_let_go(bool directory, int *keep, size_t count, bool close_others)
{
	if (directory && chdir("/") != 0)
		log_debug("init: chdir /: %s", strerror(errno));
	if (close_others)
		spawn_close_but(keep, count);
}
