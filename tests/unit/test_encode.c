/*
 * test_encode.c - the vectors of RFC 4648 section 10 and RFC 3986, and what is
 * refused.
 */
#include "base/encode.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"}};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static void
test_base64_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		uint8_t buf[16];
		struct writer w = writer_over(buf, sizeof(buf));

		encode_base64(&w, span_str(pairs[i][0]), 0);
		assert_true(span_equal_str(writer_span(&w), pairs[i][1]));
		w = writer_over(buf, sizeof(buf));
		assert_int_equal(
			decode_base64(&w, span_str(pairs[i][1])), ERR_OK);
		assert_true(span_equal_str(writer_span(&w), pairs[i][0]));
	}
}

static void
test_base64_all_bytes(void **state)
{
	uint8_t all[256];
	uint8_t text[400];
	uint8_t back[256];
	struct writer w = writer_over(text, sizeof(text));
	struct writer b = writer_over(back, sizeof(back));

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i * 167 + 13);
	encode_base64(&w, span_of(all, sizeof(all)), 64);
	/* Five whole lines and a part, each with its newline. */
	assert_int_equal(w.len, 344 + 6);
	assert_int_equal(text[64], '\n');
	assert_int_equal(text[w.len - 1], '\n');
	assert_int_equal(decode_base64(&b, writer_span(&w)), ERR_OK);
	assert_memory_equal(back, all, sizeof(all));
}

static void
test_base64_whole_lines_end_once(void **state)
{
	uint8_t zeros[48] = {0};
	uint8_t text[80];
	struct writer w = writer_over(text, sizeof(text));

	(void)state;
	encode_base64(&w, span_of(zeros, sizeof(zeros)), 64);
	assert_int_equal(w.len, 65);
}

static enum err
decode64(const char *text, size_t cap)
{
	uint8_t buf[64];
	size_t len = strlen(text);
	uint8_t *copy = guarded_copy(text, len);
	struct writer w = writer_over(buf, cap);
	enum err e = decode_base64(&w, span_of(copy, len));

	guarded_free(copy, len);
	return e;
}

static void
test_base64_refusals(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zm8",
		"Zm8==", "Zm9v=", "=", "====", "Zg==Zg==", "Zm=8",
		"Zh==", "Zm9=", "Zm9-", "Zm9_", "Zm9*", "Zm9v.",
		"\xff\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode64(bad[i], 64) != ERR_PARSE)
			fail_msg("%s was taken", bad[i]);
	}
	assert_int_equal(decode64(" Z m\t9\r\nv ", 64), ERR_OK);
	assert_int_equal(decode64("Zm9v", 2), ERR_LIMIT);
	assert_int_equal(decode64("Zm8=", 1), ERR_LIMIT);
}

static void
test_percent(void **state)
{
	uint8_t buf[64];
	struct writer w = writer_over(buf, sizeof(buf));

	(void)state;
	encode_percent(&w, span_of("aZ09-._~ :/?\0\xc3", 14));
	assert_true(
		span_equal_str(writer_span(&w), "aZ09-._~%20%3A%2F%3F%00%C3"));
	w = writer_over(buf, sizeof(buf));
	assert_int_equal(
		decode_percent(&w, span_str("a%20b%2fc%2F%c3+")), ERR_OK);
	assert_true(span_equal_str(writer_span(&w), "a b/c/\xc3+"));
}

static enum err
unpercent(const char *text, size_t cap)
{
	uint8_t buf[64];
	size_t len = strlen(text);
	uint8_t *copy = guarded_copy(text, len);
	struct writer w = writer_over(buf, cap);
	enum err e = decode_percent(&w, span_of(copy, len));

	guarded_free(copy, len);
	return e;
}

static void
test_percent_refusals(void **state)
{
	static const char *const bad[] = {
		"%", "%4", "a%", "%g0", "%0g", "%%41", "% 1", "%00", "a%00b"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (unpercent(bad[i], 64) != ERR_PARSE)
			fail_msg("%s was taken", bad[i]);
	}
	assert_int_equal(unpercent("%01%10", 64), ERR_OK);
	assert_int_equal(unpercent("abc", 2), ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_vectors),
		cmocka_unit_test(test_base64_all_bytes),
		cmocka_unit_test(test_base64_whole_lines_end_once),
		cmocka_unit_test(test_base64_refusals),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_percent_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
