/*
 * fuzz_json_string.c - any bytes as the inside of a JSON string. What passes
 * the check must unescape, never to more bytes than it had; what does not must
 * say where it broke.
 */
#include "wire/json_string.h"

#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *out = malloc(size + 1);
	struct writer w = writer_over(out, size);
	size_t at = 0;

	require(out != NULL);
	if (json_string_check(span_of(data, size), &at) == ERR_OK) {
		require(at < size && data[at] == '"');
		require(json_string_unescape(span_of(data, at), &w) == ERR_OK);
		require(w.len <= at);
	} else {
		require(at <= size);
		/* Unchecked bytes must do no harm either. */
		(void)!json_string_unescape(span_of(data, size), &w);
	}
	free(out);
	return 0;
}
