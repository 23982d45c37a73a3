/*
 * terminal.c - hands the terminal over and back. Owns the memory of having
 * given it away. Must never take the foreground from a stranger, and relies on
 * SIGTTOU being blocked: a background process may then change the foreground.
 */
#include "init/terminal.h"

#include "init/voice.h"
#include "io/spawn.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool given;

static bool
in_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

int
terminal_offer(bool session)
{
	if (!isatty(STDIN_FILENO) || !(session || given || in_foreground()))
		return -1;
	given = true;
	return STDIN_FILENO;
}

static bool
give(pid_t group)
{
	given = group > 0 && tcsetpgrp(STDIN_FILENO, group) == 0;
	return given;
}

bool
terminal_regained(pid_t group)
{
	return in_foreground() && give(group);
}

void
terminal_take_back(void)
{
	if (given)
		(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	given = false;
}

/* A signal pending for us, unless another process has sent it. */
static void
discard(int signo)
{
	uint64_t set = spawn_signal_bit(signo);
	struct timespec now = {.tv_sec = 0, .tv_nsec = 0};
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (syscall(SYS_rt_sigtimedwait, &set, &info, &now, SIGSET_BYTES) !=
		signo)
		return;
	if (info.si_code == SI_KERNEL || info.si_pid == getpid())
		voice_say(VOICE_HAND_OFF, signo, 0);
	else
		(void)kill(getpid(), signo);
}

void
terminal_leave(void)
{
	if (ioctl(STDIN_FILENO, TIOCNOTTY) != 0 || getsid(0) != getpid())
		return;
	discard(SIGHUP);
	discard(SIGCONT);
}

static bool
continue_pending(void)
{
	uint64_t set = 0;

	(void)syscall(SYS_rt_sigpending, &set, SIGSET_BYTES);
	return (set & spawn_signal_bit(SIGCONT)) != 0;
}

/*
 * With the signal's own default action, because the kernel leaves that out
 * where no shell could ever continue us (an orphaned process group).
 */
static void
stop_self(int signo)
{
	uint64_t one = spawn_signal_bit(signo);
	unsigned long action[SIGACTION_WORDS] = {0};
	unsigned long old[SIGACTION_WORDS] = {0};

	(void)syscall(SYS_rt_sigaction, signo, action, old, SIGSET_BYTES);
	(void)kill(getpid(), signo);
	(void)syscall(
		SYS_rt_sigprocmask, SIG_UNBLOCK, &one, NULL, SIGSET_BYTES);
	/* Here we are stopped. */
	(void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &one, NULL, SIGSET_BYTES);
	(void)syscall(SYS_rt_sigaction, signo, old, NULL, SIGSET_BYTES);
}

bool
terminal_app_stopped(int signo, pid_t group)
{
	bool access = signo == SIGTTIN || signo == SIGTTOU;
	bool had = given;

	if (signo == SIGSTOP && (!given || getpid() == 1))
		return false;
	/* It only wanted the terminal. */
	if (access && terminal_regained(group))
		return true;
	if (getpid() != 1) {
		terminal_take_back();
		stop_self(signo == SIGSTOP ? SIGTSTP : signo);
		if (continue_pending())
			return false;
		/* We could not be stopped: no shell is above us. */
	}
	if (had || in_foreground())
		had = give(group);
	return (had || !access) && signo != SIGSTOP;
}
