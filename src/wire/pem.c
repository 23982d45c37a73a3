/*
 * pem.c - finds the blocks of a PEM text line by line. Pure. It must never
 * join two blocks or take a block whose end is missing.
 */
#include "wire/pem.h"

#include "base/encode.h"

#include <stdbool.h>
#include <string.h>

static const char begin[] = "-----BEGIN ";
static const char end[] = "-----END ";
static const char dashes[] = "-----";

/* The next line without its end and without blanks before that. */
static struct span
read_line(struct reader *text)
{
	const uint8_t *newline =
		text->left > 0 ? memchr(text->at, '\n', text->left) : NULL;
	size_t len =
		newline == NULL ? text->left : (size_t)(newline - text->at) + 1;
	struct span line = read_bytes(text, len);

	while (line.len > 0 && line.data[line.len - 1] <= ' ')
		line.len--;
	return line;
}

static bool
starts_with(struct span line, const char *prefix)
{
	size_t len = strlen(prefix);

	return line.len >= len && memcmp(line.data, prefix, len) == 0;
}

/* The label of a BEGIN or END line; false when it is not well-formed. */
static bool
read_label(struct span line, const char *prefix, struct span *label)
{
	size_t head = strlen(prefix);
	size_t tail = strlen(dashes);

	if (!starts_with(line, prefix) || line.len <= head + tail)
		return false;
	*label = span_of(line.data + head, line.len - head - tail);
	return memcmp(label->data + label->len, dashes, tail) == 0;
}

enum err
pem_next(struct reader *text, struct pem_block *block)
{
	struct span line = {.data = NULL, .len = 0};
	struct span label;
	const uint8_t *body;

	while (text->left > 0) {
		line = read_line(text);
		if (starts_with(line, begin))
			break;
		line.len = 0;
	}
	if (line.len == 0)
		return ERR_EOF;
	if (!read_label(line, begin, &block->label))
		return ERR_PARSE;
	body = text->at;
	while (text->left > 0) {
		const uint8_t *line_start = text->at;

		line = read_line(text);
		if (!starts_with(line, dashes))
			continue;
		if (!read_label(line, end, &label) ||
			!span_equal(label, block->label))
			return ERR_PARSE;
		block->base64 = span_of(body, (size_t)(line_start - body));
		return ERR_OK;
	}
	return ERR_PARSE;
}

enum err
pem_decode(const struct pem_block *block, struct writer *w)
{
	size_t before = w->len;
	enum err e = decode_base64(w, block->base64);

	if (e == ERR_OK && w->len == before)
		return ERR_PARSE;
	return e;
}
