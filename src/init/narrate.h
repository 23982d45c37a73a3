/*
 * narrate.h - what the supervisor did, in words. Without trouble nothing is
 * said: the output belongs to the app.
 */
#ifndef INIT_NARRATE_H
#define INIT_NARRATE_H

#include "config.h"
#include "init/supervisor.h"

/* ev with value was handled: the state was before, now it is sv's. */
void narrate(const struct config *c, const struct supervisor *sv,
	enum state before, enum event ev, int value, uint64_t now_ms);

/* Which credentials are used, in the proxies' words. */
void narrate_credentials(const struct config *c);

/* Nothing can be served, for this reason: in the proxies' words. */
void narrate_no_start(const struct config *c, const char *why);

#endif
