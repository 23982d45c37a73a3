/*
 * signals.c - owns the process's signal state. Uses the raw system calls with
 * 64-bit masks, because musl's sigset_t functions leave out 32 to 34, of which
 * 34 is glibc's SIGRTMIN. Must never install a handler where signalfd works: a
 * handler is inherited over fork, and swallows what arrives before the exec.
 */
#include "init/signals.h"

#include "base/log.h"
#include "init/handlers.h"
#include "io/kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PIDFD_SIGNAL_PROCESS_GROUP 4u /* the kernel's, not yet musl's */

static struct spawn_signals inherited;
static int fd = -1;

void
signals_block_all(void)
{
	uint64_t all = UINT64_MAX;
	bool ignored;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &inherited.blocked,
		SIGSET_BYTES);
	spawn_disposition(SIGCHLD, false, &ignored);
	if (ignored)
		inherited.ignored |= spawn_signal_bit(SIGCHLD);
}

enum err
signals_open(struct error *e)
{
	uint64_t all = UINT64_MAX;
	uint64_t ignored;

	fd = (int)syscall(SYS_signalfd4, -1, &all, SIGSET_BYTES,
		SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd >= 0)
		return ERR_OK;
	log_debug("init: signalfd: %s; using handlers", strerror(errno));
	if (handlers_install(&inherited.reset, &ignored) != ERR_OK)
		return error_sys(e, ERR_SYS, "init: cannot receive signals");
	inherited.ignored |= ignored;
	return ERR_OK;
}

struct spawn_signals
signals_for_command(void)
{
	return inherited;
}

int
signals_fd(void)
{
	return fd;
}

static void
wait_with_handlers(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec ts = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = (long)(timeout_ms % 1000) * 1000000,
	};
	sigset_t none;

	(void)sigemptyset(&none);
	if (ppoll(fds, count, timeout_ms < 0 ? NULL : &ts, &none) < 0) {
		for (nfds_t i = 0; i < count; i++)
			fds[i].revents = 0;
	}
}

void
signals_wait(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	/* The last entry is ours to fill. */
	fds[count] = (struct pollfd){.fd = fd, .events = POLLIN, .revents = 0};
	if (fd < 0) {
		wait_with_handlers(fds, count, timeout_ms);
		return;
	}
	if (poll(fds, count + 1, timeout_ms) < 0) {
		for (nfds_t i = 0; i < count; i++)
			fds[i].revents = 0;
	}
}

static size_t
read_signalfd(struct signal_event out[SIGNALS_PER_TURN])
{
	struct signalfd_siginfo info[SIGNALS_PER_TURN];
	ssize_t n = read(fd, info, sizeof(info));
	size_t count = n <= 0 ? 0 : (size_t)n / sizeof(info[0]);

	for (size_t i = 0; i < count; i++) {
		out[i].signo = (int)info[i].ssi_signo;
		out[i].queued = info[i].ssi_code == SI_QUEUE;
		out[i].pid = (pid_t)info[i].ssi_pid;
		out[i].uid = (uid_t)info[i].ssi_uid;
		out[i].value = info[i].ssi_ptr;
	}
	return count;
}

size_t
signals_read(struct signal_event out[SIGNALS_PER_TURN])
{
	return fd >= 0 ? read_signalfd(out) : handlers_take(out);
}

/*
 * Since Linux 6.9 a value can be sent to a group as well, to all of it at once
 * as kill(2) does. To look its members up instead would miss who is born
 * meanwhile, and who is its leader would be told twice.
 */
static long
queue_to_group(pid_t group, int signo, const siginfo_t *info)
{
	long result;
	long leader;

	if (!kernel_since(6, 9))
		return -1;
	leader = syscall(SYS_pidfd_open, group, 0u);
	if (leader < 0)
		return -1;
	result = syscall(SYS_pidfd_send_signal, (int)leader, signo, info,
		PIDFD_SIGNAL_PROCESS_GROUP);
	(void)close((int)leader);
	return result;
}

static bool
sent_with_value(pid_t target, int signo, const struct signal_event *ev)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = signo;
	info.si_code = SI_QUEUE;
	info.si_pid = ev->pid;
	info.si_uid = ev->uid;
	info.si_value.sival_ptr = (void *)(uintptr_t)ev->value;
	if (target < 0)
		return queue_to_group(-target, signo, &info) == 0;
	return syscall(SYS_rt_sigqueueinfo, target, signo, &info) == 0;
}

int
signals_send(pid_t target, int signo, const struct signal_event *ev)
{
	/* A full queue takes the signal without its value. */
	if (ev != NULL && ev->queued && sent_with_value(target, signo, ev))
		return 0;
	return kill(target, signo) == 0 ? 0 : errno;
}
