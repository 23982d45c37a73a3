/*
 * spawn.h - the two ways a process is made: the user's command (its own
 * program) and a role of ours (a fork that calls a function).
 *
 * Signal sets are 64-bit masks as the kernel has them, bit n-1 for signal n:
 * musl's sigset_t functions leave out 32 to 34.
 */
#ifndef IO_SPAWN_H
#define IO_SPAWN_H

#include "base/error.h"
#include "base/limits.h"
#include "base/signame.h"
#include "io/privilege.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The kernel's struct sigaction, by size alone; word 0 is the handler. */
#define SIGACTION_WORDS 8
#define SIGSET_BYTES    8 /* what the raw signal system calls call sigsetsize */

/* The bit of signal n, 1 to 64. */
uint64_t spawn_signal_bit(int signo);

/*
 * Set the disposition of signo to SIG_DFL or SIG_IGN with the raw system call;
 * *was_ignored, where not NULL, says whether it was SIG_IGN.
 */
void spawn_disposition(int signo, bool ignore, bool *was_ignored);

/* Signal state that the command is to start with. */
struct spawn_signals {
	uint64_t blocked;
	uint64_t ignored;
	uint64_t reset; /* have a handler of ours: to SIG_DFL first */
};

struct spawn {
	char *const *argv; /* [0] is looked up in the environment's PATH */
	char *const *environment;
	struct spawn_signals signals;
	int cwd;      /* directory to start in; -1: ours */
	int terminal; /* give this terminal to the new group; -1: none */
	struct privilege privilege;
	char *listen_pid; /* LISTEN_PID_MAX bytes for "LISTEN_PID=" and the
			   * new process's id; NULL: none */
	int notify;       /* becomes its descriptor notify_as; -1: none */
	int notify_as;
	bool session;     /* a session of its own, not only a group */
	int death_signal; /* sent to it when we end; 0: none */
};

/* A command that is on its way. */
struct spawning {
	pid_t pid;
	int report;     /* readable: look with spawn_over; -1: that is done */
	bool own_group; /* false: setpgid or setsid was denied */
	enum spawn_failure failure;
	int sys_errno; /* of failure */
};

/*
 * Start a command in a process group of its own, without waiting for anything.
 * ERR_OK: out->pid is the child. Signals may be sent to it at once: until the
 * exec it has all of them blocked or default, and no handler. What s points to
 * must stay as it is until spawn_over, and no other command may be started
 * before. ERR_AGAIN: no process could be made now; errno says.
 */
enum err spawn_command(const struct spawn *s, struct spawning *out) NODISCARD;

/*
 * Whether the exec has happened or failed; never waits. Once true, s->failure
 * is SPAWN_OK or what went wrong, and a child that failed is ending.
 */
bool spawn_over(struct spawning *s);

#define ROLE_KEEP_MAX (LISTENERS_MAX + 12)

struct spawn_role {
	const char *name; /* at most 15 bytes, for ps(1) */
	int (*run)(const void *arg);
	const void *arg;
	int cwd;                 /* directory to work in; -1: ours */
	int keep[ROLE_KEEP_MAX]; /* descriptors >= 3 that stay open */
	size_t keep_count;
	const struct account *account; /* to run as, where that is possible;
					* NULL: as we do */
};

/*
 * Fork a role: own process group, killed when we die, not dumpable, no core,
 * standard input from /dev/null, only the named descriptors. Its signals are
 * default and unblocked, except that SIGPIPE, SIGTERM, SIGINT, SIGQUIT and
 * SIGHUP are ignored: whoever signals all processes means the app, and a role
 * ends when init says so. ERR_AGAIN: no process could be made now.
 */
enum err spawn_role(const struct spawn_role *role, pid_t *pid) NODISCARD;

/* Close every descriptor >= 3 but those in keep, whose order changes. */
void spawn_close_but(int *keep, size_t count);

#endif
