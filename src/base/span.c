/*
 * span.c - bounds-checked cursors. Owns nothing; the only pointer arithmetic
 * of the parsers is here.
 */
#include "base/span.h"

#include <string.h>

struct span
span_of(const void *data, size_t len)
{
	struct span s = {.data = data, .len = len};

	return s;
}

struct span
span_str(const char *s)
{
	return span_of(s, strlen(s));
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
span_equal_str(struct span a, const char *s)
{
	return span_equal(a, span_str(s));
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool
span_equal_case_str(struct span a, const char *s)
{
	struct span b = span_str(s);

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	}
	return true;
}

struct reader
reader_over(struct span s)
{
	struct reader r = {.at = s.data, .left = s.len, .failed = false};

	return r;
}

struct span
read_bytes(struct reader *r, size_t len)
{
	struct span s = {.data = r->at, .len = 0};

	if (r->failed || len > r->left) {
		r->failed = true;
		return s;
	}
	s.len = len;
	if (len > 0)
		r->at += len;
	r->left -= len;
	return s;
}

static uint32_t
read_uint(struct reader *r, size_t width)
{
	struct span s = read_bytes(r, width);
	uint32_t v = 0;

	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.data[i];
	return v;
}

uint8_t
read_u8(struct reader *r)
{
	return (uint8_t)read_uint(r, 1);
}

uint16_t
read_u16(struct reader *r)
{
	return (uint16_t)read_uint(r, 2);
}

uint32_t
read_u24(struct reader *r)
{
	return read_uint(r, 3);
}

uint32_t
read_u32(struct reader *r)
{
	return read_uint(r, 4);
}

struct span
read_block8(struct reader *r)
{
	return read_bytes(r, read_u8(r));
}

struct span
read_block16(struct reader *r)
{
	return read_bytes(r, read_u16(r));
}

struct span
read_block24(struct reader *r)
{
	return read_bytes(r, read_u24(r));
}

bool
reader_ok(const struct reader *r)
{
	return !r->failed;
}

bool
reader_done(const struct reader *r)
{
	return !r->failed && r->left == 0;
}

struct writer
writer_over(void *buf, size_t cap)
{
	struct writer w = {.base = buf, .len = 0, .cap = cap, .failed = false};

	return w;
}

void
write_bytes(struct writer *w, const void *data, size_t len)
{
	if (w->failed || len > w->cap - w->len) {
		w->failed = true;
		return;
	}
	if (len > 0)
		memcpy(w->base + w->len, data, len);
	w->len += len;
}

static void
put_uint(uint8_t *p, uint32_t v, size_t width)
{
	for (size_t i = 0; i < width; i++)
		p[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

static void
write_uint(struct writer *w, uint32_t v, size_t width)
{
	uint8_t bytes[4];

	put_uint(bytes, v, width);
	write_bytes(w, bytes, width);
}

void
write_u8(struct writer *w, uint8_t v)
{
	write_uint(w, v, 1);
}

void
write_u16(struct writer *w, uint16_t v)
{
	write_uint(w, v, 2);
}

void
write_u24(struct writer *w, uint32_t v)
{
	write_uint(w, v, 3);
}

void
write_u32(struct writer *w, uint32_t v)
{
	write_uint(w, v, 4);
}

void
write_span(struct writer *w, struct span s)
{
	write_bytes(w, s.data, s.len);
}

void
write_str(struct writer *w, const char *s)
{
	write_span(w, span_str(s));
}

size_t
write_begin(struct writer *w, unsigned width)
{
	size_t position = w->len;

	write_uint(w, 0, width);
	return position;
}

void
write_end(struct writer *w, size_t position, unsigned width)
{
	size_t len;

	if (w->failed)
		return;
	len = w->len - position - width;
	if (len >> (8 * width) != 0) {
		w->failed = true;
		return;
	}
	put_uint(w->base + position, (uint32_t)len, width);
}

bool
writer_ok(const struct writer *w)
{
	return !w->failed;
}

struct span
writer_span(const struct writer *w)
{
	return span_of(w->base, w->len);
}
