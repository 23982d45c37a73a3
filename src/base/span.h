/*
 * span.h - borrowed bytes, and two cursors over them: a reader that cannot run
 * past the end and a writer that cannot run past its buffer.
 *
 * Both cursors are sticky: after the first short read or full buffer every
 * call is a no-op (reads give 0 or an empty span) and reader_ok/writer_ok is
 * false, so that a parser checks once, at the end. Integers are big-endian.
 * Nothing here allocates; spans live as long as the bytes they point into.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *data;
	size_t len;
};

struct reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

struct writer {
	uint8_t *base;
	size_t len; /* bytes written */
	size_t cap;
	bool failed;
};

struct span span_of(const void *data, size_t len);
struct span span_str(const char *s);
/* Same length and bytes. Not constant time: never for secrets. */
bool span_equal(struct span a, struct span b);
bool span_equal_str(struct span a, const char *s);
/* ASCII case-insensitive. */
bool span_equal_case_str(struct span a, const char *s);

struct reader reader_over(struct span s);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u24(struct reader *r);
uint32_t read_u32(struct reader *r);
struct span read_bytes(struct reader *r, size_t len);
/* A vector with its length in front: 1, 2 or 3 bytes of it (RFC 8446 3.4). */
struct span read_block8(struct reader *r);
struct span read_block16(struct reader *r);
struct span read_block24(struct reader *r);
/* No read has failed. */
bool reader_ok(const struct reader *r);
/* No read has failed and every byte was consumed. */
bool reader_done(const struct reader *r);

struct writer writer_over(void *buf, size_t cap);
void write_u8(struct writer *w, uint8_t v);
void write_u16(struct writer *w, uint16_t v);
void write_u24(struct writer *w, uint32_t v);
void write_u32(struct writer *w, uint32_t v);
void write_bytes(struct writer *w, const void *data, size_t len);
void write_span(struct writer *w, struct span s);
void write_str(struct writer *w, const char *s);
/*
 * Open a vector whose length of width bytes (1 to 3) is not yet known; returns
 * its position, to be given to write_end, which fills the length in and fails
 * the writer when it does not fit.
 */
size_t write_begin(struct writer *w, unsigned width);
void write_end(struct writer *w, size_t position, unsigned width);
bool writer_ok(const struct writer *w);
struct span writer_span(const struct writer *w);

#endif
