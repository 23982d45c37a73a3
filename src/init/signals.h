/*
 * signals.h - signals as init sees them: all of 1 to 64 blocked from the first
 * statement of main, read one by one, passed on with their values.
 *
 * There is one set of signals per process, so this module has state of its
 * own instead of an object.
 */
#ifndef INIT_SIGNALS_H
#define INIT_SIGNALS_H

#include "base/error.h"
#include "io/spawn.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct signal_event {
	int signo;
	bool queued; /* sent by sigqueue(3): pid, uid and value count */
	pid_t pid;
	uid_t uid;
	uint64_t value;
};

/*
 * Block every signal and make SIGCHLD default, remembering what was inherited.
 * Must be the first statement of main: the kernel drops a signal to PID 1 that
 * is neither handled nor blocked (pid_namespaces(7)), SIGTERM included. While
 * SIGCHLD is ignored children vanish unseen.
 */
void signals_block_all(void);

/*
 * Get ready to read: through signalfd, or where that is denied through
 * handlers that are open only while signals_wait waits. ERR_SYS: neither.
 */
enum err signals_open(struct error *e) NODISCARD;

/* What a new command is to start with. */
struct spawn_signals signals_for_command(void);

/* The descriptor to be kept open; -1 with handlers. */
int signals_fd(void);

/*
 * poll(2), but a signal ends it too. fds must have room for one entry after
 * the count that are the caller's. A failure looks like a turn without events.
 */
void signals_wait(struct pollfd *fds, nfds_t count, int timeout_ms);

/* Take up to SIGNALS_PER_TURN signals; returns how many. Never blocks. */
size_t signals_read(struct signal_event out[SIGNALS_PER_TURN]);

/*
 * Send signo to target, a process or the negative id of the group that a child
 * of ours leads or led, with ev's value where ev has one (ev may be NULL). A
 * group gets the value since Linux 6.9, and before it the signal alone. 0, or
 * the errno.
 */
int signals_send(pid_t target, int signo, const struct signal_event *ev);

#endif
