/*
 * Measures how long a command takes from its exec to the first instruction of
 * the program that it starts in turn.
 *
 *     exec_latency COUNT COMMAND [ARG...]
 *
 * COMMAND runs COUNT times, one after another, each as PID 1 of a new PID
 * namespace, and has to start tests/bench/probe.c with standard output left
 * alone. Prints the nanoseconds of each run. Needs CAP_SYS_ADMIN.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* In the child: the clock is read as late as possible before the exec. */
static _Noreturn void
start(int out, char **argv)
{
	uint64_t t;

	if (dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	t = now_ns();
	if (write(STDOUT_FILENO, &t, sizeof(t)) != (ssize_t)sizeof(t))
		_exit(126);
	(void)execv(argv[0], argv);
	_exit(127);
}

/* 0, or -1 after a message. */
static int
measure(char **argv)
{
	uint64_t t[2];
	size_t have = 0;
	int fd[2], status;
	long pid;

	if (pipe2(fd, O_CLOEXEC) != 0) {
		perror("pipe2");
		return -1;
	}
	pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0) {
		perror("clone");
		return -1;
	}
	if (pid == 0)
		start(fd[1], argv);
	(void)close(fd[1]);
	while (have < sizeof(t)) {
		ssize_t n = read(fd[0], (char *)t + have, sizeof(t) - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	(void)close(fd[0]);
	if (waitpid((pid_t)pid, &status, 0) < 0 || have < sizeof(t)) {
		fprintf(stderr, "%s: the probe did not answer\n", argv[0]);
		return -1;
	}
	printf("%llu\n", (unsigned long long)(t[1] - t[0]));
	return 0;
}

int
main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

	if (count <= 0) {
		fprintf(stderr, "usage: exec_latency COUNT COMMAND [ARG...]\n");
		return 2;
	}
	while (count-- > 0) {
		if (measure(argv + 2) != 0)
			return 1;
	}
	return 0;
}
