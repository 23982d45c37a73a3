/*
 * encode.h - base64 and percent-encoding, between caller-owned
 * buffers. Nothing here handles secrets in constant time.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/error.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Append base64 of in (RFC 4648 section 4, with padding) to w. line > 0 puts a
 * newline after each line characters and at the end (PEM: 64).
 */
void encode_base64(struct writer *w, struct span in, size_t line);

/* Append base64url of in (RFC 4648 section 5) without padding. */
void encode_base64url(struct writer *w, struct span in);

/*
 * Decode base64 (RFC 4648 section 4) into w; white space is skipped, anything
 * else, wrong or missing padding and non-zero trailing bits are ERR_PARSE.
 * ERR_LIMIT: w is full.
 */
enum err decode_base64(struct writer *w, struct span in) NODISCARD;

/* Append in with every byte outside RFC 3986's unreserved set as %XX. */
void encode_percent(struct writer *w, struct span in);

/*
 * Undo percent-encoding into w. ERR_PARSE: a % not followed by two hexadecimal
 * digits, or %00. ERR_LIMIT: w is full.
 */
enum err decode_percent(struct writer *w, struct span in) NODISCARD;

/* The value of a hexadecimal digit of either case; -1: it is none. */
int decode_hex_digit(uint8_t c);

#endif
