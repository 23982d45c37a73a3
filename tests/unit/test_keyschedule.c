/*
 * test_keyschedule.c - every secret of RFC 8448's simple handshake, from its
 * messages and private keys, byte for byte; key shares and their known
 * answers; CertificateVerify of the same trace.
 */
#include "tls/keyschedule.h"

#include "tls/keyshare.h"
#include "tls/signature.h"
#include "tls/transcript.h"

#include "pemvec.h"
#include "vectors/rfc8448.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HASH_LEN 32

static uint8_t scratch[2048];

static struct span
hex(const char *text)
{
	return pemvec_hex(scratch, sizeof(scratch), text);
}

static void
assert_hex(const uint8_t *data, const char *text)
{
	struct span want = hex(text);

	assert_memory_equal(data, want.data, want.len);
}

/* The trace, followed from the first secret to the last. */
struct trace {
	struct transcript transcript;
	struct keyschedule schedule;
	uint8_t out[SUITE_HASH_MAX];
};

static void
say(struct trace *t, const char *message)
{
	transcript_append(&t->transcript, hex(message));
}

static void
derive(struct trace *t, const char *label, const char *want)
{
	uint8_t hash[SUITE_HASH_MAX];

	keyschedule_derive(&t->schedule, label,
		transcript_hash(&t->transcript, hash), t->out);
	assert_hex(t->out, want);
}

static void
begin(struct trace *t)
{
	transcript_begin(&t->transcript);
	say(t, RFC8448_CLIENT_HELLO);
	transcript_choose(&t->transcript, suite_find(0x1301));
	keyschedule_begin(&t->schedule, &br_sha256_vtable, span_of(NULL, 0));
	assert_int_equal(t->schedule.hash_len, HASH_LEN);
}

/* Up to the server's Finished, which is in the transcript. */
static void
advance(struct trace *t)
{
	begin(t);
	keyschedule_mix(&t->schedule, hex(RFC8448_SHARED));
	say(t, RFC8448_SERVER_HELLO);
	keyschedule_mix(&t->schedule, span_of(NULL, 0));
	say(t, RFC8448_ENCRYPTED_EXTENSIONS);
	say(t, RFC8448_CERTIFICATE);
	say(t, RFC8448_CERTIFICATE_VERIFY);
	say(t, RFC8448_SERVER_FINISHED);
}

static void
early_and_handshake_secrets(void **state)
{
	struct trace t;
	uint8_t empty[SUITE_HASH_MAX];
	br_sha256_context none;

	(void)state;
	br_sha256_init(&none);
	br_sha256_out(&none, empty);
	begin(&t);
	assert_hex(t.schedule.secret, RFC8448_EARLY);
	keyschedule_derive(
		&t.schedule, "derived", span_of(empty, HASH_LEN), t.out);
	assert_hex(t.out, RFC8448_EARLY_DERIVED);
	keyschedule_mix(&t.schedule, hex(RFC8448_SHARED));
	assert_hex(t.schedule.secret, RFC8448_HANDSHAKE);
	keyschedule_derive(
		&t.schedule, "derived", span_of(empty, HASH_LEN), t.out);
	assert_hex(t.out, RFC8448_HANDSHAKE_DERIVED);
	say(&t, RFC8448_SERVER_HELLO);
	derive(&t, "c hs traffic", RFC8448_C_HS);
	derive(&t, "s hs traffic", RFC8448_S_HS);
}

static void
master_secrets(void **state)
{
	struct trace t;

	(void)state;
	advance(&t);
	assert_hex(t.schedule.secret, RFC8448_MASTER);
	derive(&t, "c ap traffic", RFC8448_C_AP);
	derive(&t, "s ap traffic", RFC8448_S_AP);
	derive(&t, "exp master", RFC8448_EXPORTER);
	say(&t, RFC8448_CLIENT_FINISHED);
	derive(&t, "res master", RFC8448_RESUMPTION);
}

static void
keys_of(const char *secret_text, const char *key_text, const char *iv_text)
{
	uint8_t secret[HASH_LEN];
	uint8_t key[16];
	uint8_t iv[12];

	(void)pemvec_hex(secret, sizeof(secret), secret_text);
	keyschedule_expand_label(&br_sha256_vtable,
		span_of(secret, sizeof(secret)), "key", span_of(NULL, 0), key,
		sizeof(key));
	keyschedule_expand_label(&br_sha256_vtable,
		span_of(secret, sizeof(secret)), "iv", span_of(NULL, 0), iv,
		sizeof(iv));
	assert_hex(key, key_text);
	assert_hex(iv, iv_text);
}

static void
traffic_keys(void **state)
{
	(void)state;
	keys_of(RFC8448_S_HS, RFC8448_S_HS_KEY, RFC8448_S_HS_IV);
	keys_of(RFC8448_C_HS, RFC8448_C_HS_KEY, RFC8448_C_HS_IV);
	keys_of(RFC8448_S_AP, RFC8448_S_AP_KEY, RFC8448_S_AP_IV);
	keys_of(RFC8448_C_AP, RFC8448_C_AP_KEY, RFC8448_C_AP_IV);
}

static void
finished_of_both(void **state)
{
	struct trace t;
	uint8_t secret[HASH_LEN];
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t got[SUITE_HASH_MAX];

	(void)state;
	begin(&t);
	say(&t, RFC8448_SERVER_HELLO);
	say(&t, RFC8448_ENCRYPTED_EXTENSIONS);
	say(&t, RFC8448_CERTIFICATE);
	say(&t, RFC8448_CERTIFICATE_VERIFY);
	(void)pemvec_hex(secret, sizeof(secret), RFC8448_S_HS);
	keyschedule_finished(&br_sha256_vtable, span_of(secret, HASH_LEN),
		transcript_hash(&t.transcript, hash), got);
	assert_memory_equal(
		got, hex(RFC8448_SERVER_FINISHED).data + 4, HASH_LEN);
	say(&t, RFC8448_SERVER_FINISHED);
	(void)pemvec_hex(secret, sizeof(secret), RFC8448_C_HS);
	keyschedule_finished(&br_sha256_vtable, span_of(secret, HASH_LEN),
		transcript_hash(&t.transcript, hash), got);
	assert_memory_equal(
		got, hex(RFC8448_CLIENT_FINISHED).data + 4, HASH_LEN);
}

/* RFC 8446 7.2, held against the same label by hand. */
static void
update_is_traffic_upd(void **state)
{
	uint8_t secret[HASH_LEN];
	uint8_t want[HASH_LEN];

	(void)state;
	(void)pemvec_hex(secret, sizeof(secret), RFC8448_C_AP);
	keyschedule_expand_label(&br_sha256_vtable,
		span_of(secret, sizeof(secret)), "traffic upd",
		span_of(NULL, 0), want, sizeof(want));
	keyschedule_update(&br_sha256_vtable, secret);
	assert_memory_equal(secret, want, sizeof(want));
}

/* After a retry the first ClientHello counts as message_hash (4.4.1). */
static void
retry_replaces_the_first_hello(void **state)
{
	struct transcript t;
	br_sha384_context direct;
	uint8_t hello[SUITE_HASH_MAX];
	uint8_t got[SUITE_HASH_MAX];
	uint8_t want[SUITE_HASH_MAX];
	static const uint8_t header[4] = {254, 0, 0, 48};

	(void)state;
	br_sha384_init(&direct);
	br_sha384_update(&direct, "hello", 5);
	br_sha384_out(&direct, hello);
	br_sha384_init(&direct);
	br_sha384_update(&direct, header, sizeof(header));
	br_sha384_update(&direct, hello, sizeof(hello));
	br_sha384_update(&direct, "retry", 5);
	br_sha384_out(&direct, want);

	transcript_begin(&t);
	transcript_append(&t, span_str("hello"));
	transcript_choose(&t, suite_find(0x1302));
	transcript_restart(&t);
	transcript_append(&t, span_str("retry"));
	assert_int_equal(transcript_hash(&t, got).len, sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
}

static void
agree(const char *private, const char *public, const char *shared)
{
	struct keyshare k = {
		.group = KEYSHARE_X25519, .secret_len = 32, .public_len = 32};
	uint8_t out[KEYSHARE_SECRET_MAX];
	uint8_t peer[32];
	size_t len;

	(void)pemvec_hex(k.secret, sizeof(k.secret), private);
	(void)pemvec_hex(peer, sizeof(peer), public);
	assert_int_equal(
		keyshare_agree(&k, span_of(peer, sizeof(peer)), out, &len),
		ERR_OK);
	assert_int_equal(len, 32);
	assert_hex(out, shared);
}

/*
 * Tells which byte order BearSSL takes a scalar in: a wrong one still agrees
 * with itself and with every peer. RFC 8448 3, RFC 7748 5.2.
 */
static void
x25519_known_answers(void **state)
{
	(void)state;
	agree(RFC8448_CLIENT_PRIVATE, RFC8448_SERVER_PUBLIC, RFC8448_SHARED);
	agree(RFC8448_SERVER_PRIVATE, RFC8448_CLIENT_PUBLIC, RFC8448_SHARED);
	agree("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac"
	      "4",
		"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c"
		"4c",
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a285"
		"52");
}

static void
shares_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYSHARE_GROUPS; i++) {
		struct keyshare a;
		struct keyshare b;
		uint8_t x[KEYSHARE_SECRET_MAX];
		uint8_t y[KEYSHARE_SECRET_MAX];
		size_t x_len;
		size_t y_len;

		assert_int_equal(
			keyshare_generate(&a, keyshare_offered(i)), ERR_OK);
		assert_int_equal(
			keyshare_generate(&b, keyshare_offered(i)), ERR_OK);
		assert_memory_not_equal(a.secret, b.secret, a.secret_len);
		assert_int_equal(
			keyshare_agree(
				&a, span_of(b.public, b.public_len), x, &x_len),
			ERR_OK);
		assert_int_equal(
			keyshare_agree(
				&b, span_of(a.public, a.public_len), y, &y_len),
			ERR_OK);
		assert_int_equal(x_len, y_len);
		assert_memory_equal(x, y, x_len);
		/* One byte less, one off the curve. */
		assert_int_equal(
			keyshare_agree(&a, span_of(b.public, b.public_len - 1),
				x, &x_len),
			ERR_PARSE);
		b.public[b.public_len - 1] ^= 1;
		if (a.group != KEYSHARE_X25519)
			assert_int_equal(
				keyshare_agree(&a,
					span_of(b.public, b.public_len), x,
					&x_len),
				ERR_PARSE);
	}
}

/* The order-1, order-4 and order-8 points of Curve25519 give zero. */
static void
low_order_points_are_refused(void **state)
{
	static const char *const points[] = {
		"00000000000000000000000000000000000000000000000000000000000000"
		"00",
		"01000000000000000000000000000000000000000000000000000000000000"
		"00",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8"
		"00",
	};
	struct keyshare k;
	uint8_t out[KEYSHARE_SECRET_MAX];
	size_t len;

	(void)state;
	assert_int_equal(keyshare_generate(&k, KEYSHARE_X25519), ERR_OK);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		assert_int_equal(keyshare_agree(&k, hex(points[i]), out, &len),
			ERR_PARSE);
}

/*
 * Points that our key takes to (0, y), made from the curves' equations: zero
 * is a secret there like any other, unlike with X25519.
 */
static void
zero_is_a_secret_on_the_other_curves(void **state)
{
	static const char *const points[] = {
		"045d0f7e35e32b70d563894dd588b86e0d1024cbb99af9ee500cb7c2e6bd84"
		"b472414af7c897f6a644a56a44d2ebeb8016d3e9f211293f07dc32bcfe41de"
		"7df444",
		"0482e2f5c16fb848031c9677f2098245a95f17a5fd8f2aee8774ac29028614"
		"e369a814e836606c82950c4b638eb1a93e08db6c2b71a4feb9056d2c979c88"
		"214570a2edc5049d4372507c9f0412d33283c45280d4c614c2489205cbebec"
		"012dee78",
	};
	static const uint8_t zero[KEYSHARE_SECRET_MAX];
	uint8_t out[KEYSHARE_SECRET_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct keyshare k = {.group = i == 0 ? KEYSHARE_SECP256R1
						     : KEYSHARE_SECP384R1,
			.secret_len = i == 0 ? 32 : 48};

		for (size_t j = 0; j < k.secret_len; j++)
			k.secret[j] = (uint8_t)(j + 1);
		assert_int_equal(
			keyshare_agree(&k, hex(points[i]), out, &len), ERR_OK);
		assert_int_equal(len, k.secret_len);
		assert_memory_equal(out, zero, len);
	}
}

static void
certificate_verify_of_the_trace(void **state)
{
	struct trace t;
	uint8_t modulus[128];
	uint8_t exponent[3] = {1, 0, 1};
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t sig[128];
	br_x509_pkey key = {.key_type = BR_KEYTYPE_RSA};
	struct error e;

	(void)state;
	error_clear(&e);
	(void)pemvec_hex(modulus, sizeof(modulus), RFC8448_MODULUS);
	key.key.rsa.n = modulus;
	key.key.rsa.nlen = sizeof(modulus);
	key.key.rsa.e = exponent;
	key.key.rsa.elen = sizeof(exponent);
	begin(&t);
	say(&t, RFC8448_SERVER_HELLO);
	say(&t, RFC8448_ENCRYPTED_EXTENSIONS);
	say(&t, RFC8448_CERTIFICATE);
	memcpy(sig, hex(RFC8448_CERTIFICATE_VERIFY).data + 8, sizeof(sig));
	assert_int_equal(signature_verify(0x0804, &key,
				 transcript_hash(&t.transcript, hash),
				 span_of(sig, sizeof(sig)), &e),
		ERR_OK);
	/* PKCS#1 is offered and must not serve here. */
	assert_int_equal(signature_verify(0x0401, &key,
				 transcript_hash(&t.transcript, hash),
				 span_of(sig, sizeof(sig)), &e),
		ERR_TLS);
	assert_int_equal(e.alert, 47);
	error_clear(&e);
	sig[5] ^= 1;
	assert_int_equal(signature_verify(0x0804, &key,
				 transcript_hash(&t.transcript, hash),
				 span_of(sig, sizeof(sig)), &e),
		ERR_TLS);
	assert_int_equal(e.alert, 51);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(early_and_handshake_secrets),
		cmocka_unit_test(master_secrets),
		cmocka_unit_test(traffic_keys),
		cmocka_unit_test(finished_of_both),
		cmocka_unit_test(update_is_traffic_upd),
		cmocka_unit_test(retry_replaces_the_first_hello),
		cmocka_unit_test(x25519_known_answers),
		cmocka_unit_test(shares_agree),
		cmocka_unit_test(low_order_points_are_refused),
		cmocka_unit_test(zero_is_a_secret_on_the_other_curves),
		cmocka_unit_test(certificate_verify_of_the_trace),
	};

	return cmocka_run_group_tests_name("keyschedule", tests, NULL, NULL);
}
