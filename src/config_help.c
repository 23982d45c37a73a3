/* config_help.c - --help and the usage line, made of options.def. */
#include "config.h"

#include "base/span.h"
#include "personality.h"

#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 30
#define HELP_WIDTH  79

static const char usage[] =
	"Usage: fairlead [OPTIONS] [INSTANCE[?param=value&...]]... "
	"[-- COMMAND [ARG...]]\n"
	"       fairlead check [OPTIONS] INSTANCE...\n"
	"       fairlead wait | status | shutdown | version | help\n";

/* As the proxies' scripts and users know it. */
static void
print_usage(FILE *to, enum option_of called)
{
	const char *name = personality_name(called);

	if (called == OF_NONE)
		(void)fputs(usage, to);
	else
		(void)fprintf(to,
			"Usage:\n  %s %s... [flags]\n  %s [command]\n", name,
			called == OF_ALLOYDB ? "INSTANCE_URI"
					     : "INSTANCE_CONNECTION_NAME",
			name);
}

/* text in words, wrapped, from the current column on. */
static void
print_wrapped(const char *text, size_t column)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column + len + 1 > HELP_WIDTH) {
			(void)printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			(void)putchar(' ');
			column++;
		}
		(void)fwrite(text, 1, len, stdout);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	(void)putchar('\n');
}

static void
print_option(
	const char *name, char letter, const char *argument, const char *help)
{
	char left[64];
	bool joined = argument != NULL && argument[0] == '[';
	int n;

	if (*help == '\0')
		return;
	n = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
		letter != 0 ? '-' : ' ', letter != 0 ? letter : ' ',
		letter != 0 ? ',' : ' ', name,
		argument == NULL ? "" : (joined ? "" : " "),
		argument == NULL ? "" : argument);
	(void)fputs(left, stdout);
	if (n < 0 || n >= HELP_COLUMN - 1)
		(void)printf("\n%*s", HELP_COLUMN, "");
	else
		(void)printf("%*s", HELP_COLUMN - n, "");
	print_wrapped(help, HELP_COLUMN);
}

void
config_print_help(enum option_of called)
{
	print_usage(stdout, called);
	(void)putchar('\n');
	(void)puts("An init for containers that carries their database "
		   "connections: it runs\nCOMMAND as PID 1 should, and opens a "
		   "local port or socket for each\nINSTANCE: "
		   "project:region:instance or a DNS name (Cloud SQL), or\n"
		   "projects/P/locations/L/clusters/C/instances/I (AlloyDB). "
		   "Without COMMAND it is\na proxy alone, without INSTANCE an "
		   "init alone.\n\n"
		   "check connects to every instance and says what is wrong; "
		   "wait returns when a\nrunning fairlead is ready, "
		   "status prints what it does (both ask its HTTP\nserver), "
		   "shutdown "
		   "ends it (its admin server).");
#define ALIAS(field, name, of)
#define SECTION(title) (void)printf("\n%s:\n", title);
#define OPTION(field, type, name, letter, of, preset, argument, help)          \
	print_option(name, letter, argument, help);
#include "options.def"
#undef OPTION
#undef ALIAS
#undef SECTION
	(void)puts("\nHelp:");
	print_option("help", 'h', NULL, "print this and exit");
	print_option("version", 'v', NULL, "print the version and exit");
	(void)puts(
		"\nEvery option can be set by the environment too: --port by "
		"FAIRLEAD_PORT, and\nso on; the CSQL_PROXY_... and "
		"ALLOYDB_PROXY_... names of Google's proxies are\naccepted. "
		"Instance parameters: address, port, unix-socket, "
		"unix-socket-path,\nauto-iam-authn, private-ip, public-ip, "
		"psc. "
		"Durations are written as 10s,\n1m30s or 250ms.\n\n"
		"Accepted without effect: --debug, --telemetry-project, "
		"--telemetry-prefix,\n--telemetry-sample-rate, "
		"--disable-traces, --disable-metrics,\n"
		"--disable-built-in-telemetry, --enable-builtin-metrics, "
		"--application-name,\n--compute-platform, "
		"--sqldata-api-endpoint,\n"
		"--resource-exhausted-cooldown-delay, --fuse-tmp-dir. Refused: "
		"--fuse,\n--gcloud-auth, --sql-data.");
}

void
config_print_usage(enum option_of called)
{
	print_usage(stderr, called);
}
