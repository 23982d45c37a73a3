/*
 * config_options.h - the rows of options.def: found by name, set from text.
 * For the parts of the program that read a configuration; everybody else sees
 * struct config.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "base/span.h"
#include "config.h"

enum option_id {
#define SECTION(title)
#define ALIAS(field, name, of)
#define OPTION(field, type, name, letter, of, preset, argument, help)          \
	ID_##field,
#include "options.def"
#undef OPTION
#undef ALIAS
#undef SECTION
	ID_COUNT
};

#define OPTION_NAME_MAX 40 /* the longest, NUL included */

/* The option of that long name or alias, of that letter; ID_COUNT: none. */
enum option_id option_by_name(struct span name);
enum option_id option_by_letter(char letter);

/* One of its names, by number from 0, its own first, and which of Google's
 * proxies has it under that name; NULL: no more. */
const char *option_name(enum option_id id, unsigned number, enum option_of *of);

/* What they are when nobody sets them, one text after the other in the order
 * of enum option_id; "": the field's zero. */
const char *option_presets(void);

/* A flag: true and false, and true without a value. */
bool option_is_flag(enum option_id id);

/* Its value may be left out; it must then be joined by "=". */
bool option_value_optional(enum option_id id);

/* Set its field of *c. source ("--port", a variable's name) begins e. Text
 * options keep the pointer. */
enum err option_set(struct config *c, enum option_id id, const char *text,
	const char *source, struct error *e) NODISCARD;

#endif
