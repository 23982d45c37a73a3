/* parsed.c - one parse at a time. */
#include "parsed.h"

#include "argv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct config config;
struct error error;
enum config_action action;

enum err
parse_vectors(char *const argv[], char *const envp[])
{
	argv_free(config.environment);
	memset(&config, 0, sizeof(config));
	error_clear(&error);
	return config_parse(&config, &action, argv, envp, &error);
}

enum err
parse_with(const char *line, const char *environment)
{
	return parse_vectors(argv_split(line), argv_split(environment));
}

enum err
parse(const char *line)
{
	return parse_with(line, "");
}

void
assert_accepted(const char *line)
{
	if (parse(line) != ERR_OK)
		fail_msg("%s: %s", line, error.detail);
}

void
assert_says(enum err result, const char *what, const char *sentence)
{
	if (result == ERR_OK)
		fail_msg("accepted: %s", what);
	if (strstr(error.detail, sentence) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", what, error.detail,
			sentence);
}

void
assert_refused(const char *line, const char *sentence)
{
	assert_says(parse(line), line, sentence);
}
