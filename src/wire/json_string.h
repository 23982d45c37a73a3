/*
 * json_string.h - the inside of JSON strings: for json.c only.
 */
#ifndef WIRE_JSON_STRING_H
#define WIRE_JSON_STRING_H

#include "base/error.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Check the string that begins behind its opening quote at *at. On ERR_OK *at
 * is that of the closing quote; on ERR_JSON that of the offending byte.
 */
enum err json_string_check(struct span text, size_t *at) NODISCARD;

/*
 * Append the inside of a string, unescaped, as UTF-8. ERR_PARSE: it was not
 * checked. ERR_LIMIT: w is full and holds what fitted.
 */
enum err json_string_unescape(struct span inside, struct writer *w) NODISCARD;

#endif
