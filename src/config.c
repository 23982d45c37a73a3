/*
 * config.c - the command line, the environment and the presets of options.def,
 * merged in that order of strength and checked against one another.
 *
 * Runs once, before anything is started; the only part of the program that may
 * refuse to go on because of what the user wrote.
 */
#include "config.h"

#include "config_accounts.h"
#include "config_check.h"
#include "config_environment.h"
#include "config_instance.h"
#include "config_parse.h"
#include "personality.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err
parse_option(struct parse *p, enum option_id id, const char *text,
	const char *source)
{
	p->given[id] = true;
	return option_set(p->c, id, text, source, p->e);
}

enum err
parse_instance(struct parse *p, const char *text)
{
	if (p->instance_count == INSTANCES_MAX)
		return error_set(p->e, ERR_LIMIT, "more than %d instances",
			INSTANCES_MAX);
	p->instances[p->instance_count++] = text;
	return ERR_OK;
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
 * Without --allow-uid an app that fairlead runs as a user of its own has its
 * connections for itself. One that runs as root may become anybody, and without
 * --user nobody has told users apart: then anybody may connect. Root could
 * become the app, and is let in.
 */
static void
default_uids(struct config *c)
{
	if (c->allow_uid.set || c->allow_uid.any || c->command == NULL ||
		!c->account.set || c->account.uid == 0)
		return;
	c->allow_uid.set = true;
	c->allow_uid.preset = true;
	c->allow_uid.list[c->allow_uid.count++] = c->account.uid;
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

/* Weaker sources fill in what stronger ones left open. */
static enum err
merge(struct parse *p, char *const envp[], char space[CONFIG_FILE_MAX])
{
	if (parse_variables(p, envp) != ERR_OK)
		return p->e->code;
	if (p->instance_count == 0 && p->action != CONFIG_WAIT &&
		p->action != CONFIG_SHUTDOWN && p->action != CONFIG_STATUS &&
		parse_instance_variables(p, envp) != ERR_OK)
		return p->e->code;
	if (p->c->config_file == NULL)
		return ERR_OK;
	return parse_file(p, p->c->config_file, space);
}

static enum err
parse_all(struct parse *p, char *const argv[], char *const envp[],
	char space[CONFIG_FILE_MAX])
{
	struct config *c = p->c;
	struct error *e = p->e;

	c->called = personality_called(argv[0]);
	if (apply_presets(p) != ERR_OK || parse_arguments(p, argv) != ERR_OK)
		return e->code;
	if (p->action == CONFIG_HELP || p->action == CONFIG_VERSION)
		return ERR_OK;
	if (merge(p, envp, space) != ERR_OK)
		return e->code;
	if (p->action == CONFIG_CHECK) {
		c->check_only = true;
		c->run_connection_test = true;
	}
	cloud_run_defaults(c, envp);
	if (c->session)
		config_session(c);
	if (p->action != CONFIG_RUN && p->action != CONFIG_CHECK)
		return config_derive(c, p->given, envp, e);
	if (config_check(c, p->given, p->instance_count, e) != ERR_OK ||
		config_derive(c, p->given, envp, e) != ERR_OK ||
		add_instances(p) != ERR_OK)
		return e->code;
	return prepare_app(p, envp);
}

enum err
config_parse(struct config *c, enum config_action *action, char *const argv[],
	char *const envp[], struct error *e)
{
	static char space[CONFIG_FILE_MAX];
	struct parse p;
	enum err r;

	memset(&p, 0, sizeof(p));
	p.c = c;
	p.e = e;
	p.action = CONFIG_RUN;
	r = parse_all(&p, argv, envp, space);
	*action = p.action;
	return r;
}
