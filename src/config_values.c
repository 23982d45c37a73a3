/* config_values.c - the types of options.def, read strictly. Pure. */
#include "config_values.h"

#include "base/signame.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#define TIME_MAX_MS (10ull * 365 * 24 * 3600 * 1000)

enum err
value_flag(bool *out, const char *text, struct error *e)
{
	static const char *const yes[] = {"", "true", "t", "1", "on"};
	static const char *const no[] = {"false", "f", "0", "off"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*out = true;
			return ERR_OK;
		}
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (strcasecmp(text, no[i]) == 0) {
			*out = false;
			return ERR_OK;
		}
	}
	return error_set(
		e, ERR_USAGE, "\"%s\" is neither true nor false", text);
}

/* Digits at *at; advances it. False: none, or the number exceeds max. */
static bool
take_digits(const char **at, uint64_t max, uint64_t *out)
{
	const char *p = *at;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*at = p;
	*out = v;
	return true;
}

enum err
value_count(uint64_t *out, const char *text, struct error *e)
{
	const char *at = text;
	uint64_t v;

	if (!take_digits(&at, INT64_MAX, &v) || *at != '\0')
		return error_set(
			e, ERR_USAGE, "\"%s\" is not a whole number", text);
	*out = v;
	return ERR_OK;
}

enum err
value_port(uint16_t *out, const char *text, struct error *e)
{
	const char *at = text;
	uint64_t v;

	if (!take_digits(&at, UINT16_MAX, &v) || *at != '\0')
		return error_set(e, ERR_USAGE,
			"\"%s\" is not a port (0 to 65535)", text);
	*out = (uint16_t)v;
	return ERR_OK;
}

static const struct {
	const char *name;
	uint64_t us; /* microseconds */
} units[] = {
	/* Longer names first: "ms" must not be read as minutes. */
	{"ms", 1000},
	{"us", 1},
	{"h", 3600000000},
	{"m", 60000000},
	{"s", 1000000},
};

static uint64_t
take_unit(const char **at)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*at, units[i].name, len) == 0) {
			*at += len;
			return units[i].us;
		}
	}
	return 0;
}

/* Digits after the point, in millionths; further ones are dropped. */
static uint64_t
take_fraction(const char **at)
{
	uint64_t scale = 100000;
	uint64_t v = 0;

	if (**at != '.')
		return 0;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++) {
		v += scale * (uint64_t)(**at - '0');
		scale /= 10;
	}
	return v;
}

enum err
value_time(uint64_t *out, const char *text, struct error *e)
{
	const char *at = text;
	uint64_t total_us = 0;

	if (strcmp(text, "0") == 0) {
		*out = 0;
		return ERR_OK;
	}
	do {
		uint64_t whole;
		uint64_t millionths;
		uint64_t unit;

		if (!take_digits(&at, TIME_MAX_MS, &whole))
			goto bad;
		millionths = take_fraction(&at);
		unit = take_unit(&at);
		if (unit == 0 || whole > TIME_MAX_MS * 1000 / unit)
			goto bad;
		total_us += whole * unit + millionths * unit / 1000000;
		if (total_us > TIME_MAX_MS * 1000)
			goto bad;
	} while (*at != '\0');
	*out = total_us / 1000;
	return ERR_OK;
bad:
	return error_set(e, ERR_USAGE,
		"\"%s\" is not a duration; write it with its unit, as 10s, "
		"1m30s or 250ms",
		text);
}

enum err
value_signal(int *out, const char *text, struct error *e)
{
	int number = signame_parse(text);

	if (number == 0)
		return error_set(e, ERR_USAGE,
			"\"%s\" is not a signal; write TERM, SIGTERM, 15 or "
			"RTMIN+3",
			text);
	*out = number;
	return ERR_OK;
}

enum err
value_restart(struct restart_policy *out, const char *text, struct error *e)
{
	const char *colon = strchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
	struct restart_policy p = {RESTART_NO, false, 0};
	uint64_t max = 0;

	if (span_equal_str(span_of(text, len), "on-failure"))
		p.mode = RESTART_ON_FAILURE;
	else if (span_equal_str(span_of(text, len), "always"))
		p.mode = RESTART_ALWAYS;
	else if (strcmp(text, "no") != 0)
		goto bad;
	if (colon != NULL) {
		const char *at = colon + 1;

		if (!take_digits(&at, 1000000, &max) || *at != '\0')
			goto bad;
		p.bounded = true;
		p.max = (unsigned)max;
	}
	*out = p;
	return ERR_OK;
bad:
	return error_set(e, ERR_USAGE,
		"\"%s\" is not a restart policy; write no, on-failure, "
		"on-failure:N, always or always:N",
		text);
}

/* "SIG:SIG" of a list; false: it is none. */
static bool
rewrite_pair(struct rewrites *out, const char *text, size_t len)
{
	char pair[32];
	char *colon;
	int from;
	int to;

	if (len >= sizeof(pair))
		return false;
	memcpy(pair, text, len);
	pair[len] = '\0';
	colon = strchr(pair, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	from = signame_parse(pair);
	to = signame_parse(colon + 1);
	if (strcmp(colon + 1, "0") == 0)
		to = REWRITE_DROP;
	if (from == 0 || to == 0)
		return false;
	out->to[from] = (uint8_t)to;
	return true;
}

enum err
value_rewrite(struct rewrites *out, const char *text, struct error *e)
{
	struct rewrites r = *out;
	const char *at = text;

	for (;; at++) {
		size_t len = strcspn(at, ",");

		if (!rewrite_pair(&r, at, len))
			return error_set(e, ERR_USAGE,
				"\"%s\" is not of the form SIGNAL:SIGNAL, as "
				"TERM:QUIT or 15:3; 0 drops",
				text);
		at += len;
		if (*at == '\0')
			break;
	}
	*out = r;
	return ERR_OK;
}

/* A number behind mark, if mark is there; false: mark and no number. */
static bool
take_marked(const char **at, char mark, uint64_t max, uint64_t *out)
{
	if (**at != mark)
		return true;
	(*at)++;
	return take_digits(at, max, out);
}

/* "A" or "A-B" at *at: exit codes. */
static bool
take_range(const char **at, uint64_t *first, uint64_t *last)
{
	if (!take_digits(at, 255, first))
		return false;
	*last = *first;
	return take_marked(at, '-', 255, last) && *first <= *last;
}

/* "A[-B][=NEW]" at *at. */
static bool
remap_range(struct exit_map *out, const char **at)
{
	uint64_t first;
	uint64_t last;
	uint64_t code = 0;

	if (!take_range(at, &first, &last) || !take_marked(at, '=', 255, &code))
		return false;
	for (; first <= last; first++)
		out->to[first] = (uint16_t)(code + 1);
	return true;
}

enum err
value_remap(struct exit_map *out, const char *text, struct error *e)
{
	struct exit_map m = *out;
	const char *at = text;

	for (;; at++) {
		if (!remap_range(&m, &at) || (*at != ',' && *at != '\0'))
			return error_set(e, ERR_USAGE,
				"\"%s\" is not of the form CODE or CODE=NEW; "
				"codes go from 0 to 255, ranges are written "
				"A-B",
				text);
		if (*at == '\0')
			break;
	}
	*out = m;
	return ERR_OK;
}

enum err
value_stragglers(enum stragglers_mode *out, const char *text, struct error *e)
{
	if (strcmp(text, "end") == 0)
		*out = STRAGGLERS_END;
	else if (strcmp(text, "ask") == 0)
		*out = STRAGGLERS_ASK;
	else if (strcmp(text, "leave") == 0)
		*out = STRAGGLERS_LEAVE;
	else
		return error_set(e, ERR_USAGE,
			"\"%s\" is not one of end, ask and leave", text);
	return ERR_OK;
}

enum err
value_codes(struct code_set *out, const char *text, struct error *e)
{
	struct code_set set = *out;
	const char *at = text;
	uint64_t first;
	uint64_t last;

	for (;; at++) {
		if (!take_range(&at, &first, &last) ||
			(*at != ',' && *at != '\0'))
			return error_set(e, ERR_USAGE,
				"\"%s\" is not a list of exit codes (0 to "
				"255), as 3,64-78",
				text);
		for (; first <= last; first++)
			set.bits[first / 8] |= (uint8_t)(1u << first % 8);
		if (*at == '\0')
			break;
	}
	*out = set;
	return ERR_OK;
}

/* By their numbers, which are the same on all machines that we know. */
static const char resources[RESOURCES_MAX][12] = {
	[RLIMIT_CPU] = "cpu",
	[RLIMIT_FSIZE] = "fsize",
	[RLIMIT_DATA] = "data",
	[RLIMIT_STACK] = "stack",
	[RLIMIT_CORE] = "core",
	[RLIMIT_RSS] = "rss",
	[RLIMIT_NPROC] = "nproc",
	[RLIMIT_NOFILE] = "nofile",
	[RLIMIT_MEMLOCK] = "memlock",
	[RLIMIT_AS] = "as",
	[RLIMIT_LOCKS] = "locks",
	[RLIMIT_SIGPENDING] = "sigpending",
	[RLIMIT_MSGQUEUE] = "msgqueue",
	[RLIMIT_NICE] = "nice",
	[RLIMIT_RTPRIO] = "rtprio",
	[RLIMIT_RTTIME] = "rttime",
};

static bool
take_limit(const char **at, uint64_t *out)
{
	if (strncmp(*at, "unlimited", 9) == 0) {
		*at += 9;
		*out = RLIM_INFINITY;
		return true;
	}
	return take_digits(at, INT64_MAX, out);
}

enum err
value_limit(struct resource_limits *out, const char *text, struct error *e)
{
	size_t len = strcspn(text, "=");
	const char *at = text + len + (text[len] == '=');
	unsigned n = 0;
	uint64_t soft = 0;
	uint64_t hard = 0;
	bool good;

	while (n < RESOURCES_MAX &&
		!span_equal_str(span_of(text, len), resources[n]))
		n++;
	good = n < RESOURCES_MAX && take_limit(&at, &soft);
	hard = soft;
	if (good && *at == ':') {
		at++;
		good = take_limit(&at, &hard);
	}
	if (!good || *at != '\0' || soft > hard)
		return error_set(e, ERR_USAGE,
			"\"%s\" is not a limit; write nofile=1024, "
			"nofile=1024:4096 or core=unlimited",
			text);
	out->set |= 1u << n;
	out->of[n].soft = soft;
	out->of[n].hard = hard;
	return ERR_OK;
}

enum err
value_address(const char *text, struct error *e)
{
	uint8_t bytes[16];

	if (strlen(text) < ADDRESS_MAX &&
		(inet_pton(AF_INET, text, bytes) == 1 ||
			inet_pton(AF_INET6, text, bytes) == 1))
		return ERR_OK;
	return error_set(e, ERR_USAGE, "not a valid IP address: \"%s\"", text);
}

enum err
value_mode(uint32_t *out, const char *text, struct error *e)
{
	uint32_t v = 0;
	size_t n = strspn(text, "01234567");

	if (n == 0 || n > 4 || text[n] != '\0' || (n == 4 && text[0] != '0'))
		return error_set(e, ERR_USAGE,
			"\"%s\" is not a mode in octal, as 0660", text);
	for (size_t i = 0; i < n; i++)
		v = v * 8 + (uint32_t)(text[i] - '0');
	*out = v;
	return ERR_OK;
}
