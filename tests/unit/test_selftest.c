/*
 * test_selftest.c - the self-test finds nothing here, and finds each primitive
 * that is made wrong: the code that BearSSL gives for this processor, and
 * X25519 with its scalars the other way round.
 */
#include "tls/selftest.h"

#include <bearssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum flaw {
	NO_FLAW,
	GHASH,
	AES,
	CHACHA20,
	POLY1305,
	BYTE_ORDER
};

static enum flaw flaw;

/* The following stand ahead of BearSSL's own, and go wrong when asked to. */

static void
ghash(void *y, const void *h, const void *data, size_t len)
{
	br_ghash_ctmul64(y, h, data, len);
	/* As code for many blocks at a time might: the first of a few. */
	if (flaw == GHASH && len >= 128)
		((uint8_t *)y)[3] ^= 1;
}

br_ghash
br_ghash_pclmul_get(void)
{
	return ghash;
}

static void
aes_init(const br_block_ctr_class **keys, const void *key, size_t len)
{
	br_aes_ct64_ctr_init((br_aes_ct64_ctr_keys *)(void *)keys, key, len);
	*keys = br_aes_x86ni_ctr_get_vtable();
}

static uint32_t
aes_run(const br_block_ctr_class *const *keys, const void *iv, uint32_t counter,
	void *data, size_t len)
{
	/* A counter that is not carried over to the fifth block. */
	if (flaw == AES && len > 64) {
		(void)br_aes_ct64_ctr_run(
			(const br_aes_ct64_ctr_keys *)(const void *)keys, iv,
			counter, (uint8_t *)data + 64, len - 64);
		len = 64;
	}
	return br_aes_ct64_ctr_run(
		(const br_aes_ct64_ctr_keys *)(const void *)keys, iv, counter,
		data, len);
}

const br_block_ctr_class *
br_aes_x86ni_ctr_get_vtable(void)
{
	static const br_block_ctr_class class = {
		.context_size = sizeof(br_aes_ct64_ctr_keys),
		.block_size = 16,
		.log_block_size = 4,
		.init = aes_init,
		.run = aes_run,
	};

	return &class;
}

static uint32_t
chacha20(const void *key, const void *iv, uint32_t counter, void *data,
	size_t len)
{
	if (flaw == CHACHA20 && len > 256)
		((uint8_t *)data)[256] ^= 0x80;
	return br_chacha20_ct_run(key, iv, counter, data, len);
}

br_chacha20_run
br_chacha20_sse2_get(void)
{
	return chacha20;
}

/* A tag that is always the same opens what it has sealed. */
static void
poly1305(const void *key, const void *iv, void *data, size_t len,
	const void *aad, size_t aad_len, void *tag, br_chacha20_run run,
	int encrypt)
{
	br_poly1305_ctmul_run(
		key, iv, data, len, aad, aad_len, tag, run, encrypt);
	if (flaw == POLY1305)
		memset(tag, 0, 16);
}

br_poly1305_run
br_poly1305_ctmulq_get(void)
{
	return poly1305;
}

static const unsigned char *
order(int curve, size_t *len)
{
	return br_ec_c25519_i31.order(curve, len);
}

static uint32_t
mul(unsigned char *point, size_t point_len, const unsigned char *scalar,
	size_t len, int curve)
{
	unsigned char turned[32];

	assert_int_equal(len, sizeof(turned));
	for (size_t i = 0; i < len; i++)
		turned[i] = scalar[flaw == BYTE_ORDER ? len - 1 - i : i];
	return br_ec_c25519_i31.mul(point, point_len, turned, len, curve);
}

const br_ec_impl br_ec_c25519_m31 = {
	.supported_curves = (uint32_t)1 << BR_EC_curve25519,
	.order = order,
	.mul = mul,
};

static void
nothing_is_broken(void **state)
{
	struct error e;

	(void)state;
	flaw = NO_FLAW;
	error_clear(&e);
	assert_int_equal(selftest_run(&e), ERR_OK);
	assert_int_equal(e.code, ERR_OK);
}

static void
found(enum flaw what, const char *name)
{
	struct error e;

	flaw = what;
	error_clear(&e);
	assert_int_equal(selftest_run(&e), ERR_INTERNAL);
	assert_int_equal(e.code, ERR_INTERNAL);
	assert_non_null(strstr(e.detail, "self-test failed"));
	assert_non_null(strstr(e.detail, name));
}

static void
each_flaw_is_found(void **state)
{
	(void)state;
	found(GHASH, "AES-128-GCM");
	found(AES, "AES-128-GCM");
	found(CHACHA20, "ChaCha20-Poly1305");
	found(POLY1305, "ChaCha20-Poly1305");
	found(BYTE_ORDER, "X25519");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_broken),
		cmocka_unit_test(each_flaw_is_found),
	};

	return cmocka_run_group_tests_name("selftest", tests, NULL, NULL);
}
