/*
 * flat.h - configuration files that are one list of keys and scalars, in TOML,
 * YAML or JSON. What else those languages have (tables, lists, nesting,
 * anchors, dates) is refused by name; nothing is guessed.
 *
 *   TOML  KEY = "string", 'string', whole number, true or false; # comments
 *   YAML  KEY: scalar, "string" or 'string'; # comments; "---" first
 *   JSON  one object of strings, numbers, true and false
 */
#ifndef WIRE_FLAT_H
#define WIRE_FLAT_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "wire/json.h"

enum flat_format {
	FLAT_TOML,
	FLAT_YAML,
	FLAT_JSON
};

/* A text being read. Borrows text and space. */
struct flat {
	enum flat_format format;
	struct span text;
	size_t at;       /* JSON: index of the next member's token */
	unsigned line;   /* of what was read last, from 1 */
	bool begun;      /* a line has been read that is more than a comment */
	char *space;     /* for values; they live as long as it */
	size_t left;     /* bytes of it */
	struct json doc; /* JSON */
	struct json_token tokens[FLAT_TOKENS_MAX];
};

struct flat_pair {
	char key[FLAT_KEY_MAX];
	const char *value; /* in flat's space */
};

/* Begin. ERR_JSON, ERR_PARSE: f->line and e say what is wrong. */
enum err flat_open(struct flat *f, enum flat_format format, struct span text,
	char *space, size_t cap, struct error *e) NODISCARD;

/* The next pair. ERR_EOF: no more. Others: f->line and e say what is wrong. */
enum err flat_next(
	struct flat *f, struct flat_pair *pair, struct error *e) NODISCARD;

#endif
