/*
 * text.c - making foreign bytes presentable. Pure.
 */
#include "fetcher/text.h"

#include <string.h>

void
text_printable(char *out, size_t cap, struct span body)
{
	size_t len = 0;

	for (size_t i = 0; i < body.len && len + 1 < cap; i++) {
		uint8_t c = body.data[i];

		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			if (len > 0 && out[len - 1] != ' ')
				out[len++] = ' ';
			continue;
		}
		out[len++] = c > ' ' && c <= '~' ? (char)c : '?';
	}
	while (len > 0 && out[len - 1] == ' ')
		len--;
	if (cap > 0)
		out[len] = '\0';
}

void
text_cut(char *s)
{
	size_t len = strlen(s);
	size_t tail = 0; /* bytes of the last character that are there */
	size_t whole = 1;
	unsigned char lead;

	while (tail < len && tail < 3 &&
		((unsigned char)s[len - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail == len)
		return;
	lead = (unsigned char)s[len - 1 - tail];
	if (lead >= 0xf0)
		whole = 4;
	else if (lead >= 0xe0)
		whole = 3;
	else if (lead >= 0xc0)
		whole = 2;
	if (tail + 1 < whole)
		s[len - 1 - tail] = '\0';
}
