/*
 * test_http_request.c - which requests are understood, and as what.
 */
#include "wire/http_request.h"

#include "base/limits.h"
#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct http_request request;

static enum err
parse(const char *text)
{
	size_t len = strlen(text);
	uint8_t *copy = guarded_copy(text, len);
	enum err result = http_request_parse(&request, span_of(copy, len));

	guarded_free(copy, len);
	return result == http_request_parse(&request, span_str(text))
		       ? result
		       : ERR_INTERNAL;
}

static void
test_good(void **state)
{
	(void)state;
	assert_int_equal(
		parse("GET /startup HTTP/1.1\r\nHost: a\r\n\r\n"), ERR_OK);
	assert_true(span_equal_str(request.method, "GET"));
	assert_true(span_equal_str(request.path, "/startup"));
	assert_false(request.cross_site);
	assert_int_equal(parse("POST /a?b=/c HTTP/1.0\r\n\r\nbody"), ERR_OK);
	assert_true(span_equal_str(request.method, "POST"));
	assert_true(span_equal_str(request.path, "/a"));
}

static void
test_other_sites(void **state)
{
	(void)state;
	assert_int_equal(
		parse("GET / HTTP/1.1\r\nsec-fetch-site: cross-site\r\n\r\n"),
		ERR_OK);
	assert_true(request.cross_site);
	assert_int_equal(
		parse("GET / HTTP/1.1\r\nSec-Fetch-Site: same-site\r\n\r\n"),
		ERR_OK);
	assert_true(request.cross_site);
	assert_int_equal(
		parse("GET / HTTP/1.1\r\nSec-Fetch-Site: same-origin\r\n\r\n"),
		ERR_OK);
	assert_false(request.cross_site);
	assert_int_equal(
		parse("GET / HTTP/1.1\r\nSec-Fetch-Site:none\r\n\r\n"), ERR_OK);
	assert_false(request.cross_site);
}

static void
test_incomplete(void **state)
{
	const char *text = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

	(void)state;
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(http_request_parse(&request, span_of(text, n)),
			ERR_AGAIN);
}

static void
test_bad(void **state)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\n\n",
		"GET /\r\n",
		"GET / HTTP/2.0\r\n",
		"GET / HTTP/1.1 \r\n",
		"GET http://a/ HTTP/1.1\r\n",
		"GET * HTTP/1.1\r\n",
		" / HTTP/1.1\r\n",
		"GET  / HTTP/1.1\r\n",
		"GET /\t HTTP/1.1\r\n",
		"GET /\x80 HTTP/1.1\r\n",
		"\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n",
		"GET / HTTP/1.1\r\n: x\r\n",
		"GET / HTTP/1.1\r\nA: b\rc\r\n",
	};

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_int_equal(parse(bad[n]), ERR_HTTP);
}

static void
test_long(void **state)
{
	static char text[HTTP_ASKED_MAX + 100];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
	assert_int_equal(
		http_request_parse(&request, span_of(text, HTTP_ASKED_MAX - 1)),
		ERR_AGAIN);
	assert_int_equal(
		http_request_parse(&request, span_of(text, HTTP_ASKED_MAX)),
		ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_other_sites),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
