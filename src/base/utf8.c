/* utf8.c - the byte ranges of RFC 3629, sections 3 and 4. Pure. */
#include "base/utf8.h"

/* The range of the second byte, which is narrower behind some first ones. */
static void
second_byte(uint8_t lead, uint8_t *least, uint8_t *most)
{
	*least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
}

size_t
utf8_length(struct span s)
{
	uint8_t least;
	uint8_t most;
	size_t len;

	if (s.len == 0)
		return 0;
	if (s.data[0] < 0x80)
		return 1;
	if (s.data[0] < 0xc2 || s.data[0] > 0xf4)
		return 0;
	len = s.data[0] < 0xe0 ? 2 : s.data[0] < 0xf0 ? 3 : 4;
	if (s.len < len)
		return 0;
	second_byte(s.data[0], &least, &most);
	for (size_t i = 1; i < len; i++) {
		if (s.data[i] < least || s.data[i] > most)
			return 0;
		least = 0x80;
		most = 0xbf;
	}
	return len;
}

void
utf8_write(struct writer *w, uint32_t v)
{
	if (v < 0x80) {
		write_u8(w, (uint8_t)v);
		return;
	}
	if (v < 0x800) {
		write_u8(w, (uint8_t)(0xc0 | v >> 6));
	} else if (v < 0x10000) {
		write_u8(w, (uint8_t)(0xe0 | v >> 12));
		write_u8(w, (uint8_t)(0x80 | (v >> 6 & 0x3f)));
	} else {
		write_u8(w, (uint8_t)(0xf0 | v >> 18));
		write_u8(w, (uint8_t)(0x80 | (v >> 12 & 0x3f)));
		write_u8(w, (uint8_t)(0x80 | (v >> 6 & 0x3f)));
	}
	write_u8(w, (uint8_t)(0x80 | (v & 0x3f)));
}
