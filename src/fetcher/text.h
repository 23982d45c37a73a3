/*
 * text.h - bytes of strangers as text for a log line.
 */
#ifndef FETCHER_TEXT_H
#define FETCHER_TEXT_H

#include "base/span.h"

#include <stddef.h>

/*
 * The first bytes of body, at most cap - 1, as printable ASCII: white space
 * becomes one space, everything else a question mark.
 */
void text_printable(char *out, size_t cap, struct span body);

/* Cut a C string that ends inside a UTF-8 character before that character. */
void text_cut(char *s);

#endif
