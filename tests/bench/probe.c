/*
 * The app of exec_latency.c: writes the time at which it began, and ends.
 * Static on musl, so that its own start is a small part of what is measured.
 */
#include <stdint.h>
#include <time.h>
#include <unistd.h>

int
main(void)
{
	struct timespec t;
	uint64_t ns;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return write(STDOUT_FILENO, &ns, sizeof(ns)) != (ssize_t)sizeof(ns);
}
