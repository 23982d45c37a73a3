/*
 * test_keypair.c - keys are made, written and read back; hostile encodings end
 * in ERR_KEY and in no write outside of the key.
 */
#include "tls/keypair.h"

#include "base/mem.h"
#include "guard.h"
#include "pemvec.h"
#include "wire/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NUMBERS 9 /* of RSAPrivateKey */

static bool
is_wiped(const struct keypair *k)
{
	static struct keypair zero;

	memset(&zero, 0, sizeof(zero));
	return memcmp(&zero, k, sizeof(zero)) == 0;
}

/* x^(d e) = x: the private half undoes the public one. */
static void
works(struct keypair *k)
{
	unsigned char e[4] = {(unsigned char)(k->exponent >> 24),
		(unsigned char)(k->exponent >> 16),
		(unsigned char)(k->exponent >> 8), (unsigned char)k->exponent};
	br_rsa_public_key pk = {
		.n = k->modulus, .nlen = k->modulus_len, .e = e, .elen = 4};
	unsigned char x[512];
	unsigned char y[512];

	memset(x, 7, sizeof(x));
	x[0] = 0;
	memcpy(y, x, sizeof(y));
	assert_int_equal(br_rsa_private_get_default()(x, &k->rsa), 1);
	assert_memory_not_equal(x, y, k->modulus_len);
	assert_int_equal(
		br_rsa_public_get_default()(x, k->modulus_len, &pk), 1);
	assert_memory_equal(x, y, k->modulus_len);
}

static void
test_generate(void **state)
{
	static struct keypair k;
	static struct keypair other;
	static struct keypair back;
	uint8_t der[PRIVATE_KEY_DER_MAX];
	struct writer w = writer_over(der, sizeof(der));

	(void)state;
	assert_int_equal(keypair_generate(&k), ERR_OK);
	assert_int_equal(k.rsa.n_bitlen, 2048);
	assert_int_equal(k.modulus_len, 256);
	assert_true(k.modulus[0] >= 0x80);
	assert_int_equal(k.exponent, 65537);
	works(&k);
	keypair_private_der(&k, &w);
	assert_true(writer_ok(&w));
	assert_int_equal(keypair_from_der(&back, writer_span(&w)), ERR_OK);
	assert_memory_equal(back.modulus, k.modulus, 256);
	works(&back);
	assert_int_equal(keypair_generate(&other), ERR_OK);
	assert_memory_not_equal(other.modulus, k.modulus, 256);
}

static void
reads(const char *name, size_t modulus_len, uint32_t bits)
{
	struct span der = pemvec_key(name);
	uint8_t *copy = guarded_copy(der.data, der.len);
	static struct keypair k;

	assert_int_equal(keypair_from_der(&k, span_of(copy, der.len)), ERR_OK);
	guarded_free(copy, der.len);
	assert_int_equal(k.modulus_len, modulus_len);
	assert_int_equal(k.rsa.n_bitlen, bits);
	works(&k);
}

static void
test_read(void **state)
{
	(void)state;
	reads("rsa2048", 256, 2048);
	reads("rsa2048_pkcs8", 256, 2048);
	reads("rsa2048_1mod4", 256, 2048);
	reads("rsa2048_e3", 256, 2048);
	reads("rsa2049", 257, 2049);
	reads("rsa2050", 257, 2050);
	reads("rsa4096", 512, 4096);
}

static void
refuses(struct span der)
{
	uint8_t *copy = guarded_copy(der.data, der.len);
	static struct keypair k;

	memset(&k, 0xee, sizeof(k));
	assert_int_equal(keypair_from_der(&k, span_of(copy, der.len)), ERR_KEY);
	assert_true(is_wiped(&k));
	guarded_free(copy, der.len);
}

static void
test_refused_kinds(void **state)
{
	(void)state;
	refuses(pemvec_key("rsa1024"));
	refuses(pemvec_key("rsa2047"));
	refuses(pemvec_key("p256"));
	refuses(pemvec_key("p256_pkcs8"));
	refuses(pemvec_key("ed25519"));
	refuses(pemvec_key("rsa2048_small_p"));
	refuses(pemvec_key("rsa2048_small_q"));
	refuses(pemvec_cert("ca"));
	refuses(span_of(NULL, 0));
}

static void
test_truncated(void **state)
{
	struct span der = pemvec_key("rsa2048");
	struct span pkcs8 = pemvec_key("rsa2048_pkcs8");

	(void)state;
	for (size_t len = 0; len < der.len; len++)
		refuses(span_of(der.data, len));
	for (size_t len = 0; len < pkcs8.len; len++)
		refuses(span_of(pkcs8.data, len));
}

/* The nine numbers of a good key, for tampering. */
static void
split(const char *name, struct span *number)
{
	struct reader outer = reader_over(pemvec_key(name));
	struct reader in = der_open(&outer, DER_SEQUENCE);

	for (size_t i = 0; i < NUMBERS; i++)
		number[i] = der_read_unsigned(&in);
	assert_true(reader_done(&in));
}

static struct span
join(const struct span *number, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);
	size_t len = 0;

	for (size_t i = 0; i < NUMBERS; i++)
		len += der_unsigned_len(number[i]);
	der_write_header(&w, DER_SEQUENCE, len);
	for (size_t i = 0; i < NUMBERS; i++)
		der_write_unsigned(&w, number[i]);
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

static void
test_split_and_join_are_exact(void **state)
{
	struct span number[NUMBERS];
	static uint8_t buf[4096];
	struct span der = pemvec_key("rsa2048");

	(void)state;
	split("rsa2048", number);
	assert_true(span_equal(join(number, buf, sizeof(buf)), der));
}

/*
 * The shape that makes BearSSL 0.6's decoder write past its buffer: each part
 * is allowed by itself, together they are 1556 bytes.
 */
static void
test_overlong_crt_parts(void **state)
{
	static uint8_t long_part[512];
	struct span number[NUMBERS];
	static uint8_t buf[8192];

	(void)state;
	memset(long_part, 0xff, sizeof(long_part));
	split("rsa4096_pkcs1", number);
	number[4] = span_of(long_part, 311);
	number[5] = span_of(long_part, 311);
	for (size_t i = 6; i < NUMBERS; i++)
		number[i] = span_of(long_part, i < 8 ? 311 : 312);
	refuses(join(number, buf, sizeof(buf)));
	/* Primes of a length that fits, the rest as long as can be. */
	split("rsa4096_pkcs1", number);
	for (size_t i = 6; i < NUMBERS; i++) {
		number[i] = span_of(long_part, 512);
		refuses(join(number, buf, sizeof(buf)));
	}
	/* Unbalanced primes: the sum of lengths is right, the parts too big. */
	split("rsa4096_pkcs1", number);
	number[4] = span_of(long_part, 384);
	number[5] = span_of(long_part, 128);
	number[6] = span_of(long_part, 384);
	number[7] = span_of(long_part, 128);
	number[8] = span_of(long_part, 384);
	refuses(join(number, buf, sizeof(buf)));
}

/* Longer than RSA-4096, with parts so short that the whole key fits. */
static void
test_modulus_too_long(void **state)
{
	static uint8_t long_part[1200];
	static uint8_t buf[4096];
	struct span number[NUMBERS];

	(void)state;
	memset(long_part, 0xff, sizeof(long_part));
	split("rsa4096_pkcs1", number);
	number[1] = span_of(long_part, 513);
	number[4] = span_of(long_part, 257);
	for (size_t i = 6; i < NUMBERS; i++)
		number[i] = span_of(long_part, 10);
	refuses(join(number, buf, sizeof(buf)));
	number[1] = span_of(long_part, 1200);
	number[4] = span_of(long_part, 600);
	number[5] = span_of(long_part, 600);
	refuses(join(number, buf, sizeof(buf)));
	/* d is not used, but it is kept. */
	split("rsa2048", number);
	number[3] = span_of(long_part, 257);
	refuses(join(number, buf, sizeof(buf)));
	number[3] = span_of(long_part, sizeof(long_part));
	refuses(join(number, buf, sizeof(buf)));
}

/* x to the power of 1 is x: halves that agree, and no secret. */
static void
test_exponent_of_one(void **state)
{
	static const uint8_t one[] = {1};
	static uint8_t buf[4096];
	struct span number[NUMBERS];

	(void)state;
	split("rsa2048", number);
	number[2] = span_of(one, 1);
	number[6] = span_of(one, 1);
	number[7] = span_of(one, 1);
	refuses(join(number, buf, sizeof(buf)));
}

/* A tenth number: a key of more than two primes, or rubbish. */
static void
test_more_numbers(void **state)
{
	static uint8_t buf[4096];
	struct span der = pemvec_key("rsa2048");
	size_t len = der.len + 3;

	(void)state;
	memcpy(buf, der.data, der.len);
	assert_int_equal(buf[1], 0x82);
	buf[2] = (uint8_t)((len - 4) >> 8);
	buf[3] = (uint8_t)(len - 4);
	memcpy(buf + der.len, "\x02\x01\x01", 3);
	refuses(span_of(buf, len));
}

/* Any number exchanged for another makes the halves disagree. */
static void
test_tampered_numbers(void **state)
{
	struct span good[NUMBERS];
	static uint8_t buf[4096];

	(void)state;
	split("rsa2048", good);
	for (size_t i = 0; i < NUMBERS; i++) {
		struct span number[NUMBERS];
		uint8_t changed[512];

		if (i == 3)
			continue; /* d: not used, and not looked at */
		memcpy(number, good, sizeof(number));
		memcpy(changed, good[i].data, good[i].len);
		changed[good[i].len - 1] ^= 2;
		number[i] = span_of(changed, good[i].len);
		refuses(join(number, buf, sizeof(buf)));
		number[i] = span_of(changed, 0); /* zero */
		if (i > 0)
			refuses(join(number, buf, sizeof(buf)));
	}
}

static void
test_trailing_bytes(void **state)
{
	static uint8_t buf[2048];
	struct span der = pemvec_key("rsa2048");

	(void)state;
	memcpy(buf, der.data, der.len);
	buf[der.len] = 0;
	refuses(span_of(buf, der.len + 1));
}

/* PrivateKeyInfo: attributes may follow, and nothing else. */
static void
test_pkcs8_attributes(void **state)
{
	static uint8_t buf[2048];
	static struct keypair k;
	struct span der = pemvec_key("rsa2048_pkcs8");
	size_t len = der.len + 2;

	(void)state;
	memcpy(buf, der.data, der.len);
	assert_int_equal(buf[1], 0x82);
	buf[2] = (uint8_t)((len - 4) >> 8);
	buf[3] = (uint8_t)(len - 4);
	memcpy(buf + der.len, "\xa0\x00", 2);
	assert_int_equal(keypair_from_der(&k, span_of(buf, len)), ERR_OK);
	memcpy(buf + der.len, "\xa1\x00", 2);
	refuses(span_of(buf, len));
	/* Not even behind the whole. */
	memcpy(buf, der.data, der.len);
	buf[der.len] = 0;
	refuses(span_of(buf, der.len + 1));
	/* Of version 0 and of the algorithm rsaEncryption only. */
	assert_int_equal(buf[6], 0);
	buf[6] = 1;
	refuses(span_of(buf, der.len));
	buf[6] = 0;
	buf[19]++;
	refuses(span_of(buf, der.len));
	buf[19]--;
	assert_int_equal(keypair_from_der(&k, span_of(buf, der.len)), ERR_OK);
}

static void
test_private_der(void **state)
{
	struct span der = pemvec_key("rsa2048_1mod4");
	static struct keypair k;
	static uint8_t buf[2048];
	struct writer w = writer_over(buf, sizeof(buf));

	(void)state;
	assert_int_equal(keypair_from_der(&k, der), ERR_OK);
	keypair_private_der(&k, &w);
	assert_true(writer_ok(&w));
	assert_true(span_equal(writer_span(&w), der));
	w = writer_over(buf, der.len - 1);
	keypair_private_der(&k, &w);
	assert_false(writer_ok(&w));
}

static void
test_public_der(void **state)
{
	/* What the API and OpenSSL take for an RSA-2048 key. */
	static const uint8_t head[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06,
		0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
		0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01,
		0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
	static const uint8_t tail[] = {0x02, 0x03, 0x01, 0x00, 0x01};
	static struct keypair k;
	uint8_t buf[PUBLIC_KEY_DER_MAX];
	struct writer w = writer_over(buf, sizeof(buf));

	(void)state;
	assert_int_equal(keypair_from_der(&k, pemvec_key("rsa2048")), ERR_OK);
	keypair_public_der(&k, &w);
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, 294);
	assert_memory_equal(buf, head, sizeof(head));
	assert_memory_equal(buf + sizeof(head), k.modulus, 256);
	assert_memory_equal(buf + 294 - sizeof(tail), tail, sizeof(tail));
}

static void
test_copy_and_clear(void **state)
{
	static struct keypair k;
	static struct keypair copy;

	(void)state;
	assert_int_equal(keypair_from_der(&k, pemvec_key("rsa2048")), ERR_OK);
	keypair_copy(&copy, &k);
	keypair_clear(&k);
	assert_true(is_wiped(&k));
	works(&copy);
	assert_ptr_equal(copy.rsa.p, copy.storage);
	keypair_copy(&copy, &k);
	assert_true(is_wiped(&copy));
}

/* The P-256 key of RFC 6979 A.2.5, with its public half. */
#define EC_SCALAR                                                              \
	"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define EC_POINT                                                               \
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"   \
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define EC_OTHER                                                               \
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"   \
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462298"
#define EC_OID "06082a8648ce3d030107"
#define EC_ORDER                                                               \
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define EC_ZERO                                                                \
	"0000000000000000000000000000000000000000000000000000000000000000"

static enum err
read_ec(struct keypair *k, const char *der)
{
	static uint8_t bytes[256];

	return keypair_ec_from_der(k, pemvec_hex(bytes, sizeof(bytes), der));
}

static void
test_ec_keys(void **state)
{
	static const char *const good[] = {
		"3031020101"
		"0420" EC_SCALAR "a00a" EC_OID,
		"3077020101"
		"0420" EC_SCALAR "a00a" EC_OID "a144"
		"034200" EC_POINT,
		/* PrivateKeyInfo, the curve told once or twice */
		"3041020100"
		"301306072a8648ce3d0201" EC_OID "0427"
		"3025020101"
		"0420" EC_SCALAR,
		"304d020100"
		"301306072a8648ce3d0201" EC_OID "0433"
		"3031020101"
		"0420" EC_SCALAR "a00a" EC_OID,
	};
	static const char *const bad[] = {
		"",
		"30",
		"3000",
		"3025020101"
		"0420" EC_SCALAR, /* no curve */
		"3031020100"
		"0420" EC_SCALAR "a00a" EC_OID, /* version */
		"3031020101"
		"0420" EC_ORDER "a00a" EC_OID,
		"3031020101"
		"0420" EC_ZERO "a00a" EC_OID,
		"3077020101"
		"0420" EC_SCALAR "a00a" EC_OID "a144"
		"034200" EC_OTHER, /* another point */
		"302e020101"
		"0420" EC_SCALAR "a007"
		"06052b81040022",
		"3031020101"
		"0420" EC_SCALAR "a00a" EC_OID "00",
		"3030020101"
		"041f" EC_SCALAR "a00a" EC_OID,
		/* the curve told twice, not the same */
		"304a020100"
		"301306072a8648ce3d0201" EC_OID "0430"
		"302e020101"
		"0420" EC_SCALAR "a00706052b81040022",
		/* rsaEncryption */
		"3042020100"
		"301406082a864886f70d0101" EC_OID "0427"
		"3025020101"
		"0420" EC_SCALAR,
	};
	static struct keypair k;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(read_ec(&k, good[i]), ERR_OK);
		assert_int_equal(k.curve, BR_EC_secp256r1);
		assert_int_equal(k.scalar_len, 32);
		assert_int_equal(k.scalar[0], 0xc9);
		assert_int_equal(k.modulus_len, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_ec(&k, bad[i]), ERR_KEY);
		assert_true(is_wiped(&k));
	}
}

static void
test_no_key_writes_nothing(void **state)
{
	static struct keypair k;
	uint8_t buf[64];
	struct writer w = writer_over(buf, sizeof(buf));

	(void)state;
	memset(&k, 0, sizeof(k));
	keypair_private_der(&k, &w);
	assert_false(writer_ok(&w));
	w = writer_over(buf, sizeof(buf));
	keypair_public_der(&k, &w);
	assert_false(writer_ok(&w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generate),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused_kinds),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_split_and_join_are_exact),
		cmocka_unit_test(test_overlong_crt_parts),
		cmocka_unit_test(test_modulus_too_long),
		cmocka_unit_test(test_exponent_of_one),
		cmocka_unit_test(test_more_numbers),
		cmocka_unit_test(test_tampered_numbers),
		cmocka_unit_test(test_trailing_bytes),
		cmocka_unit_test(test_pkcs8_attributes),
		cmocka_unit_test(test_private_der),
		cmocka_unit_test(test_public_der),
		cmocka_unit_test(test_copy_and_clear),
		cmocka_unit_test(test_ec_keys),
		cmocka_unit_test(test_no_key_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
