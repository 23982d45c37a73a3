/*
 * http_request.c - request heads. Strict about lines, since they come from
 * anybody; copies nothing and keeps nothing between calls.
 */
#include "wire/http_request.h"

#include "base/limits.h"

#include <string.h>

/* The bytes up to the next CRLF; a CR or LF alone never ends a line. */
static enum err
take_line(struct span *in, struct span *line)
{
	const uint8_t *lf =
		in->len == 0 ? NULL : memchr(in->data, '\n', in->len);
	size_t len;

	if (lf == NULL)
		return ERR_AGAIN;
	len = (size_t)(lf - in->data);
	if (len == 0 || in->data[len - 1] != '\r')
		return ERR_HTTP;
	*line = span_of(in->data, len - 1);
	*in = span_of(lf + 1, in->len - len - 1);
	return memchr(line->data, '\r', line->len) == NULL ? ERR_OK : ERR_HTTP;
}

/* What stands before the next c; *s is then what stands behind it. */
static struct span
take_until(struct span *s, uint8_t c)
{
	const uint8_t *at = s->len == 0 ? NULL : memchr(s->data, c, s->len);
	size_t len = at == NULL ? s->len : (size_t)(at - s->data);
	struct span head = span_of(s->data, len);

	*s = at == NULL ? span_of(s->data + len, 0)
			: span_of(at + 1, s->len - len - 1);
	return head;
}

/* method SP target SP HTTP/1.x; the target in its origin form only. */
static enum err
parse_line(struct http_request *r, struct span line)
{
	struct span target;

	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] < ' ' || line.data[i] > 0x7e)
			return ERR_HTTP;
	}
	r->method = take_until(&line, ' ');
	target = take_until(&line, ' ');
	r->path = take_until(&target, '?');
	if (r->method.len == 0 || r->path.len == 0 || r->path.data[0] != '/')
		return ERR_HTTP;
	if (!span_equal_str(line, "HTTP/1.1") &&
		!span_equal_str(line, "HTTP/1.0"))
		return ERR_HTTP;
	return ERR_OK;
}

static enum err
parse_field(struct http_request *r, struct span line)
{
	const uint8_t *colon = memchr(line.data, ':', line.len);
	struct span name;

	if (colon == NULL || colon == line.data)
		return ERR_HTTP;
	name = take_until(&line, ':');
	while (line.len > 0 && line.data[0] == ' ')
		line = span_of(line.data + 1, line.len - 1);
	if (span_equal_case_str(name, "Sec-Fetch-Site"))
		r->cross_site = !span_equal_str(line, "none") &&
				!span_equal_str(line, "same-origin");
	return ERR_OK;
}

static enum err
parse(struct http_request *r, struct span in)
{
	struct span line;
	enum err e = take_line(&in, &line);

	if (e == ERR_OK)
		e = parse_line(r, line);
	while (e == ERR_OK) {
		e = take_line(&in, &line);
		if (e == ERR_OK && line.len == 0)
			return ERR_OK;
		if (e == ERR_OK)
			e = parse_field(r, line);
	}
	return e;
}

enum err
http_request_parse(struct http_request *r, struct span in)
{
	enum err e;

	memset(r, 0, sizeof(*r));
	if (in.len > HTTP_ASKED_MAX)
		in.len = HTTP_ASKED_MAX;
	e = parse(r, in);
	return e == ERR_AGAIN && in.len == HTTP_ASKED_MAX ? ERR_LIMIT : e;
}
