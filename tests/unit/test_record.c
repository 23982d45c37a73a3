/*
 * test_record.c - AEADs against published answers, and records against the
 * trace of RFC 8448; every way in which a record can be wrong.
 */
#include "tls/record.h"

#include "base/rng.h"
#include "tls/alert.h"

#include "pemvec.h"
#include "vectors/rfc8448.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t scratch[2048];

static struct span
hex(const char *text)
{
	return pemvec_hex(scratch, sizeof(scratch), text);
}

struct answer {
	const char *name;
	enum aead_algorithm algorithm;
	const char *key;
	const char *nonce;
	const char *aad;
	const char *plain;
	const char *sealed; /* and the tag */
};

/*
 * AES: the test cases 4 and 16 of the GCM specification (McGrew, Viega).
 * ChaCha20-Poly1305: RFC 8439 2.8.2.
 */
static const struct answer answers[] = {
	{"aes-128-gcm", AEAD_AES_GCM, "feffe9928665731c6d6a8f9467308308",
		"cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a"
		"72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca1"
		"2e"
		"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
		"5bc94fbc3221a5db94fae95ae7121a47"},
	{"aes-256-gcm", AEAD_AES_GCM,
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f94673083"
		"08",
		"cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a"
		"72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1"
		"aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		"76fc6ece0f4e1768cddf8853bb2d551b"},
	{"chacha20-poly1305", AEAD_CHACHA20_POLY1305,
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e"
		"9f",
		"070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
		"4c616469657320616e642047656e746c656d656e206f662074686520636c61"
		"73"
		"73206f66202739393a204966204920636f756c64206f6666657220796f7520"
		"6f"
		"6e6c79206f6e652074697020666f7220746865206675747572652c2073756e"
		"73"
		"637265656e20776f756c642062652069742e",
		"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62"
		"d6"
		"3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b"
		"36"
		"92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7"
		"bc"
		"3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0"
		"600691"},
};

static void
answer(const struct answer *k)
{
	uint8_t key[AEAD_KEY_MAX];
	uint8_t nonce[AEAD_NONCE_LEN];
	uint8_t aad[32];
	uint8_t data[256];
	struct span key_span = pemvec_hex(key, sizeof(key), k->key);
	struct span aad_span = pemvec_hex(aad, sizeof(aad), k->aad);
	struct span plain = pemvec_hex(data, sizeof(data), k->plain);
	struct span sealed;
	struct aead a;

	(void)pemvec_hex(nonce, sizeof(nonce), k->nonce);
	aead_init(&a, k->algorithm, key_span.data, key_span.len);
	aead_seal(&a, nonce, aad_span, data, plain.len);
	sealed = hex(k->sealed);
	assert_int_equal(sealed.len, plain.len + AEAD_TAG_LEN);
	assert_memory_equal(data, sealed.data, sealed.len);
	assert_true(aead_open(&a, nonce, aad_span, data, plain.len));
	assert_memory_equal(data, hex(k->plain).data, plain.len);

	for (size_t i = 0; i < plain.len + AEAD_TAG_LEN; i += 7) {
		memcpy(data, hex(k->sealed).data, plain.len + AEAD_TAG_LEN);
		data[i] ^= 0x40;
		assert_false(aead_open(&a, nonce, aad_span, data, plain.len));
		for (size_t j = 0; j < plain.len; j++)
			assert_int_equal(data[j], 0);
	}
	aead_clear(&a);
}

static void
known_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		answer(&answers[i]);
}

/* The code picked for this processor and the portable one must agree. */
static void
fast_gcm_is_plain_gcm(void **state)
{
	static uint8_t a[4096 + AEAD_TAG_LEN];
	static uint8_t b[4096 + AEAD_TAG_LEN];
	uint8_t key[32];
	uint8_t nonce[AEAD_NONCE_LEN] = {1, 2, 3};

	(void)state;
	assert_int_equal(rng_bytes(key, sizeof(key)), ERR_OK);
	for (size_t len = 0; len < 4096; len = len * 2 + 1) {
		struct aead fast;
		br_aes_ct64_ctr_keys keys;
		br_gcm_context plain;

		assert_int_equal(rng_bytes(a, len + 1), ERR_OK);
		memcpy(b, a, len);
		aead_init(&fast, AEAD_AES_GCM, key, sizeof(key));
		aead_seal(&fast, nonce, span_str("aad"), a, len);
		br_aes_ct64_ctr_init(&keys, key, sizeof(key));
		br_gcm_init(&plain, &keys.vtable, &br_ghash_ctmul64);
		br_gcm_reset(&plain, nonce, sizeof(nonce));
		br_gcm_aad_inject(&plain, "aad", 3);
		br_gcm_flip(&plain);
		br_gcm_run(&plain, 1, b, len);
		br_gcm_get_tag(&plain, b + len);
		assert_memory_equal(a, b, len + AEAD_TAG_LEN);
	}
}

/* One direction, with its AEAD. */
struct side {
	struct record_keys keys;
	struct aead aead;
};

static void
side(struct side *s, uint16_t suite, const char *secret_text)
{
	uint8_t secret[SUITE_HASH_MAX] = {0};

	(void)pemvec_hex(secret, sizeof(secret), secret_text);
	record_keys_set(&s->keys, suite_find(suite), secret);
	record_ready(&s->keys, &s->aead);
}

static size_t
seal_text(struct side *s, enum record_type type, uint8_t *record,
	const char *text)
{
	struct span plain = hex(text);

	memcpy(record + RECORD_HEADER_LEN, plain.data, plain.len);
	return record_seal(&s->keys, &s->aead, type, record, plain.len);
}

static void
assert_record(const uint8_t *record, size_t len, const char *text)
{
	struct span want = hex(text);

	assert_int_equal(len, want.len);
	assert_memory_equal(record, want.data, len);
}

static void
records_of_the_trace_sealed(void **state)
{
	struct side s;
	uint8_t record[2048];
	size_t n;

	(void)state;
	side(&s, 0x1301, RFC8448_S_HS);
	n = seal_text(&s, RECORD_HANDSHAKE, record,
		RFC8448_ENCRYPTED_EXTENSIONS RFC8448_CERTIFICATE
			RFC8448_CERTIFICATE_VERIFY RFC8448_SERVER_FINISHED);
	assert_record(record, n, RFC8448_FLIGHT_RECORD);
	side(&s, 0x1301, RFC8448_C_HS);
	n = seal_text(&s, RECORD_HANDSHAKE, record, RFC8448_CLIENT_FINISHED);
	assert_record(record, n, RFC8448_CLIENT_FINISHED_RECORD);
	side(&s, 0x1301, RFC8448_C_AP);
	n = seal_text(&s, RECORD_APPLICATION_DATA, record, RFC8448_DATA);
	assert_record(record, n, RFC8448_CLIENT_DATA_RECORD);
	n = seal_text(&s, RECORD_ALERT, record, "0100");
	assert_record(record, n, RFC8448_CLIENT_CLOSE_RECORD);
}

static enum err
open_record(struct side *s, uint8_t *record, size_t have,
	struct record_content *c, struct error *e)
{
	size_t len = 0;
	enum err err;

	error_clear(e);
	err = record_peek(span_of(record, have), true, &len, e);
	if (err != ERR_OK)
		return err;
	assert_true(len <= have);
	return record_open(&s->keys, &s->aead, record, len, c, e);
}

static void
expect(struct side *s, const char *record_text, enum record_type type,
	const char *content)
{
	uint8_t record[2048];
	struct record_content c;
	struct span r = pemvec_hex(record, sizeof(record), record_text);
	struct span want;
	struct error e;

	assert_int_equal(open_record(s, record, r.len, &c, &e), ERR_OK);
	want = hex(content);
	assert_int_equal(c.type, type);
	assert_int_equal(c.len, want.len);
	assert_memory_equal(c.data, want.data, want.len);
}

static void
records_of_the_trace_opened(void **state)
{
	struct side s;

	(void)state;
	side(&s, 0x1301, RFC8448_S_AP);
	expect(&s, RFC8448_TICKET_RECORD, RECORD_HANDSHAKE, RFC8448_TICKET);
	expect(&s, RFC8448_SERVER_DATA_RECORD, RECORD_APPLICATION_DATA,
		RFC8448_DATA);
	expect(&s, RFC8448_SERVER_CLOSE_RECORD, RECORD_ALERT, "0100");
	assert_int_equal(s.keys.sequence, 3);
}

static void
every_suite_and_length(void **state)
{
	static const size_t lengths[] = {
		0, 1, 15, 16, 17, 1000, TLS_PLAINTEXT_MAX};
	uint8_t *record = malloc(TLS_RECORD_MAX);
	uint8_t *plain = malloc(TLS_PLAINTEXT_MAX);

	(void)state;
	assert_non_null(record);
	assert_non_null(plain);
	assert_int_equal(rng_bytes(plain, TLS_PLAINTEXT_MAX), ERR_OK);
	for (uint16_t id = 0x1301; id <= 0x1303; id++) {
		struct side tx;
		struct side rx;

		side(&tx, id, RFC8448_S_AP);
		side(&rx, id, RFC8448_S_AP);
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]);
			i++) {
			struct record_content c;
			struct error e;
			size_t n;

			memcpy(record + RECORD_HEADER_LEN, plain, lengths[i]);
			n = record_seal(&tx.keys, &tx.aead,
				RECORD_APPLICATION_DATA, record, lengths[i]);
			assert_int_equal(n, lengths[i] + RECORD_OVERHEAD);
			assert_int_equal(
				open_record(&rx, record, n, &c, &e), ERR_OK);
			assert_int_equal(c.len, lengths[i]);
			assert_memory_equal(c.data, plain, lengths[i]);
		}
		record_keys_update(&tx.keys);
		record_keys_update(&rx.keys);
		assert_int_equal(tx.keys.sequence, 0);
		assert_memory_equal(
			tx.keys.key, rx.keys.key, tx.keys.suite->key_len);
	}
	free(plain);
	free(record);
}

/* Seal what stands in inner, type byte and padding included, as it is. */
static size_t
seal_raw(struct side *s, uint8_t *record, const uint8_t *inner, size_t len)
{
	memcpy(record + RECORD_HEADER_LEN, inner, len - 1);
	return record_seal(&s->keys, &s->aead, (enum record_type)inner[len - 1],
		record, len - 1);
}

static void
refuse(const uint8_t *inner, size_t len, int alert)
{
	static uint8_t record[TLS_RECORD_MAX + 1024];
	struct side tx;
	struct side rx;
	struct record_content c;
	struct error e;
	size_t n;

	side(&tx, 0x1301, RFC8448_S_AP);
	side(&rx, 0x1301, RFC8448_S_AP);
	n = seal_raw(&tx, record, inner, len);
	assert_int_equal(open_record(&rx, record, n, &c, &e), ERR_TLS);
	assert_int_equal(e.alert, alert);
}

static void
padding_and_inner_types(void **state)
{
	static uint8_t inner[TLS_PLAINTEXT_MAX + 3];
	uint8_t record[256];
	uint8_t padded[] = {'h', 'i', 0, RECORD_APPLICATION_DATA, 0, 0, 0};
	struct record_content c;
	struct error e;
	struct side tx;
	struct side rx;
	size_t n;

	(void)state;
	side(&tx, 0x1301, RFC8448_S_AP);
	side(&rx, 0x1301, RFC8448_S_AP);
	n = seal_raw(&tx, record, padded, sizeof(padded));
	assert_int_equal(open_record(&rx, record, n, &c, &e), ERR_OK);
	assert_int_equal(c.type, RECORD_APPLICATION_DATA);
	assert_int_equal(c.len, 3); /* a zero of the content is content */

	refuse(inner, 1, ALERT_UNEXPECTED_MESSAGE);
	refuse(inner, 100, ALERT_UNEXPECTED_MESSAGE);
	inner[0] = RECORD_CHANGE_CIPHER_SPEC;
	refuse(inner, 1, ALERT_UNEXPECTED_MESSAGE);
	inner[0] = 24;
	refuse(inner, 1, ALERT_UNEXPECTED_MESSAGE);
	/* 2^14 + 1 bytes are the most: content or padding. */
	inner[0] = RECORD_APPLICATION_DATA;
	refuse(inner, TLS_PLAINTEXT_MAX + 2, ALERT_RECORD_OVERFLOW);
}

static void
peek(const char *text, bool protected, enum err want, int alert)
{
	struct error e;
	size_t len = 0;

	error_clear(&e);
	assert_int_equal(record_peek(hex(text), protected, &len, &e), want);
	assert_int_equal(e.alert, alert);
}

static void
headers(void **state)
{
	(void)state;
	peek("", false, ERR_AGAIN, -1);
	peek("16030300", false, ERR_AGAIN, -1);
	peek("1603030001", false, ERR_OK, -1);
	peek("1603ff4000", false, ERR_OK, -1);
	peek("1603034001", false, ERR_TLS, ALERT_RECORD_OVERFLOW);
	peek("1603034001", true, ERR_TLS, ALERT_UNEXPECTED_MESSAGE);
	peek("1503030002", true, ERR_TLS, ALERT_UNEXPECTED_MESSAGE);
	peek("1703034100", true, ERR_OK, -1);
	peek("1703034101", true, ERR_TLS, ALERT_RECORD_OVERFLOW);
	peek("1403030001", true, ERR_OK, -1);
	peek("1602030001", false, ERR_TLS, ALERT_PROTOCOL_VERSION);
	peek("4854545031", false, ERR_TLS, ALERT_UNEXPECTED_MESSAGE);
	peek("1303030001", false, ERR_TLS, ALERT_UNEXPECTED_MESSAGE);
	peek("1803030001", true, ERR_TLS, ALERT_UNEXPECTED_MESSAGE);
}

/*
 * A good record on each side of the last number: the one before is taken, and
 * with that one the direction is over, however good what follows.
 */
static void
the_sequence_never_wraps(void **state)
{
	uint8_t record[256];
	struct record_content c;
	struct error e;
	struct side tx;
	struct side rx;
	size_t n;

	(void)state;
	side(&tx, 0x1301, RFC8448_S_AP);
	side(&rx, 0x1301, RFC8448_S_AP);
	tx.keys.sequence = rx.keys.sequence = UINT64_MAX - 1;
	n = seal_text(&tx, RECORD_APPLICATION_DATA, record, RFC8448_DATA);
	assert_int_equal(open_record(&rx, record, n, &c, &e), ERR_OK);
	for (unsigned again = 0; again < 3; again++) {
		n = seal_text(
			&tx, RECORD_APPLICATION_DATA, record, RFC8448_DATA);
		assert_int_equal(open_record(&rx, record, n, &c, &e), ERR_TLS);
		assert_int_equal(e.alert, ALERT_BAD_RECORD_MAC);
		assert_true(rx.keys.sequence == UINT64_MAX);
	}
	/* New keys begin anew. */
	record_keys_update(&rx.keys);
	assert_true(rx.keys.sequence == 0);
}

static void
short_and_forged_records(void **state)
{
	uint8_t record[128];
	struct record_content c;
	struct error e;

	(void)state;
	for (size_t i = 0; i < hex(RFC8448_CLIENT_DATA_RECORD).len; i++) {
		struct side s;
		struct span r = pemvec_hex(
			record, sizeof(record), RFC8448_CLIENT_DATA_RECORD);

		if (i == 0 || i == 1 || i == 3 || i == 4)
			continue; /* record_peek's business */
		side(&s, 0x1301, RFC8448_C_AP);
		record[i] ^= 1;
		assert_int_equal(
			open_record(&s, record, r.len, &c, &e), ERR_TLS);
		assert_int_equal(e.alert, ALERT_BAD_RECORD_MAC);
	}
	for (size_t len = RECORD_HEADER_LEN; len < RECORD_OVERHEAD; len++) {
		struct side s;

		side(&s, 0x1301, RFC8448_C_AP);
		memset(record, 0, sizeof(record));
		record_header(record, RECORD_APPLICATION_DATA, 0x0303,
			len - RECORD_HEADER_LEN);
		assert_int_equal(open_record(&s, record, len, &c, &e), ERR_TLS);
		assert_int_equal(e.alert, ALERT_BAD_RECORD_MAC);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(fast_gcm_is_plain_gcm),
		cmocka_unit_test(records_of_the_trace_sealed),
		cmocka_unit_test(records_of_the_trace_opened),
		cmocka_unit_test(every_suite_and_length),
		cmocka_unit_test(padding_and_inner_types),
		cmocka_unit_test(headers),
		cmocka_unit_test(the_sequence_never_wraps),
		cmocka_unit_test(short_and_forged_records),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
