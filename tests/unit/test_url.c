/*
 * test_url.c - which endpoints are understood, and as what.
 */
#include "wire/url.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct url url;

/* Parse; spans of url are good only where they point into text itself. */
static enum err
parse(const char *text)
{
	size_t len = strlen(text);
	uint8_t *copy = guarded_copy(text, len);
	enum err result = url_parse(&url, span_of(copy, len));

	guarded_free(copy, len);
	return result == url_parse(&url, span_str(text)) ? result
							 : ERR_INTERNAL;
}

static void
expect(const char *text, const char *host, uint16_t port, size_t ip_len,
	const char *path)
{
	assert_int_equal(parse(text), ERR_OK);
	assert_string_equal(url.host, host);
	assert_int_equal(url.port, port);
	assert_int_equal(url.ip_len, ip_len);
	assert_true(span_equal_str(url.path, path));
}

static void
parses_endpoints(void **state)
{
	(void)state;
	expect("https://sqladmin.googleapis.com", "sqladmin.googleapis.com",
		443, 0, "");
	expect("https://sqladmin.googleapis.com/", "sqladmin.googleapis.com",
		443, 0, "");
	expect("HTTPS://Proxy.Example.COM.:8443/a/b.c//", "proxy.example.com",
		8443, 0, "/a/b.c");
	expect("https://127.0.0.1:9999", "127.0.0.1", 9999, 4, "");
	assert_memory_equal(url.ip, "\x7f\x00\x00\x01", 4);
	expect("https://[::1]:1/x", "::1", 1, 16, "/x");
	assert_memory_equal(url.ip, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	expect("http://h", "h", 80, 0, "");
	assert_int_equal(url.scheme, URL_HTTP);
	expect("https://h:65535", "h", 65535, 0, "");
	assert_int_equal(url.scheme, URL_HTTPS);
}

static void
refuses_everything_else(void **state)
{
	static const char *const bad[] = {"", "https://", "https:///x",
		"https://:443", "sqladmin.googleapis.com", "//host",
		"ftp://host", "https:/host", "https:host", "https//host",
		"https://u@host", "https://u:p@host", "https://host?x=1",
		"https://host/?x", "https://host/#f",
		"https://host:", "https://host:0", "https://host:65536",
		"https://host:+1", "https://host:1a", "https://host:000001",
		"https://ho st", "https://host/a b", "https://host\n",
		"https://host/\x7f", "https://[::1", "https://::1",
		"https://[::1]x", "https://[::1%eth0]", "https://[127.0.0.1]",
		"https://1.2.3", "https://1.2.3.4.5", "https://256.1.1.1",
		"https://-a.b", "https://a-.b", "https://a..b", "https://.a",
		"https://..", "https://a.b.", "https://h\xc3\xa4.de",
		"https://0x7f.1", "https://127.1", "https://h/%20"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool fine = strcmp(bad[i], "https://a.b.") == 0;

		if (parse(bad[i]) != (fine ? ERR_OK : ERR_PARSE))
			fail_msg("wrong verdict: %s", bad[i]);
	}
}

static void
bounds_names(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(url_is_name(span_of(name, 63)));
	assert_false(url_is_name(span_of(name, 64)));
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	assert_true(url_is_name(span_of(name, 253)));
	assert_false(url_is_name(span_of(name, 254)));
	name[253] = '.';
	assert_true(url_is_name(span_of(name, 254)));
	assert_true(url_is_name(span_str("_dns.a-b.c1")));
	assert_false(url_is_name(span_str(".")));
	assert_false(url_is_name(span_str("a\0b")) &&
		     url_is_name(span_of("a\0b", 3)));
}

static void
parses_authorities(void **state)
{
	(void)state;
	assert_int_equal(
		url_parse_authority(&url, span_str("169.254.169.254"), 80),
		ERR_OK);
	assert_int_equal(url.port, 80);
	assert_int_equal(url.ip_len, 4);
	assert_int_equal(
		url_parse_authority(&url, span_str("localhost:8080"), 80),
		ERR_OK);
	assert_int_equal(url.port, 8080);
	assert_string_equal(url.host, "localhost");
	assert_int_equal(
		url_parse_authority(&url, span_str("http://h"), 80), ERR_PARSE);
	assert_int_equal(
		url_parse_authority(&url, span_str("h/path"), 80), ERR_PARSE);
	assert_int_equal(
		url_parse_authority(&url, span_str(""), 80), ERR_PARSE);
}

static void
writes_the_host_field(void **state)
{
	static const char *const cases[][2] = {
		{"https://h", "h"},
		{"https://h:443", "h"},
		{"https://h:80", "h:80"},
		{"http://h:80", "h"},
		{"https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443"},
		{"https://127.0.0.1:12345", "127.0.0.1:12345"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[HOST_LEN_MAX];
		struct writer w = writer_over(out, sizeof(out));

		assert_int_equal(parse(cases[i][0]), ERR_OK);
		url_write_host(&w, &url);
		assert_true(span_equal_str(writer_span(&w), cases[i][1]));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_endpoints),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(bounds_names),
		cmocka_unit_test(parses_authorities),
		cmocka_unit_test(writes_the_host_field),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
