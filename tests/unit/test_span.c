/*
 * test_span.c - cursors never pass an end, and stay failed once they failed.
 */
#include "base/span.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_integers_are_big_endian(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff};
	uint8_t *copy = guarded_copy(bytes, sizeof(bytes));
	struct reader r = reader_over(span_of(copy, sizeof(bytes)));

	(void)state;
	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u24(&r), 0x040506);
	assert_false(reader_done(&r));
	assert_int_equal(read_u32(&r), 0x070809ff);
	assert_true(reader_done(&r));
	guarded_free(copy, sizeof(bytes));
}

static void
test_short_read_fails_for_good(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	uint8_t *copy = guarded_copy(bytes, sizeof(bytes));
	struct reader r = reader_over(span_of(copy, sizeof(bytes)));

	(void)state;
	assert_int_equal(read_u32(&r), 0);
	assert_false(reader_ok(&r));
	/* What is there may not be had any more. */
	assert_int_equal(read_u8(&r), 0);
	assert_int_equal(read_bytes(&r, 0).len, 0);
	assert_false(reader_done(&r));
	guarded_free(copy, sizeof(bytes));
}

static void
test_huge_length_does_not_wrap(void **state)
{
	static const uint8_t bytes[] = {1, 2};
	struct reader r = reader_over(span_of(bytes, sizeof(bytes)));

	(void)state;
	(void)read_u8(&r);
	assert_int_equal(read_bytes(&r, SIZE_MAX).len, 0);
	assert_false(reader_ok(&r));
}

static void
test_blocks(void **state)
{
	static const uint8_t bytes[] = {
		1, 'a', 0, 2, 'b', 'c', 0, 0, 1, 'd', 0};
	uint8_t *copy = guarded_copy(bytes, sizeof(bytes));
	struct reader r = reader_over(span_of(copy, sizeof(bytes)));

	(void)state;
	assert_true(span_equal_str(read_block8(&r), "a"));
	assert_true(span_equal_str(read_block16(&r), "bc"));
	assert_true(span_equal_str(read_block24(&r), "d"));
	assert_true(span_equal_str(read_block8(&r), ""));
	assert_true(reader_done(&r));
	guarded_free(copy, sizeof(bytes));
}

static void
test_block_longer_than_its_parent(void **state)
{
	static const uint8_t bytes[] = {0, 3, 'b', 'c'};
	uint8_t *copy = guarded_copy(bytes, sizeof(bytes));
	struct reader r = reader_over(span_of(copy, sizeof(bytes)));

	(void)state;
	assert_int_equal(read_block16(&r).len, 0);
	assert_false(reader_ok(&r));
	guarded_free(copy, sizeof(bytes));
}

static void
test_empty_span(void **state)
{
	struct reader r = reader_over(span_of(NULL, 0));

	(void)state;
	assert_true(reader_done(&r));
	assert_int_equal(read_bytes(&r, 0).len, 0);
	assert_true(reader_done(&r));
	assert_int_equal(read_u8(&r), 0);
	assert_false(reader_ok(&r));
}

static void
test_equality(void **state)
{
	(void)state;
	assert_true(span_equal(span_of(NULL, 0), span_str("")));
	assert_true(span_equal_str(span_str("abc"), "abc"));
	assert_false(span_equal_str(span_str("abc"), "ab"));
	assert_false(span_equal_str(span_str("abc"), "abC"));
	assert_true(span_equal_case_str(span_str("aBc-1"), "AbC-1"));
	assert_false(span_equal_case_str(span_str("abc"), "abcd"));
	/* Neither neighbours of letters nor other bytes have a case. */
	assert_false(span_equal_case_str(span_str("@[`{"), "`{@["));
	assert_false(span_equal_case_str(span_str("\xc3\x84"), "\xc3\xa4"));
	assert_false(span_equal_str(span_of("a\0b", 3), "a"));
}

static void
test_write(void **state)
{
	static const uint8_t expected[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 'x', 'y'};
	uint8_t buf[sizeof(expected)];
	struct writer w = writer_over(buf, sizeof(buf));

	(void)state;
	write_u8(&w, 1);
	write_u16(&w, 0x0203);
	write_u24(&w, 0x040506);
	write_u32(&w, 0x0708090a);
	write_str(&w, "xy");
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, sizeof(expected));
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void
test_full_writer_fails_for_good(void **state)
{
	uint8_t buf[4] = {0, 0, 0, 0x77};
	struct writer w = writer_over(buf, 3);

	(void)state;
	write_u16(&w, 1);
	write_u16(&w, 2);
	assert_false(writer_ok(&w));
	write_u8(&w, 3);
	assert_false(writer_ok(&w));
	assert_int_equal(w.len, 2);
	assert_int_equal(buf[3], 0x77);
}

static void
test_vectors(void **state)
{
	static const uint8_t expected[] = {0, 0, 5, 0, 2, 'a', 'b', 0};
	uint8_t buf[16];
	struct writer w = writer_over(buf, sizeof(buf));
	size_t outer = write_begin(&w, 3);
	size_t inner = write_begin(&w, 2);

	(void)state;
	write_str(&w, "ab");
	write_end(&w, inner, 2);
	inner = write_begin(&w, 1);
	write_end(&w, inner, 1);
	write_end(&w, outer, 3);
	assert_true(writer_ok(&w));
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void
test_vector_too_long_for_its_length(void **state)
{
	uint8_t buf[300];
	uint8_t zeros[256] = {0};
	struct writer w = writer_over(buf, sizeof(buf));
	size_t at = write_begin(&w, 1);

	(void)state;
	write_bytes(&w, zeros, 255);
	write_end(&w, at, 1);
	assert_true(writer_ok(&w));
	assert_int_equal(buf[0], 255);
	w = writer_over(buf, sizeof(buf));
	at = write_begin(&w, 1);
	write_bytes(&w, zeros, 256);
	write_end(&w, at, 1);
	assert_false(writer_ok(&w));
}

static void
test_end_of_a_vector_that_did_not_fit(void **state)
{
	uint8_t buf[1];
	struct writer w = writer_over(buf, sizeof(buf));
	size_t at = write_begin(&w, 2);

	(void)state;
	write_end(&w, at, 2);
	assert_false(writer_ok(&w));
	assert_int_equal(w.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_are_big_endian),
		cmocka_unit_test(test_short_read_fails_for_good),
		cmocka_unit_test(test_huge_length_does_not_wrap),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_block_longer_than_its_parent),
		cmocka_unit_test(test_empty_span),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_full_writer_fails_for_good),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_vector_too_long_for_its_length),
		cmocka_unit_test(test_end_of_a_vector_that_did_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
