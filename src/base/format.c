/*
 * format.c - formatted text without a C library's printf. Must not allocate
 * and must not call what it replaces.
 */
#include "base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 24 /* of 64 bits in any base from 10 */

struct text {
	char *out;
	size_t cap;
	size_t len; /* also of what did not fit */
};

/* One conversion: "%-08.3lx". */
struct conversion {
	bool left;
	bool zeros;
	char plus; /* '+', ' ' or 0 */
	int width;
	int precision; /* -1: none */
	int length;    /* -2 hh, -1 h, 0, 1 l, 2 ll, and z, j, t as l */
	char kind;
};

static void
put(struct text *t, char c)
{
	if (t->len + 1 < t->cap)
		t->out[t->len] = c;
	t->len++;
}

static void
put_times(struct text *t, char c, size_t times)
{
	for (; times > 0; times--)
		put(t, c);
}

static void
put_bytes(struct text *t, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(t, bytes[i]);
}

/* prefix and body, filled up to the width. */
static void
put_field(struct text *t, const struct conversion *c, const char *prefix,
	const char *body, size_t body_len)
{
	size_t len = strlen(prefix) + body_len;
	size_t fill = c->width > 0 && (size_t)c->width > len
			      ? (size_t)c->width - len
			      : 0;

	if (!c->left && !c->zeros)
		put_times(t, ' ', fill);
	put_bytes(t, prefix, strlen(prefix));
	if (!c->left && c->zeros)
		put_times(t, '0', fill);
	put_bytes(t, body, body_len);
	if (c->left)
		put_times(t, ' ', fill);
}

static void
put_number(struct text *t, struct conversion *c, uint64_t v, const char *prefix)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);
	size_t least = c->precision < 0 ? 1 : (size_t)c->precision;
	unsigned base = c->kind == 'x' || c->kind == 'p' ? 16 : 10;

	for (; v > 0; v /= base)
		digits[--at] = "0123456789abcdef"[v % base];
	while (sizeof(digits) - at < least && at > 0)
		digits[--at] = '0';
	c->zeros = c->zeros && c->precision < 0;
	put_field(t, c, prefix, digits + at, sizeof(digits) - at);
}

static int
take_int(const char **at)
{
	int v = 0;

	for (; **at >= '0' && **at <= '9' && v < INT_MAX / 10 - 1; (*at)++)
		v = v * 10 + (**at - '0');
	return v;
}

/* What stands between '%' and the conversion's letter. */
static void
take_flags(const char **at, struct conversion *c)
{
	for (;; (*at)++) {
		if (**at == '-')
			c->left = true;
		else if (**at == '0')
			c->zeros = true;
		else if (**at == ' ' || **at == '+')
			c->plus = **at;
		else
			return;
	}
}

static void
take_length(const char **at, struct conversion *c)
{
	for (;; (*at)++) {
		if (**at == 'l')
			c->length++;
		else if (**at == 'h')
			c->length--;
		else if (**at == 'z' || **at == 'j' || **at == 't')
			c->length = 1;
		else
			return;
	}
}

/* Numbers are read as what was passed: int and its kin, or 64 bits. */
static int64_t
narrow_signed(const struct conversion *c, int v)
{
	return c->length == -2 ? (signed char)v
			       : (c->length == -1 ? (short)v : v);
}

static uint64_t
narrow_unsigned(const struct conversion *c, unsigned v)
{
	return c->length == -2 ? (unsigned char)v
			       : (c->length == -1 ? (unsigned short)v : v);
}

_Static_assert(
	sizeof(long) == sizeof(long long) && sizeof(size_t) == sizeof(long),
	"%l, %ll and %z are of one size");

static void
put_signed(struct text *t, struct conversion *c, int64_t v)
{
	char prefix[2] = {v < 0 ? '-' : c->plus, '\0'};

	put_number(t, c, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, prefix);
}

static void
put_string(struct text *t, struct conversion *c, const char *s)
{
	size_t most = c->precision < 0 ? SIZE_MAX : (size_t)c->precision;
	size_t len = 0;

	if (s == NULL)
		s = "(null)";
	while (len < most && s[len] != '\0')
		len++;
	c->zeros = false;
	put_field(t, c, "", s, len);
}

/* In a struct, so that functions can take turns with it. */
struct arguments {
	va_list ap;
};

/* A number in the format, or "*": the next argument. */
static int
take_count(const char **at, struct arguments *args)
{
	if (**at != '*')
		return take_int(at);
	(*at)++;
	return va_arg(args->ap, int);
}

static struct conversion
take_conversion(const char **at, struct arguments *args)
{
	struct conversion c = {.width = 0, .precision = -1};

	take_flags(at, &c);
	c.width = take_count(at, args);
	if (c.width < 0) {
		c.left = true;
		c.width = -c.width;
	}
	if (**at == '.') {
		(*at)++;
		c.precision = take_count(at, args);
	}
	take_length(at, &c);
	c.kind = **at;
	return c;
}

static void
put_integer(struct text *t, struct conversion *c, struct arguments *args)
{
	if (c->kind == 'p')
		put_number(t, c, (uintptr_t)va_arg(args->ap, void *), "0x");
	else if (c->kind == 'd' || c->kind == 'i')
		put_signed(t, c,
			c->length > 0
				? va_arg(args->ap, long)
				: narrow_signed(c, va_arg(args->ap, int)));
	else
		put_number(t, c,
			c->length > 0 ? va_arg(args->ap, unsigned long)
				      : narrow_unsigned(
						c, va_arg(args->ap, unsigned)),
			"");
}

/* False: it is none that we know. */
static bool
put_conversion(struct text *t, struct conversion *c, struct arguments *args)
{
	char one;

	switch (c->kind) {
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'p':
		put_integer(t, c, args);
		return true;
	case 's':
		put_string(t, c, va_arg(args->ap, const char *));
		return true;
	case 'c':
		one = (char)va_arg(args->ap, int);
		c->zeros = false;
		put_field(t, c, "", &one, 1);
		return true;
	case '%':
		put(t, '%');
		return true;
	default:
		return false;
	}
}

int
format_text(char *out, size_t cap, const char *fmt, va_list ap)
{
	struct text t = {.out = out, .cap = cap, .len = 0};
	struct arguments args;

	va_copy(args.ap, ap);
	for (; *fmt != '\0'; fmt++) {
		struct conversion c;

		if (*fmt != '%') {
			put(&t, *fmt);
			continue;
		}
		fmt++;
		c = take_conversion(&fmt, &args);
		if (!put_conversion(&t, &c, &args))
			break;
	}
	va_end(args.ap);
	if (cap > 0)
		out[t.len < cap ? t.len : cap - 1] = '\0';
	return t.len > INT_MAX ? INT_MAX : (int)t.len;
}

/* Only where musl is the C library: elsewhere the tests want their own. */
#ifndef __GLIBC__

#define PRINTED_MAX 2048 /* bytes of one fprintf or printf */

__attribute__((used)) int
vsnprintf(char *out, size_t cap, const char *fmt, va_list ap)
{
	return format_text(out, cap, fmt, ap);
}

__attribute__((used)) int
snprintf(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = format_text(out, cap, fmt, ap);
	va_end(ap);
	return n;
}

__attribute__((used)) int
vfprintf(FILE *to, const char *fmt, va_list ap)
{
	char text[PRINTED_MAX];
	int n = format_text(text, sizeof(text), fmt, ap);

	return fputs(text, to) < 0 ? -1 : n;
}

__attribute__((used)) int
fprintf(FILE *to, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(to, fmt, ap);
	va_end(ap);
	return n;
}

__attribute__((used)) int
printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(stdout, fmt, ap);
	va_end(ap);
	return n;
}

#endif
