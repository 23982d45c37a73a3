/* variable.c - reads the environment and changes nothing. */
#include "io/variable.h"

#include <stdlib.h>

struct span
variable_either(const char *upper, const char *lower)
{
	const char *value = getenv(upper);

	if (value == NULL || value[0] == '\0')
		value = getenv(lower);
	return span_str(value != NULL ? value : "");
}
