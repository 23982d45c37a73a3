/*
 * version.h - what this program is and what it was built from.
 */
#ifndef VERSION_H
#define VERSION_H

#include "config.h"

/* One line as the program of that name prints it; under our own name followed
 * by the sources: commit and its day, BearSSL, the built-in roots. */
void version_print(enum option_of called);

#endif
