/*
 * terminal.h - the terminal on standard input, and stopping (job control).
 * There is one per process, so this module has state of its own.
 *
 * The app's process group gets the foreground while we have it, so that Ctrl-C
 * and its like reach the app from the kernel. Nothing here can fail: where
 * there is no terminal, or it is another session's, nothing happens.
 */
#ifndef INIT_TERMINAL_H
#define INIT_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The descriptor to give to a new group or session, which is counted as given;
 * -1: there is none, or it is not ours, since a program in the background must
 * not take it from another.
 */
int terminal_offer(bool session);

/* If the foreground is ours, give it to a group. True: that group has it. */
bool terminal_regained(pid_t group);

/* Take it back from the group that we gave it to. */
void terminal_take_back(void);

/*
 * Let a child's session have it: it ceases to be our controlling terminal. The
 * SIGHUP and SIGCONT that the kernel sends for this are taken off the queue.
 */
void terminal_leave(void);

/*
 * The app (its group) was stopped by signo. As PID 1, which cannot be stopped,
 * the answer is whether to continue the app: not if somebody else used
 * SIGSTOP. Elsewhere we stop too, so that the shell that started us takes the
 * terminal, and return when that is over; true if the app should be continued
 * and no SIGCONT is on the way that will do that.
 */
bool terminal_app_stopped(int signo, pid_t group);

#endif
