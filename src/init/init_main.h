/*
 * init_main.h - the first process: starts the others, waits, and ends last.
 */
#ifndef INIT_INIT_MAIN_H
#define INIT_INIT_MAIN_H

#include "config.h"
#include "roles.h"

/*
 * Run until it is over. The return value is the exit code of the program: the
 * app's, 128 + n when it died of signal n, 126 or 127 when it could not be
 * executed; without an app 128 + the signal that ended us; 1 when something
 * that has to be there at start is not.
 */
int init_main(struct config *c, const struct roles *roles);

#endif
