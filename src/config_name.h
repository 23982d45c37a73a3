/*
 * config_name.h - an instance's name into the parts that it is made of.
 */
#ifndef CONFIG_NAME_H
#define CONFIG_NAME_H

#include "base/span.h"
#include "config.h"

/* Copy s as a string; false: empty, too long, or with a NUL in it. */
bool name_copy(char *to, size_t cap, struct span s);

/* Split at the first separator; what has none is all head. */
struct span name_take_until(struct span *rest, uint8_t separator, bool *found);

/* Sets product, name and its parts. text ends with a NUL or a "?". */
enum err name_read(struct instance_config *ic, struct span text,
	struct error *e) NODISCARD;

#endif
