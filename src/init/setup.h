/*
 * setup.h - what init does to its own process before and after the first
 * start of the app.
 */
#ifndef INIT_SETUP_H
#define INIT_SETUP_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Put something into descriptors 0 to 2 where they are closed: /dev/null, or
 * without a /dev a descriptor that can neither be read nor written. Else our
 * own descriptors would land there, and get the app's output.
 */
void setup_standard_streams(void);

/*
 * Inherit orphans where we are not PID 1, and be told of our parent's end, as
 * c says; with secrets, close /proc/PID/mem, environ and fd to processes of
 * our user (so log_open comes before this).
 */
void setup_process(const struct config *c);

/* The working directory, to be entered again later; -1 when impossible. */
int setup_hold_directory(void);

/*
 * Leave the working directory, so that it can be unmounted, and close what is
 * not in keep, so that the app alone holds what it inherited.
 */
void setup_let_go(bool directory, int *keep, size_t count, bool close_others);

#endif
