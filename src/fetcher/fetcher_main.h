/*
 * fetcher_main.h - the fetcher process: one question, one answer.
 */
#ifndef FETCHER_FETCHER_MAIN_H
#define FETCHER_FETCHER_MAIN_H

#include "config.h"
#include "io/ipc.h"

/*
 * Answer question by one message on answers. Blocks for at most the refresh
 * timeout; alarm(2) ends the process FETCHER_ALARM_GRACE_S behind that.
 * Returns the exit status: 0 when an answer went out, be it a failure's.
 */
int fetcher_main(const struct config *config,
	const struct ipc_message *question, int answers);

#endif
