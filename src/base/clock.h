/*
 * clock.h - the two clocks. Waits are measured on the monotonic one;
 * certificates and tokens age on the wall clock, also while the machine is
 * suspended.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX /* a deadline that does not come */

/* CLOCK_MONOTONIC in milliseconds. */
uint64_t clock_ms(void);

/* CLOCK_REALTIME, seconds since 1970-01-01 UTC. */
int64_t clock_wall_s(void);

/*
 * Milliseconds from now_ms to deadline_ms as poll(2) wants them: -1 for
 * CLOCK_NEVER, 0 when it has passed, at most INT_MAX.
 */
int clock_poll_timeout(uint64_t now_ms, uint64_t deadline_ms);

/*
 * Seconds since 1970 of a UTC calendar time (month 1 to 12, day 1 to 31);
 * fields out of range give INT64_MIN. Years 1 to 9999. No time zone is read.
 */
int64_t clock_from_utc(
	int year, int month, int day, int hour, int minute, int second);

/* A UTC calendar time, as people write it: month 1 to 12, day 1 to 31. */
struct clock_utc {
	int year, month, day, hour, minute, second;
};

/* The calendar time of wall_s, for years 1 to 9999. No time zone is read. */
struct clock_utc clock_to_utc(int64_t wall_s);

#endif
