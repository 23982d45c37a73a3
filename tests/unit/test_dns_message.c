/*
 * test_dns_message.c - DNS responses, well made and not.
 */
#include "wire/dns_message.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* db.example.com, one question, COUNT answers: at offset 12. */
#define HEAD(count)       "\x12\x34\x81\x80\0\1\0" count "\0\0\0\0"
#define QUESTION          "\2db\7example\3com\0\0\x10\0\1"
/* A record of the name at offset 12. */
#define RECORD(type, len) "\xc0\x0c\0" type "\0\1\0\0\0\x1e\0" len

#define READ(type, literal) read_it(type, literal, sizeof(literal) - 1)

static struct dns_texts texts;

static enum err
read_it(enum dns_type type, const char *bytes, size_t len)
{
	return dns_message_texts(
		span_of(guarded_copy(bytes, len), len), type, &texts);
}

static void
test_txt(void **state)
{
	(void)state;
	assert_int_equal(
		READ(DNS_TYPE_TXT, HEAD("\2") QUESTION RECORD("\x10",
					   "\6") "\5p:r:i" RECORD("\x10",
					   "\7") "\2p:\3r:j"),
		ERR_OK);
	assert_int_equal(texts.count, 2);
	assert_string_equal(texts.text[0], "p:r:i");
	assert_string_equal(texts.text[1], "p:r:j");
}

static void
test_cname_with_pointer(void **state)
{
	(void)state;
	assert_int_equal(READ(DNS_TYPE_CNAME, HEAD("\1") QUESTION RECORD("\5",
						      "\6") "\3new\xc0\x0f"),
		ERR_OK);
	assert_int_equal(texts.count, 1);
	assert_string_equal(texts.text[0], "new.example.com");
}

static void
test_other_records_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(
		READ(DNS_TYPE_TXT,
			HEAD("\3") QUESTION RECORD(
				"\5", "\2") "\xc0\x0f" RECORD("\x10",
				"\4") "\3a b" RECORD("\x10", "\2") "\1x"),
		ERR_OK);
	assert_int_equal(texts.count, 1);
	assert_string_equal(texts.text[0], "x");
}

static void
test_name_in_a_circle(void **state)
{
	(void)state;
	/* The target is a label and a pointer back to that label. */
	assert_int_equal(READ(DNS_TYPE_CNAME, HEAD("\1") QUESTION RECORD("\5",
						      "\6") "\3new\xc0\x2c"),
		ERR_OK);
	assert_int_equal(texts.count, 0);
}

static void
test_pointer_forward(void **state)
{
	(void)state;
	assert_int_equal(READ(DNS_TYPE_CNAME, HEAD("\1") QUESTION RECORD(
						      "\5", "\2") "\xc0\xff"),
		ERR_OK);
	assert_int_equal(texts.count, 0);
}

static void
test_cut_short(void **state)
{
	static const char whole[] =
		HEAD("\1") QUESTION RECORD("\x10", "\6") "\5p:r:i";

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_int_equal(read_it(DNS_TYPE_TXT, whole, len), ERR_PARSE);
	assert_int_equal(
		read_it(DNS_TYPE_TXT, whole, sizeof(whole) - 1), ERR_OK);
}

static void
test_no_response(void **state)
{
	(void)state;
	assert_int_equal(
		READ(DNS_TYPE_TXT, "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION),
		ERR_PARSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_txt),
		cmocka_unit_test(test_cname_with_pointer),
		cmocka_unit_test(test_other_records_are_skipped),
		cmocka_unit_test(test_name_in_a_circle),
		cmocka_unit_test(test_pointer_forward),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_no_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
