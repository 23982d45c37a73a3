/*
 * fuzz_der.c - any bytes as DER, read in every way there is. What is accepted
 * and written again must be the same bytes: one encoding per value.
 */
#include "wire/der.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
header_is_canonical(struct der_value v)
{
	uint8_t head[8];
	struct writer w = writer_over(head, sizeof(head));

	der_write_header(&w, v.tag, v.body.len);
	require(writer_ok(&w) && w.len == der_header_len(v.body.len));
	require(w.len + v.body.len == v.whole.len);
	require(span_equal(writer_span(&w), span_of(v.whole.data, w.len)));
}

static void
integer_is_canonical(struct span in, struct span number, size_t left)
{
	static uint8_t buf[1 << 15];
	struct writer w = writer_over(buf, sizeof(buf));

	der_write_unsigned(&w, number);
	if (!writer_ok(&w))
		return;
	require(w.len == der_unsigned_len(number));
	require(span_equal(writer_span(&w), span_of(in.data, in.len - left)));
}

static void
read_once(struct span in)
{
	struct reader r = reader_over(in);
	struct span number = der_read_unsigned(&r);

	if (reader_ok(&r))
		integer_is_canonical(in, number, r.left);
	r = reader_over(in);
	(void)der_read_small(&r);
	r = reader_over(in);
	(void)der_read_bool(&r);
	r = reader_over(in);
	(void)der_read_time(&r);
	r = reader_over(in);
	(void)der_read_bit_string(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct reader r = reader_over(in);
	enum err whole = der_check(in);

	require(der_check_ecdsa(in, 48) != ERR_OK || whole == ERR_OK);
	while (r.left > 0 && reader_ok(&r)) {
		struct span rest = span_of(r.at, r.left);
		struct der_value v = der_read_any(&r);

		if (!reader_ok(&r))
			break;
		header_is_canonical(v);
		read_once(rest);
		/* Into constructed values: the next turn is their body. */
		if ((v.tag & 0x20) != 0)
			r = reader_over(v.body);
	}
	return 0;
}
