/*
 * protobuf.c - varints and the four kinds of fields. Pure; must never believe
 * a length.
 */
#include "wire/protobuf.h"

#include "base/limits.h"

static uint64_t
read_varint(struct reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = read_u8(r);

		/* The tenth byte has one bit that is left. */
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	r->failed = true;
	return 0;
}

bool
protobuf_read(struct reader *r, struct protobuf_field *f)
{
	uint64_t tag;
	uint64_t len = 0;

	if (r->left == 0 || r->failed)
		return false;
	tag = read_varint(r);
	f->number = tag >> 3;
	f->type = (enum protobuf_type)(tag & 7);
	f->value = 0;
	f->bytes = span_of(NULL, 0);
	if (f->number == 0)
		r->failed = true;
	if (f->type == PROTOBUF_VARINT)
		f->value = read_varint(r);
	else if (f->type == PROTOBUF_FIXED64)
		len = 8;
	else if (f->type == PROTOBUF_FIXED32)
		len = 4;
	else if (f->type == PROTOBUF_BYTES)
		len = read_varint(r);
	else
		r->failed = true;
	if (len > r->left)
		r->failed = true;
	else if (f->type != PROTOBUF_VARINT)
		f->bytes = read_bytes(r, (size_t)len);
	return reader_ok(r);
}

static void
write_varint(struct writer *w, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		write_u8(w, (uint8_t)(value | 0x80));
	write_u8(w, (uint8_t)value);
}

void
protobuf_write_uint(struct writer *w, unsigned number, uint64_t value)
{
	if (value == 0)
		return;
	write_varint(w, (uint64_t)number << 3 | PROTOBUF_VARINT);
	write_varint(w, value);
}

void
protobuf_write_bytes(struct writer *w, unsigned number, struct span s)
{
	if (s.len == 0)
		return;
	write_varint(w, (uint64_t)number << 3 | PROTOBUF_BYTES);
	write_varint(w, s.len);
	write_span(w, s);
}
