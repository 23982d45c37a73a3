/* clock.c - reading the clocks; calendar arithmetic without the C library's
 * time zones. */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

uint64_t
clock_ms(void)
{
	struct timespec ts;

	/* Cannot fail: the clock id is valid and the pointer is ours. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int64_t
clock_wall_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int
clock_poll_timeout(uint64_t now_ms, uint64_t deadline_ms)
{
	if (deadline_ms == CLOCK_NEVER)
		return -1;
	if (deadline_ms <= now_ms)
		return 0;
	if (deadline_ms - now_ms > INT_MAX)
		return INT_MAX;
	return (int)(deadline_ms - now_ms);
}

static int
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t
clock_from_utc(int year, int month, int day, int hour, int minute, int second)
{
	static const int before[12] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	static const int length[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t days;
	int64_t past;

	if (year < 1 || year > 9999 || month < 1 || month > 12 || hour < 0 ||
		hour > 23 || minute < 0 || minute > 59 || second < 0 ||
		second > 60)
		return INT64_MIN;
	if (day < 1 || day > length[month - 1] + (month == 2 && is_leap(year)))
		return INT64_MIN;
	past = year - 1;
	/* 719162 days lie between 0001-01-01 and 1970-01-01. */
	days = past * 365 + past / 4 - past / 100 + past / 400 - 719162;
	days += before[month - 1] + day - 1;
	if (month > 2 && is_leap(year))
		days++;
	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

/*
 * Counted in years that begin in March, so that the leap day is a year's last:
 * 400 of them have 146097 days, and month m begins (153 m + 2) / 5 days in.
 */
struct clock_utc
clock_to_utc(int64_t wall_s)
{
	int64_t days = wall_s / 86400 - (wall_s % 86400 < 0);
	int second_of_day = (int)(wall_s - days * 86400);
	int64_t d = days + 719468; /* since 0000-03-01 */
	int64_t era = d / 146097;
	int64_t in_era = d - era * 146097;
	int64_t year =
		(in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) /
		365;
	int in_year = (int)(in_era - (365 * year + year / 4 - year / 100));
	int month = (5 * in_year + 2) / 153; /* 0: March */
	struct clock_utc t = {
		.year = (int)(year + era * 400) + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = in_year - (153 * month + 2) / 5 + 1,
		.hour = second_of_day / 3600,
		.minute = second_of_day / 60 % 60,
		.second = second_of_day % 60,
	};

	return t;
}
