/*
 * test_http.c - response heads, chunked bodies at every possible cut, and
 * requests that no value can break.
 */
#include "wire/http.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct http_head head;

static enum err
parse(const char *text)
{
	size_t len = strlen(text);
	uint8_t *copy = guarded_copy(text, len);
	size_t used;
	enum err result = http_parse_head(&head, span_of(copy, len), &used);

	guarded_free(copy, len);
	/* Again over memory that stays, for the spans. */
	if (http_parse_head(&head, span_str(text), &used) != result)
		return ERR_INTERNAL;
	return result;
}

static void
parses_a_head(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n"
				   "Content-Type:application/json\r\n"
				   "content-LENGTH: 12 \r\n"
				   "X-Empty:\r\n"
				   "\r\nrest";
	size_t used;

	(void)state;
	assert_int_equal(http_parse_head(&head, span_str(text), &used), ERR_OK);
	assert_int_equal(used, strlen(text) - 4);
	assert_int_equal(head.status, 200);
	assert_true(span_equal_str(head.reason, "OK"));
	assert_int_equal(head.framing, HTTP_LENGTH);
	assert_int_equal(head.length, 12);
	assert_true(head.keep_alive);
	assert_int_equal(head.field_count, 3);
	assert_true(span_equal_str(
		http_field(&head, "content-type"), "application/json"));
	assert_int_equal(http_field(&head, "X-Empty").len, 0);
	assert_non_null(http_field(&head, "X-Empty").data);
	assert_null(http_field(&head, "X-None").data);
}

static void
asks_for_more_at_every_prefix(void **state)
{
	static const char text[] = "HTTP/1.1 404 Not Found\r\nA: b\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		uint8_t *copy = guarded_copy(text, i);

		assert_int_equal(
			http_parse_head(&head, span_of(copy, i), &used),
			ERR_AGAIN);
		guarded_free(copy, i);
	}
	assert_int_equal(parse(text), ERR_OK);
	assert_int_equal(head.framing, HTTP_CHUNKED);
}

static void
finds_the_framing(void **state)
{
	(void)state;
	assert_int_equal(parse("HTTP/1.1 200 OK\r\n\r\n"), ERR_OK);
	assert_int_equal(head.framing, HTTP_UNTIL_CLOSE);
	assert_false(head.keep_alive);
	assert_int_equal(
		parse("HTTP/1.1 204 \r\nContent-Length: 5\r\n\r\n"), ERR_OK);
	assert_int_equal(head.framing, HTTP_NO_BODY);
	assert_int_equal(parse("HTTP/1.1 100 Continue\r\n\r\n"), ERR_OK);
	assert_int_equal(head.framing, HTTP_NO_BODY);
	assert_int_equal(parse("HTTP/1.1 304\r\n\r\n"), ERR_OK);
	assert_int_equal(head.framing, HTTP_NO_BODY);
	assert_int_equal(
		parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), ERR_OK);
	assert_false(head.keep_alive);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
			       "Connection: x , Close\r\n\r\n"),
		ERR_OK);
	assert_false(head.keep_alive);
}

static void
refuses_malformed_heads(void **state)
{
	static const char *const bad[] = {"x", "HTTP/2 200\r\n\r\n",
		"HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n",
		"HTTP/1.1 2x0 X\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n",
		"HTTP/1.1 200 O\rK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA b\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
		"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Content-Length: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i]) != ERR_HTTP)
			fail_msg("not refused: %s", bad[i]);
	}
}

/* Broken peers are told by the first whole line, not at the deadline. */
static void
refuses_early(void **state)
{
	(void)state;
	assert_int_equal(parse("\x15\x03\x03"), ERR_HTTP);
	assert_int_equal(parse("HTT"), ERR_AGAIN);
	assert_int_equal(
		parse("HTTP/1.1 200 OK\r\nbroken line\r\nA"), ERR_HTTP);
}

static void
bounds_heads(void **state)
{
	static char text[2 * HTTP_HEAD_MAX];
	size_t len;

	(void)state;
	len = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\n");
	for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
		len += (size_t)sprintf(text + len, "A: b\r\n");
	(void)sprintf(text + len, "\r\n");
	assert_int_equal(parse(text), ERR_OK);
	(void)sprintf(text + len, "A: b\r\n\r\n");
	assert_int_equal(parse(text), ERR_LIMIT);

	len = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nA: ");
	memset(text + len, 'x', HTTP_HEAD_MAX);
	(void)sprintf(text + HTTP_HEAD_MAX - 4, "\r\n\r\n");
	assert_int_equal(parse(text), ERR_OK);
	memset(text + len, 'x', HTTP_HEAD_MAX);
	(void)sprintf(text + HTTP_HEAD_MAX - 3, "\r\n\r\n");
	assert_int_equal(parse(text), ERR_LIMIT);

	(void)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
		HTTP_BODY_MAX);
	assert_int_equal(parse(text), ERR_OK);
	(void)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
		HTTP_BODY_MAX + 1);
	assert_int_equal(parse(text), ERR_LIMIT);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nContent-Length: "
			       "99999999999999999999999999\r\n\r\n"),
		ERR_LIMIT);
}

/*
 * Decode in pieces that end at cut, cut + step, ...; the result in out, which
 * has room for the whole input.
 */
static enum err
decode(const char *in, size_t len, size_t cut, size_t step, char *out,
	size_t *out_len)
{
	struct http_chunked c;
	enum err result = ERR_AGAIN;
	size_t at = 0;

	http_chunked_begin(&c);
	*out_len = 0;
	while (result == ERR_AGAIN && at < len) {
		size_t n = cut < len ? cut - at : len - at;
		uint8_t *piece = guarded_copy(in + at, n);
		size_t decoded;
		size_t used;

		result = http_chunked_decode(&c, piece, n, &decoded, &used);
		memcpy(out + *out_len, piece, decoded);
		*out_len += decoded;
		guarded_free(piece, n);
		at += n;
		cut += step;
	}
	return result;
}

static void
decodes_at_every_cut(void **state)
{
	static const char text[] = "4\r\nWiki\r\n0A;x=\"y z\"\r\npedia in c"
				   "\r\n1\r\n!\r\n000\r\nTrailer: x\r\nB:\r\n"
				   "\r\n";
	char out[sizeof(text)];
	size_t len;

	(void)state;
	for (size_t cut = 1; cut < sizeof(text); cut++) {
		assert_int_equal(decode(text, sizeof(text) - 1, cut,
					 sizeof(text), out, &len),
			ERR_OK);
		assert_int_equal(len, 15);
		assert_memory_equal(out, "Wikipedia in c!", 15);
		assert_int_equal(
			decode(text, sizeof(text) - 1, cut, 1, out, &len),
			ERR_OK);
		assert_int_equal(len, 15);
	}
	for (size_t end = 0; end < sizeof(text) - 1; end++)
		assert_int_equal(
			decode(text, end, end, 1, out, &len), ERR_AGAIN);
}

static void
says_what_was_behind_the_body(void **state)
{
	char text[] = "1\r\nx\r\n0\r\n\r\nHTTP/1.1";
	struct http_chunked c;
	size_t decoded;
	size_t used;

	(void)state;
	http_chunked_begin(&c);
	assert_int_equal(http_chunked_decode(&c, (uint8_t *)text, strlen(text),
				 &decoded, &used),
		ERR_OK);
	assert_int_equal(decoded, 1);
	assert_int_equal(used, strlen(text) - strlen("HTTP/1.1"));
}

static void
refuses_malformed_chunks(void **state)
{
	static const char *const bad[] = {"\r\n", "g\r\n", "-1\r\n", "+1\r\n",
		" 1\r\nx", "1 \r\nx", "1\nx", "1\rx", "1\r\nxy", "1\r\nx\n",
		"1\r\nx\ry", "0\r\n\n", "0\r\n\ry", "1;a\nb\r\n", "1;\x01\r\n",
		"0\r\nA: b\n\r\n", "0x1\r\n", ";\r\n"};
	char out[64];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i], strlen(bad[i]), 1, 1, out, &len) != ERR_HTTP)
			fail_msg("not refused: %s", bad[i]);
	}
}

static void
bounds_chunks(void **state)
{
	static char text[2 * HTTP_HEAD_MAX];
	static char out[2 * HTTP_HEAD_MAX];
	size_t len;

	(void)state;
	(void)snprintf(text, sizeof(text), "%x\r\n", (unsigned)HTTP_BODY_MAX);
	assert_int_equal(
		decode(text, strlen(text), 64, 64, out, &len), ERR_AGAIN);
	(void)snprintf(
		text, sizeof(text), "%x\r\n", (unsigned)HTTP_BODY_MAX + 1);
	assert_int_equal(
		decode(text, strlen(text), 64, 64, out, &len), ERR_LIMIT);
	(void)snprintf(text, sizeof(text), "1\r\nx\r\n%x\r\n",
		(unsigned)HTTP_BODY_MAX);
	assert_int_equal(
		decode(text, strlen(text), 64, 64, out, &len), ERR_LIMIT);
	(void)snprintf(text, sizeof(text), "ffffffffffffffffffff\r\n");
	assert_int_equal(
		decode(text, strlen(text), 64, 64, out, &len), ERR_LIMIT);
	memset(text, '0', sizeof(text));
	assert_int_equal(
		decode(text, sizeof(text), 4096, 4096, out, &len), ERR_LIMIT);
	memset(text, 'x', sizeof(text));
	memcpy(text, "1;", 2);
	assert_int_equal(
		decode(text, sizeof(text), 4096, 4096, out, &len), ERR_LIMIT);
	memcpy(text, "0\r\n", 3);
	assert_int_equal(
		decode(text, sizeof(text), 4096, 4096, out, &len), ERR_LIMIT);
}

static void
writes_requests(void **state)
{
	char out[256];
	struct writer w = writer_over(out, sizeof(out));

	(void)state;
	http_write_begin(&w, "POST", span_str("/a?b=c"));
	http_write_field(&w, "Host", span_str("h:1"));
	http_write_bearer(&w, span_str("ya29.x..."));
	http_write_end(&w, span_str("{}"));
	assert_true(span_equal_str(writer_span(&w),
		"POST /a?b=c HTTP/1.1\r\nHost: h:1\r\n"
		"Authorization: Bearer ya29.x...\r\n"
		"Content-Length: 2\r\n\r\n{}"));
	assert_true(writer_ok(&w));
}

static void
refuses_values_that_would_break_it(void **state)
{
	static const char *const bad[] = {"a\r\nX: y", "a\nb", "a\rb", "a\x01",
		" a", "a ", "\ta", "a\x7f", "a\xc3\xa4"};
	char out[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct writer w = writer_over(out, sizeof(out));

		http_write_field(&w, "A", span_str(bad[i]));
		assert_false(writer_ok(&w));
		w = writer_over(out, sizeof(out));
		http_write_bearer(&w, span_str(bad[i]));
		assert_false(writer_ok(&w));
		w = writer_over(out, sizeof(out));
		http_write_begin(&w, "GET", span_str(bad[i]));
		assert_false(writer_ok(&w));
	}
	assert_true(http_is_value(span_of("a\0b", 1)));
	assert_false(http_is_value(span_of("a\0b", 3)));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_a_head),
		cmocka_unit_test(asks_for_more_at_every_prefix),
		cmocka_unit_test(finds_the_framing),
		cmocka_unit_test(refuses_malformed_heads),
		cmocka_unit_test(refuses_early),
		cmocka_unit_test(bounds_heads),
		cmocka_unit_test(decodes_at_every_cut),
		cmocka_unit_test(says_what_was_behind_the_body),
		cmocka_unit_test(refuses_malformed_chunks),
		cmocka_unit_test(bounds_chunks),
		cmocka_unit_test(writes_requests),
		cmocka_unit_test(refuses_values_that_would_break_it),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
