/*
 * fuzz_flat.c - any bytes as a configuration file, in each of the languages. A
 * value must lie in the space given, and end there.
 */
#include "wire/flat.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
read_all(enum flat_format format, struct span text, size_t cap)
{
	static struct flat flat;
	struct flat_pair pair;
	struct error e;
	char *space = malloc(cap);
	size_t used = 0;
	enum err r;

	require(space != NULL);
	error_clear(&e);
	r = flat_open(&flat, format, text, space, cap, &e);
	while (r == ERR_OK) {
		r = flat_next(&flat, &pair, &e);
		if (r != ERR_OK)
			break;
		require(pair.value == space + used);
		require(memchr(pair.value, '\0', cap - used) != NULL);
		used += strlen(pair.value) + 1;
		require(memchr(pair.key, '\0', sizeof(pair.key)) != NULL);
		require(flat.line >= 1);
	}
	/* A failure has a sentence, and leaves nothing behind its space. */
	require(r == ERR_EOF || e.detail[0] != '\0');
	free(space);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int format = FLAT_TOML; format <= FLAT_JSON; format++) {
		read_all((enum flat_format)format, span_of(data, size),
			size + 64);
		read_all((enum flat_format)format, span_of(data, size), 8);
	}
	return 0;
}
