/*
 * config_environment.h - the app's environment: what came in, byte for byte and
 * in its order, but for what options and secrets of ours change.
 */
#ifndef CONFIG_ENVIRONMENT_H
#define CONFIG_ENVIRONMENT_H

#include "base/span.h"
#include "config.h"

/*
 * Make c->environment of envp: less our secrets and --unset-env; HOME of
 * --user; --env-file; --env, the last one wins. Needs c->account.
 */
enum err config_app_environment(
	struct config *c, char *const envp[], struct error *e) NODISCARD;

/* "NAME=value" or "NAME": a name without blanks, and no NUL byte. */
bool environment_is_entry(struct span text);

/*
 * The next line of an environment file that is not empty or a comment, without
 * the blanks before it and the line's end; *rest is what comes after it.
 * False: there is none.
 */
bool environment_next(struct span *rest, struct span *line);

#endif
