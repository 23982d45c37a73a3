/*
 * The app that measures forwarding: for every SIGUSR1 it writes the time at
 * which it got it.
 */
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

int
main(void)
{
	struct timespec t;
	sigset_t set;
	uint64_t ns;
	int signo;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)!write(STDOUT_FILENO, "readynow", 8);
	while (sigwait(&set, &signo) == 0) {
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
		ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
		if (write(STDOUT_FILENO, &ns, sizeof(ns)) !=
			(ssize_t)sizeof(ns))
			return 1;
	}
	return 0;
}
