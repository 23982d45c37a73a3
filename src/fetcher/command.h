/*
 * command.h - wait, shutdown and status: what another process asks a running
 * fairlead, over plain HTTP on this machine.
 */
#ifndef FETCHER_COMMAND_H
#define FETCHER_COMMAND_H

#include "config.h"

/*
 * wait      GET /startup of the HTTP server each second until it is 200, for
 *           at most --max.
 * shutdown  POST /quitquitquit to the admin server on 127.0.0.1.
 * status    GET /status of the HTTP server, and print it.
 *
 * Returns the exit status, 0 or 1; what is wrong is on standard error. Unblocks
 * signals: SIGTERM ends it.
 */
int command_main(const struct config *c, enum config_action action) NODISCARD;

#endif
