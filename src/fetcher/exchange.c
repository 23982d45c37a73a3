/*
 * exchange.c - HTTP framing over a blocking transport. Knows no host, no
 * status and no retry; it must never report a body that may be cut short.
 */
#include "fetcher/exchange.h"

#include "base/mem.h"

#include <string.h>

static enum err
malformed(struct error *e, enum err result)
{
	if (result == ERR_LIMIT)
		return error_set(e, result, "the response is too large");
	return error_set(e, result, "the response is not valid HTTP");
}

/* Read more behind x->filled, up to end. */
static enum err
fill(struct exchange *x, const struct transport *t, size_t end, struct error *e)
{
	size_t got = 0;
	enum err result;

	if (x->filled >= end)
		return malformed(e, ERR_LIMIT);
	result = t->read(
		t->self, x->bytes + x->filled, end - x->filled, &got, e);
	if (result != ERR_OK)
		return result;
	x->filled += got;
	if (x->touched < x->filled)
		x->touched = x->filled;
	x->answered = true;
	return ERR_OK;
}

/* As fill, where the end of the stream is the end of a response too early. */
static enum err
fill_more(struct exchange *x, const struct transport *t, size_t end,
	struct error *e)
{
	enum err result = fill(x, t, end, e);

	if (result == ERR_EOF)
		return error_set(e, ERR_HTTP,
			"the connection ended in the middle of the response");
	return result;
}

/* Read one head to bytes[0..*used). */
static enum err
read_head(struct exchange *x, const struct transport *t, size_t *used,
	struct error *e)
{
	for (;;) {
		enum err result = http_parse_head(
			&x->head, span_of(x->bytes, x->filled), used);

		if (result == ERR_OK)
			return ERR_OK;
		if (result != ERR_AGAIN)
			return malformed(e, result);
		result = x->filled == 0 && !x->answered
				 ? fill(x, t, HTTP_HEAD_MAX, e)
				 : fill_more(x, t, HTTP_HEAD_MAX, e);
		if (result != ERR_OK)
			return result;
	}
}

static enum err
read_final_head(struct exchange *x, const struct transport *t, size_t *used,
	struct error *e)
{
	for (unsigned interim = 0; interim <= EXCHANGE_INTERIM_MAX; interim++) {
		enum err result = read_head(x, t, used, e);

		if (result != ERR_OK)
			return result;
		if (x->head.status >= 200)
			return ERR_OK;
		/* Nobody asked for another protocol. */
		if (x->head.status == 101)
			return malformed(e, ERR_HTTP);
		memmove(x->bytes, x->bytes + *used, x->filled - *used);
		x->filled -= *used;
	}
	/* Bytes that keep coming never make a read wait for its deadline. */
	return error_set(e, ERR_HTTP, "the response does not begin");
}

static enum err
read_length(struct exchange *x, const struct transport *t, size_t start,
	struct error *e)
{
	size_t end = start + x->head.length;
	enum err result = ERR_OK;

	while (result == ERR_OK && x->filled < end)
		result = fill_more(x, t, end, e);
	x->body = span_of(x->bytes + start, x->head.length);
	return result;
}

static enum err
read_chunked(struct exchange *x, const struct transport *t, size_t start,
	struct error *e)
{
	struct http_chunked chunked;
	size_t fresh = start; /* bytes from here on are not decoded yet */

	http_chunked_begin(&chunked);
	for (;;) {
		size_t len = x->filled - fresh;
		size_t decoded;
		size_t used;
		enum err result = http_chunked_decode(
			&chunked, x->bytes + fresh, len, &decoded, &used);

		fresh += decoded;
		if (result == ERR_OK) {
			x->body = span_of(x->bytes + start, fresh - start);
			/* Bytes behind the end that nobody asked for. */
			x->filled = fresh + (len - used);
			return ERR_OK;
		}
		if (result != ERR_AGAIN)
			return malformed(e, result);
		x->filled = fresh;
		result = fill_more(x, t, sizeof(x->bytes), e);
		if (result != ERR_OK)
			return result;
	}
}

static enum err
read_until_close(struct exchange *x, const struct transport *t, size_t start,
	struct error *e)
{
	enum err result;

	do {
		result = fill(x, t, start + HTTP_BODY_MAX, e);
	} while (result == ERR_OK);
	if (result != ERR_EOF)
		return result;
	x->body = span_of(x->bytes + start, x->filled - start);
	return ERR_OK;
}

static enum err
read_body(struct exchange *x, const struct transport *t, size_t start,
	struct error *e)
{
	switch (x->head.framing) {
	case HTTP_NO_BODY:
		x->body = span_of(x->bytes + start, 0);
		return ERR_OK;
	case HTTP_LENGTH:
		return read_length(x, t, start, e);
	case HTTP_CHUNKED:
		return read_chunked(x, t, start, e);
	case HTTP_UNTIL_CLOSE:
		return read_until_close(x, t, start, e);
	}
	return error_set(e, ERR_INTERNAL, "unknown framing");
}

enum err
exchange_run(struct exchange *x, const struct transport *t, struct span request,
	struct error *e)
{
	size_t start = 0;
	enum err result;

	x->filled = 0;
	x->answered = false;
	x->body = span_of(NULL, 0);
	result = t->write(t->self, request.data, request.len, e);
	if (result == ERR_OK)
		result = read_final_head(x, t, &start, e);
	if (result == ERR_OK)
		result = read_body(x, t, start, e);
	if (result != ERR_OK)
		return result;
	/* A connection that says more than it was asked has lost its place. */
	if (x->filled > (size_t)(x->body.data - x->bytes) + x->body.len)
		x->head.keep_alive = false;
	return ERR_OK;
}

void
exchange_clear(struct exchange *x)
{
	/* Not all of it: that would touch a megabyte of pages. */
	mem_wipe(x->bytes, x->touched);
	x->touched = 0;
	x->filled = 0;
	x->body = span_of(NULL, 0);
}
