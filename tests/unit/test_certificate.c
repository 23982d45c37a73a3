/*
 * test_certificate.c - certificates written field by field, with one field
 * wrong at a time: the reading of the whole, and the leaf's key and usages.
 */
#include "tls/certificate.h"
#include "tls/names.h"
#include "tls/x509.h"

#include "guard.h"
#include "pemvec.h"
#include "tls/alert.h"
#include "wire/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The fields of a certificate, each as encoded; all of them good at first. */
struct fields {
	struct span version;
	struct span serial;
	struct span algorithm;
	struct span issuer;
	struct span validity;
	struct span subject;
	struct span key;
	struct span unique;
	struct span extensions; /* body of the SEQUENCE; len 0: none */
	struct span outer_algorithm;
	struct span signature;
};

#define BYTES(literal) span_of(literal, sizeof(literal) - 1)

#define VALIDITY                                                               \
	"\x30\x1e\x17\x0d"                                                     \
	"200101000000Z"                                                        \
	"\x17\x0d"                                                             \
	"491231000000Z"
#define KEY_USAGE          "\x06\x03\x55\x1d\x0f"
#define EXTENDED_KEY_USAGE "\x06\x03\x55\x1d\x25"
#define RSA_ALGORITHM      "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define EC_ALGORITHM       "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
#define P256               "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"

static uint8_t made[8192];
static uint8_t key_bytes[2048];
static uint8_t good_key_bytes[128];

static void
wrap(struct writer *w, uint8_t tag, struct span body)
{
	der_write_header(w, tag, body.len);
	write_span(w, body);
}

/* SubjectPublicKeyInfo of an RSA key; len bytes of modulus, first and last. */
static struct span
rsa_spki(size_t len, uint8_t first, uint8_t last, uint8_t exponent)
{
	static uint8_t modulus[1024];
	static uint8_t inner[1500];
	static uint8_t bits[1600];
	static uint8_t all[1700];
	struct writer i = writer_over(inner, sizeof(inner));
	struct writer b = writer_over(bits, sizeof(bits));
	struct writer a = writer_over(all, sizeof(all));
	struct writer w = writer_over(key_bytes, sizeof(key_bytes));

	memset(modulus, 0x55, sizeof(modulus));
	modulus[0] = first;
	modulus[len - 1] = last;
	der_write_unsigned(&i, span_of(modulus, len));
	der_write_unsigned(&i, span_of(&exponent, 1));
	write_u8(&b, 0);
	wrap(&b, DER_SEQUENCE, writer_span(&i));
	write_span(&a, BYTES(RSA_ALGORITHM "\x05\x00"));
	wrap(&a, DER_BIT_STRING, writer_span(&b));
	wrap(&w, DER_SEQUENCE, writer_span(&a));
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

/* The same of an EC key, from the body of its AlgorithmIdentifier. */
static struct span
ec_spki(struct span algorithm, uint8_t format, size_t point_len)
{
	static uint8_t bits[200];
	static uint8_t all[300];
	struct writer b = writer_over(bits, sizeof(bits));
	struct writer a = writer_over(all, sizeof(all));
	struct writer w = writer_over(key_bytes, sizeof(key_bytes));

	write_u8(&b, 0);
	write_u8(&b, format);
	while (b.len < point_len + 1)
		write_u8(&b, 1);
	wrap(&a, DER_SEQUENCE, algorithm);
	wrap(&a, DER_BIT_STRING, writer_span(&b));
	wrap(&w, DER_SEQUENCE, writer_span(&a));
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

static struct fields
good(void)
{
	struct fields f = {
		.version = BYTES("\xa0\x03\x02\x01\x02"),
		.serial = BYTES("\x02\x01\x80"), /* negative: occurs */
		.algorithm = BYTES("\x30\x03\x06\x01\x2a"),
		.issuer = BYTES("\x30\x00"),
		.validity = BYTES(VALIDITY),
		.subject = BYTES("\x30\x00"),
		.outer_algorithm = BYTES("\x30\x03\x06\x01\x2a"),
		.signature = BYTES("\x03\x02\x00x"),
	};
	struct writer w = writer_over(good_key_bytes, sizeof(good_key_bytes));

	/* ec_spki's own bytes may hold the key that f.key will become. */
	write_span(&w,
		BYTES("\x30\x59\x30\x13" EC_ALGORITHM P256 "\x03\x42\x00\x04"));
	while (w.len < 0x59 + 2)
		write_u8(&w, 1);
	f.key = writer_span(&w);
	return f;
}

static struct span
build(const struct fields *f)
{
	static uint8_t tbs[4096];
	static uint8_t list[4096];
	static uint8_t whole[8192];
	struct writer t = writer_over(tbs, sizeof(tbs));
	struct writer l = writer_over(list, sizeof(list));
	struct writer o = writer_over(whole, sizeof(whole));
	struct writer w = writer_over(made, sizeof(made));

	write_span(&t, f->version);
	write_span(&t, f->serial);
	write_span(&t, f->algorithm);
	write_span(&t, f->issuer);
	write_span(&t, f->validity);
	write_span(&t, f->subject);
	write_span(&t, f->key);
	write_span(&t, f->unique);
	if (f->extensions.len > 0) {
		wrap(&l, DER_SEQUENCE, f->extensions);
		wrap(&t, DER_CONTEXT_CONSTRUCTED(3), writer_span(&l));
	}
	wrap(&o, DER_SEQUENCE, writer_span(&t));
	write_span(&o, f->outer_algorithm);
	write_span(&o, f->signature);
	wrap(&w, DER_SEQUENCE, writer_span(&o));
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

static enum err
parse(const struct fields *f)
{
	struct span der = build(f);
	uint8_t *copy = guarded_copy(der.data, der.len);
	struct certificate c;
	enum err e = certificate_parse(span_of(copy, der.len), &c);

	guarded_free(copy, der.len);
	return e;
}

/* One field exchanged. */
#define WITH(field, literal)                                                   \
	do {                                                                   \
		struct fields changed = good();                                \
		changed.field = BYTES(literal);                                \
		assert_int_equal(parse(&changed), ERR_PARSE);                  \
	} while (0)

static void
test_good(void **state)
{
	struct fields f = good();
	struct certificate c;

	(void)state;
	assert_int_equal(certificate_parse(build(&f), &c), ERR_OK);
	assert_int_equal(c.version, 3);
	assert_true(c.not_before_s == INT64_C(1577836800));
	assert_true(c.not_after_s == INT64_C(2524521600));
	assert_int_equal(c.extensions.len, 0);
	f.version = span_of(NULL, 0);
	assert_int_equal(certificate_parse(build(&f), &c), ERR_OK);
	assert_int_equal(c.version, 1);
	f.version = BYTES("\xa0\x03\x02\x01\x01");
	f.unique = BYTES("\x81\x02\x00x\x82\x02\x00y");
	assert_int_equal(certificate_parse(build(&f), &c), ERR_OK);
	assert_int_equal(c.version, 2);
}

static void
test_one_field_wrong(void **state)
{
	(void)state;
	/* The default written out; a version to come; two of them. */
	WITH(version, "\xa0\x03\x02\x01\x00");
	WITH(version, "\xa0\x03\x02\x01\x03");
	WITH(version, "\xa0\x06\x02\x01\x02\x02\x01\x02");
	WITH(serial, "\x04\x01\x01");
	WITH(serial, "");
	WITH(algorithm, "\x30\x03\x06\x01\x2b");
	WITH(outer_algorithm, "\x30\x03\x06\x01\x2b");
	WITH(outer_algorithm, "\x30\x05\x06\x01\x2a\x05\x00");
	WITH(issuer, "\x31\x00");
	/* Nobody looks into an issuer, and yet it has to be sound. */
	WITH(issuer, "\x30\x02\x05\x01");
	WITH(subject, "\x31\x00");
	WITH(validity, "\x30\x0f\x17\x0d"
		       "200101000000Z");
	WITH(validity, "\x30\x2d\x17\x0d"
		       "200101000000Z"
		       "\x17\x0d"
		       "491231000000Z"
		       "\x17\x0d"
		       "491231000000Z");
	WITH(key, "\x31\x00");
	WITH(signature, "\x03\x02\x01x");
	WITH(signature, "");
	WITH(signature, "\x03\x02\x00x\x05\x00");
	WITH(unique, "\x83\x01x");
	WITH(unique, "\x82\x02\x00y\x81\x02\x00x");
}

static void
test_extensions(void **state)
{
	struct fields f = good();
	struct certificate c;
	struct span value;

	(void)state;
	f.extensions = BYTES("\x30\x08\x06\x01\x2a\x04\x03"
			     "abc"
			     "\x30\x0b\x06\x01\x2b\x01\x01\xff\x04\x03"
			     "def"
			     "\x30\x09\x06\x01\x2c\x01\x01\x00\x04\x01"
			     "g");
	assert_int_equal(certificate_parse(build(&f), &c), ERR_OK);
	assert_true(certificate_extension(&c, BYTES("\x2b"), &value));
	assert_true(span_equal_str(value, "def"));
	assert_true(certificate_extension(&c, BYTES("\x2c"), &value));
	assert_false(certificate_extension(&c, BYTES("\x2d"), &value));
	/* Only version 3 has extensions. */
	f.version = BYTES("\xa0\x03\x02\x01\x01");
	assert_int_equal(parse(&f), ERR_PARSE);
}

/* A name that matches does not help a subject that is none. */
static void
test_empty_set_in_a_subject(void **state)
{
	static const struct names_policy policy = {
		.dns = {"db.example.com"},
		.dns_count = 1,
	};
	struct fields f = good();
	struct error e;

	(void)state;
	f.extensions = BYTES("\x30\x19\x06\x03\x55\x1d\x11\x04\x12"
			     "\x30\x10\x82\x0e"
			     "db.example.com");
	error_clear(&e);
	assert_int_equal(names_check(build(&f), &policy, &e), ERR_OK);
	f.subject = BYTES("\x30\x02\x31\x00");
	assert_int_equal(names_check(build(&f), &policy, &e), ERR_CERT);
	assert_string_equal(e.detail, "certificate is malformed");
}

static void
test_broken_extensions(void **state)
{
	(void)state;
	/* One kind twice; no value; something behind the value; no list. */
	WITH(extensions, "\x30\x05\x06\x01\x2a\x04\x00"
			 "\x30\x05\x06\x01\x2a\x04\x00");
	WITH(extensions, "\x30\x03\x06\x01\x2a");
	WITH(extensions, "\x30\x07\x06\x01\x2a\x04\x00\x05\x00");
	WITH(extensions, "\x30\x08\x06\x01\x2a\x01\x01\x01\x04\x00");
	WITH(extensions, "\x31\x05\x06\x01\x2a\x04\x00");
	WITH(unique, "\xa3\x02\x30\x00");
	WITH(unique, "\xa3\x00");
	WITH(unique, "\xa3\x0b\x30\x07\x30\x05\x06\x01\x2a\x04\x00\x05\x00");
}

static void
test_too_many_extensions(void **state)
{
	uint8_t list[7 * (CERTIFICATE_EXTENSIONS_MAX + 1)];
	struct fields f = good();

	(void)state;
	for (size_t i = 0; i < sizeof(list) / 7; i++) {
		memcpy(list + 7 * i, "\x30\x05\x06\x01\x2a\x04\x00", 7);
		list[7 * i + 4] = (uint8_t)i;
	}
	f.extensions = span_of(list, sizeof(list) - 7);
	assert_int_equal(parse(&f), ERR_OK);
	f.extensions = span_of(list, sizeof(list));
	assert_int_equal(parse(&f), ERR_LIMIT);
}

static void
leaf(const struct fields *f, int alert)
{
	struct error e;

	error_clear(&e);
	if (alert == 0) {
		if (x509_check_leaf(build(f), &e) != ERR_OK)
			fail_msg("%s", e.detail);
		return;
	}
	assert_int_equal(x509_check_leaf(build(f), &e), ERR_CERT);
	assert_int_equal(e.alert, alert);
}

static void
leaf_with_key(struct span key, int alert)
{
	struct fields f = good();

	f.key = key;
	leaf(&f, alert);
}

static void
leaf_with(struct span extensions, int alert)
{
	struct fields f = good();

	f.extensions = extensions;
	leaf(&f, alert);
}

static void
test_rsa_keys(void **state)
{
	(void)state;
	leaf_with_key(rsa_spki(256, 0x80, 1, 3), 0);
	leaf_with_key(rsa_spki(512, 0xff, 1, 3), 0);
	leaf_with_key(rsa_spki(256, 0x7f, 1, 3), ALERT_UNSUPPORTED_CERTIFICATE);
	leaf_with_key(rsa_spki(255, 0xff, 1, 3), ALERT_UNSUPPORTED_CERTIFICATE);
	leaf_with_key(rsa_spki(513, 0x01, 1, 3), ALERT_UNSUPPORTED_CERTIFICATE);
	/* Even numbers, and an exponent that changes nothing. */
	leaf_with_key(rsa_spki(256, 0x80, 2, 3), ALERT_BAD_CERTIFICATE);
	leaf_with_key(rsa_spki(256, 0x80, 1, 4), ALERT_BAD_CERTIFICATE);
	leaf_with_key(rsa_spki(256, 0x80, 1, 1), ALERT_BAD_CERTIFICATE);
	leaf_with_key(rsa_spki(256, 0x80, 1, 0), ALERT_BAD_CERTIFICATE);
	/* The parameters are NULL, and the key is a SEQUENCE of two numbers. */
	leaf_with_key(BYTES("\x30\x12\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d"
			    "\x01\x01\x01\x03\x03\x00\x30\x00"),
		ALERT_BAD_CERTIFICATE);
}

/* Something follows the key, its bits, or its two numbers. */
static void
test_rsa_keys_with_a_third_number(void **state)
{
	static uint8_t key[2048];
	struct span good_key = rsa_spki(256, 0x80, 1, 3);
	/* Positions of the low length bytes: SPKI, BIT STRING, key. */
	static const size_t at[] = {3, 4 + 15 + 3, 4 + 15 + 4 + 1 + 3};
	static const size_t levels = sizeof(at) / sizeof(at[0]);

	(void)state;
	for (size_t depth = 1; depth <= levels; depth++) {
		memcpy(key, good_key.data, good_key.len);
		memcpy(key + good_key.len, "\x05\x00", 2);
		for (size_t i = 0; i < depth; i++)
			key[at[i]] = (uint8_t)(key[at[i]] + 2);
		leaf_with_key(
			span_of(key, good_key.len + 2), ALERT_BAD_CERTIFICATE);
	}
}

static void
test_rsa_parameters(void **state)
{
	static uint8_t key[2048];
	struct span good_key = rsa_spki(256, 0x80, 1, 3);

	(void)state;
	/* A BOOLEAN in place of NULL. */
	memcpy(key, good_key.data, good_key.len);
	key[4 + 2 + 11] = DER_BOOLEAN;
	leaf_with_key(span_of(key, good_key.len), ALERT_BAD_CERTIFICATE);
	/* And no OBJECT IDENTIFIER. */
	memcpy(key, good_key.data, good_key.len);
	key[4 + 2] = DER_OCTET_STRING;
	leaf_with_key(span_of(key, good_key.len), ALERT_BAD_CERTIFICATE);
}

static void
test_ec_keys(void **state)
{
	const struct span p256 = BYTES(EC_ALGORITHM P256);
	const struct span p384 = BYTES(EC_ALGORITHM "\x06\x05\x2b\x81\x04\x00"
						    "\x22");

	(void)state;
	leaf_with_key(ec_spki(p256, 4, 65), 0);
	leaf_with_key(ec_spki(p384, 4, 97), 0);
	leaf_with_key(ec_spki(p256, 4, 64), ALERT_BAD_CERTIFICATE);
	leaf_with_key(ec_spki(p256, 4, 97), ALERT_BAD_CERTIFICATE);
	leaf_with_key(ec_spki(p384, 4, 65), ALERT_BAD_CERTIFICATE);
	leaf_with_key(ec_spki(p256, 2, 65), ALERT_BAD_CERTIFICATE);
	leaf_with_key(
		ec_spki(BYTES(EC_ALGORITHM), 4, 65), ALERT_BAD_CERTIFICATE);
	leaf_with_key(ec_spki(BYTES(EC_ALGORITHM P256 "\x05\x00"), 4, 65),
		ALERT_BAD_CERTIFICATE);
	leaf_with_key(ec_spki(BYTES(EC_ALGORITHM "\x06\x01\x2a"), 4, 65),
		ALERT_UNSUPPORTED_CERTIFICATE);
}

static void
test_other_keys(void **state)
{
	(void)state;
	/* Ed25519, and something that is no SubjectPublicKeyInfo. */
	leaf_with_key(ec_spki(BYTES("\x06\x03\x2b\x65\x70"), 7, 32),
		ALERT_UNSUPPORTED_CERTIFICATE);
	leaf_with_key(BYTES("\x30\x00"), ALERT_BAD_CERTIFICATE);
	leaf_with_key(BYTES("\x30\x04\x30\x02\x05\x00"), ALERT_BAD_CERTIFICATE);
}

static void
test_key_usage(void **state)
{
	(void)state;
	leaf_with(BYTES("\x30\x0b" KEY_USAGE "\x04\x04\x03\x02\x07\x80"), 0);
	leaf_with(
		BYTES("\x30\x0c" KEY_USAGE "\x04\x05\x03\x03\x07\xff\x80"), 0);
	leaf_with(BYTES("\x30\x0b" KEY_USAGE "\x04\x04\x03\x02\x05\x20"),
		ALERT_UNSUPPORTED_CERTIFICATE);
	/* No bits at all; more spare bits than a byte has; not a BIT STRING. */
	leaf_with(BYTES("\x30\x0a" KEY_USAGE "\x04\x03\x03\x01\x00"),
		ALERT_BAD_CERTIFICATE);
	leaf_with(BYTES("\x30\x0b" KEY_USAGE "\x04\x04\x03\x02\x08\x80"),
		ALERT_BAD_CERTIFICATE);
	leaf_with(BYTES("\x30\x0b" KEY_USAGE "\x04\x04\x04\x02\x07\x80"),
		ALERT_BAD_CERTIFICATE);
	leaf_with(BYTES("\x30\x0d" KEY_USAGE "\x04\x06\x03\x02\x07\x80\x05"
			"\x00"),
		ALERT_BAD_CERTIFICATE);
}

/* A later extension that is good does not heal what was bad before. */
static void
test_first_fault_stays(void **state)
{
	struct fields f = good();

	(void)state;
	f.extensions = BYTES("\x30\x0b" KEY_USAGE "\x04\x04\x03\x02\x07\x80"
			     "\x30\x0f" EXTENDED_KEY_USAGE
			     "\x04\x08\x30\x06\x06\x04\x55\x1d\x25\x00");
	leaf(&f, 0);
	f.key = rsa_spki(255, 0xff, 1, 3);
	leaf(&f, ALERT_UNSUPPORTED_CERTIFICATE);
}

static void
test_extended_key_usage(void **state)
{
	(void)state;
	leaf_with(BYTES("\x30\x13" EXTENDED_KEY_USAGE "\x04\x0c\x30\x0a\x06"
			"\x08\x2b\x06\x01\x05\x05\x07\x03\x01"),
		0);
	leaf_with(BYTES("\x30\x13" EXTENDED_KEY_USAGE "\x04\x0c\x30\x0a\x06"
			"\x08\x2b\x06\x01\x05\x05\x07\x03\x02"),
		ALERT_UNSUPPORTED_CERTIFICATE);
	leaf_with(BYTES("\x30\x0f" EXTENDED_KEY_USAGE "\x04\x08\x30\x06\x06"
			"\x04\x55\x1d\x25\x00"),
		0);
	/* An empty list; another type in it; something behind it. */
	leaf_with(BYTES("\x30\x09" EXTENDED_KEY_USAGE "\x04\x02\x30\x00"),
		ALERT_BAD_CERTIFICATE);
	leaf_with(BYTES("\x30\x11" EXTENDED_KEY_USAGE "\x04\x0a\x30\x08\x06"
			"\x04\x55\x1d\x25\x00\x05\x00"),
		ALERT_BAD_CERTIFICATE);
	leaf_with(BYTES("\x30\x11" EXTENDED_KEY_USAGE "\x04\x0a\x30\x06\x06"
			"\x04\x55\x1d\x25\x00\x05\x00"),
		ALERT_BAD_CERTIFICATE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_one_field_wrong),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_empty_set_in_a_subject),
		cmocka_unit_test(test_broken_extensions),
		cmocka_unit_test(test_too_many_extensions),
		cmocka_unit_test(test_rsa_keys),
		cmocka_unit_test(test_rsa_keys_with_a_third_number),
		cmocka_unit_test(test_rsa_parameters),
		cmocka_unit_test(test_ec_keys),
		cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_key_usage),
		cmocka_unit_test(test_extended_key_usage),
		cmocka_unit_test(test_first_fault_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
