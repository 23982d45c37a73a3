/*
 * variable.h - environment variables with two spellings, as those of proxies
 * have: curl made the lower case usual, Go's programs read both.
 */
#ifndef IO_VARIABLE_H
#define IO_VARIABLE_H

#include "base/span.h"

/*
 * The variable upper, or, if that is unset or empty, lower; without both it is
 * empty. Borrowed from the environment.
 */
struct span variable_either(const char *upper, const char *lower);

#endif
