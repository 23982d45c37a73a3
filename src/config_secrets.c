/*
 * config_secrets.c - the secrets of the command line and the environment: told
 * from the rest, and wiped where they have no business. Keeps nothing.
 */
#include "config_secrets.h"

#include "base/mem.h"
#include "config.h"

#include <stdint.h>
#include <string.h>

bool
config_is_secret(const char *variable)
{
	static const char prefixes[][15] = {
		"FAIRLEAD_", "CSQL_PROXY_", "ALLOYDB_PROXY_"};
	static const char names[][18] = {
		"TOKEN=", "LOGIN_TOKEN=", "JSON_CREDENTIALS="};

	/* Of hundreds of variables, before the app can start. */
	if (strchr("FCA", variable[0]) == NULL)
		return false;
	for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
		size_t len = strlen(prefixes[k]);

		if (strncmp(variable, prefixes[k], len) != 0)
			continue;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strncmp(variable + len, names[i],
				    strlen(names[i])) == 0)
				return true;
		}
	}
	return false;
}

/* Arguments and environment are memory of ours, whatever their type says. */
static void
wipe(const char *text)
{
	if (text != NULL)
		mem_wipe((void *)(uintptr_t)text, strlen(text));
}

void
config_forget_secrets(const struct config *c, char *const envp[])
{
	wipe(c->token);
	wipe(c->login_token);
	wipe(c->json_credentials);
	for (size_t i = 0; envp[i] != NULL; i++) {
		if (config_is_secret(envp[i]))
			wipe(strchr(envp[i], '=') + 1);
	}
}
