/* encode.c - the text encodings of the protocols. Pure; writes only into the
 * writer it is given. */
#include "base/encode.h"

#include <string.h>

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The digits of 1 to 3 bytes, one more than bytes; returns their number. */
static size_t
encode_group(char digits[4], const uint8_t *in, size_t n)
{
	uint32_t v = 0;

	for (size_t k = 0; k < 3; k++)
		v = v << 8 | (k < n ? in[k] : 0u);
	for (size_t k = 0; k <= n; k++)
		digits[k] = base64_digits[v >> (18 - 6 * k) & 63];
	return n + 1;
}

void
encode_base64(struct writer *w, struct span in, size_t line)
{
	size_t column = 0;

	for (size_t i = 0; i < in.len; i += 3) {
		char quad[4] = {'=', '=', '=', '='};

		(void)encode_group(
			quad, in.data + i, in.len - i < 3 ? in.len - i : 3);
		write_bytes(w, quad, sizeof(quad));
		column += sizeof(quad);
		if (line > 0 && column >= line) {
			write_u8(w, '\n');
			column = 0;
		}
	}
	if (line > 0 && column > 0)
		write_u8(w, '\n');
}

void
encode_base64url(struct writer *w, struct span in)
{
	for (size_t i = 0; i < in.len; i += 3) {
		char quad[4];
		size_t n = encode_group(
			quad, in.data + i, in.len - i < 3 ? in.len - i : 3);

		for (size_t k = 0; k < n; k++) {
			if (quad[k] == '+')
				quad[k] = '-';
			else if (quad[k] == '/')
				quad[k] = '_';
		}
		write_bytes(w, quad, n);
	}
}

static int
base64_value(uint8_t c)
{
	const char *p = c == 0 ? NULL : strchr(base64_digits, c);

	return p == NULL ? -1 : (int)(p - base64_digits);
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Close a group of count digits (2 or 3) whose rest is padding. */
static enum err
finish_group(struct writer *w, uint32_t v, unsigned count)
{
	if (count == 2) {
		if ((v & 0xf) != 0)
			return ERR_PARSE;
		write_u8(w, (uint8_t)(v >> 4));
	} else {
		if ((v & 0x3) != 0)
			return ERR_PARSE;
		write_u16(w, (uint16_t)(v >> 2));
	}
	return ERR_OK;
}

enum err
decode_base64(struct writer *w, struct span in)
{
	uint32_t v = 0;
	unsigned count = 0;
	unsigned padding = 0;

	for (size_t i = 0; i < in.len; i++) {
		int digit = base64_value(in.data[i]);

		if (is_space(in.data[i]))
			continue;
		if (in.data[i] == '=') {
			padding++;
			continue;
		}
		if (digit < 0 || padding > 0)
			return ERR_PARSE;
		v = v << 6 | (uint32_t)digit;
		if (++count == 4) {
			write_u24(w, v);
			v = 0;
			count = 0;
		}
	}
	if (count == 1 || (count == 0 && padding > 0) ||
		(count > 0 && count + padding != 4))
		return ERR_PARSE;
	if (count > 0 && finish_group(w, v, count) != ERR_OK)
		return ERR_PARSE;
	return writer_ok(w) ? ERR_OK : ERR_LIMIT;
}

static bool
is_unreserved(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void
encode_percent(struct writer *w, struct span in)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (is_unreserved(c)) {
			write_u8(w, c);
			continue;
		}
		/* Upper-case digits, as RFC 3986 section 2.1 asks for. */
		write_u8(w, '%');
		write_u8(w, (uint8_t) "0123456789ABCDEF"[c >> 4]);
		write_u8(w, (uint8_t) "0123456789ABCDEF"[c & 15]);
	}
}

int
decode_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err
decode_percent(struct writer *w, struct span in)
{
	struct reader r = reader_over(in);

	while (r.left > 0) {
		uint8_t c = read_u8(&r);
		int high;
		int low;

		if (c != '%') {
			write_u8(w, c);
			continue;
		}
		high = decode_hex_digit(read_u8(&r));
		low = decode_hex_digit(read_u8(&r));
		if (!reader_ok(&r) || high < 0 || low < 0 || high + low == 0)
			return ERR_PARSE;
		write_u8(w, (uint8_t)(high << 4 | low));
	}
	return writer_ok(w) ? ERR_OK : ERR_LIMIT;
}
