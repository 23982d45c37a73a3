/*
 * json_string.c - escapes and UTF-8 (RFC 8259 section 7, RFC 3629), reading
 * and writing. Pure.
 */
#include "wire/json_string.h"

#include "base/encode.h"
#include "base/utf8.h"
#include "wire/json.h"

#include <string.h>

struct cursor {
	const uint8_t *text;
	size_t len;
	size_t at;
};

/* The byte at the cursor; 0, which is no JSON, at the end. */
static uint8_t
peek(const struct cursor *p)
{
	return p->at < p->len ? p->text[p->at] : 0;
}

/* Four hexadecimal digits; ERR_JSON leaves the cursor at the wrong one. */
static enum err
hex4(struct cursor *p, uint32_t *v)
{
	*v = 0;
	for (int i = 0; i < 4; i++) {
		int d = decode_hex_digit(peek(p));

		if (d < 0)
			return ERR_JSON;
		*v = *v << 4 | (uint32_t)d;
		p->at++;
	}
	return ERR_OK;
}

static bool
is_high_surrogate(uint32_t v)
{
	return v >= 0xd800 && v <= 0xdbff;
}

static bool
is_low_surrogate(uint32_t v)
{
	return v >= 0xdc00 && v <= 0xdfff;
}

/*
 * The inside of one escape, behind the backslash: the code point it means.
 * Surrogates count only as a pair (RFC 8259 section 8.2 leaves lone ones
 * undefined).
 */
static enum err
escape(struct cursor *p, uint32_t *v)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	uint8_t c = peek(p);
	const char *letter = c == 0 ? NULL : strchr(letters, c);
	uint32_t low;

	if (letter != NULL) {
		p->at++;
		*v = (uint8_t)meant[letter - letters];
		return ERR_OK;
	}
	if (c != 'u')
		return ERR_JSON;
	p->at++;
	if (hex4(p, v) != ERR_OK || is_low_surrogate(*v))
		return ERR_JSON;
	if (!is_high_surrogate(*v))
		return ERR_OK;
	if (p->len - p->at < 2 || memcmp(p->text + p->at, "\\u", 2) != 0)
		return ERR_JSON;
	p->at += 2;
	if (hex4(p, &low) != ERR_OK || !is_low_surrogate(low))
		return ERR_JSON;
	*v = 0x10000 + ((*v - 0xd800) << 10) + (low - 0xdc00);
	return ERR_OK;
}

/* Step over one character of two to four bytes. */
static enum err
multibyte(struct cursor *p)
{
	size_t len = utf8_length(span_of(p->text + p->at, p->len - p->at));

	p->at += len;
	return len > 0 ? ERR_OK : ERR_JSON;
}

enum err
json_string_check(struct span text, size_t *at)
{
	struct cursor p = {.text = text.data, .len = text.len, .at = *at};
	uint32_t v;
	enum err e = ERR_OK;

	while (e == ERR_OK && p.at < p.len && peek(&p) != '"') {
		uint8_t c = peek(&p);

		if (c < 0x20) {
			e = ERR_JSON;
		} else if (c == '\\') {
			p.at++;
			e = escape(&p, &v);
		} else if (c >= 0x80) {
			e = multibyte(&p);
		} else {
			p.at++;
		}
	}
	*at = p.at;
	return p.at < p.len ? e : ERR_JSON;
}

enum err
json_string_unescape(struct span inside, struct writer *w)
{
	struct cursor p = {.text = inside.data, .len = inside.len, .at = 0};

	while (p.at < p.len) {
		uint32_t point;

		if (peek(&p) != '\\') {
			write_u8(w, peek(&p));
			p.at++;
			continue;
		}
		p.at++;
		if (escape(&p, &point) != ERR_OK)
			return ERR_PARSE;
		utf8_write(w, point);
	}
	return writer_ok(w) ? ERR_OK : ERR_LIMIT;
}

void
json_write_string(struct writer *w, struct span s)
{
	static const char hex[] = "0123456789abcdef";

	write_u8(w, '"');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c == '"' || c == '\\') {
			write_u8(w, '\\');
			write_u8(w, c);
		} else if (c == '\n') {
			write_str(w, "\\n");
		} else if (c < 0x20) {
			write_str(w, "\\u00");
			write_u8(w, (uint8_t)hex[c >> 4]);
			write_u8(w, (uint8_t)hex[c & 15]);
		} else {
			write_u8(w, c);
		}
	}
	write_u8(w, '"');
}
