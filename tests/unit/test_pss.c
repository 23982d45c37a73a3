/*
 * test_pss.c - RSA-PSS against the vectors of project Wycheproof, and our
 * signatures against our verification, with keys of every awkward length.
 */
#include "tls/pss.h"

#include "pemvec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct pss_key {
	const char *name;
	unsigned hash_bits;
	const char *modulus;
};

struct pss_case {
	unsigned key;
	unsigned id;
	int valid;
	const char *message;
	const char *signature;
};

#include "vectors/wycheproof_pss.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static size_t
digest_of(unsigned hash_bits, struct span message, uint8_t *out)
{
	const br_hash_class *hash = hash_bits == 256   ? &br_sha256_vtable
				    : hash_bits == 384 ? &br_sha384_vtable
						       : &br_sha512_vtable;
	br_hash_compat_context c;

	hash->init(&c.vtable);
	hash->update(&c.vtable, message.data, message.len);
	hash->out(&c.vtable, out);
	return hash_bits / 8;
}

static unsigned char e65537[] = {1, 0, 1};

static void
test_wycheproof(void **state)
{
	(void)state;
	assert_true(COUNT(pss_cases) > 100);
	for (size_t i = 0; i < COUNT(pss_cases); i++) {
		const struct pss_case *t = &pss_cases[i];
		const struct pss_key *k = &pss_keys[t->key];
		uint8_t n[600];
		uint8_t message[600];
		uint8_t sig[600];
		uint8_t digest[64];
		struct span modulus = pemvec_hex(n, sizeof(n), k->modulus);
		struct span s = pemvec_hex(sig, sizeof(sig), t->signature);
		br_rsa_public_key pk = {.n = n,
			.nlen = modulus.len,
			.e = e65537,
			.elen = sizeof(e65537)};
		size_t len = digest_of(k->hash_bits,
			pemvec_hex(message, sizeof(message), t->message),
			digest);
		enum err e =
			pss_verify(&pk, k->hash_bits, span_of(digest, len), s);

		if ((e == ERR_OK) != (t->valid != 0))
			fail_msg("%s tcId %u: %s", k->name, t->id,
				error_text(e));
		if (e != ERR_OK)
			assert_int_equal(e, ERR_TLS);
	}
}

static void
public_of(struct keypair *k, br_rsa_public_key *pk, unsigned char *exponent)
{
	for (size_t i = 0; i < 4; i++)
		exponent[i] = (unsigned char)(k->exponent >> (24 - 8 * i));
	pk->n = k->modulus;
	pk->nlen = k->modulus_len;
	pk->e = exponent;
	pk->elen = 4;
}

/* Sign, verify, and see that each bit of signature and digest counts. */
static void
round_trip(const char *name, unsigned hash_bits)
{
	struct keypair k;
	br_rsa_public_key pk;
	unsigned char exponent[4];
	uint8_t digest[64] = {0};
	uint8_t sig[PSS_SIGNATURE_MAX];
	uint8_t again[PSS_SIGNATURE_MAX];
	size_t len = 0;
	size_t again_len = 0;
	struct span d = span_of(digest, hash_bits / 8);

	assert_int_equal(keypair_from_der(&k, pemvec_key(name)), ERR_OK);
	public_of(&k, &pk, exponent);
	memset(digest, 0xa5, sizeof(digest));
	assert_int_equal(pss_sign(&k, hash_bits, d, sig, &len), ERR_OK);
	assert_int_equal(len, k.modulus_len);
	assert_int_equal(
		pss_verify(&pk, hash_bits, d, span_of(sig, len)), ERR_OK);
	assert_int_equal(
		pss_verify(&pk, hash_bits, d, span_of(sig, len - 1)), ERR_TLS);
	for (size_t bit = 0; bit < len * 8; bit += 61) {
		sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(
			pss_verify(&pk, hash_bits, d, span_of(sig, len)),
			ERR_TLS);
		sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	/* The salt is fresh: the same digest signs differently. */
	assert_int_equal(pss_sign(&k, hash_bits, d, again, &again_len), ERR_OK);
	assert_memory_not_equal(sig, again, len);
	digest[0] ^= 1;
	assert_int_equal(
		pss_verify(&pk, hash_bits, d, span_of(sig, len)), ERR_TLS);
	keypair_clear(&k);
}

static void
test_round_trips(void **state)
{
	(void)state;
	round_trip("rsa2048", 256);
	round_trip("rsa2048", 384);
	round_trip("rsa2048", 512);
	round_trip("rsa2048_e3", 256);
	round_trip("rsa2049", 256);
	round_trip("rsa2049", 512);
	round_trip("rsa2050", 384);
	round_trip("rsa4096", 256);
}

/* Two who are wrong in the same way agree: so by another hand, too. */
static void
test_modulus_of_8n_plus_1_bits(void **state)
{
	static struct keypair k;
	static const uint8_t digest[32];
	br_rsa_public_key pk;
	unsigned char exponent[4];
	uint8_t sig[PSS_SIGNATURE_MAX];
	struct span theirs = pemvec_hex(sig, sizeof(sig), pemvec_rsa2049_pss());

	(void)state;
	assert_int_equal(keypair_from_der(&k, pemvec_key("rsa2049")), ERR_OK);
	public_of(&k, &pk, exponent);
	assert_int_equal(theirs.len, 257);
	assert_int_equal(
		pss_verify(&pk, 256, span_of(digest, 32), theirs), ERR_OK);
}

/* There, the byte above the encoding has to be zero. */
static void
test_byte_above_the_encoding(void **state)
{
	static struct keypair k;
	static const uint8_t digest[32];
	br_rsa_public_key pk;
	unsigned char exponent[4];
	uint8_t sig[PSS_SIGNATURE_MAX];
	size_t len;
	uint32_t signed_it = 0;

	(void)state;
	assert_int_equal(keypair_from_der(&k, pemvec_key("rsa2049")), ERR_OK);
	public_of(&k, &pk, exponent);
	/* Until the changed encoding is below the modulus by chance. */
	for (int i = 0; i < 200 && signed_it == 0; i++) {
		assert_int_equal(
			pss_sign(&k, 256, span_of(digest, 32), sig, &len),
			ERR_OK);
		assert_int_equal(br_rsa_public_get_default()(sig, len, &pk), 1);
		assert_int_equal(sig[0], 0);
		sig[0] = 1;
		signed_it = br_rsa_private_get_default()(sig, &k.rsa);
	}
	assert_int_equal(signed_it, 1);
	assert_int_equal(
		pss_verify(&pk, 256, span_of(digest, 32), span_of(sig, len)),
		ERR_TLS);
}

static void
test_misuse(void **state)
{
	struct keypair k;
	br_rsa_public_key pk;
	unsigned char exponent[4];
	unsigned char long_modulus[PSS_SIGNATURE_MAX + 1];
	uint8_t digest[64] = {0};
	uint8_t sig[PSS_SIGNATURE_MAX + 1] = {0};
	size_t len;

	(void)state;
	assert_int_equal(keypair_from_der(&k, pemvec_key("rsa2048")), ERR_OK);
	public_of(&k, &pk, exponent);
	assert_int_equal(
		pss_sign(&k, 224, span_of(digest, 28), sig, &len), ERR_KEY);
	assert_int_equal(
		pss_sign(&k, 256, span_of(digest, 48), sig, &len), ERR_KEY);
	assert_int_equal(
		pss_verify(&pk, 256, span_of(digest, 31), span_of(sig, 256)),
		ERR_KEY);
	/* A modulus with no room for hash and salt. */
	pk.nlen = 129;
	assert_int_equal(
		pss_verify(&pk, 512, span_of(digest, 64), span_of(sig, 129)),
		ERR_KEY);
	pk.nlen = 0;
	assert_int_equal(
		pss_verify(&pk, 256, span_of(digest, 32), span_of(sig, 0)),
		ERR_KEY);
	memset(long_modulus, 0xff, sizeof(long_modulus));
	pk.n = long_modulus;
	pk.nlen = sizeof(long_modulus);
	assert_int_equal(pss_verify(&pk, 256, span_of(digest, 32),
				 span_of(sig, sizeof(sig))),
		ERR_KEY);
	keypair_clear(&k);
	assert_int_equal(
		pss_sign(&k, 256, span_of(digest, 32), sig, &len), ERR_KEY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wycheproof),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_modulus_of_8n_plus_1_bits),
		cmocka_unit_test(test_byte_above_the_encoding),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
