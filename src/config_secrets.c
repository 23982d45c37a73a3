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
	static const char *const names[] = {
		"FAIRLEAD_TOKEN=",
		"FAIRLEAD_LOGIN_TOKEN=",
		"FAIRLEAD_JSON_CREDENTIALS=",
		"CSQL_PROXY_TOKEN=",
		"CSQL_PROXY_LOGIN_TOKEN=",
		"CSQL_PROXY_JSON_CREDENTIALS=",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
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
	for (size_t i = 0; envp[i] != NULL; i++) {
		if (config_is_secret(envp[i]))
			wipe(strchr(envp[i], '=') + 1);
	}
}
