/*
 * json.h - strict JSON (RFC 8259) without memory of its own.
 *
 * json_parse checks the whole text, UTF-8 included, and notes where every
 * value lies in an array of tokens that the caller owns. What it accepts is
 * JSON and nothing else: no comments, no trailing commas, no byte order mark,
 * no bytes behind the value, no lone surrogates. Depth is bounded by
 * JSON_DEPTH_MAX.
 *
 * Tokens are in document order; a member's name stands before its value. The
 * look-ups take and give pointers to tokens, and NULL says "there is none":
 * they may be chained without a test in between.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/error.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type {
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL
};

struct json_token {
	enum json_type type;
	uint32_t
		start; /* offset of the first byte; strings: behind the quote */
	uint32_t end;  /* offset behind the last byte; strings: of the quote */
	uint32_t next; /* index of the token behind this value and its inside */
};

/* A parsed text. Borrows text and tokens. tokens[0] is the outermost value. */
struct json {
	struct span text;
	const struct json_token *tokens;
	size_t count;
	size_t error_at; /* after ERR_JSON: offset of the offending byte */
};

/*
 * Parse text with room for cap tokens. ERR_JSON: not JSON, doc->error_at says
 * where. ERR_LIMIT: nested too deep, or more values than cap. On failure doc
 * has no tokens.
 */
enum err json_parse(struct json *doc, struct span text,
	struct json_token *tokens, size_t cap) NODISCARD;

/* The outermost value; NULL after a failed json_parse. */
const struct json_token *json_root(const struct json *doc);

/*
 * The value of an object's member. NULL when object is NULL, no object, or has
 * no such member. Of several members with one name the last counts, as with
 * the decoders of Go, Python and Node.js.
 */
const struct json_token *json_member(const struct json *doc,
	const struct json_token *object, const char *name);

/* The same of the outermost value. */
const struct json_token *json_root_member(
	const struct json *doc, const char *name);

/* First element of an array; NULL when array is NULL, no array, or empty. */
const struct json_token *json_first(
	const struct json *doc, const struct json_token *array);

/* The element behind element in the same array; NULL at the end. */
const struct json_token *json_after(const struct json *doc,
	const struct json_token *array, const struct json_token *element);

/* v is a string that, unescaped, is s. */
bool json_equal_str(
	const struct json *doc, const struct json_token *v, const char *s);

/*
 * Append a string, unescaped, as UTF-8 to w. ERR_PARSE: v is NULL or no
 * string. ERR_LIMIT: w is full.
 */
enum err json_string(const struct json *doc, const struct json_token *v,
	struct writer *w) NODISCARD;

/*
 * A string, unescaped, as a C string in out[0..cap). ERR_PARSE also for a
 * string with a NUL inside. out is "" on failure.
 */
enum err json_text(const struct json *doc, const struct json_token *v,
	char *out, size_t cap) NODISCARD;

/*
 * A number without fraction and exponent that fits. ERR_PARSE: anything else.
 */
enum err json_integer(const struct json *doc, const struct json_token *v,
	int64_t *out) NODISCARD;

/* v is the value true. */
bool json_is_true(const struct json_token *v);

/* Append s (UTF-8) as a JSON string with its quotes. */
void json_write_string(struct writer *w, struct span s);

#endif
