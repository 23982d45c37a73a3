/*
 * dns_message.c - reading DNS responses. Owns nothing; must never follow a
 * compression pointer but backwards, so that every name ends.
 */
#include "wire/dns_message.h"

#include <stdbool.h>
#include <string.h>

#define HEADER     12
#define RESPONSE   0x8000u
#define POINTER    0xc0u
#define CLASS_IN   1
#define LABEL_ROOM (HOST_LEN_MAX - 1)

/* Skip a name; a pointer is its end (RFC 1035 4.1.4). */
static void
skip_name(struct reader *r)
{
	uint8_t len;

	do {
		len = read_u8(r);
		if ((len & POINTER) == POINTER) {
			(void)read_u8(r);
			return;
		}
		if ((len & POINTER) != 0)
			r->failed = true;
		(void)read_bytes(r, len);
	} while (len != 0 && reader_ok(r));
}

static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] <= ' ' || s.data[i] > '~')
			return false;
	}
	return true;
}

/* Read one label or follow one pointer; *offset is where. False: the end. */
static bool
next_label(struct span message, size_t *offset, struct span *label,
	struct reader *r)
{
	for (;;) {
		size_t here = *offset;
		uint8_t len;

		*r = reader_over(
			span_of(message.data + here, message.len - here));
		len = read_u8(r);
		if ((len & POINTER) == POINTER) {
			*offset = (size_t)(len & 0x3f) << 8 | read_u8(r);
			if (reader_ok(r) && *offset < here)
				continue;
			r->failed = true;
		}
		if ((len & POINTER) != 0)
			r->failed = true;
		*label = read_bytes(r, len);
		*offset = here + 1 + len;
		return reader_ok(r) && len != 0;
	}
}

/* The name at offset as text. False: too long, or no host name. */
static bool
read_name(struct span message, size_t offset, char *text)
{
	struct writer w = writer_over(text, LABEL_ROOM);
	struct reader r;
	struct span label;

	while (next_label(message, &offset, &label, &r)) {
		if (!is_printable(label) ||
			memchr(label.data, '.', label.len) != NULL)
			return false;
		if (w.len > 0)
			write_u8(&w, '.');
		write_span(&w, label);
		/* Also what ends names that run in circles backwards. */
		if (!writer_ok(&w))
			return false;
	}
	text[w.len] = '\0';
	return reader_ok(&r) && w.len > 0;
}

/* The character strings of a TXT record, joined (RFC 1035 3.3.14). */
static bool
read_text(struct span data, char *text)
{
	struct writer w = writer_over(text, LABEL_ROOM);
	struct reader r = reader_over(data);

	while (reader_ok(&r) && !reader_done(&r)) {
		struct span s = read_block8(&r);

		if (!is_printable(s))
			return false;
		write_span(&w, s);
	}
	if (!reader_ok(&r) || !writer_ok(&w) || w.len == 0)
		return false;
	text[w.len] = '\0';
	return true;
}

static void
add(struct dns_texts *out, struct span message, enum dns_type type,
	struct span data)
{
	char *text;
	bool good = false;

	if (out->count >= DNS_TEXTS_MAX)
		return;
	text = out->text[out->count];
	switch (type) {
	case DNS_TYPE_CNAME:
		good = read_name(
			message, (size_t)(data.data - message.data), text);
		break;
	case DNS_TYPE_TXT:
		good = read_text(data, text);
		break;
	}
	if (good)
		out->count++;
}

enum err
dns_message_texts(
	struct span message, enum dns_type type, struct dns_texts *out)
{
	struct reader r = reader_over(message);
	unsigned questions;
	unsigned answers;
	unsigned i;

	memset(out, 0, sizeof(*out));
	(void)read_u16(&r);
	if ((read_u16(&r) & RESPONSE) == 0)
		return ERR_PARSE;
	questions = read_u16(&r);
	answers = read_u16(&r);
	(void)read_bytes(&r, HEADER - 8);
	for (i = 0; i < questions && reader_ok(&r); i++) {
		skip_name(&r);
		(void)read_u32(&r);
	}
	for (i = 0; i < answers && reader_ok(&r); i++) {
		struct span data;
		uint16_t is;
		uint16_t class;

		skip_name(&r);
		is = read_u16(&r);
		class = read_u16(&r);
		(void)read_u32(&r);
		data = read_block16(&r);
		if (reader_ok(&r) && is == type && class == CLASS_IN)
			add(out, message, type, data);
	}
	return reader_ok(&r) ? ERR_OK : ERR_PARSE;
}
