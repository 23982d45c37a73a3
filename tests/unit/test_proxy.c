/*
 * test_proxy.c - proxies' URLs, NO_PROXY, and both handshakes byte for byte.
 */
#include "wire/proxy_handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct proxy proxy;
static struct url to;
static struct error e;
static struct proxy_handshake h;

static void
reads_urls(void **state)
{
	static const struct {
		const char *text;
		enum proxy_kind kind;
		const char *host, *user, *password;
		uint16_t port;
	} good[] = {
		{"http://10.0.0.1:3128", PROXY_HTTP, "10.0.0.1", "", "", 3128},
		{"proxy.example.com", PROXY_HTTP, "proxy.example.com", "", "",
			80},
		{"p:81/", PROXY_HTTP, "p", "", "", 81},
		{"SOCKS5H://a@[::1]", PROXY_SOCKS5, "::1", "a", "", 1080},
		{"socks5://a%3a:b:c%40@d@h/x", PROXY_SOCKS5, "h",
			"a:", "b:c@@d", 1080},
	};
	static const char *const bad[] = {"", "http://", "http://a b", "a:0",
		"http://u%zz@h", "http://u%00@h", "http://h:x", "@"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
			proxy_parse(&proxy, span_str(good[i].text)), ERR_OK);
		assert_int_equal(proxy.kind, good[i].kind);
		assert_string_equal(proxy.at.host, good[i].host);
		assert_int_equal(proxy.at.port, good[i].port);
		assert_string_equal(proxy.user, good[i].user);
		assert_string_equal(proxy.password, good[i].password);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			proxy_parse(&proxy, span_str(bad[i])), ERR_PARSE);
	assert_int_equal(
		proxy_parse(&proxy, span_str("https://h")), ERR_CONFIG);
}

static void
reads_exceptions(void **state)
{
	static const struct {
		const char *list, *where;
		bool bypassed;
	} cases[] = {
		{"", "127.0.0.2", true},
		{"", "[::1]", true},
		{"", "localhost", true},
		{"", "a.example.com", false},
		{"*", "a.example.com", true},
		{"x, EXAMPLE.com ", "a.example.com", true},
		{"example.com", "example.com", true},
		{"example.com", "anexample.com", false},
		{".example.com", "example.com", false},
		{"*.example.com", "a.example.com", true},
		{"*.example.com", "example.com", false},
		{"example.com:443", "example.com", true},
		{"example.com:80", "example.com", false},
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/9", "10.255.0.1", false},
		{"0.0.0.0/0", "10.255.0.1", true},
		{"10.0.0.0/33,10.0.0.0/,/8", "10.0.0.1", false},
		{"10.0.0.0/8", "[a00::]", false},
		{"2001:db8::/32", "[2001:db8::5]", true},
		{"2001:db8::5", "[2001:db8::5]", true},
		{"[2001:db8::5]:443", "[2001:db8::5]", true},
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			url_parse_authority(&to, span_str(cases[i].where), 443),
			ERR_OK);
		if (proxy_is_bypassed(span_str(cases[i].list), &to) !=
			cases[i].bypassed)
			fail_msg("\"%s\", %s", cases[i].list, cases[i].where);
	}
}

static void
begin(const char *through, const char *where)
{
	error_clear(&e);
	assert_int_equal(proxy_parse(&proxy, span_str(through)), ERR_OK);
	assert_int_equal(
		url_parse_authority(&to, span_str(where), 443), ERR_OK);
	proxy_handshake_begin(&h, &proxy, &to);
}

static void
expect_output(const char *bytes, size_t len)
{
	struct span out = proxy_handshake_output(&h);

	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, bytes, len);
}

/* Byte by byte; more bytes than are wanted are not taken. */
static enum err
feed(const char *bytes, size_t len)
{
	enum err result = ERR_AGAIN;

	for (size_t i = 0; i < len && result == ERR_AGAIN; i++) {
		size_t cap;
		uint8_t *in = proxy_handshake_input(&h, &cap);

		assert_true(cap > 0);
		*in = (uint8_t)bytes[i];
		result = proxy_handshake_advance(&h, 1, &e);
		if (result == ERR_OK)
			assert_int_equal(i, len - 1);
	}
	return result;
}

#define BYTES(s) s, sizeof(s) - 1

static void
connects(void **state)
{
	(void)state;
	begin("http://me:p%40ss@p:1", "sqladmin.googleapis.com");
	expect_output(BYTES("CONNECT sqladmin.googleapis.com:443 HTTP/1.1\r\n"
			    "Host: sqladmin.googleapis.com:443\r\n"
			    "Proxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"));
	assert_int_equal(
		feed(BYTES("HTTP/1.1 200 Connection established\r\n\r\n")),
		ERR_OK);
	begin("p", "[2001:db8::1]:80");
	expect_output(BYTES("CONNECT [2001:db8::1]:80 HTTP/1.1\r\n"
			    "Host: [2001:db8::1]:80\r\n\r\n"));
	assert_int_equal(
		feed(BYTES("HTTP/1.0 407 No\r\n\r\n")), ERR_CREDENTIALS);
}

static void
takes_no_byte_of_the_stream(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\n\r\nX";
	size_t cap;

	(void)state;
	begin("p", "h");
	memcpy(proxy_handshake_input(&h, &cap), answer, sizeof(answer) - 1);
	assert_int_equal(
		proxy_handshake_advance(&h, sizeof(answer) - 1, &e), ERR_PARSE);
	begin("p", "h");
	for (size_t i = 0; i < PROXY_HEAD_MAX; i++) {
		enum err expected =
			i == PROXY_HEAD_MAX - 1 ? ERR_PARSE : ERR_AGAIN;

		*proxy_handshake_input(&h, &cap) = (uint8_t)(i < 15 ? answer[i]
							     : i == 15 ? '\r'
							     : i == 16 ? '\n'
								       : 'a');
		assert_int_equal(proxy_handshake_advance(&h, 1, &e), expected);
	}
}

static void
speaks_socks(void **state)
{
	(void)state;
	begin("socks5://p", "h.example.com");
	expect_output(BYTES("\5\1\0"));
	assert_int_equal(feed(BYTES("\5\0")), ERR_AGAIN);
	expect_output(BYTES("\5\1\0\3\15h.example.com\1\273"));
	assert_int_equal(feed(BYTES("\5\0\0\1\1\2\3\4\0\0")), ERR_OK);

	begin("socks5://me:word@p", "10.0.0.1:3307");
	expect_output(BYTES("\5\2\0\2"));
	assert_int_equal(feed(BYTES("\5\2")), ERR_AGAIN);
	expect_output(BYTES("\1\2me\4word"));
	assert_int_equal(feed(BYTES("\1\0")), ERR_AGAIN);
	expect_output(BYTES("\5\1\0\1\12\0\0\1\14\353"));
	assert_int_equal(feed(BYTES("\5\0\0\3\2ab\0\0")), ERR_OK);

	begin("socks5://me:word@p", "[2001:db8::1]");
	assert_int_equal(feed(BYTES("\5\0")), ERR_AGAIN);
	expect_output(BYTES("\5\1\0\4\x20\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"
			    "\1\273"));
	assert_int_equal(feed(BYTES("\5\0\0\4abcdefghijklmnop\0\0")), ERR_OK);
}

static void
hears_refusals(void **state)
{
	static const struct {
		const char *through, *answer;
		size_t len;
		enum err result;
	} cases[] = {
		{"p", BYTES("HTTP/1.1 403 No\r\n\r\n"), ERR_DENIED},
		{"p", BYTES("HTTP/1.1 502 No\r\n\r\n"), ERR_CONNECT},
		{"p", BYTES("SSH-2.0-x\r\n"), ERR_PARSE},
		{"socks5://p", BYTES("\5\377"), ERR_CREDENTIALS},
		{"socks5://p", BYTES("\5\2"), ERR_CREDENTIALS},
		{"socks5://p", BYTES("HT"), ERR_PARSE},
		{"socks5://a:b@p", BYTES("\5\2\1\1"), ERR_CREDENTIALS},
		{"socks5://p", BYTES("\5\0\5\2\0\1\0"), ERR_DENIED},
		{"socks5://p", BYTES("\5\0\5\11\0\1\0"), ERR_CONNECT},
		{"socks5://p", BYTES("\5\0\5\0\0\2\0"), ERR_PARSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].through, "h");
		if (feed(cases[i].answer, cases[i].len) != cases[i].result)
			fail_msg("case %zu: %s", i, e.detail);
	}
	begin("socks5://p", "h");
	assert_int_equal(feed(BYTES("\5\0\5\5\0\1\0")), ERR_CONNECT);
	assert_string_equal(
		e.detail, "it could not connect: connection refused");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_urls),
		cmocka_unit_test(reads_exceptions),
		cmocka_unit_test(connects),
		cmocka_unit_test(takes_no_byte_of_the_stream),
		cmocka_unit_test(speaks_socks),
		cmocka_unit_test(hears_refusals),
	};

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
