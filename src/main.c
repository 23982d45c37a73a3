/*
 * main.c - blocks signals, reads the configuration, and hands over to init.
 * Names the roles, so that init need not know them. Nothing else belongs here.
 */
#include "base/log.h"
#include "config.h"
#include "fetcher/fetcher_main.h"
#include "init/init_main.h"
#include "init/signals.h"
#include "roles.h"
#include "tunnel/tunnel_main.h"

#include <stdio.h>

extern char **environ;

int
main(int argc, char *argv[])
{
	static const struct roles roles = {
		.tunnel = tunnel_main,
		.fetcher = fetcher_main,
	};
	static struct config config;
	enum config_action action;
	struct error error;

	/* First of all: to PID 1 an unblocked signal is a lost signal. */
	signals_block_all();
	(void)argc;
	error_clear(&error);
	if (config_parse(&config, &action, argv, environ, &error) != ERR_OK) {
		(void)fprintf(stderr, "fairlead: %s\n", error.detail);
		config_print_usage();
		return error_exit_status(error.code);
	}
	if (action == CONFIG_HELP) {
		config_print_help();
		return 0;
	}
	if (action == CONFIG_VERSION) {
		(void)puts("fairlead version " FAIRLEAD_VERSION);
		return 0;
	}
	log_setup(config.quiet ? LOG_ERROR
			       : (config.debug_logs ? LOG_DEBUG : LOG_INFO),
		config.structured_logs);
	return init_main(&config, &roles);
}
