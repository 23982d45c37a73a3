/*
 * test_der.c - one encoding per value: what X.690 calls BER but not DER is
 * refused, as is what does not fit its parent.
 */
#include "wire/der.h"

#include "guard.h"
#include "pemvec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Bytes before a guard page, from a string literal without its NUL. */
#define OVER(r, literal)                                                       \
	size_t guard_len = sizeof(literal) - 1;                                \
	uint8_t *guard = guarded_copy(literal, guard_len);                     \
	struct reader r = reader_over(span_of(guard, guard_len))
#define DONE() guarded_free(guard, guard_len)

static void
value(const char *bytes, size_t len, bool good)
{
	uint8_t *copy = guarded_copy(bytes, len);
	struct reader r = reader_over(span_of(copy, len));
	struct der_value v = der_read_any(&r);

	if (reader_ok(&r) != good)
		fail_msg("value of %zu bytes, first %02x %02x", len, copy[0],
			len > 1 ? copy[1] : 0);
	if (good) {
		assert_int_equal(v.whole.len, len);
		assert_ptr_equal(v.whole.data, copy);
	} else {
		assert_int_equal(v.tag, 0);
		assert_int_equal(v.body.len, 0);
	}
	guarded_free(copy, len);
}

#define GOOD(literal) value(literal, sizeof(literal) - 1, true)
#define BAD(literal)  value(literal, sizeof(literal) - 1, false)

static void
test_lengths(void **state)
{
	char big[3 + 0x80] = "\x04\x81\x80";
	char bigger[4 + 0x100] = "\x04\x82\x01\x00";
	char wrapping[11 + 0x80] = "\x04\x89\x01\x00\x00\x00\x00\x00\x00\x00"
				   "\x80";
	char sloppy[4 + 0x80] = "\x04\x82\x00\x80";

	(void)state;
	GOOD("\x05\x00");
	GOOD("\x04\x01x");
	value(big, sizeof(big), true);
	value(bigger, sizeof(bigger), true);
	value(sloppy, sizeof(sloppy), false);
	value(wrapping, sizeof(wrapping), false);
	BAD("");
	BAD("\x04");
	BAD("\x04\x01");
	BAD("\x04\x81\x01x");     /* long form of a short length */
	BAD("\x04\x80x\x00\x00"); /* indefinite */
	BAD("\x04\x81");
	BAD("\x04\x82\x01");
	BAD("\x04\xff"); /* reserved */
	BAD("\x04\x84\xff\xff\xff\xff");
	BAD("\x04\x85\x00\x00\x00\x00\x01x");
	BAD("\x04\x89\x01\x00\x00\x00\x00\x00\x00\x00\x01x");
	BAD("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff");
	BAD("\x1f\x00");
	BAD("\x1f\x20\x00"); /* high tag number */
	BAD("\x00\x00");     /* end of contents */
}

static void
test_a_reader_that_failed_stays_failed(void **state)
{
	OVER(r, "\x05\x00\x02\x01\x01");

	(void)state;
	(void)der_read(&r, DER_INTEGER);
	assert_false(reader_ok(&r));
	assert_false(der_next_is(&r, DER_NULL));
	assert_int_equal(der_read(&r, DER_NULL).len, 0);
	assert_false(reader_ok(&r));
	DONE();
}

static void
test_a_cursor_of_a_failed_reader_is_failed(void **state)
{
	OVER(r, "\x31\x00");
	struct reader in = der_open(&r, DER_SEQUENCE);

	(void)state;
	assert_false(reader_ok(&r));
	assert_false(reader_ok(&in));
	assert_false(reader_done(&in));
	DONE();
}

static void
test_nesting(void **state)
{
	OVER(r, "\x30\x06\x30\x02\x05\x00\x05\x00");
	struct reader outer = der_open(&r, DER_SEQUENCE);
	struct reader inner = der_open(&outer, DER_SEQUENCE);

	(void)state;
	assert_true(reader_done(&r));
	assert_int_equal(der_read(&inner, DER_NULL).len, 0);
	assert_true(reader_done(&inner));
	assert_false(reader_done(&outer));
	(void)der_read(&outer, DER_NULL);
	assert_true(reader_done(&outer));
	DONE();
}

static void
boolean(const char *bytes, size_t len, bool ok, bool expected)
{
	struct reader r = reader_over(span_of(bytes, len));

	assert_int_equal(der_read_bool(&r), expected);
	assert_int_equal(reader_ok(&r), ok);
}

static void
test_booleans(void **state)
{
	(void)state;
	boolean("\x01\x01\xff", 3, true, true);
	boolean("\x01\x01\x00", 3, true, false);
	boolean("\x01\x01\x01", 3, false, false); /* BER */
	boolean("\x01\x00", 2, false, false);
	boolean("\x01\x02\xff\xff", 4, false, false);
}

static void
integer(const char *bytes, size_t len, bool ok, const char *expected,
	size_t expected_len)
{
	struct reader r = reader_over(span_of(bytes, len));
	struct span n = der_read_unsigned(&r);

	assert_int_equal(reader_ok(&r), ok);
	if (ok)
		assert_true(span_equal(n, span_of(expected, expected_len)));
	else
		assert_int_equal(n.len, 0);
}

static void
test_integers(void **state)
{
	(void)state;
	integer("\x02\x01\x00", 3, true, "\x00", 1);
	integer("\x02\x01\x7f", 3, true, "\x7f", 1);
	integer("\x02\x02\x00\x80", 4, true, "\x80", 1);
	integer("\x02\x02\x01\x00", 4, true, "\x01\x00", 2);
	integer("\x02\x00", 2, false, NULL, 0);
	integer("\x02\x01\x80", 3, false, NULL, 0);     /* negative */
	integer("\x02\x02\x00\x7f", 4, false, NULL, 0); /* not minimal */
	integer("\x02\x02\x00\x00", 4, false, NULL, 0);
	integer("\x03\x01\x01", 3, false, NULL, 0);
}

static void
small(const char *bytes, size_t len, bool ok, uint32_t expected)
{
	struct reader r = reader_over(span_of(bytes, len));

	assert_int_equal(der_read_small(&r), expected);
	assert_int_equal(reader_ok(&r), ok);
}

static void
test_small_integers(void **state)
{
	(void)state;
	small("\x02\x01\x00", 3, true, 0);
	small("\x02\x03\x01\x00\x01", 5, true, 65537);
	small("\x02\x04\x7f\xff\xff\xff", 6, true, 0x7fffffff);
	small("\x02\x05\x00\x80\x00\x00\x00", 7, false, 0);
	small("\x02\x05\x01\x00\x00\x00\x00", 7, false, 0);
}

static void
test_bit_strings(void **state)
{
	struct reader r = reader_over(span_str("\x03\x02"));

	(void)state;
	r = reader_over(span_of("\x03\x02\x00x", 4));
	assert_true(span_equal_str(der_read_bit_string(&r), "x"));
	r = reader_over(span_of("\x03\x02\x01x", 4));
	(void)der_read_bit_string(&r);
	assert_false(reader_ok(&r));
	r = reader_over(span_of("\x03\x00", 2));
	(void)der_read_bit_string(&r);
	assert_false(reader_ok(&r));
}

static void
instant(const char *text, uint8_t tag, bool ok, int64_t expected)
{
	uint8_t buf[32];
	struct writer w = writer_over(buf, sizeof(buf));
	struct reader r;
	int64_t t;

	der_write_header(&w, tag, strlen(text));
	write_str(&w, text);
	r = reader_over(writer_span(&w));
	t = der_read_time(&r);
	if (reader_ok(&r) != ok)
		fail_msg("%s", text);
	assert_true(t == expected);
}

static void
test_times(void **state)
{
	(void)state;
	instant("700101000000Z", DER_UTC_TIME, true, 0);
	instant("491231235959Z", DER_UTC_TIME, true, INT64_C(2524607999));
	instant("500101000000Z", DER_UTC_TIME, true, INT64_C(-631152000));
	instant("260101000000Z", DER_UTC_TIME, true, PEMVEC_NOW);
	instant("20260101000000Z", DER_GENERALIZED_TIME, true, PEMVEC_NOW);
	instant("20240229120000Z", DER_GENERALIZED_TIME, true,
		INT64_C(1709208000));
	instant("99991231235959Z", DER_GENERALIZED_TIME, true,
		INT64_C(253402300799));
	instant("20230229120000Z", DER_GENERALIZED_TIME, false, 0);
	instant("20260001000000Z", DER_GENERALIZED_TIME, false, 0);
	instant("20261301000000Z", DER_GENERALIZED_TIME, false, 0);
	instant("20260100000000Z", DER_GENERALIZED_TIME, false, 0);
	instant("20260101240000Z", DER_GENERALIZED_TIME, false, 0);
	instant("20260101006000Z", DER_GENERALIZED_TIME, false, 0);
	instant("20260101000000", DER_GENERALIZED_TIME, false, 0);
	instant("20260101000000z", DER_GENERALIZED_TIME, false, 0);
	instant("20260101000000.5Z", DER_GENERALIZED_TIME, false, 0);
	instant("20260101000000ZZ", DER_GENERALIZED_TIME, false, 0);
	instant("20260101000000+0000", DER_GENERALIZED_TIME, false, 0);
	instant("2601010000Z", DER_UTC_TIME, false, 0);
	instant("260101000000+0100", DER_UTC_TIME, false, 0);
	instant("26010100000:Z", DER_UTC_TIME, false, 0);
	instant("26010100000/Z", DER_UTC_TIME, false, 0);
	/* Neighbours of the digits, where the number would be in range. */
	instant("/91231235959Z", DER_UTC_TIME, false, 0);
	instant(":00101000000Z", DER_UTC_TIME, false, 0);
	instant("261/01000000Z", DER_UTC_TIME, false, 0);
	instant("260:01000000Z", DER_UTC_TIME, false, 0);
	instant("20260101000000Z", DER_UTC_TIME, false, 0);
	instant("260101000000Z", DER_GENERALIZED_TIME, false, 0);
	instant("260101000000Z", DER_OCTET_STRING, false, 0);
	instant("", DER_UTC_TIME, false, 0);
}

static void
test_check(void **state)
{
	uint8_t deep[2 * DER_DEPTH_MAX];
	struct span cert = pemvec_cert("cn_and_san");

	(void)state;
	assert_int_equal(der_check(cert), ERR_OK);
	assert_int_equal(der_check(span_of("\x05\x00", 2)), ERR_OK);
	assert_int_equal(der_check(span_of("\x05\x00\x05\x00", 4)), ERR_PARSE);
	assert_int_equal(der_check(span_of(NULL, 0)), ERR_PARSE);
	/* Sound outside, broken inside: seen at any depth. */
	assert_int_equal(der_check(span_of("\x30\x03\x05\x01", 4)), ERR_PARSE);
	assert_int_equal(
		der_check(span_of("\x30\x04\x31\x02\x05\x01", 6)), ERR_PARSE);
	assert_int_equal(
		der_check(span_of("\x30\x06\x31\x02\x05\x00\x04\x01", 8)),
		ERR_PARSE);
	/* But not inside of primitive values. */
	assert_int_equal(der_check(span_of("\x04\x01\x30", 3)), ERR_OK);
	for (size_t i = 0; i < DER_DEPTH_MAX; i++) {
		deep[2 * i] = DER_SEQUENCE;
		deep[2 * i + 1] = (uint8_t)(sizeof(deep) - 2 * i - 2);
	}
	assert_int_equal(der_check(span_of(deep, sizeof(deep))), ERR_LIMIT);
	/* The same, one level less. */
	assert_int_equal(
		der_check(span_of(deep + 2, sizeof(deep) - 2)), ERR_OK);
}

static void
ecdsa(const char *bytes, size_t len, enum err expected)
{
	uint8_t *copy = guarded_copy(bytes, len);

	assert_int_equal(der_check_ecdsa(span_of(copy, len), 4), expected);
	guarded_free(copy, len);
}

#define ECDSA(literal, expected) ecdsa(literal, sizeof(literal) - 1, expected)

static void
test_ecdsa(void **state)
{
	(void)state;
	ECDSA("\x30\x06\x02\x01\x01\x02\x01\x02", ERR_OK);
	ECDSA("\x30\x0b\x02\x05\x00\xff\xff\xff\xff\x02\x02\x00\x80", ERR_OK);
	/* Zero, negative, one byte too many, more than two numbers. */
	ECDSA("\x30\x06\x02\x01\x00\x02\x01\x02", ERR_PARSE);
	ECDSA("\x30\x06\x02\x01\x01\x02\x01\x00", ERR_PARSE);
	ECDSA("\x30\x06\x02\x01\xff\x02\x01\x02", ERR_PARSE);
	ECDSA("\x30\x0a\x02\x05\x01\x00\x00\x00\x00\x02\x01\x02", ERR_PARSE);
	ECDSA("\x30\x09\x02\x01\x01\x02\x01\x02\x02\x01\x03", ERR_PARSE);
	ECDSA("\x30\x03\x02\x01\x01", ERR_PARSE);
	/* What BearSSL lets through (Wycheproof: BER, missing zero). */
	ECDSA("\x30\x81\x06\x02\x01\x01\x02\x01\x02", ERR_PARSE);
	ECDSA("\x30\x07\x02\x02\x00\x01\x02\x01\x02", ERR_PARSE);
	ECDSA("\x30\x06\x02\x01\x01\x02\x01\x02\x00", ERR_PARSE);
	ECDSA("\x31\x06\x02\x01\x01\x02\x01\x02", ERR_PARSE);
	ECDSA("", ERR_PARSE);
}

static void
test_write(void **state)
{
	static uint8_t zeros[0x10000];
	static uint8_t buf[0x10010];
	static const size_t lengths[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct writer w = writer_over(buf, sizeof(buf));
		struct reader r;

		der_write_header(&w, DER_OCTET_STRING, lengths[i]);
		assert_int_equal(w.len, der_header_len(lengths[i]));
		write_bytes(&w, zeros, lengths[i]);
		r = reader_over(writer_span(&w));
		assert_int_equal(
			der_read(&r, DER_OCTET_STRING).len, lengths[i]);
		assert_true(reader_done(&r));
	}
}

static void
written(const char *number, size_t len, const char *expected,
	size_t expected_len)
{
	uint8_t buf[16];
	struct writer w = writer_over(buf, sizeof(buf));

	der_write_unsigned(&w, span_of(number, len));
	assert_int_equal(w.len, der_unsigned_len(span_of(number, len)));
	assert_true(
		span_equal(writer_span(&w), span_of(expected, expected_len)));
}

static void
test_write_unsigned(void **state)
{
	(void)state;
	written("", 0, "\x02\x01\x00", 3);
	written("\x00\x00", 2, "\x02\x01\x00", 3);
	written("\x01", 1, "\x02\x01\x01", 3);
	written("\x80", 1, "\x02\x02\x00\x80", 4);
	written("\x00\x00\x80", 3, "\x02\x02\x00\x80", 4);
	written("\x00\x01\x00\x01", 4, "\x02\x03\x01\x00\x01", 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_a_reader_that_failed_stays_failed),
		cmocka_unit_test(test_a_cursor_of_a_failed_reader_is_failed),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_small_integers),
		cmocka_unit_test(test_bit_strings),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_ecdsa),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_unsigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
