/* signame.c - the table of signal names. Pure. */
#include "base/signame.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* glibc's and musl's applications agree on these, whatever the libc's own
 * threads take below. */
#define RT_FIRST 34
#define RT_LAST  64

/* Arrays: a pointer would cost 24 bytes more, of relocation. */
static const struct {
	uint8_t number;
	char name[7];
} names[] = {
	{SIGHUP, "HUP"},
	{SIGINT, "INT"},
	{SIGQUIT, "QUIT"},
	{SIGILL, "ILL"},
	{SIGTRAP, "TRAP"},
	{SIGABRT, "ABRT"},
	{SIGBUS, "BUS"},
	{SIGFPE, "FPE"},
	{SIGKILL, "KILL"},
	{SIGUSR1, "USR1"},
	{SIGSEGV, "SEGV"},
	{SIGUSR2, "USR2"},
	{SIGPIPE, "PIPE"},
	{SIGALRM, "ALRM"},
	{SIGTERM, "TERM"},
	{SIGSTKFLT, "STKFLT"},
	{SIGCHLD, "CHLD"},
	{SIGCONT, "CONT"},
	{SIGSTOP, "STOP"},
	{SIGTSTP, "TSTP"},
	{SIGTTIN, "TTIN"},
	{SIGTTOU, "TTOU"},
	{SIGURG, "URG"},
	{SIGXCPU, "XCPU"},
	{SIGXFSZ, "XFSZ"},
	{SIGVTALRM, "VTALRM"},
	{SIGPROF, "PROF"},
	{SIGWINCH, "WINCH"},
	{SIGIO, "IO"},
	{SIGIO, "POLL"},
	{SIGPWR, "PWR"},
	{SIGSYS, "SYS"},
	{SIGABRT, "IOT"},
	{SIGCHLD, "CLD"},
};

/* Decimal digits alone, at most two; -1 otherwise. */
static int
small_number(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 2 || strspn(text, "0123456789") != len)
		return -1;
	return len == 1 ? text[0] - '0'
			: (text[0] - '0') * 10 + (text[1] - '0');
}

static int
real_time(const char *name)
{
	int base;
	int offset;

	if (strncasecmp(name, "RTMIN", 5) == 0)
		base = RT_FIRST;
	else if (strncasecmp(name, "RTMAX", 5) == 0)
		base = RT_LAST;
	else
		return 0;
	if (name[5] == '\0')
		return base;
	if (name[5] != (base == RT_FIRST ? '+' : '-'))
		return 0;
	offset = small_number(name + 6);
	if (offset < 0 || offset > RT_LAST - RT_FIRST)
		return 0;
	return base == RT_FIRST ? base + offset : base - offset;
}

int
signame_parse(const char *text)
{
	int number = small_number(text);

	if (number >= 0)
		return number <= SIGNAL_MAX ? number : 0;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(text, names[i].name) == 0)
			return names[i].number;
	}
	return real_time(text);
}

const char *
signame_format(int number, char out[SIGNAL_NAME_MAX])
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == number) {
			(void)snprintf(
				out, SIGNAL_NAME_MAX, "SIG%s", names[i].name);
			return out;
		}
	}
	if (number == RT_FIRST)
		(void)snprintf(out, SIGNAL_NAME_MAX, "SIGRTMIN");
	else if (number > RT_FIRST && number <= RT_LAST)
		(void)snprintf(
			out, SIGNAL_NAME_MAX, "SIGRTMIN+%d", number - RT_FIRST);
	else
		(void)snprintf(out, SIGNAL_NAME_MAX, "signal %d", number);
	return out;
}
