/*
 * utf8.h - where one character ends and whether it is one; writing one
 * (RFC 3629).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of the character that s begins with, 1 to 4; 0 when s is empty or
 * begins with none: what is not shortest form, a surrogate, beyond U+10FFFF or
 * cut off is no UTF-8 (section 4).
 */
size_t utf8_length(struct span s);

/* Append the character v, which is below 0x110000 and no surrogate. */
void utf8_write(struct writer *w, uint32_t v);

#endif
