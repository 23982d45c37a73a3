/*
 * config_check.h - options against one another, in the order and with the
 * sentences of Google's proxies; and what follows from them.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config_options.h"

/*
 * given[id]: the option was set by the command line, the environment or the
 * file. instances: how many are named.
 */
enum err config_check(const struct config *c, const bool given[ID_COUNT],
	size_t instances, struct error *e) NODISCARD;

/* Fill in what other options decide: addresses, endpoints. After the check. */
enum err config_derive(struct config *c, const bool given[ID_COUNT],
	char *const envp[], struct error *e) NODISCARD;

/* The variable's value; NULL when unset or empty, as the proxies see it. */
const char *config_variable(char *const envp[], const char *name);

#endif
