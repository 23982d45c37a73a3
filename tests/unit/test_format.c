/*
 * test_format.c - the formats this program uses, against the C library's
 * printf, in buffers of every size.
 */
#include "base/format.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 128

static void __attribute__((format(printf, 1, 2))) check(const char *fmt, ...)
{
	char want[TEXT_MAX];
	char got[TEXT_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	for (size_t cap = 0; cap <= sizeof(got); cap++) {
		size_t kept = (size_t)n < cap ? (size_t)n : cap - 1;

		memset(got, '#', sizeof(got));
		va_start(ap, fmt);
		assert_int_equal(format_text(got, cap, fmt, ap), n);
		va_end(ap);
		if (cap < sizeof(got))
			assert_int_equal(got[cap], '#');
		if (cap == 0)
			continue;
		assert_memory_equal(got, want, kept);
		assert_int_equal(got[kept], '\0');
	}
}

static void
test_numbers(void **state)
{
	static const int numbers[] = {
		0, 1, -1, 9, 10, 255, -256, INT_MAX, INT_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int v = numbers[i];
		long l = (long)v * 1000003;

		check("%d|%i|%u|%x", v, v, (unsigned)v, (unsigned)v);
		check("%5d|%-5d|%05d|%+d|% d", v, v, v, v, v);
		check("%.3d|%8.4d|%02x|%04x", v, v, (unsigned)v, (unsigned)v);
		check("%*d|%-*d|%*d", 7, v, 7, v, -7, v);
		check("%ld|%lu|%lx|%20ld", l, (unsigned long)l,
			(unsigned long)l, l);
		check("%lld|%llu|%zu|%jd", (long long)l, (unsigned long long)l,
			(size_t)l, (intmax_t)l);
		check("%hd|%hhd|%hu|%hhx", (short)v, (signed char)v,
			(unsigned short)v, (unsigned char)v);
	}
	check("%ld %ld %lu", LONG_MAX, LONG_MIN, ULONG_MAX);
	check("%p", (void *)&state);
}

static void
test_strings(void **state)
{
	char unended[4] = {'a', 'b', 'c', 'd'};

	(void)state;
	check("plain, 100%%");
	check("%s|%10s|%-10s|%s", "one", "two", "three", "");
	check("%.2s|%.*s|%10.3s", "abcdef", 4, "abcdef", "abcdef");
	check("%.4s", unended);
	check("%c%c|%5c|%-5c|", 'x', 'y', 'z', 'w');
	check("%04d-%02d-%02dT%02d:%02d:%02dZ", 2026, 1, 2, 3, 4, 5);
	check("%x:%x:%x::%d.%d.%d.%d", 0x2001U, 0xdb8U, 0U, 192, 0, 2, 1);
	check("%s %zu of %u: %s", "tunnel", (size_t)3, 4U, "text");
}

static int __attribute__((format(printf, 2, 3)))
format(char *out, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = format_text(out, TEXT_MAX, fmt, ap);
	va_end(ap);
	return n;
}

/* What it does not know must not read arguments that are not there. */
static void
test_unknown_ends_the_text(void **state)
{
	char text[TEXT_MAX];

	(void)state;
	assert_int_equal(format(text, "a %d b %f c", 1, 2.5), 6);
	assert_string_equal(text, "a 1 b ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_unknown_ends_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
