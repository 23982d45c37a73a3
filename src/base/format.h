/*
 * format.h - the part of printf(3) that this program uses: %d %i %u %x %c %s
 * %p %%, flags '-' '0' ' ' '+', width and precision (also as '*'), and the
 * lengths hh h l ll z j t.
 *
 * In the product it stands in for the C library's, whose floating point and
 * wide characters would be a thirtieth of the program; code goes on calling
 * snprintf and fprintf, and the compiler goes on checking the formats.
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* As vsnprintf(3); a conversion that is not listed above ends the text. */
int format_text(char *out, size_t cap, const char *fmt, va_list ap);

#endif
