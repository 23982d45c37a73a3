/*
 * http.c - response heads. Spans into the caller's bytes; nothing is copied,
 * nothing is kept between calls.
 */
#include "wire/http.h"

#include <string.h>

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* tchar of RFC 9110 section 5.6.2 */
static bool
is_token_byte(uint8_t c)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c != 0 && strchr(marks, c) != NULL);
}

static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_token_byte(s.data[i]))
			return false;
	}
	return s.len > 0;
}

/* Visible bytes, obs-text, space and tab: what a value or reason may hold. */
static bool
is_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 &&
		(s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/*
 * Take the bytes up to the next CRLF. A CR or LF alone never ends or stands in
 * a line.
 */
static enum err
take_line(struct reader *r, struct span *line)
{
	const uint8_t *lf = r->left == 0 ? NULL : memchr(r->at, '\n', r->left);
	size_t len;

	if (lf == NULL)
		return ERR_AGAIN;
	len = (size_t)(lf - r->at);
	if (len == 0 || r->at[len - 1] != '\r')
		return ERR_HTTP;
	*line = span_of(r->at, len - 1);
	(void)read_bytes(r, len + 1);
	return is_text(*line) ? ERR_OK : ERR_HTTP;
}

/* HTTP/1.x SP 3DIGIT [SP reason] */
static enum err
parse_status(struct http_head *h, struct span line)
{
	const uint8_t *s = line.data;

	if (line.len < 12 || memcmp(s, "HTTP/1.", 7) != 0 ||
		(s[7] != '0' && s[7] != '1') || s[8] != ' ' ||
		!is_digit(s[9]) || !is_digit(s[10]) || !is_digit(s[11]))
		return ERR_HTTP;
	if (line.len > 12 && s[12] != ' ')
		return ERR_HTTP;
	h->status = (unsigned)(s[9] - '0') * 100 +
		    (unsigned)(s[10] - '0') * 10 + (unsigned)(s[11] - '0');
	if (h->status < 100 || h->status > 599)
		return ERR_HTTP;
	h->keep_alive = s[7] == '1';
	h->reason = trim(span_of(s + 12, line.len - 12));
	return ERR_OK;
}

static enum err
parse_field(struct http_head *h, struct span line)
{
	const uint8_t *colon = memchr(line.data, ':', line.len);
	struct http_field *f;
	size_t n;

	if (colon == NULL)
		return ERR_HTTP;
	if (h->field_count >= HTTP_HEADERS_MAX)
		return ERR_LIMIT;
	n = (size_t)(colon - line.data);
	f = &h->fields[h->field_count];
	f->name = span_of(line.data, n);
	f->value = trim(span_of(colon + 1, line.len - n - 1));
	/* Also refuses folded lines: they begin with white space. */
	if (!is_token(f->name))
		return ERR_HTTP;
	h->field_count++;
	return ERR_OK;
}

static size_t
count_fields(const struct http_head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->field_count; i++) {
		if (span_equal_case_str(h->fields[i].name, name))
			n++;
	}
	return n;
}

struct span
http_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++) {
		if (span_equal_case_str(h->fields[i].name, name))
			return h->fields[i].value;
	}
	return span_of(NULL, 0);
}

/* Digits only: no sign, no list, no white space. */
static enum err
parse_length(struct http_head *h, struct span s)
{
	size_t n = 0;

	if (s.len == 0)
		return ERR_HTTP;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.data[i]))
			return ERR_HTTP;
		/* Stays small: it is held against the limit at each digit. */
		n = n * 10 + (size_t)(s.data[i] - '0');
		if (n > HTTP_BODY_MAX)
			return ERR_LIMIT;
	}
	h->framing = HTTP_LENGTH;
	h->length = n;
	return ERR_OK;
}

/* The word stands in one of the comma-separated Connection fields. */
static bool
connection_says(const struct http_head *h, const char *word)
{
	for (size_t i = 0; i < h->field_count; i++) {
		struct span v = h->fields[i].value;

		if (!span_equal_case_str(h->fields[i].name, "Connection"))
			continue;
		while (v.len > 0) {
			const uint8_t *comma = memchr(v.data, ',', v.len);
			size_t n = comma == NULL ? v.len
						 : (size_t)(comma - v.data);

			if (span_equal_case_str(trim(span_of(v.data, n)), word))
				return true;
			n += comma != NULL;
			v = span_of(v.data + n, v.len - n);
		}
	}
	return false;
}

static enum err
parse_framing(struct http_head *h)
{
	size_t lengths = count_fields(h, "Content-Length");
	size_t codings = count_fields(h, "Transfer-Encoding");
	enum err e = ERR_OK;

	/* RFC 9112 section 6.3: each of these is an attempt at smuggling or a
	 * broken server. */
	if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0) ||
		(codings > 0 && !h->keep_alive))
		return ERR_HTTP;
	h->framing = HTTP_UNTIL_CLOSE;
	if (codings > 0) {
		struct span coding = http_field(h, "Transfer-Encoding");

		if (!span_equal_case_str(coding, "chunked"))
			return ERR_HTTP;
		h->framing = HTTP_CHUNKED;
	} else if (lengths > 0) {
		e = parse_length(h, http_field(h, "Content-Length"));
	}
	if (e == ERR_OK &&
		(h->status < 200 || h->status == 204 || h->status == 304))
		h->framing = HTTP_NO_BODY;
	if (h->framing == HTTP_UNTIL_CLOSE || connection_says(h, "close"))
		h->keep_alive = false;
	return e;
}

/* What is there of the first bytes does not contradict a status line. */
static bool
may_be_http(struct span in)
{
	static const char begin[] = "HTTP/1.";
	size_t n = in.len < sizeof(begin) - 1 ? in.len : sizeof(begin) - 1;

	return n == 0 || memcmp(in.data, begin, n) == 0;
}

enum err
http_parse_head(struct http_head *h, struct span in, size_t *used)
{
	struct reader r = reader_over(span_of(
		in.data, in.len < HTTP_HEAD_MAX ? in.len : HTTP_HEAD_MAX));
	struct span line;
	enum err e;

	memset(h, 0, sizeof(*h));
	*used = 0;
	if (!may_be_http(in))
		return ERR_HTTP;
	e = take_line(&r, &line);
	if (e == ERR_OK)
		e = parse_status(h, line);
	while (e == ERR_OK) {
		e = take_line(&r, &line);
		if (e != ERR_OK || line.len == 0)
			break;
		e = parse_field(h, line);
	}
	if (e == ERR_AGAIN && in.len >= HTTP_HEAD_MAX)
		return ERR_LIMIT;
	if (e != ERR_OK)
		return e;
	*used = (size_t)(r.at - in.data);
	return parse_framing(h);
}
