/*
 * test_metadata_exchange.c - published vectors, and answers as no server
 * should give them: cut, too long, in another protocol.
 */
#include "tunnel/metadata_exchange.h"
#include "wire/protobuf.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AGENT     "fairlead/" FAIRLEAD_VERSION
#define AGENT_LEN (sizeof(AGENT) - 1)

static struct metadata_exchange x;
static struct error e;
static size_t used;

/* Give it len bytes, step at a time; the verdict on the last of them. */
static enum err
take(const void *bytes, size_t len, size_t step)
{
	enum err result = ERR_AGAIN;
	size_t at = 0;

	memset(&x, 0, sizeof(x));
	error_clear(&e);
	while (at < len && result == ERR_AGAIN) {
		size_t n = len - at < step ? len - at : step;
		uint8_t *copy = guarded_copy((const uint8_t *)bytes + at, n);

		result =
			metadata_exchange_take(&x, span_of(copy, n), &used, &e);
		guarded_free(copy, n);
		assert_true(used <= n);
		at += used;
		if (result == ERR_AGAIN)
			assert_int_equal(used, n);
	}
	used = at;
	return result;
}

/* "tinyd/0.1", AUTO_IAM, "ya29.EXAMPLE": as protoc --encode writes it. */
static void
writes_what_protoc_writes(void **state)
{
	static const uint8_t expected[] = {0x0a, 0x09, 't', 'i', 'n', 'y', 'd',
		'/', '0', '.', '1', 0x10, 0x02, 0x1a, 0x0c, 'y', 'a', '2', '9',
		'.', 'E', 'X', 'A', 'M', 'P', 'L', 'E'};
	uint8_t out[64];
	struct writer w = writer_over(out, sizeof(out));

	(void)state;
	protobuf_write_bytes(&w, 1, span_str("tinyd/0.1"));
	protobuf_write_uint(&w, 2, 2);
	protobuf_write_bytes(&w, 3, span_str("ya29.EXAMPLE"));
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void
request_frames_it(void **state)
{
	uint8_t out[512];
	char token[201];
	struct writer w = writer_over(out, sizeof(out));
	struct writer small = writer_over(out, 20);
	size_t body = 2 + AGENT_LEN + 2 + 3 + 200;

	(void)state;
	memset(token, 'x', 200);
	token[200] = '\0';
	metadata_exchange_request(&w, EXCHANGE_NATIVE, span_str(token));
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, 4 + body);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 0);
	assert_int_equal(out[2] << 8 | out[3], body);
	assert_memory_equal(out + 4, "\x0a", 1);
	assert_memory_equal(out + 6, AGENT, AGENT_LEN);
	assert_memory_equal(out + 6 + AGENT_LEN, "\x10\x01\x1a\xc8\x01xx", 7);
	metadata_exchange_request(&small, EXCHANGE_NATIVE, span_str(token));
	assert_false(writer_ok(&small));
}

static void
accepts_ok(void **state)
{
	(void)state;
	for (size_t step = 1; step <= 6; step++)
		assert_int_equal(take("\0\0\0\2\x08\1", 6, step), ERR_OK);
	/* Behind an unknown field of each type. */
	assert_int_equal(take("\0\0\0\x1a\x1a\3abc\x25\0\0\0\0\x29\0\0\0\0\0\0"
			      "\0\0\x30\x96\1\x12\0\x08\1",
				 30, 3),
		ERR_OK);
}

static void
leaves_what_follows(void **state)
{
	(void)state;
	assert_int_equal(take("\0\0\0\2\x08\1PGDATA", 12, 12), ERR_OK);
	assert_int_equal(used, 6);
	assert_int_equal(take("\0\0\0\0PGDATA", 10, 10), ERR_DENIED);
	assert_int_equal(used, 4);
}

static void
refusals_have_their_reason(void **state)
{
	static const char denied[] = "\0\0\0\x15\x08\2\x12\x11"
				     "permission denied";

	(void)state;
	for (size_t step = 1; step < sizeof(denied); step += 7) {
		assert_int_equal(
			take(denied, sizeof(denied) - 1, step), ERR_DENIED);
		assert_non_null(
			strstr(e.detail, "with error: permission denied; "));
		assert_non_null(strstr(e.detail, "roles/alloydb.client"));
		assert_null(strstr(e.detail, "databaseUser"));
	}
	/* No code, one that is not known, no text. */
	assert_int_equal(take("\0\0\0\0", 4, 4), ERR_DENIED);
	assert_int_equal(take("\0\0\0\2\x08\3", 6, 6), ERR_DENIED);
	assert_int_equal(take("\0\0\0\2\x08\2", 6, 6), ERR_DENIED);
	assert_non_null(strstr(e.detail, "gave no reason"));
	/* A control character does not get into the log. */
	assert_int_equal(take("\0\0\0\x6\x12\4a\nb\0", 10, 10), ERR_DENIED);
	assert_non_null(strstr(e.detail, "with error: a b ;"));
}

static void
refuses_what_is_malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\0\0\0\1\x08", 5},     /* a tag without a value */
		{"\0\0\0\2\x08\xff", 6}, /* a varint without its end */
		{"\0\0\0\2\x12\1", 6},   /* longer than the message */
		{"\0\0\0\2\x12\x7f", 6},
		{"\0\0\0\2\x00\1", 6},   /* field number 0 */
		{"\0\0\0\2\x0b\x0c", 6}, /* groups */
		{"\0\0\0\2\x0e\1", 6},   /* types that are none */
		{"\0\0\0\2\x0f\1", 6},
		{"\0\0\0\4\x25\0\0\0", 8}, /* 3 of 4 bytes */
		{"\0\0\0\x0c\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02\0",
			16},       /* 65 bits */
		{"\0\0\x40\1", 4}, /* 16 kB and one */
		{"\x7f\xff\xff\xff", 4},
		{"\x45\0\0\0\3", 5},   /* PostgreSQL, too short */
		{"\x45\0\0\x10\1", 5}, /* ... and too long */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (size_t step = 1; step <= bad[i].len; step++) {
			assert_int_equal(take(bad[i].bytes, bad[i].len, step),
				ERR_PARSE);
			assert_false(x.postgres);
		}
	}
}

static void
bounds_the_response(void **state)
{
	static uint8_t most[4 + EXCHANGE_RESPONSE_MAX] = {
		0, 0, 0x40, 0, 0x1a, 0xfb, 0x7f};

	(void)state;
	most[sizeof(most) - 2] = 0x08;
	most[sizeof(most) - 1] = 1;
	assert_int_equal(take(most, sizeof(most), 1000), ERR_OK);
	assert_int_equal(take(most, sizeof(most) - 1, 1000), ERR_AGAIN);
}

static void
knows_postgres(void **state)
{
	static const char error[] = "E\0\0\0\x32SFATAL\0VFATAL\0C0A000\0"
				    "Munsupported protocol\0\0more";
	size_t len = 1 + 0x32;

	(void)state;
	for (size_t step = 1; step <= len; step++) {
		assert_int_equal(
			take(error, sizeof(error) - 1, step), ERR_PARSE);
		assert_true(x.postgres);
		assert_int_equal(used, len);
		assert_int_equal(x.filled, len);
		assert_memory_equal(x.bytes, error, len);
		assert_non_null(strstr(e.detail,
			"answered FATAL 0A000: unsupported protocol; is"));
	}
	/* Fields that do not end are left alone. */
	assert_int_equal(take("E\0\0\0\x08Sxyz", 9, 9), ERR_PARSE);
	assert_true(x.postgres);
}

static void
announces(void **state)
{
	uint8_t out[EXCHANGE_ANNOUNCEMENT];

	(void)state;
	metadata_exchange_announce(out, EXCHANGE_UNIX);
	assert_memory_equal(out, "CSQLMDEX\0\0\0\2\x10\3", sizeof(out));
	metadata_exchange_announce(out, EXCHANGE_TCP);
	assert_memory_equal(out, "CSQLMDEX\0\0\0\2\x10\1", sizeof(out));
}

/* The verdict on text, in steps; used is what the answer took of it. */
static enum exchange_verdict
answer(const char *text, size_t len, size_t step)
{
	struct exchange_answer a = {0};
	enum exchange_verdict verdict = EXCHANGE_MORE;
	size_t at = 0;

	exchange_answer_expect(&a);
	while (verdict == EXCHANGE_MORE && at < len) {
		size_t n = len - at < step ? len - at : step;

		verdict =
			exchange_answer_take(&a, span_of(text + at, n), &used);
		assert_true(used <= n);
		at += used;
	}
	used = at;
	return verdict;
}

static void
finds_answers(void **state)
{
	(void)state;
	for (size_t step = 1; step < 20; step++) {
		assert_int_equal(
			answer("CSQLMDEX\0\0\0\2\x08\1hello", 19, step),
			EXCHANGE_OVER);
		assert_int_equal(used, 14);
		assert_int_equal(answer("CSQLMDEX\0\0\0\0hello", 17, step),
			EXCHANGE_OVER);
		assert_int_equal(used, 12);
		assert_int_equal(answer("CSQLMDEX\0\0\x40\1", 12, step),
			EXCHANGE_TOO_LONG);
		assert_int_equal(answer("CSQLMDEX\xff\xff\xff\xff", 12, step),
			EXCHANGE_TOO_LONG);
	}
}

/* What only looked like one is the client's, down to the last byte. */
static void
lets_other_bytes_through(void **state)
{
	static const char *const others[] = {
		"J\1abc", "N", "CSQLMDEY", "CS", "CSQLCSQLMDEX", "R\b"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		for (size_t step = 1; step < 14; step++) {
			struct exchange_answer a = {0};
			char got[32] = "";
			size_t len = strlen(others[i]);
			size_t at = 0;

			exchange_answer_expect(&a);
			while (a.due && at < len) {
				size_t n = len - at < step ? len - at : step;

				(void)exchange_answer_take(
					&a, span_of(others[i] + at, n), &used);
				at += used;
			}
			assert_int_equal(a.due, strcmp(others[i], "CS") == 0);
			memcpy(got, exchange_signature, a.replay);
			memcpy(got + a.replay, others[i] + at, len - at);
			if (!a.due)
				assert_string_equal(got, others[i]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_protoc_writes),
		cmocka_unit_test(request_frames_it),
		cmocka_unit_test(accepts_ok),
		cmocka_unit_test(leaves_what_follows),
		cmocka_unit_test(refusals_have_their_reason),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(bounds_the_response),
		cmocka_unit_test(knows_postgres),
		cmocka_unit_test(announces),
		cmocka_unit_test(finds_answers),
		cmocka_unit_test(lets_other_bytes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
