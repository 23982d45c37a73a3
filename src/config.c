/*
 * config.c - the command line, the environment and the presets of options.def,
 * merged in that order of strength and checked against one another.
 *
 * Runs once, before anything is started; the only part of the program that may
 * refuse to go on because of what the user wrote.
 */
#include "config.h"

#include "base/span.h"
#include "config_accounts.h"
#include "config_check.h"
#include "config_environment.h"
#include "config_instance.h"
#include "config_options.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* State of one parse: which options the user set, and where we are. */
struct parse {
	struct config *c;
	struct error *e;
	enum config_action action;
	bool given[ID_COUNT];
	const char *instances[INSTANCES_MAX];
	size_t instance_count;
};

static enum err
set_option(struct parse *p, enum option_id id, const char *text,
	const char *source)
{
	p->given[id] = true;
	return option_set(p->c, id, text, source, p->e);
}

static enum err
apply_presets(struct parse *p)
{
	const char *text = option_presets();

	for (unsigned i = 0; i < ID_COUNT; i++, text += strlen(text) + 1) {
		if (*text != '\0' && option_set(p->c, (enum option_id)i, text,
					     "preset", p->e) != ERR_OK)
			return p->e->code;
	}
	return ERR_OK;
}

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
		if (set_option(p, id, value, variable) != ERR_OK)
			return p->e->code;
	}
	return ERR_OK;
}

static enum err
apply_environment(struct parse *p, char *const envp[])
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

/* One option at *at with its value, advancing *at over both. */
static enum err
take_value(struct parse *p, enum option_id id, char *const **at,
	const char *joined, const char *shown)
{
	const char *value = joined;

	if (value == NULL && option_value_optional(id)) {
		value = "true";
	} else if (value == NULL) {
		value = (*at)[1];
		if (value == NULL)
			return error_set(
				p->e, ERR_USAGE, "%s needs a value", shown);
		(*at)++;
	}
	(*at)++;
	return set_option(p, id, value, shown);
}

static enum err
take_long(struct parse *p, char *const **at)
{
	const char *text = **at + 2;
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
	enum option_id id = option_by_name(span_of(text, len));
	char shown[64];

	if (strcmp(text, "help") == 0 || strcmp(text, "version") == 0) {
		p->action = text[0] == 'h' ? CONFIG_HELP : CONFIG_VERSION;
		(*at)++;
		return ERR_OK;
	}
	(void)snprintf(shown, sizeof(shown), "--%.*s",
		(int)(len < 48 ? len : 48), text);
	if (id == ID_COUNT)
		return error_set(p->e, ERR_USAGE,
			"unknown option %s; see fairlead --help", shown);
	return take_value(p, id, at, equals != NULL ? equals + 1 : NULL, shown);
}

/* Letters may be joined ("-il"); the last may have its value attached. */
static enum err
take_letters(struct parse *p, char *const **at)
{
	const char *letters = **at + 1;

	for (; *letters != '\0'; letters++) {
		enum option_id id = option_by_letter(*letters);
		char shown[3] = {'-', *letters, '\0'};

		if (*letters == 'h' || *letters == 'v') {
			p->action =
				*letters == 'h' ? CONFIG_HELP : CONFIG_VERSION;
			continue;
		}
		if (id == ID_COUNT)
			return error_set(p->e, ERR_USAGE,
				"unknown option %s; see fairlead --help",
				shown);
		if (option_is_flag(id)) {
			if (set_option(p, id, "true", shown) != ERR_OK)
				return p->e->code;
			continue;
		}
		letters += letters[1] == '=';
		return take_value(p, id, at,
			letters[1] != '\0' ? letters + 1 : NULL, shown);
	}
	(*at)++;
	return ERR_OK;
}

/* The words that stand where an instance could: subcommands. */
static enum err
take_word(struct parse *p, const char *word)
{
	static const char *const later[] = {"wait", "shutdown", "check"};

	if (p->instance_count == 0 && strcmp(word, "help") == 0) {
		p->action = CONFIG_HELP;
		return ERR_OK;
	}
	if (p->instance_count == 0 && strcmp(word, "version") == 0) {
		p->action = CONFIG_VERSION;
		return ERR_OK;
	}
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (strcmp(word, later[i]) == 0)
			return error_set(p->e, ERR_USAGE,
				"this version has no command \"%s\" yet", word);
	}
	if (p->instance_count == INSTANCES_MAX)
		return error_set(p->e, ERR_LIMIT, "more than %d instances",
			INSTANCES_MAX);
	p->instances[p->instance_count++] = word;
	return ERR_OK;
}

static enum err
apply_arguments(struct parse *p, char *const argv[])
{
	char *const *at = argv[0] != NULL ? argv + 1 : argv;

	while (*at != NULL && p->action == CONFIG_RUN) {
		const char *text = *at;
		enum err r;

		if (strcmp(text, "--") == 0) {
			if (at[1] == NULL)
				return error_set(p->e, ERR_USAGE,
					"there is no command after --");
			p->c->command = at + 1;
			return ERR_OK;
		}
		if (text[0] == '-' && text[1] == '-') {
			r = take_long(p, &at);
		} else if (text[0] == '-' && text[1] != '\0') {
			r = take_letters(p, &at);
		} else {
			r = take_word(p, text);
			at++;
		}
		if (r != ERR_OK)
			return r;
	}
	return ERR_OK;
}

/*
 * Instances of the command line; else of the environment: ..._NAME alone or
 * ..._NAME_0, _1 and so on to the first gap. The sources are never merged.
 */
static void
instances_from_environment(struct parse *p, char *const envp[])
{
	static const char *const names[] = {
		"FAIRLEAD_INSTANCE_CONNECTION_NAME",
		"CSQL_PROXY_INSTANCE_CONNECTION_NAME",
	};

	for (size_t k = 0; k < 2 && p->instance_count == 0; k++) {
		const char *value = config_variable(envp, names[k]);

		if (value != NULL)
			p->instances[p->instance_count++] = value;
		while (p->instance_count < INSTANCES_MAX) {
			char name[64];

			(void)snprintf(name, sizeof(name), "%s_%zu", names[k],
				p->instance_count);
			value = config_variable(envp, name);
			if (value == NULL)
				break;
			p->instances[p->instance_count++] = value;
		}
	}
}

static enum err
add_instances(struct parse *p)
{
	for (size_t i = 0; i < p->instance_count; i++) {
		if (config_add_instance(p->c, p->instances[i], p->e) != ERR_OK)
			return p->e->code;
	}
	return ERR_OK;
}

/*
 * Without --allow-uid an app that fairlead runs has its connections for itself.
 * One that runs as root may become anybody, and so anybody may connect. Root
 * could become the app, and is let in.
 */
static void
default_uids(struct config *c)
{
	uint32_t uid = c->account.set ? c->account.uid : getuid();

	if (c->allow_uid.set || c->allow_uid.any || c->command == NULL ||
		uid == 0)
		return;
	c->allow_uid.set = true;
	c->allow_uid.list[c->allow_uid.count++] = uid;
	c->allow_uid.list[c->allow_uid.count++] = 0;
}

/* The app's user, its environment, and to whom readiness is told. */
static enum err
prepare_app(struct parse *p, char *const envp[])
{
	struct config *c = p->c;
	struct error why;

	error_clear(&why);
	if (c->user != NULL &&
		accounts_look_up(&c->account, c->user, &why) != ERR_OK)
		return error_set(p->e, why.code, "--user: %s", why.detail);
	default_uids(c);
	c->notify = c->command != NULL && (c->notify || c->watchdog > 0);
	c->notify_outer = config_variable(envp, "NOTIFY_SOCKET");
	return config_app_environment(c, envp, p->e);
}

static void
cloud_run_defaults(struct config *c, char *const envp[])
{
	c->on_cloud_run = config_variable(envp, "K_SERVICE") != NULL ||
			  config_variable(envp, "CLOUD_RUN_JOB") != NULL;
	if (c->on_cloud_run && !c->stop_timeout.set) {
		c->stop_timeout.set = true;
		c->stop_timeout.ms = CLOUD_RUN_STOP_MS;
	}
}

void
config_session(struct config *c)
{
	static const uint8_t stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};

	c->session = true;
	c->kill_group = true;
	c->suspend = true;
	/* The group of a session's leader is an orphan: these have no effect
	 * on it. */
	for (size_t i = 0; i < sizeof(stops); i++) {
		if (c->rewrite.to[stops[i]] == 0)
			c->rewrite.to[stops[i]] = SIGSTOP;
	}
}

enum err
config_parse(struct config *c, enum config_action *action, char *const argv[],
	char *const envp[], struct error *e)
{
	struct parse p;

	memset(&p, 0, sizeof(p));
	p.c = c;
	p.e = e;
	p.action = CONFIG_RUN;
	*action = CONFIG_RUN;
	if (apply_presets(&p) != ERR_OK || apply_arguments(&p, argv) != ERR_OK)
		return e->code;
	*action = p.action;
	if (p.action != CONFIG_RUN)
		return ERR_OK;
	/* An option given on the command line is not looked up again. */
	if (apply_environment(&p, envp) != ERR_OK)
		return e->code;
	if (p.instance_count == 0)
		instances_from_environment(&p, envp);
	cloud_run_defaults(c, envp);
	if (c->session)
		config_session(c);
	if (config_check(c, p.given, p.instance_count, e) != ERR_OK ||
		config_derive(c, p.given, envp, e) != ERR_OK ||
		add_instances(&p) != ERR_OK)
		return e->code;
	return prepare_app(&p, envp);
}
