/* argv.c - a line to an argument vector. */
#include "argv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEPT     8
#define ARGS_MAX 48

static char *vector[KEPT][ARGS_MAX];

char **
argv_split(const char *line)
{
	static char text[KEPT][8192];
	static unsigned turn;
	unsigned k = turn++ % KEPT;
	char *save = NULL;
	size_t n = 0;

	assert_true(strlen(line) < sizeof(text[k]));
	strcpy(text[k], line);
	for (char *w = strtok_r(text[k], " ", &save); w != NULL;
		w = strtok_r(NULL, " ", &save)) {
		assert_true(n < ARGS_MAX - 1);
		vector[k][n++] = w;
	}
	vector[k][n] = NULL;
	return vector[k];
}

void
argv_free(char *const *argv)
{
	for (unsigned k = 0; k < KEPT; k++) {
		if (argv == vector[k])
			return;
	}
	free((void *)(uintptr_t)argv);
}
