/*
 * der.h - reading and writing DER (ITU-T X.690), strictly.
 *
 * Reading goes over the sticky cursors of base/span.h: a wrong tag, a length
 * that is not minimal, indefinite or too long, and a value that breaks DER's
 * rules fail the reader it was read from. A reader opened on a value is a
 * cursor of its own: check each with reader_ok, or with reader_done where
 * nothing may follow. A reader opened from a failed one is failed too.
 * Tags are one byte; high tag numbers (X.690 8.1.2.4) are refused.
 */
#ifndef WIRE_DER_H
#define WIRE_DER_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DER_BOOLEAN                0x01
#define DER_INTEGER                0x02
#define DER_BIT_STRING             0x03
#define DER_OCTET_STRING           0x04
#define DER_NULL                   0x05
#define DER_OID                    0x06
#define DER_UTF8_STRING            0x0c
#define DER_PRINTABLE_STRING       0x13
#define DER_TELETEX_STRING         0x14
#define DER_UTC_TIME               0x17
#define DER_GENERALIZED_TIME       0x18
#define DER_SEQUENCE               0x30
#define DER_SET                    0x31
#define DER_CONTEXT(n)             (0x80 | (n)) /* [n] IMPLICIT, primitive */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n], constructed */

/* One value: whole is tag, length and body. */
struct der_value {
	uint8_t tag;
	struct span body;
	struct span whole;
};

/* The next value, whatever its tag; all zero when r fails. */
struct der_value der_read_any(struct reader *r);

/* The body of the next value, which must have this tag; empty on failure. */
struct span der_read(struct reader *r, uint8_t tag);

/* A cursor over the body of the next value, which must have this tag. */
struct reader der_open(struct reader *r, uint8_t tag);

/* True if a value with this tag comes next. Never fails r. */
bool der_next_is(const struct reader *r, uint8_t tag);

/* A BOOLEAN: 00 or ff. */
bool der_read_bool(struct reader *r);

/*
 * A non-negative INTEGER in its minimal form, without the zero byte that keeps
 * it positive: zero is one byte 00, everything else starts with a non-zero
 * byte. Negative numbers fail r.
 */
struct span der_read_unsigned(struct reader *r);

/* A non-negative INTEGER below 2^31. */
uint32_t der_read_small(struct reader *r);

/*
 * A BIT STRING of whole bytes: the bits without the leading count of unused
 * ones, which must be zero.
 */
struct span der_read_bit_string(struct reader *r);

/*
 * UTCTime YYMMDDHHMMSSZ (years 1950 to 2049) or GeneralizedTime
 * YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5), as seconds since 1970; 0 on failure.
 */
int64_t der_read_time(struct reader *r);

/*
 * ERR_OK if in is exactly one well-formed value down to every constructed one
 * in it, nested less than DER_DEPTH_MAX deep. Bodies of primitive values are
 * not looked into. ERR_PARSE, ERR_LIMIT (too deep).
 */
enum err der_check(struct span in) NODISCARD;

/*
 * ERR_OK if in is an ECDSA-Sig-Value (RFC 3279 2.2.3) in strict DER with two
 * positive integers of at most max_len bytes. ERR_PARSE otherwise. BearSSL's
 * own decoder takes sloppy encodings.
 */
enum err der_check_ecdsa(struct span in, size_t max_len) NODISCARD;

/* Append tag and the length of a body that the caller writes next. */
void der_write_header(struct writer *w, uint8_t tag, size_t len);

/* Append a non-negative INTEGER given big-endian, leading zeros or not. */
void der_write_unsigned(struct writer *w, struct span value);

/* Bytes that the two calls above append. */
size_t der_header_len(size_t len);
size_t der_unsigned_len(struct span value);

#endif
