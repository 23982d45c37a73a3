/*
 * http_chunked.c - the chunked transfer coding (RFC 9112 section 7.1), decoded
 * in place. One explicit state per byte position, so that input may end and
 * go on anywhere. Extensions and trailers are counted and dropped.
 */
#include "wire/http.h"

#include "base/encode.h"

#include <string.h>

void
http_chunked_begin(struct http_chunked *c)
{
	memset(c, 0, sizeof(*c));
	c->state = HTTP_CHUNK_SIZE;
}

static enum err
expect(struct http_chunked *c, uint8_t b, uint8_t wanted,
	enum http_chunk_state then)
{
	if (b != wanted)
		return ERR_HTTP;
	c->state = then;
	return ERR_OK;
}

static enum err
add_digit(struct http_chunked *c, uint8_t b)
{
	int d = decode_hex_digit(b);

	if (d < 0)
		return ERR_HTTP;
	c->left = c->left << 4 | (size_t)d;
	c->state = HTTP_CHUNK_SIZE_MORE;
	/* Leading zeros do not grow the size, but they have to end, too. */
	if (c->left == 0)
		c->skipped++;
	if (c->skipped > HTTP_HEAD_MAX || c->left > HTTP_BODY_MAX)
		return ERR_LIMIT;
	return ERR_OK;
}

static enum err
behind_digit(struct http_chunked *c, uint8_t b)
{
	if (b != '\r' && b != ';')
		return add_digit(c, b);
	c->state = b == ';' ? HTTP_CHUNK_EXTENSION : HTTP_CHUNK_SIZE_LF;
	return ERR_OK;
}

static enum err
end_of_size(struct http_chunked *c, uint8_t b)
{
	if (b != '\n')
		return ERR_HTTP;
	if (c->left > HTTP_BODY_MAX - c->total)
		return ERR_LIMIT;
	c->total += c->left;
	c->state = c->left > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
	return ERR_OK;
}

/* A byte of an extension or of a trailer line. */
static enum err
skip(struct http_chunked *c, uint8_t b, enum http_chunk_state inside,
	enum http_chunk_state at_cr)
{
	c->state = b == '\r' ? at_cr : inside;
	if ((b < 0x20 && b != '\r' && b != '\t') || b == 0x7f)
		return ERR_HTTP;
	return ++c->skipped > HTTP_HEAD_MAX ? ERR_LIMIT : ERR_OK;
}

/* Any byte but one of data. */
static enum err
step(struct http_chunked *c, uint8_t b)
{
	switch (c->state) {
	case HTTP_CHUNK_SIZE:
		c->left = 0;
		return add_digit(c, b);
	case HTTP_CHUNK_SIZE_MORE:
		return behind_digit(c, b);
	case HTTP_CHUNK_EXTENSION:
		return skip(c, b, HTTP_CHUNK_EXTENSION, HTTP_CHUNK_SIZE_LF);
	case HTTP_CHUNK_SIZE_LF:
		return end_of_size(c, b);
	case HTTP_CHUNK_DATA_CR:
		return expect(c, b, '\r', HTTP_CHUNK_DATA_LF);
	case HTTP_CHUNK_DATA_LF:
		return expect(c, b, '\n', HTTP_CHUNK_SIZE);
	case HTTP_CHUNK_TRAILER:
		return skip(c, b, HTTP_CHUNK_TRAILER_LINE, HTTP_CHUNK_LAST_LF);
	case HTTP_CHUNK_TRAILER_LINE:
		return skip(
			c, b, HTTP_CHUNK_TRAILER_LINE, HTTP_CHUNK_TRAILER_LF);
	case HTTP_CHUNK_TRAILER_LF:
		return expect(c, b, '\n', HTTP_CHUNK_TRAILER);
	case HTTP_CHUNK_LAST_LF:
		return expect(c, b, '\n', HTTP_CHUNK_DONE);
	case HTTP_CHUNK_DATA:
	case HTTP_CHUNK_DONE:
		break;
	}
	return ERR_INTERNAL;
}

enum err
http_chunked_decode(struct http_chunked *c, uint8_t *bytes, size_t len,
	size_t *decoded, size_t *used)
{
	size_t in = 0;
	size_t out = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && in < len && c->state != HTTP_CHUNK_DONE) {
		size_t n = len - in < c->left ? len - in : c->left;

		if (c->state != HTTP_CHUNK_DATA) {
			e = step(c, bytes[in++]);
			continue;
		}
		memmove(bytes + out, bytes + in, n);
		in += n;
		out += n;
		c->left -= n;
		if (c->left == 0)
			c->state = HTTP_CHUNK_DATA_CR;
	}
	*decoded = out;
	*used = in;
	if (e != ERR_OK)
		return e;
	return c->state == HTTP_CHUNK_DONE ? ERR_OK : ERR_AGAIN;
}
