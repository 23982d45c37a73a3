/*
 * config_options.c - options.def as tables. Keeps the texts without pointers: a
 * pointer in a table costs 24 bytes of relocation.
 */
#include "config_options.h"

#include "config_accounts.h"
#include "config_values.h"

#include <string.h>

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_COUNT,
	OPTION_PORT,
	OPTION_TIME,
	OPTION_SIGNAL,
	OPTION_RESTART,
	OPTION_WAIT,
	OPTION_STOP,
	OPTION_LIST,
	OPTION_CODES,
	OPTION_LIMIT,
	OPTION_REWRITE,
	OPTION_REMAP,
	OPTION_LEFT,
	OPTION_MODE,
	OPTION_UIDS
};

struct option_row {
	uint16_t offset; /* of the field in struct config */
	uint8_t type;    /* enum option_type */
	uint8_t of;      /* enum option_of */
	char letter;
};

#define SECTION(title)
#define ALIAS(field, name, of)

static const struct option_row rows[ID_COUNT] = {
#define OPTION(field, type, name, letter, of, preset, argument, help)          \
	[ID_##field] = {                                                       \
		offsetof(struct config, field), OPTION_##type, of, letter},
#include "options.def"
#undef OPTION
};

/* One after the other, in the order of the rows. */
static const char names[] =
#define OPTION(field, type, name, letter, of, preset, argument, help) name "\0"
#include "options.def"
#undef OPTION
	;

/* The same; empty: none. */
static const char presets[] =
#define OPTION(field, type, name, letter, of, preset, argument, help)          \
	preset "\0"
#include "options.def"
#undef OPTION
	;

#undef ALIAS

static const struct {
	uint8_t id;
	uint8_t of;
	char name[18];
} aliases[] = {
#define OPTION(field, type, name, letter, of, preset, argument, help)
#define ALIAS(field, name, of) {ID_##field, of, name},
#include "options.def"
#undef OPTION
#undef ALIAS
};

#undef SECTION

_Static_assert(ID_COUNT < UINT8_MAX, "aliases hold an option's id");

/* Entry number id of a text of entries. */
static const char *
entry(const char *texts, enum option_id id)
{
	for (unsigned i = 0; i < (unsigned)id; i++)
		texts += strlen(texts) + 1;
	return texts;
}

enum option_id
option_by_name(struct span name)
{
	const char *at = names;

	for (unsigned i = 0; i < ID_COUNT; i++, at += strlen(at) + 1) {
		if (span_equal_str(name, at))
			return (enum option_id)i;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (span_equal_str(name, aliases[i].name))
			return (enum option_id)aliases[i].id;
	}
	return ID_COUNT;
}

enum option_id
option_by_letter(char letter)
{
	unsigned i = 0;

	while (i < ID_COUNT && rows[i].letter != letter)
		i++;
	return (enum option_id)i;
}

const char *
option_name(enum option_id id, unsigned number, enum option_of *of)
{
	if (number == 0) {
		*of = (enum option_of)rows[id].of;
		return entry(names, id);
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (aliases[i].id == (unsigned)id && --number == 0) {
			*of = (enum option_of)aliases[i].of;
			return aliases[i].name;
		}
	}
	return NULL;
}

const char *
option_presets(void)
{
	return presets;
}

bool
option_is_flag(enum option_id id)
{
	return rows[id].type == OPTION_FLAG;
}

bool
option_value_optional(enum option_id id)
{
	return rows[id].type == OPTION_FLAG || rows[id].type == OPTION_WAIT;
}

static enum err
set_wait(struct wait_ready *w, const char *text, struct error *e)
{
	bool flag;
	struct error quiet;

	error_clear(&quiet);
	w->timeout_ms = WAIT_READY_MS;
	if (value_flag(&flag, text, &quiet) == ERR_OK) {
		w->wanted = flag;
		return ERR_OK;
	}
	w->wanted = true;
	return value_time(&w->timeout_ms, text, e);
}

static enum err
add_text(struct text_list *l, const char *text, struct error *e)
{
	if (l->count == OPTION_TEXTS_MAX)
		return error_set(e, ERR_LIMIT, "given more than %d times",
			OPTION_TEXTS_MAX);
	l->list[l->count++] = text;
	return ERR_OK;
}

static enum err
set_field(void *field, enum option_type type, const char *text, struct error *e)
{
	struct stop_timeout *stop = field;

	switch (type) {
	case OPTION_FLAG:
		return value_flag(field, text, e);
	case OPTION_TEXT:
		*(const char **)field = text;
		return ERR_OK;
	case OPTION_COUNT:
		return value_count(field, text, e);
	case OPTION_PORT:
		return value_port(field, text, e);
	case OPTION_TIME:
		return value_time(field, text, e);
	case OPTION_SIGNAL:
		return value_signal(field, text, e);
	case OPTION_RESTART:
		return value_restart(field, text, e);
	case OPTION_WAIT:
		return set_wait(field, text, e);
	case OPTION_STOP:
		stop->set = true;
		return value_time(&stop->ms, text, e);
	case OPTION_LIST:
		return add_text(field, text, e);
	case OPTION_CODES:
		return value_codes(field, text, e);
	case OPTION_LIMIT:
		return value_limit(field, text, e);
	case OPTION_REWRITE:
		return value_rewrite(field, text, e);
	case OPTION_REMAP:
		return value_remap(field, text, e);
	case OPTION_LEFT:
		return value_stragglers(field, text, e);
	case OPTION_MODE:
		return value_mode(field, text, e);
	case OPTION_UIDS:
		return accounts_add_uids(field, text, e);
	}
	return error_set(e, ERR_INTERNAL, "unknown option type");
}

/* Say where the text came from that could not be taken. */
static enum err
explain(struct error *e, const char *source)
{
	struct error why = *e;

	error_clear(e);
	return error_set(e, why.code, "%s: %s", source, why.detail);
}

enum err
option_set(struct config *c, enum option_id id, const char *text,
	const char *source, struct error *e)
{
	if (set_field((char *)c + rows[id].offset,
		    (enum option_type)rows[id].type, text, e) == ERR_OK)
		return ERR_OK;
	return explain(e, source);
}
