/*
 * main.c - blocks signals, reads the configuration, and hands over to init.
 * Names the roles, so that init need not know them. Nothing else belongs here.
 */
#include "base/log.h"
#include "config.h"
#include "fetcher/command.h"
#include "fetcher/fetcher_main.h"
#include "init/init_main.h"
#include "init/reload.h"
#include "init/signals.h"
#include "personality.h"
#include "roles.h"
#include "tunnel/tunnel_main.h"
#include "version.h"

#include <stdio.h>
#include <unistd.h>

/* Our own command line. True: run; false: end with *status. */
static bool
read_command_line(struct config *c, char *const argv[], int *status)
{
	enum config_action action;
	struct error error;

	error_clear(&error);
	if (config_parse(c, &action, argv, environ, &error) != ERR_OK) {
		(void)fprintf(stderr, "%s: %s\n",
			c->called == OF_NONE ? "fairlead" : "Error",
			error.detail);
		config_print_usage(c->called);
		*status = c->called == OF_NONE ? error_exit_status(error.code)
					       : 1;
		return false;
	}
	*status = 0;
	log_setup(c->quiet ? LOG_ERROR : (c->debug_logs ? LOG_DEBUG : LOG_INFO),
		c->structured_logs);
	if (action == CONFIG_HELP)
		config_print_help(c->called);
	else if (action == CONFIG_VERSION)
		version_print(c->called);
	else if (action == CONFIG_RUN || action == CONFIG_CHECK)
		return true;
	else
		*status = command_main(c, action);
	return false;
}

static char *const *arguments;

static int
reader_main(int channel)
{
	static struct config fresh;
	enum config_action action;
	struct error error;

	error_clear(&error);
	if (config_parse(&fresh, &action, arguments, environ, &error) !=
		ERR_OK) {
		log_error("SIGHUP: nothing is changed: %s", error.detail);
		return 1;
	}
	return reload_send(channel, &fresh) ? 0 : 1;
}

int
main(int argc, char *argv[])
{
	static const struct roles roles = {
		.tunnel = tunnel_main,
		.fetcher = fetcher_main,
		.reader = reader_main,
	};
	static struct config config;
	int status = 0;

	/* First of all: to PID 1 an unblocked signal is a lost signal. */
	signals_block_all();
	(void)argc;
	arguments = argv;
	switch (personality_parse(&config, &status, argv, environ)) {
	case PERSONALITY_OWN:
		if (!read_command_line(&config, argv, &status))
			return status;
		break;
	case PERSONALITY_RUN:
		break;
	case PERSONALITY_EXIT:
		return status;
	}
	return init_main(&config, &roles);
}
