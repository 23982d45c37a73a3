/*
 * signame.h - signal names and numbers, 1 to 64, as kill(1) writes them.
 *
 * Real-time signals are counted from 34, the C library's SIGRTMIN that users'
 * programs see; 32 and 33 have no name.
 */
#ifndef BASE_SIGNAME_H
#define BASE_SIGNAME_H

#include <stddef.h>

#define SIGNAL_MAX      64
#define SIGNAL_NAME_MAX 24 /* "signal -2147483648", NUL included */

/*
 * The number of "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3" or "RTMAX-1";
 * 0 when it is none.
 */
int signame_parse(const char *text);

/* Write "SIGTERM", "SIGRTMIN+3" or "signal 32" into out; returns out. */
const char *signame_format(int number, char out[SIGNAL_NAME_MAX]);

#endif
