/*
 * config_variables.c - options and instances that the environment sets. Never
 * changes it.
 */
#include "config_check.h"
#include "config_parse.h"

#include <stdio.h>
#include <string.h>

/* prefix and the option's name in capitals, "-" as "_". */
static void
env_name(char *out, size_t cap, const char *prefix, const char *name)
{
	int n = snprintf(out, cap, "%s%s", prefix, name);

	for (int i = 0; i < n && (size_t)i < cap; i++) {
		if (out[i] == '-')
			out[i] = '_';
		else if (out[i] >= 'a' && out[i] <= 'z')
			out[i] = (char)(out[i] - 'a' + 'A');
	}
}

/*
 * Kubernetes describes a service called "fairlead" to every pod of its
 * namespace as FAIRLEAD_PORT=tcp://ADDRESS:PORT; that is not meant for us.
 */
static bool
is_service_link(const char *value)
{
	return strncmp(value, "tcp://", 6) == 0 ||
	       strncmp(value, "udp://", 6) == 0 ||
	       strncmp(value, "sctp://", 7) == 0;
}

static const struct {
	char prefix[15];
	uint8_t of;
} prefixes[] = {
	{"FAIRLEAD_", OF_NONE},
	{"CSQL_PROXY_", OF_CLOUDSQL},
	{"ALLOYDB_PROXY_", OF_ALLOYDB},
};

/* Some variable has one of the prefixes. Mostly none does, and then some
 * hundred names need not be looked for, which takes as long as an exec. */
static bool
has_variables(char *const envp[])
{
	for (size_t i = 0; envp[i] != NULL; i++) {
		if (strchr("FCA", envp[i][0]) == NULL)
			continue;
		for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]);
			k++) {
			if (strncmp(envp[i], prefixes[k].prefix,
				    strlen(prefixes[k].prefix)) == 0)
				return true;
		}
	}
	return false;
}

/* The variable of that name of the option, with any of the prefixes. */
static enum err
apply_variable(struct parse *p, enum option_id id, const char *name,
	enum option_of of, char *const envp[])
{
	char variable[15 + OPTION_NAME_MAX];

	for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
		const char *value;

		if (p->given[id] || (prefixes[k].of & ~(unsigned)of) != 0)
			continue;
		env_name(variable, sizeof(variable), prefixes[k].prefix, name);
		value = config_variable(envp, variable);
		if (value == NULL || is_service_link(value))
			continue;
		if (parse_option(p, id, value, variable) != ERR_OK)
			return p->e->code;
	}
	return ERR_OK;
}

enum err
parse_variables(struct parse *p, char *const envp[])
{
	if (!has_variables(envp))
		return ERR_OK;
	for (unsigned i = 0; i < ID_COUNT; i++) {
		enum option_id id = (enum option_id)i;
		enum option_of of = OF_NONE;
		const char *name;

		for (unsigned k = 0; (name = option_name(id, k, &of)) != NULL;
			k++) {
			if (apply_variable(p, id, name, of, envp) != ERR_OK)
				return p->e->code;
		}
	}
	return ERR_OK;
}

/* NAME alone or NAME_0, then NAME_1 and so on to the first gap. */
static enum err
take_series(struct parse *p, const char *name, char *const envp[])
{
	const char *value = config_variable(envp, name);
	char numbered[64];

	for (unsigned n = value != NULL ? 1 : 0;; n++) {
		if (value != NULL && parse_instance(p, value) != ERR_OK)
			return p->e->code;
		(void)snprintf(numbered, sizeof(numbered), "%s_%u", name, n);
		value = config_variable(envp, numbered);
		if (value == NULL)
			return ERR_OK;
	}
}

enum err
parse_instance_variables(struct parse *p, char *const envp[])
{
	static const char names[][36] = {
		"FAIRLEAD_INSTANCE_CONNECTION_NAME",
		"FAIRLEAD_INSTANCE_URI",
		"CSQL_PROXY_INSTANCE_CONNECTION_NAME",
		"ALLOYDB_PROXY_INSTANCE_URI",
	};

	if (!has_variables(envp))
		return ERR_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* Ours, or the two proxies'. */
		if (i == 2 && p->instance_count > 0)
			break;
		if (take_series(p, names[i], envp) != ERR_OK)
			return p->e->code;
	}
	return ERR_OK;
}
