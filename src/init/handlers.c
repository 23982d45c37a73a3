/*
 * handlers.c - the fallback where a seccomp profile denies signalfd. Owns the
 * list that the handlers write. A handler must do nothing else.
 */
#include "init/handlers.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct sigaction on x86-64 and on arm64, in words. */
enum action_word {
	ACTION_HANDLER,
	ACTION_FLAGS,
	ACTION_RETURN,
	ACTION_MASK
};

static volatile sig_atomic_t noted_count;
static struct signal_event noted[SIGNALS_PER_TURN];

/*
 * Each handler runs with all signals blocked, so that one at a time writes the
 * list, and one wait leaves one signal in it, however many are queued.
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

/*
 * The C library's sigaction is of no use: it refuses 32 to 34, and with the
 * first handler musl unblocks 33 and 34, of which one could be lost here or
 * end us. So the return path that x86-64 asks for is ours, too.
 */
#ifdef __x86_64__
#define ACTION_HAS_RETURN 0x04000000ul

__attribute__((naked)) static void
return_from_handler(void)
{
	__asm__("movl $15, %eax\n\tsyscall"); /* rt_sigreturn */
}
#endif

enum err
handlers_install(uint64_t *handled, uint64_t *ignored)
{
	unsigned long action[SIGACTION_WORDS] = {
		[ACTION_HANDLER] = (unsigned long)note,
		[ACTION_FLAGS] = SA_SIGINFO,
		[ACTION_MASK] = ~0ul,
	};
	unsigned long old[SIGACTION_WORDS];

#ifdef __x86_64__
	action[ACTION_FLAGS] |= ACTION_HAS_RETURN;
	action[ACTION_RETURN] = (unsigned long)return_from_handler;
#endif
	*handled = 0;
	*ignored = 0;
	for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
		memset(old, 0, sizeof(old));
		if (syscall(SYS_rt_sigaction, signo, action, old,
			    SIGSET_BYTES) != 0)
			continue;
		*handled |= spawn_signal_bit(signo);
		if (old[0] == 1)
			*ignored |= spawn_signal_bit(signo);
	}
	return *handled != 0 ? ERR_OK : ERR_SYS;
}

size_t
handlers_take(struct signal_event out[SIGNALS_PER_TURN])
{
	size_t count = (size_t)noted_count;

	memcpy(out, noted, count * sizeof(out[0]));
	noted_count = 0;
	return count;
}
