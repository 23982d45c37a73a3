/*
 * parsed.h - a command line and an environment, written as one line each, to a
 * struct config; or to a refusal and its sentence.
 */
#ifndef TEST_PARSED_H
#define TEST_PARSED_H

#include "config.h"

/* Of the last parse. */
extern struct config config;
extern struct error error;
extern enum config_action action;

enum err parse_vectors(char *const argv[], char *const envp[]);

/* Both are split at spaces. */
enum err parse_with(const char *line, const char *environment);

/* With an empty environment. */
enum err parse(const char *line);

void assert_accepted(const char *line);

/* line is refused, and error says sentence. */
void assert_refused(const char *line, const char *sentence);

/* result is a failure, and error says sentence; what is for people. */
void assert_says(enum err result, const char *what, const char *sentence);

#endif
