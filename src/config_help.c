/* config_help.c - --help and the usage line, made of options.def. */
#include "config.h"

#include "base/span.h"

#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 30
#define HELP_WIDTH  79

static const char usage[] =
	"Usage: fairlead [OPTIONS] [INSTANCE[?param=value&...]]... "
	"[-- COMMAND [ARG...]]\n"
	"       fairlead version | help\n";

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
config_print_help(void)
{
	(void)printf("%s\n", usage);
	(void)puts("An init for containers that carries their database "
		   "connections: it runs\nCOMMAND as PID 1 should, and opens a "
		   "local port or socket for each Cloud SQL\nINSTANCE "
		   "(project:region:instance). Without COMMAND it is a "
		   "proxy alone,\nwithout INSTANCE an init alone.");
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
		"--disable-built-in-telemetry, --sqldata-api-endpoint,\n"
		"--resource-exhausted-cooldown-delay, --fuse-tmp-dir. Refused: "
		"--fuse,\n--gcloud-auth, --sql-data.");
}

void
config_print_usage(void)
{
	(void)fputs(usage, stderr);
}
