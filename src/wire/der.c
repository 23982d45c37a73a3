/*
 * der.c - strict DER. Pure: looks at the bytes it is given and at nothing
 * else. It must never accept two encodings of the same value, for then two
 * readers of one certificate could disagree about it.
 */
#include "wire/der.h"

#include "base/clock.h"

#define CONSTRUCTED      0x20
#define HIGH_TAG         0x1f
#define LONG_FORM        0x80
#define LENGTH_BYTES_MAX 4

/* A length in definite, minimal form (X.690 10.1). */
static size_t
read_length(struct reader *r)
{
	uint8_t first = read_u8(r);
	size_t count = first & 0x7f;
	size_t len = 0;

	if (first < LONG_FORM)
		return first;
	if (count == 0 || count > LENGTH_BYTES_MAX) {
		r->failed = true;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		len = len << 8 | read_u8(r);
	if (len < LONG_FORM || len >> (8 * (count - 1)) == 0)
		r->failed = true;
	return len;
}

struct der_value
der_read_any(struct reader *r)
{
	struct der_value v = {.tag = 0};
	const uint8_t *start = r->at;
	size_t before = r->left;
	uint8_t tag = read_u8(r);
	size_t len;

	if ((tag & HIGH_TAG) == HIGH_TAG || tag == 0)
		r->failed = true;
	len = read_length(r);
	v.body = read_bytes(r, len);
	if (r->failed)
		return (struct der_value){.tag = 0};
	v.tag = tag;
	v.whole = span_of(start, before - r->left);
	return v;
}

bool
der_next_is(const struct reader *r, uint8_t tag)
{
	return !r->failed && r->left > 0 && *r->at == tag;
}

struct span
der_read(struct reader *r, uint8_t tag)
{
	if (!der_next_is(r, tag)) {
		r->failed = true;
		return span_of(NULL, 0);
	}
	return der_read_any(r).body;
}

struct reader
der_open(struct reader *r, uint8_t tag)
{
	struct reader inner = reader_over(der_read(r, tag));

	inner.failed = r->failed;
	return inner;
}

bool
der_read_bool(struct reader *r)
{
	struct span body = der_read(r, DER_BOOLEAN);

	if (body.len != 1 || (body.data[0] != 0 && body.data[0] != 0xff)) {
		r->failed = true;
		return false;
	}
	return body.data[0] != 0;
}

struct span
der_read_unsigned(struct reader *r)
{
	struct span body = der_read(r, DER_INTEGER);

	if (body.len == 0 || (body.data[0] & 0x80) != 0) {
		r->failed = true;
		return span_of(NULL, 0);
	}
	if (body.len == 1 || body.data[0] != 0)
		return body;
	if ((body.data[1] & 0x80) == 0) {
		/* The leading zero byte is not needed: not minimal. */
		r->failed = true;
		return span_of(NULL, 0);
	}
	return span_of(body.data + 1, body.len - 1);
}

uint32_t
der_read_small(struct reader *r)
{
	struct span s = der_read_unsigned(r);
	uint32_t v = 0;

	if (s.len > 4 || (s.len == 4 && s.data[0] >= 0x80)) {
		r->failed = true;
		return 0;
	}
	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.data[i];
	return v;
}

struct span
der_read_bit_string(struct reader *r)
{
	struct span body = der_read(r, DER_BIT_STRING);

	if (body.len == 0 || body.data[0] != 0) {
		r->failed = true;
		return span_of(NULL, 0);
	}
	return span_of(body.data + 1, body.len - 1);
}

/* Two decimal digits; anything else fails r. */
static int
read_two_digits(struct reader *r)
{
	uint8_t tens = read_u8(r);
	uint8_t ones = read_u8(r);

	if (tens < '0' || tens > '9' || ones < '0' || ones > '9') {
		r->failed = true;
		return 0;
	}
	return (tens - '0') * 10 + (ones - '0');
}

int64_t
der_read_time(struct reader *r)
{
	bool general = der_next_is(r, DER_GENERALIZED_TIME);
	struct reader text =
		der_open(r, general ? DER_GENERALIZED_TIME : DER_UTC_TIME);
	int year = general ? read_two_digits(&text) * 100 : 0;
	int month;
	int day;
	int hour;
	int minute;
	int second;
	int64_t time_s;

	year += read_two_digits(&text);
	if (!general)
		year += year < 50 ? 2000 : 1900;
	month = read_two_digits(&text);
	day = read_two_digits(&text);
	hour = read_two_digits(&text);
	minute = read_two_digits(&text);
	second = read_two_digits(&text);
	time_s = clock_from_utc(year, month, day, hour, minute, second);
	if (read_u8(&text) != 'Z' || !reader_done(&text) ||
		time_s == INT64_MIN) {
		r->failed = true;
		return 0;
	}
	return time_s;
}

enum err
der_check(struct span in)
{
	struct reader stack[DER_DEPTH_MAX];
	size_t depth = 0;

	stack[0] = reader_over(in);
	(void)der_read_any(&stack[0]);
	if (!reader_done(&stack[0]))
		return ERR_PARSE;
	stack[0] = reader_over(in);
	for (;;) {
		struct der_value v;

		if (stack[depth].left == 0) {
			if (depth == 0)
				return ERR_OK;
			depth--;
			continue;
		}
		v = der_read_any(&stack[depth]);
		if (!reader_ok(&stack[depth]))
			return ERR_PARSE;
		if ((v.tag & CONSTRUCTED) == 0)
			continue;
		if (++depth == DER_DEPTH_MAX)
			return ERR_LIMIT;
		stack[depth] = reader_over(v.body);
	}
}

/* s was read as an INTEGER, and so has a byte at least. */
static bool
is_scalar(struct span s, size_t max_len)
{
	return s.len <= max_len && s.data[0] != 0;
}

enum err
der_check_ecdsa(struct span in, size_t max_len)
{
	struct reader outer = reader_over(in);
	struct reader pair = der_open(&outer, DER_SEQUENCE);
	struct span r = der_read_unsigned(&pair);
	struct span s = der_read_unsigned(&pair);

	if (!reader_done(&outer) || !reader_done(&pair) ||
		!is_scalar(r, max_len) || !is_scalar(s, max_len))
		return ERR_PARSE;
	return ERR_OK;
}

static size_t
length_bytes(size_t len)
{
	size_t count = 1;

	while (count < sizeof(len) && len >> (8 * count) != 0)
		count++;
	return count;
}

size_t
der_header_len(size_t len)
{
	return len < LONG_FORM ? 2 : 2 + length_bytes(len);
}

void
der_write_header(struct writer *w, uint8_t tag, size_t len)
{
	size_t count = length_bytes(len);

	write_u8(w, tag);
	if (len < LONG_FORM) {
		write_u8(w, (uint8_t)len);
		return;
	}
	write_u8(w, (uint8_t)(LONG_FORM | count));
	while (count-- > 0)
		write_u8(w, (uint8_t)(len >> (8 * count)));
}

/* Without leading zeros; the empty span for zero. */
static struct span
trimmed(struct span value)
{
	while (value.len > 0 && value.data[0] == 0)
		value = span_of(value.data + 1, value.len - 1);
	return value;
}

/* One zero byte in front keeps a number positive, and is the number zero. */
static size_t
integer_body_len(struct span value)
{
	bool pad = value.len == 0 || (value.data[0] & 0x80) != 0;

	return value.len + (pad ? 1 : 0);
}

size_t
der_unsigned_len(struct span value)
{
	size_t len = integer_body_len(trimmed(value));

	return der_header_len(len) + len;
}

void
der_write_unsigned(struct writer *w, struct span value)
{
	struct span v = trimmed(value);
	size_t len = integer_body_len(v);

	der_write_header(w, DER_INTEGER, len);
	if (len > v.len)
		write_u8(w, 0);
	write_span(w, v);
}
