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
#include "config_environment.h"
#include "config_instance.h"
#include "config_values.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_COUNT,
	OPTION_PORT,
	OPTION_TIME,
	OPTION_SIGNAL,
	OPTION_RESTART,
	OPTION_WAIT,
	OPTION_STOP,
	OPTION_LIST,
	OPTION_CODES,
	OPTION_LIMIT,
	OPTION_REWRITE,
	OPTION_REMAP,
	OPTION_LEFT
};

enum option_id {
#define SECTION(title)
#define OPTION(field, type, name, letter, proxy_env, preset, argument, help)   \
	ID_##field,
#include "options.def"
#undef OPTION
	ID_COUNT
};

/* The name is in the row: a pointer would cost 24 bytes of relocation. */
struct option_row {
	uint16_t offset; /* of the field in struct config */
	uint8_t type;    /* enum option_type */
	bool proxy_env;
	char letter;
	char name[OPTION_NAME_MAX];
};

static const struct option_row rows[ID_COUNT] = {
#define OPTION(field, type, name, letter, proxy_env, preset, argument, help)   \
	[ID_##field] = {offsetof(struct config, field), OPTION_##type,         \
		proxy_env, letter, name},
#include "options.def"
#undef OPTION
};

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
set_wait(struct wait_ready *w, const char *text, struct error *e)
{
	bool flag;
	struct error quiet;

	error_clear(&quiet);
	w->timeout_ms = WAIT_READY_MS;
	if (value_flag(&flag, text, &quiet) == ERR_OK) {
		w->wanted = flag;
		return ERR_OK;
	}
	w->wanted = true;
	return value_time(&w->timeout_ms, text, e);
}

static enum err
add_text(struct text_list *l, const char *text, struct error *e)
{
	if (l->count == OPTION_TEXTS_MAX)
		return error_set(e, ERR_LIMIT, "given more than %d times",
			OPTION_TEXTS_MAX);
	l->list[l->count++] = text;
	return ERR_OK;
}

static enum err
set_field(void *field, enum option_type type, const char *text, struct error *e)
{
	struct stop_timeout *stop = field;

	switch (type) {
	case OPTION_FLAG:
		return value_flag(field, text, e);
	case OPTION_TEXT:
		*(const char **)field = text;
		return ERR_OK;
	case OPTION_COUNT:
		return value_count(field, text, e);
	case OPTION_PORT:
		return value_port(field, text, e);
	case OPTION_TIME:
		return value_time(field, text, e);
	case OPTION_SIGNAL:
		return value_signal(field, text, e);
	case OPTION_RESTART:
		return value_restart(field, text, e);
	case OPTION_WAIT:
		return set_wait(field, text, e);
	case OPTION_STOP:
		stop->set = true;
		return value_time(&stop->ms, text, e);
	case OPTION_LIST:
		return add_text(field, text, e);
	case OPTION_CODES:
		return value_codes(field, text, e);
	case OPTION_LIMIT:
		return value_limit(field, text, e);
	case OPTION_REWRITE:
		return value_rewrite(field, text, e);
	case OPTION_REMAP:
		return value_remap(field, text, e);
	case OPTION_LEFT:
		return value_stragglers(field, text, e);
	}
	return error_set(e, ERR_INTERNAL, "unknown option type");
}

/* Set option id from text; source ("--port", a variable's name) for people. */
static enum err
set_option(struct parse *p, size_t id, const char *text, const char *source)
{
	struct error why;

	error_clear(&why);
	if (set_field((char *)p->c + rows[id].offset,
		    (enum option_type)rows[id].type, text, &why) == ERR_OK)
		return ERR_OK;
	return error_set(p->e, why.code, "%s: %s", source, why.detail);
}

/* One after the other, in the order of the rows; empty: none. */
static const char presets[] =
#define OPTION(field, type, name, letter, proxy_env, preset, argument, help)   \
	preset "\0"
#include "options.def"
#undef OPTION
#undef SECTION
	;

static enum err
apply_presets(struct parse *p)
{
	const char *at = presets;

	for (size_t i = 0; i < ID_COUNT; i++, at += strlen(at) + 1) {
		if (*at != '\0' && set_option(p, i, at, rows[i].name) != ERR_OK)
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

/* The variable's value; NULL when unset or empty, as the proxies see it. */
static const char *
env_find(char *const envp[], const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; envp[i] != NULL; i++) {
		if (strncmp(envp[i], name, len) == 0 && envp[i][len] == '=' &&
			envp[i][len + 1] != '\0')
			return envp[i] + len + 1;
	}
	return NULL;
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

static enum err
apply_environment(struct parse *p, char *const envp[])
{
	static const char *const prefixes[] = {"FAIRLEAD_", "CSQL_PROXY_"};
	char name[64];

	for (size_t i = 0; i < ID_COUNT; i++) {
		for (size_t k = 0; k < 2 && !p->given[i]; k++) {
			const char *value;

			if (k == 1 && !rows[i].proxy_env)
				continue;
			env_name(name, sizeof(name), prefixes[k], rows[i].name);
			value = env_find(envp, name);
			if (value == NULL || is_service_link(value))
				continue;
			if (set_option(p, i, value, name) != ERR_OK)
				return p->e->code;
			p->given[i] = true;
		}
	}
	return ERR_OK;
}

static size_t
find_long(struct span name)
{
	size_t i = 0;

	while (i < ID_COUNT && !span_equal_str(name, rows[i].name))
		i++;
	return i;
}

static size_t
find_letter(char letter)
{
	size_t i = 0;

	while (i < ID_COUNT && rows[i].letter != letter)
		i++;
	return i;
}

/* Options whose value may be left out; it must then be joined by "=". */
static bool
value_optional(size_t id)
{
	return rows[id].type == OPTION_FLAG || rows[id].type == OPTION_WAIT;
}

/* One option at *at with its value, advancing *at over both. */
static enum err
take_value(struct parse *p, size_t id, char *const **at, const char *joined,
	const char *shown)
{
	const char *value = joined;

	if (value == NULL && value_optional(id)) {
		value = "true";
	} else if (value == NULL) {
		value = (*at)[1];
		if (value == NULL)
			return error_set(
				p->e, ERR_USAGE, "%s needs a value", shown);
		(*at)++;
	}
	(*at)++;
	p->given[id] = true;
	return set_option(p, id, value, shown);
}

static enum err
take_long(struct parse *p, char *const **at)
{
	const char *text = **at + 2;
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
	size_t id = find_long(span_of(text, len));
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
		size_t id = find_letter(*letters);
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
		if (rows[id].type == OPTION_FLAG) {
			p->given[id] = true;
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
		const char *value = env_find(envp, names[k]);

		if (value != NULL)
			p->instances[p->instance_count++] = value;
		while (p->instance_count < INSTANCES_MAX) {
			char name[64];

			(void)snprintf(name, sizeof(name), "%s_%zu", names[k],
				p->instance_count);
			value = env_find(envp, name);
			if (value == NULL)
				break;
			p->instances[p->instance_count++] = value;
		}
	}
}

static enum err
check(const struct parse *p)
{
	const struct config *c = p->c;

	if (p->given[ID_unix_socket] && p->given[ID_address])
		return error_set(p->e, ERR_USAGE,
			"cannot specify --unix-socket and --address together");
	if (p->given[ID_unix_socket] && p->given[ID_port])
		return error_set(p->e, ERR_USAGE,
			"cannot specify --unix-socket and --port together");
	if (c->private_ip && c->auto_ip)
		return error_set(p->e, ERR_USAGE,
			"cannot specify --private-ip and --auto-ip together");
	if (c->private_ip && c->psc)
		return error_set(p->e, ERR_USAGE,
			"cannot specify --private-ip and --psc flags at the "
			"same time");
	if (c->auto_iam_authn && c->token != NULL && c->login_token == NULL)
		return error_set(p->e, ERR_USAGE,
			"cannot specify --auto-iam-authn and --token without "
			"--login-token");
	if (c->login_token != NULL && (c->token == NULL || !c->auto_iam_authn))
		return error_set(p->e, ERR_USAGE,
			"--login-token needs both --token and "
			"--auto-iam-authn");
	if (strncmp(c->sqladmin_api_endpoint, "https://", 8) != 0)
		return error_set(p->e, ERR_USAGE,
			"--sqladmin-api-endpoint must begin with https:// "
			"(\"%s\")",
			c->sqladmin_api_endpoint);
	if (c->pause && c->command != NULL)
		return error_set(
			p->e, ERR_USAGE, "--pause goes without a command");
	if (c->refresh_timeout == 0 || c->dial_timeout == 0)
		return error_set(p->e, ERR_USAGE,
			"--refresh-timeout and --dial-timeout must be longer "
			"than 0");
	return value_address(c->address, p->e);
}

static enum err
add_instances(struct parse *p)
{
	if (p->instance_count == 0 && p->c->command == NULL && !p->c->pause)
		return error_set(p->e, ERR_USAGE,
			"missing instance_connection_name (e.g., "
			"project:region:instance), or a command after --");
	for (size_t i = 0; i < p->instance_count; i++) {
		if (config_add_instance(p->c, p->instances[i], p->e) != ERR_OK)
			return p->e->code;
	}
	return ERR_OK;
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
	if (c->notify_fd > NOTIFY_FD_MAX ||
		(c->notify_fd > 0 && c->notify_fd <= 2))
		return error_set(p->e, ERR_USAGE,
			"--notify-fd must be from 3 to %d", NOTIFY_FD_MAX);
	c->notify = c->command != NULL && (c->notify || c->watchdog > 0);
	c->notify_outer = env_find(envp, "NOTIFY_SOCKET");
	return config_app_environment(c, envp, p->e);
}

static void
cloud_run_defaults(struct config *c, char *const envp[])
{
	c->on_cloud_run = env_find(envp, "K_SERVICE") != NULL ||
			  env_find(envp, "CLOUD_RUN_JOB") != NULL;
	if (c->on_cloud_run && !c->stop_timeout.set) {
		c->stop_timeout.set = true;
		c->stop_timeout.ms = CLOUD_RUN_STOP_MS;
	}
	if (c->ca_file == NULL)
		c->ca_file = env_find(envp, "SSL_CERT_FILE");
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
	if (check(&p) != ERR_OK || add_instances(&p) != ERR_OK)
		return e->code;
	return prepare_app(&p, envp);
}
