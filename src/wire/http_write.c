/*
 * http_write.c - requests. Must never let a value of the user's or a token
 * change the framing: what cannot stand in a field fails the writer.
 */
#include "wire/http.h"

#include <stdio.h>
#include <string.h>

bool
http_is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c > 0x7e || (c < 0x20 && c != '\t'))
			return false;
	}
	/* White space around a value would be dropped on the other side. */
	return s.len == 0 || (s.data[0] > ' ' && s.data[s.len - 1] > ' ');
}

void
http_write_begin(struct writer *w, const char *method, struct span target)
{
	for (size_t i = 0; i < target.len; i++) {
		if (target.data[i] <= ' ' || target.data[i] > 0x7e)
			w->failed = true;
	}
	if (target.len == 0 || target.data[0] != '/')
		w->failed = true;
	write_str(w, method);
	write_u8(w, ' ');
	write_span(w, target);
	write_str(w, " HTTP/1.1\r\n");
}

void
http_write_field(struct writer *w, const char *name, struct span value)
{
	if (!http_is_value(value))
		w->failed = true;
	write_str(w, name);
	write_str(w, ": ");
	write_span(w, value);
	write_str(w, "\r\n");
}

void
http_write_host(struct writer *w, const struct url *u)
{
	write_str(w, "Host: ");
	url_write_host(w, u);
	write_str(w, "\r\n");
}

void
http_write_bearer(struct writer *w, struct span token)
{
	if (token.len == 0 || !http_is_value(token))
		w->failed = true;
	write_str(w, "Authorization: Bearer ");
	write_span(w, token);
	write_str(w, "\r\n");
}

void
http_write_end(struct writer *w, struct span body)
{
	char length[32];
	int n = snprintf(length, sizeof(length), "%zu", body.len);

	if (n < 0)
		w->failed = true;
	if (body.len > 0)
		http_write_field(w, "Content-Length", span_str(length));
	write_str(w, "\r\n");
	write_span(w, body);
}
