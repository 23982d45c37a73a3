/*
 * spawn.c - makes processes. Owns the stack that a new command runs on until
 * its exec. A child never returns up its parent's stack. One that shares our
 * memory runs beside us until its exec: it may use that stack, its job and the
 * kernel, and neither errno nor anything that takes a lock or allocates.
 */
#include "io/spawn.h"

#include "io/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_STACK 32768
#define DEFAULT_PATH                                                           \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What the child writes into the pipe that closes on exec. */
struct report {
	enum spawn_failure failure; /* SPAWN_OK: no group of its own */
	int sys_errno;
};

struct job {
	struct spawn spawn;
	int report;
	pid_t parent;
};

/* One command at a time is on its way to its exec, so one of each is enough. */
static _Alignas(4096) unsigned char child_stack[CHILD_STACK];
static char exec_path[EXEC_PATH_MAX];
static struct job job;

uint64_t
spawn_signal_bit(int signo)
{
	return UINT64_C(1) << (unsigned)(signo - 1);
}

void
spawn_disposition(int signo, bool ignore, bool *was_ignored)
{
	unsigned long action[SIGACTION_WORDS] = {ignore ? 1UL : 0UL};
	unsigned long old[SIGACTION_WORDS] = {0};
	long r = raw_call(SYS_rt_sigaction, signo, (long)action, (long)old,
		SIGSET_BYTES, 0);

	if (was_ignored != NULL)
		*was_ignored = r == 0 && old[0] == 1;
}

static void
set_mask(uint64_t blocked)
{
	(void)raw_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&blocked, 0,
		SIGSET_BYTES, 0);
}

static const char *
find_path(char *const *environment)
{
	for (size_t i = 0; environment[i] != NULL; i++) {
		if (strncmp(environment[i], "PATH=", 5) == 0)
			return environment[i] + 5;
	}
	return DEFAULT_PATH;
}

/* exec_path = dir/name; an empty dir is the current one, as in POSIX. */
static bool
join_path(const char *dir, size_t dir_len, const char *name)
{
	size_t name_len = strlen(name);

	if (dir_len >= sizeof(exec_path) ||
		name_len >= sizeof(exec_path) - dir_len - 1)
		return false;
	memcpy(exec_path, dir, dir_len);
	if (dir_len > 0)
		exec_path[dir_len++] = '/';
	memcpy(exec_path + dir_len, name, name_len + 1);
	return true;
}

/* The errno; it returns only on failure. */
static int
try_exec(const char *path, char *const *argv, char *const *environment)
{
	return (int)-raw_call(
		SYS_execve, (long)path, (long)argv, (long)environment, 0, 0);
}

/*
 * Only returns on failure, with the errno to report: a file that may not be
 * executed must not hide a later one, but is what the user wants to hear of.
 * A script without #! stays ENOEXEC: no shell is guessed.
 */
static int
exec_in_path(char *const *argv, char *const *environment)
{
	const char *dir = find_path(environment);
	bool denied = false;

	if (argv[0][0] == '\0')
		return ENOENT;
	if (strchr(argv[0], '/') != NULL)
		return try_exec(argv[0], argv, environment);
	for (;;) {
		size_t len = strcspn(dir, ":");

		if (join_path(dir, len, argv[0])) {
			int error = try_exec(exec_path, argv, environment);

			if (error == EACCES)
				denied = true;
			else if (error != ENOENT && error != ENOTDIR)
				return error;
		}
		if (dir[len] == '\0')
			return denied ? EACCES : ENOENT;
		dir += len + 1;
	}
}

/* Handlers of ours must be gone before anything is unblocked. */
static void
give_signals(const struct spawn_signals *s)
{
	for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
		uint64_t bit = spawn_signal_bit(signo);

		if ((s->ignored & bit) != 0)
			spawn_disposition(signo, true, NULL);
		else if ((s->reset & bit) != 0)
			spawn_disposition(signo, false, NULL);
	}
	set_mask(s->blocked);
}

static void
send_report(int fd, enum spawn_failure failure, int sys_errno)
{
	struct report r = {.failure = failure, .sys_errno = sys_errno};

	while (raw_call(SYS_write, fd, (long)&r, sizeof(r), 0, 0) == -EINTR)
		;
}

static void
give_up(int fd, enum spawn_failure failure, int sys_errno)
{
	send_report(fd, failure, sys_errno);
	for (;;)
		(void)raw_call(SYS_exit_group, 127, 0, 0, 0, 0);
}

/* For those who ask whether the sockets they got are meant for them. */
static void
write_listen_pid(char *out)
{
	char digits[12];
	size_t n = 0;
	unsigned v = (unsigned)getpid();

	for (; v > 0; v /= 10)
		digits[n++] = (char)('0' + v % 10);
	memcpy(out, "LISTEN_PID=", 11);
	for (out += 11; n > 0; out++)
		*out = digits[--n];
	*out = '\0';
}

/* Returns the report's descriptor, which had to make room. */
static int
give_notify(const struct spawn *s, int report)
{
	long r = 0;

	if (report == s->notify_as)
		report = (int)raw_call(SYS_fcntl, report, F_DUPFD_CLOEXEC,
			s->notify_as + 1, 0, 0);
	/* A duplicate of itself would stay close-on-exec. */
	if (s->notify == s->notify_as)
		(void)raw_call(SYS_fcntl, s->notify, F_SETFD, 0, 0, 0);
	else
		r = raw_call(SYS_dup3, s->notify, s->notify_as, 0, 0, 0);
	if (r < 0)
		give_up(report, SPAWN_NOTIFY, (int)-r);
	return report;
}

/* A group or session for the child, and the terminal. */
static void
separate(const struct spawn *s, int report)
{
	long r = s->session ? raw_call(SYS_setsid, 0, 0, 0, 0, 0)
			    : raw_call(SYS_setpgid, 0, 0, 0, 0, 0);
	pid_t group;

	if (r < 0)
		send_report(report, SPAWN_OK, (int)-r);
	if (s->terminal < 0)
		return;
	/* SIGTTOU is still blocked, so a background group may do this. Not
	 * fatal: the terminal may belong to another session or be gone. */
	group = (pid_t)raw_call(SYS_getpgid, 0, 0, 0, 0, 0);
	if (s->session)
		(void)raw_call(SYS_ioctl, s->terminal, TIOCSCTTY, 0, 0, 0);
	else
		(void)raw_call(
			SYS_ioctl, s->terminal, TIOCSPGRP, (long)&group, 0, 0);
}

/* After any change of user, which would undo it. */
static void
die_with_parent(int signo, pid_t parent, int report)
{
	if (signo == 0)
		return;
	(void)raw_call(SYS_prctl, PR_SET_PDEATHSIG, signo, 0, 0, 0);
	if (getppid() != parent) /* it died before we asked to be told */
		give_up(report, SPAWN_EXEC, ESRCH);
}

static int
child(void *arg)
{
	const struct spawn *s = &job.spawn;
	int report = job.report;
	enum spawn_failure failure;
	int error;
	long r;

	(void)arg;
	separate(s, report);
	r = s->cwd >= 0 ? raw_call(SYS_fchdir, s->cwd, 0, 0, 0, 0) : 0;
	if (r < 0)
		give_up(report, SPAWN_CWD, (int)-r);
	failure = privilege_enter(&s->privilege, &error);
	if (failure != SPAWN_OK)
		give_up(report, failure, error);
	if (s->listen_pid != NULL)
		write_listen_pid(s->listen_pid);
	if (s->notify >= 0)
		report = give_notify(s, report);
	die_with_parent(s->death_signal, job.parent, report);
	give_signals(&s->signals);
	give_up(report, SPAWN_EXEC, exec_in_path(s->argv, s->environment));
	return 127;
}

enum err
spawn_command(const struct spawn *s, struct spawning *out)
{
	int report[2];

	*out = (struct spawning){.pid = -1, .report = -1, .own_group = true};
	if (pipe2(report, O_CLOEXEC | O_NONBLOCK) != 0)
		return ERR_AGAIN;
	job = (struct job){
		.spawn = *s, .report = report[1], .parent = getpid()};
	/* No page table is copied, as for vfork(2); but its caller sleeps until
	 * the exec, which may take for ever: from a file system that hangs, or
	 * when somebody stops the child. */
	out->pid = clone(child, child_stack + sizeof(child_stack),
		CLONE_VM | SIGCHLD, NULL);
	/* qemu's emulation of another processor knows threads and fork only. */
	if (out->pid < 0 && errno == EINVAL)
		out->pid = clone(child, child_stack + sizeof(child_stack),
			SIGCHLD, NULL);
	(void)close(report[1]);
	if (out->pid < 0) {
		(void)close(report[0]);
		return ERR_AGAIN;
	}
	out->report = report[0];
	return ERR_OK;
}

bool
spawn_over(struct spawning *s)
{
	struct report report;
	ssize_t n;

	for (;;) {
		n = read(s->report, &report, sizeof(report));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n != (ssize_t)sizeof(report))
			break;
		if (report.failure == SPAWN_OK) {
			s->own_group = false;
		} else {
			s->failure = report.failure;
			s->sys_errno = report.sys_errno;
		}
	}
	/* The pipe has closed, by exec or by the child's end. */
	(void)close(s->report);
	s->report = -1;
	/* It held nothing that lasts: the pages go back. */
	(void)madvise(child_stack, sizeof(child_stack), MADV_DONTNEED);
	return true;
}

static int
compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return (x > y) - (x < y);
}

static void
close_between(unsigned first, unsigned last)
{
	struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};

	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	/* An old kernel, or a seccomp profile that does not know the call. */
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < last)
		last = (unsigned)limit.rlim_cur;
	for (unsigned fd = first; fd <= last; fd++)
		(void)close((int)fd);
}

void
spawn_close_but(int *keep, size_t count)
{
	unsigned first = STDERR_FILENO + 1;

	qsort(keep, count, sizeof(keep[0]), compare_ints);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < 0 || (unsigned)keep[i] < first)
			continue;
		if ((unsigned)keep[i] > first)
			close_between(first, (unsigned)keep[i] - 1);
		first = (unsigned)keep[i] + 1;
	}
	close_between(first, ~0U);
}

static void
role_signals(void)
{
	static const int ignored[] = {
		SIGPIPE, SIGTERM, SIGINT, SIGQUIT, SIGHUP};

	for (int signo = 1; signo <= SIGNAL_MAX; signo++)
		spawn_disposition(signo, false, NULL);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		spawn_disposition(ignored[i], true, NULL);
	set_mask(0);
}

static int
role_child(const struct spawn_role *role, pid_t parent)
{
	static const struct rlimit no_core = {.rlim_cur = 0, .rlim_max = 0};
	int keep[ROLE_KEEP_MAX];
	int null;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return 1; /* it died before we asked to be told */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_NAME, role->name);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	/* Should this fail, relative paths are not found, which is said. */
	if (role->cwd >= 0)
		(void)raw_call(SYS_fchdir, role->cwd, 0, 0, 0, 0);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0)
		(void)dup2(null, STDIN_FILENO);
	memcpy(keep, role->keep, sizeof(keep));
	spawn_close_but(keep, role->keep_count);
	/* Another user: neither it nor the app can signal the other. Changing
	 * the user undoes the first two prctl above, hence again. */
	if (role->account != NULL && privilege_become(role->account) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_DUMPABLE, 0);
		if (getppid() != parent)
			return 1;
	}
	role_signals();
	return role->run(role->arg);
}

enum err
spawn_role(const struct spawn_role *role, pid_t *pid)
{
	pid_t parent = getpid();

	*pid = fork();
	if (*pid == 0)
		_exit(role_child(role, parent));
	return *pid < 0 ? ERR_AGAIN : ERR_OK;
}
