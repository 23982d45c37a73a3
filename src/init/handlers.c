/*
 * handlers.c - the fallback where a seccomp profile denies signalfd. Owns the
 * list that the handlers write. A handler must do nothing else.
 */
#include "init/handlers.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t noted_count;
static struct signal_event noted[SIGNALS_PER_TURN];

/*
 * Each handler runs with all signals blocked but musl's own three, so the
 * list is written by one at a time, nearly: 32 to 34 may come between.
 */
static void
note(int signo, siginfo_t *info, void *context)
{
	sig_atomic_t slot = noted_count;
	struct signal_event *ev = &noted[slot];

	(void)context;
	if (slot >= SIGNALS_PER_TURN)
		return;
	noted_count = slot + 1;
	ev->signo = signo;
	ev->queued = info->si_code == SI_QUEUE;
	ev->pid = info->si_pid;
	ev->uid = info->si_uid;
	ev->value = (uint64_t)(uintptr_t)info->si_value.sival_ptr;
}

enum err
handlers_install(uint64_t *handled, uint64_t *ignored)
{
	unsigned long action[SIGACTION_WORDS] = {0};
	unsigned long old[SIGACTION_WORDS];
	struct sigaction through_libc;

	/* The kernel wants a return path that only the C library knows; its
	 * sigaction refuses 32 to 34, so what it made for one signal is read
	 * back and used for all. */
	memset(&through_libc, 0, sizeof(through_libc));
	through_libc.sa_sigaction = note;
	through_libc.sa_flags = SA_SIGINFO;
	(void)sigfillset(&through_libc.sa_mask);
	*handled = 0;
	*ignored = 0;
	for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
		memset(old, 0, sizeof(old));
		if (syscall(SYS_rt_sigaction, signo, NULL, old, SIGSET_BYTES) ==
				0 &&
			old[0] == 1)
			*ignored |= spawn_signal_bit(signo);
	}
	if (sigaction(SIGUSR1, &through_libc, NULL) != 0 ||
		syscall(SYS_rt_sigaction, SIGUSR1, NULL, action,
			SIGSET_BYTES) != 0)
		return ERR_SYS;
	for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
		if (syscall(SYS_rt_sigaction, signo, action, NULL,
			    SIGSET_BYTES) == 0)
			*handled |= spawn_signal_bit(signo);
	}
	return ERR_OK;
}

size_t
handlers_take(struct signal_event out[SIGNALS_PER_TURN])
{
	size_t count = (size_t)noted_count;

	memcpy(out, noted, count * sizeof(out[0]));
	noted_count = 0;
	return count;
}
