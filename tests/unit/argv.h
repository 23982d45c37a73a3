/*
 * argv.h - command lines and environments for tests, written as one line.
 */
#ifndef TEST_ARGV_H
#define TEST_ARGV_H

/*
 * line split at spaces, with a NULL at the end. The last eight results are
 * kept.
 */
char **argv_split(const char *line);

/* Free what may be one of those vectors, which stays, or was allocated. */
void argv_free(char *const *argv);

#endif
