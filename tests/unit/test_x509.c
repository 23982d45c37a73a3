/*
 * test_x509.c - which chains and which leaves are accepted, and with which
 * words and alert the others are refused.
 */
#include "tls/alert.h"
#include "tls/x509.h"

#include "guard.h"
#include "pemvec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES_MAX 8192

/* Anchors from up to three named certificates. */
static void
anchors(struct x509_anchors *a, const char *names, bool any_is_ca)
{
	static uint8_t buf[ENTRIES_MAX];
	struct writer w = writer_over(buf, sizeof(buf));
	struct error e;
	char list[64];
	char *save = NULL;

	error_clear(&e);
	assert_true(strlen(names) < sizeof(list));
	(void)snprintf(list, sizeof(list), "%s", names);
	for (char *n = strtok_r(list, " ", &save); n != NULL;
		n = strtok_r(NULL, " ", &save)) {
		struct span der = pemvec_cert(n);

		write_u16(&w, (uint16_t)der.len);
		write_span(&w, der);
	}
	assert_int_equal(
		x509_anchors_from_der(a, writer_span(&w), any_is_ca, &e),
		ERR_OK);
}

/* The verdict on a chain of named certificates under named anchors. */
static enum err
judge(const char *trusted, const char *chain, bool any_is_ca, struct error *e)
{
	struct x509_anchors a;
	static struct x509_chain c;
	const br_x509_pkey *key;
	char list[64];
	char *save = NULL;
	enum err result;

	error_clear(e);
	anchors(&a, trusted, any_is_ca);
	x509_chain_begin(&c, &a, PEMVEC_NOW);
	assert_true(strlen(chain) < sizeof(list));
	(void)snprintf(list, sizeof(list), "%s", chain);
	for (char *n = strtok_r(list, " ", &save); n != NULL;
		n = strtok_r(NULL, " ", &save)) {
		struct span der = pemvec_cert(n);
		uint8_t *copy = guarded_copy(der.data, der.len);

		x509_chain_append(&c, span_of(copy, der.len));
		guarded_free(copy, der.len);
	}
	result = x509_chain_end(&c, &key, e);
	assert_true((result == ERR_OK) == (key != NULL));
	assert_int_equal(result, e->code);
	x509_anchors_free(&a);
	return result;
}

static void
accepted(const char *trusted, const char *chain)
{
	struct error e;

	if (judge(trusted, chain, false, &e) != ERR_OK)
		fail_msg("%s under %s: %s", chain, trusted, e.detail);
}

static void
refused(const char *trusted, const char *chain, int alert, const char *words)
{
	struct error e;

	if (judge(trusted, chain, false, &e) != ERR_CERT)
		fail_msg("%s under %s was accepted", chain, trusted);
	assert_string_equal(e.detail, words);
	assert_int_equal(e.alert, alert);
}

static void
test_good_chains(void **state)
{
	(void)state;
	accepted("ca", "cn");
	accepted("ca", "rsa4096");
	accepted("ca", "p256");
	accepted("ca", "p384");
	accepted("ca", "by_sha384");
	accepted("ca", "by_sha512");
	accepted("ca_ec", "by_ec");
	accepted("ca_other ca_ec ca", "cn");
	/* Two anchors of one name: both are tried. */
	accepted("ca_impostor ca", "cn");
}

static void
test_signature_of_an_anchor_does_not_matter(void **state)
{
	(void)state;
	accepted("ca_sha1", "cn");
}

static void
test_intermediates(void **state)
{
	(void)state;
	accepted("ca", "by_inter inter");
	/* The root may be sent along, and whatever else follows. */
	accepted("ca", "by_inter inter ca");
	accepted("ca", "by_inter inter inter_expired");
	refused("ca", "by_inter", ALERT_UNKNOWN_CA,
		"certificate signed by unknown authority");
	refused("ca", "by_inter cn", ALERT_UNKNOWN_CA,
		"certificate chain is not in order");
	refused("ca", "by_inter inter_expired", ALERT_CERTIFICATE_EXPIRED,
		"certificate has expired");
	refused("ca", "by_inter inter_limited", ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate of a CA with name constraints");
	refused("ca", "leaf_limited inter", ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate of a CA with name constraints");
	refused("ca", "by_inter inter_no_ca", ALERT_BAD_CERTIFICATE,
		"certificate signed by one that is not a CA");
	refused("ca", "forged_inter inter", ALERT_BAD_CERTIFICATE,
		"certificate has a wrong signature");
	/* inter allows no CA below itself. */
	refused("ca", "by_sub sub inter", ALERT_BAD_CERTIFICATE,
		"certificate signed by one that is not a CA");
}

static void
test_anchor_need_not_be_self_signed(void **state)
{
	(void)state;
	accepted("inter", "by_inter");
}

static void
test_unknown_authorities(void **state)
{
	(void)state;
	refused("ca", "by_other", ALERT_UNKNOWN_CA,
		"certificate signed by unknown authority");
	refused("ca_impostor", "cn", ALERT_UNKNOWN_CA,
		"certificate signed by unknown authority");
	refused("ca", "forged", ALERT_UNKNOWN_CA,
		"certificate signed by unknown authority");
	refused("ca", "by_sha1", ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate uses an unsupported algorithm");
	refused("ca", "", ALERT_BAD_CERTIFICATE, "no certificate given");
	/* An end entity as anchor vouches for itself alone. */
	accepted("cn", "cn");
	refused("inter_no_ca", "by_inter", ALERT_UNKNOWN_CA,
		"certificate signed by unknown authority");
}

static void
test_dates(void **state)
{
	(void)state;
	accepted("ca", "last_second");
	accepted("ca", "first_second");
	refused("ca", "expired", ALERT_CERTIFICATE_EXPIRED,
		"certificate has expired");
	refused("ca", "early", ALERT_CERTIFICATE_EXPIRED,
		"certificate is not yet valid");
}

static void
test_weak_keys(void **state)
{
	(void)state;
	refused("ca", "rsa1024", ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate has an RSA key under 2048 bits");
	refused("ca", "rsa2040", ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate has an RSA key under 2048 bits");
}

static void
test_version_1_root(void **state)
{
	struct error e;

	(void)state;
	refused("ca_v1", "by_v1", ALERT_UNKNOWN_CA,
		"certificate signed by unknown authority");
	assert_int_equal(judge("ca_v1", "by_v1", true, &e), ERR_OK);
	/* A version 3 certificate says itself whether it is a CA. */
	assert_int_equal(judge("inter_no_ca", "by_inter", true, &e), ERR_CERT);
}

static void
test_any_flipped_bit_is_refused(void **state)
{
	struct span der = pemvec_cert("cn");
	struct x509_anchors a;
	static uint8_t copy[2048];

	(void)state;
	anchors(&a, "ca", false);
	assert_true(der.len < sizeof(copy));
	for (size_t i = 0; i < der.len; i++) {
		static struct x509_chain c;
		const br_x509_pkey *key;
		struct error e;

		error_clear(&e);
		memcpy(copy, der.data, der.len);
		copy[i] ^= (uint8_t)(1u << (i % 8));
		x509_chain_begin(&c, &a, PEMVEC_NOW);
		x509_chain_append(&c, span_of(copy, der.len));
		assert_int_equal(x509_chain_end(&c, &key, &e), ERR_CERT);
		assert_null(key);
	}
	x509_anchors_free(&a);
}

static void
test_truncated_certificates(void **state)
{
	struct span der = pemvec_cert("cn");
	struct x509_anchors a;

	(void)state;
	anchors(&a, "ca", false);
	for (size_t len = 0; len < der.len; len++) {
		uint8_t *copy = guarded_copy(der.data, len);
		static struct x509_chain c;
		const br_x509_pkey *key;
		struct error e;

		error_clear(&e);
		x509_chain_begin(&c, &a, PEMVEC_NOW);
		x509_chain_append(&c, span_of(copy, len));
		assert_int_equal(x509_chain_end(&c, &key, &e), ERR_CERT);
		error_clear(&e);
		assert_int_equal(
			x509_check_leaf(span_of(copy, len), &e), ERR_CERT);
		guarded_free(copy, len);
	}
	x509_anchors_free(&a);
}

static void
test_trailing_bytes(void **state)
{
	struct span der = pemvec_cert("cn");
	struct x509_anchors a;
	static struct x509_chain c;
	const br_x509_pkey *key;
	struct error e;
	static uint8_t copy[2048];

	(void)state;
	memcpy(copy, der.data, der.len);
	copy[der.len] = 0;
	anchors(&a, "ca", false);
	error_clear(&e);
	x509_chain_begin(&c, &a, PEMVEC_NOW);
	x509_chain_append(&c, span_of(copy, der.len + 1));
	assert_int_equal(x509_chain_end(&c, &key, &e), ERR_CERT);
	x509_anchors_free(&a);
}

static void
test_leaf_key_outlives_the_certificate(void **state)
{
	struct span der = pemvec_cert("p384");
	uint8_t *copy = guarded_copy(der.data, der.len);
	struct x509_anchors a;
	static struct x509_chain c;
	const br_x509_pkey *key;
	struct error e;

	(void)state;
	error_clear(&e);
	anchors(&a, "ca", false);
	x509_chain_begin(&c, &a, PEMVEC_NOW);
	x509_chain_append(&c, span_of(copy, der.len));
	guarded_free(copy, der.len);
	assert_int_equal(x509_chain_end(&c, &key, &e), ERR_OK);
	assert_int_equal(key->key_type, BR_KEYTYPE_EC);
	assert_int_equal(key->key.ec.curve, BR_EC_secp384r1);
	assert_int_equal(key->key.ec.qlen, 97);
	assert_int_equal(key->key.ec.q[0], 4);
	x509_anchors_free(&a);
}

static void
leaf(const char *name, const char *words)
{
	struct error e;
	enum err code;

	error_clear(&e);
	code = x509_check_leaf(pemvec_cert(name), &e);
	if (words == NULL) {
		if (code != ERR_OK)
			fail_msg("%s: %s", name, e.detail);
		return;
	}
	if (code != ERR_CERT)
		fail_msg("%s was accepted", name);
	assert_string_equal(e.detail, words);
	assert_int_equal(e.alert, ALERT_UNSUPPORTED_CERTIFICATE);
}

static void
test_leaf(void **state)
{
	(void)state;
	leaf("cn", NULL);
	leaf("san", NULL);
	leaf("eku_any", NULL);
	leaf("eku_both", NULL);
	leaf("eku_none", NULL);
	leaf("ku_sign", NULL);
	leaf("rsa4096", NULL);
	leaf("p256", NULL);
	leaf("p384", NULL);
	leaf("ca_v1", NULL); /* version 1: no extension forbids anything */
	leaf("eku_client", "certificate may not be used by a server");
	leaf("ku_encipher", "certificate may not be used for signatures");
	leaf("ca", "certificate may not be used for signatures");
	leaf("rsa1024", "certificate has an RSA key under 2048 bits");
	leaf("rsa2040", "certificate has an RSA key under 2048 bits");
	leaf("p521", "certificate has a key on an unsupported curve");
}

/* The engine knows no ExtendedKeyUsage and refuses it when it is critical. */
static void
test_critical_usage(void **state)
{
	(void)state;
	leaf("eku_critical", NULL);
	refused("ca", "eku_critical", ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate has an unknown critical extension");
}

static void
test_anchors_from_pem(void **state)
{
	static char text[8192];
	struct x509_anchors a;
	struct error e;
	int len = snprintf(text, sizeof(text),
		"# a comment\r\n%s\n-----BEGIN X509 CRL-----\nAAAA\n"
		"-----END X509 CRL-----\n%s",
		pemvec_cert_pem("ca"), pemvec_cert_pem("ca_ec"));

	(void)state;
	assert_in_range(len, 1, sizeof(text) - 1);
	error_clear(&e);
	assert_int_equal(
		x509_anchors_from_pem(&a, span_of(text, (size_t)len), &e),
		ERR_OK);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.anchor[0].pkey.key_type, BR_KEYTYPE_RSA);
	assert_int_equal(a.anchor[1].pkey.key_type, BR_KEYTYPE_EC);
	x509_anchors_free(&a);
	assert_null(a.anchor);
	/* Freeing twice does no harm. */
	x509_anchors_free(&a);
}

static void
no_anchors(struct span pem, const char *words)
{
	struct x509_anchors a;
	struct error e;

	error_clear(&e);
	assert_int_equal(x509_anchors_from_pem(&a, pem, &e), ERR_CERT);
	assert_string_equal(e.detail, words);
	assert_null(a.anchor);
	assert_null(a.storage);
	assert_int_equal(a.count, 0);
}

static void
test_unusable_anchors(void **state)
{
	const char *pem = pemvec_cert_pem("ca");

	(void)state;
	no_anchors(span_of(NULL, 0), "no CA certificate given");
	no_anchors(span_str("hello\n"), "no CA certificate given");
	no_anchors(span_of(pem, strlen(pem) - 20),
		"CA certificates: malformed PEM");
	no_anchors(span_str("-----BEGIN CERTIFICATE-----\nMAA=\n"
			    "-----END CERTIFICATE-----\n"),
		"no usable CA certificate");
	no_anchors(span_str("-----BEGIN CERTIFICATE-----\nM*A=\n"
			    "-----END CERTIFICATE-----\n"),
		"CA certificates: malformed PEM");
	no_anchors(span_str(pemvec_cert_pem("rsa1024")),
		"no usable CA certificate");
	no_anchors(span_str(pemvec_cert_pem("ca_ed25519")),
		"no usable CA certificate");
}

static void
test_broken_entries(void **state)
{
	static const uint8_t cut[] = {0x00, 0x05, 0x30, 0x00};
	struct x509_anchors a;
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(
		x509_anchors_from_der(&a, span_of(cut, sizeof(cut)), true, &e),
		ERR_CERT);
}

static void
test_builtin_roots(void **state)
{
	struct x509_anchors a;
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(x509_anchors_builtin(&a, &e), ERR_OK);
	assert_true(a.count >= 5); /* GTS R1 to R4, GlobalSign R4 */
	for (size_t i = 0; i < a.count; i++)
		assert_int_equal(a.anchor[i].flags, BR_X509_TA_CA);
	x509_anchors_free(&a);
}

static void
test_pem_to_entries(void **state)
{
	uint8_t buf[2048];
	struct writer w = writer_over(buf, sizeof(buf));
	struct span der = pemvec_cert("ca");
	size_t count = 9;

	(void)state;
	assert_int_equal(x509_pem_to_entries(
				 span_str(pemvec_cert_pem("ca")), &w, &count),
		ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(w.len, der.len + 2);
	assert_int_equal(buf[0] << 8 | buf[1], der.len);
	assert_memory_equal(buf + 2, der.data, der.len);
	w = writer_over(buf, sizeof(buf));
	assert_int_equal(
		x509_pem_to_entries(span_str("-----BEGIN B-----\nMAA=\n"
					     "-----END B-----\n"),
			&w, &count),
		ERR_OK);
	assert_int_equal(count, 0);
	assert_int_equal(w.len, 0);
	w = writer_over(buf, der.len + 1);
	assert_int_equal(x509_pem_to_entries(
				 span_str(pemvec_cert_pem("ca")), &w, &count),
		ERR_LIMIT);
}

/* More bytes than two bytes can count. */
static void
test_huge_block(void **state)
{
	static const char head[] = "-----BEGIN CERTIFICATE-----\n";
	static const char tail[] = "\n-----END CERTIFICATE-----\n";
	static uint8_t text[90000];
	static uint8_t out[70000];
	struct writer t = writer_over(text, sizeof(text));
	struct writer w = writer_over(out, sizeof(out));
	size_t count;

	(void)state;
	write_str(&t, head);
	for (size_t i = 0; i < 65536 / 3 + 1; i++)
		write_str(&t, "AAAA");
	write_str(&t, tail);
	assert_true(writer_ok(&t));
	assert_int_equal(
		x509_pem_to_entries(writer_span(&t), &w, &count), ERR_LIMIT);
}

static void
test_not_after(void **state)
{
	int64_t t;

	(void)state;
	assert_int_equal(x509_not_after(pemvec_cert("expired"), &t), ERR_OK);
	assert_int_equal(t, PEMVEC_NOW - 1);
	/* From 2050 on the date is a GeneralizedTime. */
	assert_int_equal(x509_not_after(pemvec_cert("cn"), &t), ERR_OK);
	assert_int_equal(t, INT64_C(4733510400));
	assert_int_equal(x509_not_after(span_str("0"), &t), ERR_PARSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_chains),
		cmocka_unit_test(test_signature_of_an_anchor_does_not_matter),
		cmocka_unit_test(test_intermediates),
		cmocka_unit_test(test_anchor_need_not_be_self_signed),
		cmocka_unit_test(test_unknown_authorities),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_weak_keys),
		cmocka_unit_test(test_version_1_root),
		cmocka_unit_test(test_any_flipped_bit_is_refused),
		cmocka_unit_test(test_truncated_certificates),
		cmocka_unit_test(test_trailing_bytes),
		cmocka_unit_test(test_leaf_key_outlives_the_certificate),
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_critical_usage),
		cmocka_unit_test(test_anchors_from_pem),
		cmocka_unit_test(test_unusable_anchors),
		cmocka_unit_test(test_broken_entries),
		cmocka_unit_test(test_builtin_roots),
		cmocka_unit_test(test_pem_to_entries),
		cmocka_unit_test(test_huge_block),
		cmocka_unit_test(test_not_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
