/*
 * personality.h - called by another init's name (a symlink), fairlead takes
 * that program's options, environment variables, words and defaults: tini and
 * docker-init, dumb-init, catatonit and podman-init.
 *
 * All of it becomes struct config; nobody asks for a name afterwards. Where
 * the other program loses signals, hangs or leaves zombies, ours does not: a
 * personality is a command line, not a set of faults. What differs on purpose:
 * a command that cannot be executed ends with 127 or 126 under every name, and
 * as PID 1 what the app leaves behind is asked to end before it is killed.
 */
#ifndef PERSONALITY_H
#define PERSONALITY_H

#include "config.h"

enum personality_next {
	PERSONALITY_OWN, /* no such name: read our own command line */
	PERSONALITY_RUN,
	PERSONALITY_EXIT /* everything was said; end with *status */
};

/*
 * Fill *c, all zero before, from a command line that begins with one of the
 * names. Prints help, versions and errors itself.
 */
enum personality_next personality_parse(struct config *c, int *status,
	char *const argv[], char *const envp[]) NODISCARD;

/* Which of Google's proxies argv0's last part names. */
enum option_of personality_called(const char *argv0);

/* The program's name in its own messages. */
const char *personality_name(enum option_of called);

#endif
