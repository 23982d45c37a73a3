/* fuzz_environment.c - any bytes as an --env-file. */
#include "config_environment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct span line;

	while (environment_next(&rest, &line)) {
		if (line.len == 0 || line.data < data ||
			line.data + line.len > data + size ||
			memchr(line.data, '\n', line.len) != NULL)
			abort();
		if (environment_is_entry(line) && line.data[0] == '=')
			abort();
	}
	return 0;
}
