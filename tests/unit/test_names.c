/*
 * test_names.c - the table of verdicts in names.h, row by row, with the words
 * that the proxies use.
 */
#include "tls/names.h"

#include "guard.h"
#include "pemvec.h"
#include "tls/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CN "my-project:orders"

static struct names_policy
expect(const char *dns, const char *cn)
{
	struct names_policy p;

	memset(&p, 0, sizeof(p));
	if (dns != NULL)
		p.dns[p.dns_count++] = dns;
	p.common_name = cn;
	return p;
}

static struct names_policy
expect_ip(const uint8_t *ip, size_t len)
{
	struct names_policy p = expect(NULL, NULL);

	memcpy(p.ip, ip, len);
	p.ip_len = len;
	return p;
}

static void
accepted(const char *cert, struct names_policy p)
{
	struct error e;

	error_clear(&e);
	if (names_check(pemvec_cert(cert), &p, &e) != ERR_OK)
		fail_msg("%s: %s", cert, e.detail);
	assert_int_equal(e.code, ERR_OK);
}

static void
refused(const char *cert, struct names_policy p, const char *words)
{
	struct error e;

	error_clear(&e);
	if (names_check(pemvec_cert(cert), &p, &e) != ERR_CERT)
		fail_msg("%s was accepted", cert);
	assert_string_equal(e.detail, words);
	assert_int_equal(e.alert, ALERT_BAD_CERTIFICATE);
}

static void
test_common_name(void **state)
{
	(void)state;
	accepted("cn", expect(NULL, CN));
	accepted("cn_printable", expect(NULL, CN));
	accepted("cn_t61", expect(NULL, CN));
	accepted("cn_and_san", expect(NULL, CN));
	refused("cn", expect(NULL, "my-project:other"),
		"certificate had CN \"my-project:orders\", "
		"expected \"my-project:other\"");
	refused("cn", expect(NULL, "my-project:order"),
		"certificate had CN \"my-project:orders\", "
		"expected \"my-project:order\"");
	refused("cn_upper", expect(NULL, CN),
		"certificate had CN \"MY-PROJECT:orders\", "
		"expected \"my-project:orders\"");
	refused("cn_empty", expect(NULL, CN), "certificate CN was empty");
	refused("san", expect(NULL, CN), "certificate CN was empty");
	refused("two_cns", expect(NULL, CN),
		"certificate had more than one CN");
	refused("nul_cn", expect(NULL, CN),
		"certificate CN had a zero byte in it");
	refused("cn_ia5", expect(NULL, CN),
		"certificate CN was of an unsupported string type");
}

static void
test_message_is_printable(void **state)
{
	(void)state;
	refused("cn_ugly", expect(NULL, CN),
		"certificate had CN \"a?b?[31m?\", "
		"expected \"my-project:orders\"");
}

static void
test_dns_names(void **state)
{
	struct names_policy two = expect("other.example.com", NULL);

	(void)state;
	/* The certificate says Db.Example.com with a dot at the end. */
	accepted("san", expect("db.example.com", NULL));
	accepted("san", expect("DB.example.com.", NULL));
	accepted("cn_and_san", expect("db.example.com.", NULL));
	two.dns[two.dns_count++] = "db.example.com";
	accepted("san", two);
	refused("san", expect("db.example.org", NULL),
		"certificate is valid for Db.Example.com., not db.example.org");
	refused("san", expect("b.example.com", NULL),
		"certificate is valid for Db.Example.com., not b.example.com");
	refused("san", expect("db.example.com..", NULL),
		"certificate is valid for Db.Example.com., "
		"not db.example.com..");
	/* Labels count even where the first is one letter. */
	accepted("san_short", expect("a.example.com", NULL));
	refused("san_short", expect("b.example.com", NULL),
		"certificate is valid for a.example.com, not b.example.com");
	refused("san_odd", expect("a b.example.com", NULL),
		"certificate is valid for a b.example.com, a?.example.com, "
		"not a b.example.com");
	refused("san_odd", expect("a\x7f.example.com", NULL),
		"certificate is valid for a b.example.com, a?.example.com, "
		"not a\x7f.example.com");
	refused("dns_empty", expect("", NULL),
		"certificate is valid for no name, not ");
	refused("cn", expect("my-project:orders", NULL),
		"certificate is valid for no name, not my-project:orders");
	refused("nul_san", expect("db.example.com", NULL),
		"certificate is valid for db.example.com?.evil.test, "
		"not db.example.com");
	refused("san", expect("", NULL),
		"certificate is valid for Db.Example.com., not ");
	refused("san", expect(".", NULL),
		"certificate is valid for Db.Example.com., not .");
}

static void
test_common_name_is_a_second_chance(void **state)
{
	(void)state;
	accepted("cn_and_san", expect("other.example.com", CN));
	accepted("cn", expect("db.example.com", CN));
	accepted("san", expect("db.example.com", CN));
	/* A SAN that matches needs no CN, good or bad. */
	accepted("cn_and_san", expect("db.example.com", "my-project:other"));
	refused("cn_and_san", expect("other.example.com", "p:i"),
		"certificate is valid for db.example.com, "
		"not other.example.com; "
		"certificate had CN \"my-project:orders\", expected \"p:i\"");
}

static void
test_wildcards(void **state)
{
	static const char *const no[] = {"example.com", "a.b.example.com",
		".example.com", "*.example.com", "db.example.org",
		"xexample.com"};

	(void)state;
	accepted("wildcard", expect("db.example.com", NULL));
	accepted("wildcard", expect("DB.EXAMPLE.COM.", NULL));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct names_policy p = expect(no[i], NULL);
		struct error e;

		error_clear(&e);
		if (names_check(pemvec_cert("wildcard"), &p, &e) != ERR_CERT)
			fail_msg("*.example.com matched %s", no[i]);
	}
}

static void
test_odd_wildcards_match_nothing(void **state)
{
	static const char *const no[] = {"db.example.com", "db.com", "com",
		"a.b.com", "example.com", "localhost", "*"};

	(void)state;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct names_policy p = expect(no[i], NULL);
		struct error e;

		error_clear(&e);
		if (names_check(pemvec_cert("wildcard_odd"), &p, &e) !=
			ERR_CERT)
			fail_msg("%s was accepted", no[i]);
	}
}

static void
test_ip_addresses(void **state)
{
	static const uint8_t good[4] = {10, 0, 0, 1};
	static const uint8_t bad[4] = {10, 0, 0, 2};
	static const uint8_t six[16] = {0xfd, [15] = 1};
	static const uint8_t other_six[16] = {0xfd, [15] = 2};

	(void)state;
	accepted("ip", expect_ip(good, 4));
	accepted("ip", expect_ip(six, 16));
	refused("ip", expect_ip(bad, 4),
		"certificate is valid for 10.0.0.1, an IP address, "
		"not 10.0.0.2");
	refused("ip", expect_ip(other_six, 16),
		"certificate is valid for 10.0.0.1, an IP address, "
		"not its IP address");
	refused("ip_as_dns", expect_ip(good, 4),
		"certificate is valid for 10.0.0.1, not 10.0.0.1");
	/* Nor is an address a name. */
	refused("ip", expect("10.0.0.1", NULL),
		"certificate is valid for 10.0.0.1, an IP address, "
		"not 10.0.0.1");
}

static void
test_empty_policy_accepts_nothing(void **state)
{
	static const char none[] =
		"certificate cannot be checked: no name is expected";

	(void)state;
	refused("cn", expect(NULL, NULL), none);
	refused("cn", expect(NULL, ""), none);
	refused("cn_empty", expect(NULL, ""), none);
	refused("san", expect(NULL, NULL), none);
	refused("wildcard", expect(NULL, NULL), none);
	/* An address of no bytes is not the address that is not expected. */
	refused("ip_empty", expect(NULL, NULL), none);
	refused("ip_empty", expect(NULL, ""), none);
}

static void
test_truncated_certificates(void **state)
{
	struct span der = pemvec_cert("cn_and_san");
	struct names_policy p = expect("db.example.com", CN);

	(void)state;
	for (size_t len = 0; len < der.len; len++) {
		uint8_t *copy = guarded_copy(der.data, len);
		struct error e;

		error_clear(&e);
		assert_int_equal(
			names_check(span_of(copy, len), &p, &e), ERR_CERT);
		assert_string_equal(e.detail, "certificate is malformed");
		guarded_free(copy, len);
	}
}

/*
 * cn_and_san with the bytes from at their first place changed to others; its
 * dNSName is expected, and a CN.
 */
static enum err
patched(const char *cn, const char *from, const char *to, size_t len)
{
	struct span der = pemvec_cert("cn_and_san");
	struct names_policy p = expect("db.example.com", cn);
	uint8_t copy[2048];
	struct error e;
	uint8_t *at;

	error_clear(&e);
	memcpy(copy, der.data, der.len);
	at = memmem(copy, der.len, from, len);
	assert_non_null(at);
	memcpy(at, to, len);
	return names_check(span_of(copy, der.len), &p, &e);
}

static void
test_broken_structures(void **state)
{
	(void)state;
	refused("san_empty", expect(NULL, CN), "certificate is malformed");
	assert_int_equal(patched(CN,
				 "\x82\x0e"
				 "db",
				 "\x82\x0e"
				 "db",
				 4),
		ERR_OK);
	/* A name that runs past its list; a list that ends before its names. */
	assert_int_equal(patched(CN, "\x30\x10\x82\x0e", "\x30\x10\x82\x0f", 4),
		ERR_CERT);
	assert_int_equal(patched(CN, "\x30\x10\x82\x0e", "\x30\x0f\x82\x0e", 4),
		ERR_CERT);
	/* The list is not a SEQUENCE; a subject that is not a SET. */
	assert_int_equal(patched(CN, "\x30\x10\x82\x0e", "\x31\x10\x82\x0e", 4),
		ERR_CERT);
	assert_int_equal(patched(CN, "\x31\x1a\x30\x18", "\x30\x1a\x30\x18", 4),
		ERR_CERT);
	/* An attribute without its type, one without its value. */
	assert_int_equal(patched(CN, "\x30\x18\x06\x03", "\x30\x18\x04\x03", 4),
		ERR_CERT);
	assert_int_equal(patched(CN, "\x30\x18\x06\x03", "\x30\x18\x06\x16", 4),
		ERR_CERT);
	/* A SAN of no known kind is no name; the CN still matches. */
	assert_int_equal(
		patched("p:i", "\x30\x10\x82\x0e", "\x30\x10\x86\x0e", 4),
		ERR_CERT);
	assert_int_equal(
		patched(CN, "\x30\x10\x82\x0e", "\x30\x10\x86\x0e", 4), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common_name),
		cmocka_unit_test(test_message_is_printable),
		cmocka_unit_test(test_dns_names),
		cmocka_unit_test(test_common_name_is_a_second_chance),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_odd_wildcards_match_nothing),
		cmocka_unit_test(test_ip_addresses),
		cmocka_unit_test(test_empty_policy_accepts_nothing),
		cmocka_unit_test(test_truncated_certificates),
		cmocka_unit_test(test_broken_structures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
