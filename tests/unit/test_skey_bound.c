/*
 * The repaired bound of BearSSL's private-key decoder (vendor/README.md).
 *
 * The context is a heap block of its own, so that AddressSanitizer sees a write
 * behind the last field of it, which is the array in question.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <bearssl.h>
#include <cmocka.h>

/* PKCS#1 RSAPrivateKey: version, n, e, d, then p, q, dp, dq, iq. */
#define CRT_PARTS  5
#define KEY_HEADER 4
#define INT_HEADER 4
#define KEY_MAX    2048

struct key {
	uint8_t der[KEY_MAX];
	size_t len;
};

/* Appends INTEGER of len bytes, the long form of the length even if short. */
static void
put_integer(struct key *k, size_t len)
{
	assert_true(k->len + INT_HEADER + len <= sizeof(k->der));
	k->der[k->len++] = 0x02;
	k->der[k->len++] = 0x82;
	k->der[k->len++] = (uint8_t)(len >> 8);
	k->der[k->len++] = (uint8_t)(len & 0xff);
	memset(k->der + k->len, 0x55, len);
	k->len += len;
}

/* A key whose five CRT parts are total bytes together. */
static void
make_key(struct key *k, size_t total)
{
	size_t i, body;

	k->len = KEY_HEADER;
	memcpy(k->der + k->len, "\x02\x01\x00", 3);
	k->len += 3;
	put_integer(k, 256);
	memcpy(k->der + k->len, "\x02\x03\x01\x00\x01", 5);
	k->len += 5;
	put_integer(k, 8);
	for (i = 0; i < CRT_PARTS; i++)
		put_integer(k, total / CRT_PARTS + (i < total % CRT_PARTS));
	body = k->len - KEY_HEADER;
	k->der[0] = 0x30;
	k->der[1] = 0x82;
	k->der[2] = (uint8_t)(body >> 8);
	k->der[3] = (uint8_t)(body & 0xff);
}

/* BearSSL's error, 0 when the key was accepted. */
static int
decode(size_t total)
{
	br_skey_decoder_context *c = malloc(sizeof(*c));
	struct key k;
	int error;

	assert_non_null(c);
	make_key(&k, total);
	br_skey_decoder_init(c);
	br_skey_decoder_push(c, k.der, k.len);
	error = br_skey_decoder_last_error(c);
	free(c);
	return error;
}

/* The array is exactly full: this much any version takes. */
static void
test_largest_key_is_decoded(void **state)
{
	(void)state;
	assert_int_equal(decode((size_t)3 * BR_X509_BUFSIZE_SIG), 0);
}

static void
test_larger_key_is_refused(void **state)
{
	size_t total;

	(void)state;
	for (total = 3 * BR_X509_BUFSIZE_SIG + 1;
		total <= 3 * BR_X509_BUFSIZE_KEY + 1; total++)
		assert_int_not_equal(decode(total), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_largest_key_is_decoded),
		cmocka_unit_test(test_larger_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
