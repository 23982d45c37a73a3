/*
 * test_exchange.c - one HTTP exchange over a transport that delivers a script,
 * some bytes at a time, and then ends.
 */
#include "fetcher/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct script {
	const char *bytes;
	size_t len;
	size_t at;
	size_t step;   /* bytes per read */
	enum err then; /* when the script has ended */
	char sent[256];
	size_t sent_len;
	struct transport transport;
};

static struct exchange *x;
static struct error e;

static enum err
script_read(
	void *self, uint8_t *buf, size_t cap, size_t *got, struct error *error)
{
	struct script *s = self;
	size_t n = s->len - s->at;

	if (n == 0)
		return s->then == ERR_EOF ? ERR_EOF
					  : error_set(error, s->then, "end");
	n = n < s->step ? n : s->step;
	*got = n < cap ? n : cap;
	memcpy(buf, s->bytes + s->at, *got);
	s->at += *got;
	return ERR_OK;
}

static enum err
script_write(void *self, const uint8_t *buf, size_t len, struct error *error)
{
	struct script *s = self;

	if (len > sizeof(s->sent) - s->sent_len)
		return error_set(error, ERR_LIMIT, "script is full");
	memcpy(s->sent + s->sent_len, buf, len);
	s->sent_len += len;
	return ERR_OK;
}

static struct transport *
script(struct script *s, const char *bytes, size_t step, enum err then)
{
	memset(s, 0, sizeof(*s));
	s->bytes = bytes;
	s->len = strlen(bytes);
	s->step = step;
	s->then = then;
	s->transport = (struct transport){
		.self = s, .read = script_read, .write = script_write};
	return &s->transport;
}

static enum err
run(const char *bytes, size_t step, enum err then)
{
	struct script s;

	error_clear(&e);
	return exchange_run(
		x, script(&s, bytes, step, then), span_str("GET"), &e);
}

/* Whole at once and byte by byte must be the same. */
static void
expect(const char *bytes, const char *body, bool keep_alive)
{
	static const size_t steps[] = {1, 2, 7, 100000};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(run(bytes, steps[i], ERR_EOF), ERR_OK);
		assert_true(span_equal_str(x->body, body));
		assert_int_equal(x->head.keep_alive, keep_alive);
		assert_true(x->answered);
	}
}

static void
expect_failure(const char *bytes, enum err wanted, const char *word)
{
	static const size_t steps[] = {1, 100000};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(run(bytes, steps[i], ERR_EOF), wanted);
		assert_int_equal(e.code, wanted);
		assert_non_null(strstr(e.detail, word));
	}
}

static void
sends_the_request(void **state)
{
	struct script s;

	(void)state;
	error_clear(&e);
	assert_int_equal(
		exchange_run(x,
			script(&s, "HTTP/1.1 204 OK\r\n\r\n", 3, ERR_EOF),
			span_str("GET / HTTP/1.1\r\n\r\n"), &e),
		ERR_OK);
	assert_memory_equal(s.sent, "GET / HTTP/1.1\r\n\r\n", s.sent_len);
	assert_int_equal(x->head.status, 204);
}

static void
reads_bodies(void **state)
{
	(void)state;
	expect("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body",
		true);
	expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true);
	expect("HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\n\r\n",
		"abcde", true);
	expect("HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", false);
	expect("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", false);
}

static void
skips_interim_responses(void **state)
{
	(void)state;
	expect("HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
	       "HTTP/1.1 103 Early Hints\r\n\r\n"
	       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"ok", true);
	expect_failure(
		"HTTP/1.1 101 Switching\r\n\r\n", ERR_HTTP, "not valid HTTP");
}

static void
keeps_no_connection_that_says_too_much(void **state)
{
	(void)state;
	assert_int_equal(run("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
			     "okHTTP/1.1 200 OK\r\n",
				 100000, ERR_EOF),
		ERR_OK);
	assert_true(span_equal_str(x->body, "ok"));
	assert_false(x->head.keep_alive);
	assert_int_equal(run("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			     "\r\n\r\n2\r\nok\r\n0\r\n\r\nmore",
				 100000, ERR_EOF),
		ERR_OK);
	assert_true(span_equal_str(x->body, "ok"));
	assert_false(x->head.keep_alive);
}

static void
reports_no_body_that_may_be_cut(void **state)
{
	(void)state;
	expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbod",
		ERR_HTTP, "in the middle");
	expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "3\r\nabc\r\n0\r\n",
		ERR_HTTP, "in the middle");
	expect_failure("HTTP/1.1 200 OK\r\nA: ", ERR_HTTP, "in the middle");
	/* Without a length only an orderly end counts as one. */
	assert_int_equal(
		run("HTTP/1.1 200 OK\r\n\r\nabc", 9, ERR_TLS), ERR_TLS);
	assert_int_equal(e.code, ERR_TLS);
}

static void
tells_a_closed_connection(void **state)
{
	(void)state;
	assert_int_equal(run("", 1, ERR_EOF), ERR_EOF);
	assert_int_equal(e.code, ERR_OK);
	assert_false(x->answered);
	assert_int_equal(run("", 1, ERR_TIMEOUT), ERR_TIMEOUT);
	assert_false(x->answered);
}

static void
refuses_nonsense_and_floods(void **state)
{
	char *flood = malloc(HTTP_BODY_MAX + 1000);
	size_t len;

	(void)state;
	assert_non_null(flood);
	expect_failure("<html>", ERR_HTTP, "not valid HTTP");
	expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "zz\r\n",
		ERR_HTTP, "not valid HTTP");
	expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
		ERR_LIMIT, "too large");
	len = (size_t)sprintf(flood, "HTTP/1.1 200 OK\r\n\r\n");
	memset(flood + len, 'x', HTTP_BODY_MAX);
	flood[len + HTTP_BODY_MAX] = '\0';
	/* Exactly the limit cannot be told from more without one more read. */
	assert_int_equal(run(flood, 65536, ERR_EOF), ERR_LIMIT);
	memmove(flood + len, flood + len + 1, HTTP_BODY_MAX);
	assert_int_equal(run(flood, 65536, ERR_EOF), ERR_OK);
	assert_int_equal(x->body.len, HTTP_BODY_MAX - 1);
	free(flood);
}

static void
decodes_a_full_body_of_chunks(void **state)
{
	size_t size = HTTP_BODY_MAX + 200;
	char *bytes = calloc(1, size);
	size_t len;

	(void)state;
	assert_non_null(bytes);
	len = (size_t)sprintf(bytes,
		"HTTP/1.1 200 OK\r\n"
		"Transfer-Encoding: chunked\r\n\r\n%x\r\n",
		(unsigned)HTTP_BODY_MAX);
	memset(bytes + len, 'x', HTTP_BODY_MAX);
	len += HTTP_BODY_MAX;
	(void)sprintf(bytes + len, "\r\n0\r\nTrailer: yes\r\n\r\n");
	assert_int_equal(run(bytes, 65536, ERR_EOF), ERR_OK);
	assert_int_equal(x->body.len, HTTP_BODY_MAX);
	free(bytes);
}

static void
wipes_what_it_received(void **state)
{
	static const char secret[] = "ya29.secret";
	static const char text[] =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nya29.\r\n6\r\nsecret\r\n0\r\n\r\n";

	(void)state;
	assert_int_equal(run(text, 4, ERR_EOF), ERR_OK);
	assert_true(span_equal_str(x->body, secret));
	exchange_clear(x);
	for (size_t i = 0; i < 2 * sizeof(text); i++)
		assert_int_equal(x->bytes[i], 0);
}

static int
setup(void **state)
{
	(void)state;
	x = calloc(1, sizeof(*x));
	return x == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	free(x);
	return 0;
}

static void
interim_responses_are_bounded(void **state)
{
	static const char interim[] = "HTTP/1.1 102 Wait\r\n\r\n";
	char text[(EXCHANGE_INTERIM_MAX + 1) * sizeof(interim) + 64] = "";

	(void)state;
	for (int i = 0; i < EXCHANGE_INTERIM_MAX; i++)
		strcat(text, interim);
	strcat(text, "HTTP/1.1 204 No\r\n\r\n");
	assert_int_equal(run(text, 100000, ERR_EOF), ERR_OK);
	memmove(text + sizeof(interim) - 1, text, strlen(text) + 1);
	memcpy(text, interim, sizeof(interim) - 1);
	assert_int_equal(run(text, 100000, ERR_EOF), ERR_HTTP);
	assert_string_equal(e.detail, "the response does not begin");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_the_request),
		cmocka_unit_test(reads_bodies),
		cmocka_unit_test(skips_interim_responses),
		cmocka_unit_test(interim_responses_are_bounded),
		cmocka_unit_test(keeps_no_connection_that_says_too_much),
		cmocka_unit_test(reports_no_body_that_may_be_cut),
		cmocka_unit_test(tells_a_closed_connection),
		cmocka_unit_test(refuses_nonsense_and_floods),
		cmocka_unit_test(decodes_a_full_body_of_chunks),
		cmocka_unit_test(wipes_what_it_received),
	};

	return cmocka_run_group_tests_name("exchange", tests, setup, teardown);
}
