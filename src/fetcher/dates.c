/*
 * dates.c - two formats, read strictly. Pure.
 */
#include "fetcher/dates.h"

#include "base/clock.h"

#include <string.h>

/* A number of exactly that many digits. */
static int
number(struct reader *r, size_t digits)
{
	struct span s = read_bytes(r, digits);
	int v = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			r->failed = true;
		v = v * 10 + (s.data[i] - '0');
	}
	return v;
}

static void
literal(struct reader *r, const char *text)
{
	if (!span_equal_str(read_bytes(r, strlen(text)), text))
		r->failed = true;
}

static enum err
finish(const struct reader *r, int64_t t, int64_t *seconds)
{
	*seconds = t;
	return reader_done(r) && t != INT64_MIN ? ERR_OK : ERR_PARSE;
}

/* Seconds east of Greenwich. */
static int
zone(struct reader *r)
{
	uint8_t sign = read_u8(r);
	int hours;
	int minutes;

	if (sign == 'Z' || sign == 'z')
		return 0;
	if (sign != '+' && sign != '-')
		r->failed = true;
	hours = number(r, 2);
	literal(r, ":");
	minutes = number(r, 2);
	if (hours > 23 || minutes > 59)
		r->failed = true;
	return (sign == '-' ? -60 : 60) * (hours * 60 + minutes);
}

enum err
dates_rfc3339(struct span text, int64_t *seconds)
{
	struct reader r = reader_over(text);
	int part[6];
	int64_t t;

	for (size_t i = 0; i < 6; i++) {
		part[i] = number(&r, i == 0 ? 4 : 2);
		if (i < 5)
			literal(&r, i < 2 ? "-" : i == 2 ? "T" : ":");
	}
	if (r.left > 0 && r.at[0] == '.') {
		(void)read_u8(&r);
		do {
			(void)number(&r, 1);
		} while (r.left > 0 && r.at[0] >= '0' && r.at[0] <= '9');
	}
	t = clock_from_utc(
		part[0], part[1], part[2], part[3], part[4], part[5]);
	if (t != INT64_MIN)
		t -= zone(&r);
	return finish(&r, t, seconds);
}

enum err
dates_http(struct span text, int64_t *seconds)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct reader r = reader_over(text);
	struct span name;
	int day;
	int month = 1;
	int year;
	int hour;
	int minute;

	(void)read_bytes(&r, 3);
	literal(&r, ", ");
	day = number(&r, 2);
	literal(&r, " ");
	name = read_bytes(&r, 3);
	while (month <= 12 && reader_ok(&r) &&
		memcmp(months + 3 * (size_t)(month - 1), name.data, 3) != 0)
		month++;
	literal(&r, " ");
	year = number(&r, 4);
	literal(&r, " ");
	hour = number(&r, 2);
	literal(&r, ":");
	minute = number(&r, 2);
	literal(&r, ":");
	*seconds =
		clock_from_utc(year, month, day, hour, minute, number(&r, 2));
	literal(&r, " GMT");
	return finish(&r, *seconds, seconds);
}
