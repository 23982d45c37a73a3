/*
 * test_rfc8448.c - the traces of RFC 8448 sections 4 and 5, byte for byte: a
 * handshake that resumes the one of section 3 (test_keyschedule has that), and
 * one with a HelloRetryRequest. Early data, which section 4 sends too, is none
 * of ours; its EndOfEarlyData is in the transcript as published.
 */
#include "tls/engine.h"
#include "tls/keyschedule.h"
#include "tls/keyshare.h"
#include "tls/psk.h"
#include "tls/record.h"

#include "pemvec.h"
#include "vectors/rfc8448.h"
#include "vectors/rfc8448_more.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HASH_LEN   32
#define BINDER_LEN 32

struct trace {
	const struct suite *suite;
	struct transcript transcript;
	struct keyschedule schedule;
};

static uint8_t scratch[4096];

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

static void
say(struct trace *t, const char *message)
{
	transcript_append(&t->transcript, hex(message));
}

static void
derive(const struct trace *t, const char *label, const char *want)
{
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t out[SUITE_HASH_MAX];

	keyschedule_derive(&t->schedule, label,
		transcript_hash(&t->transcript, hash), out);
	assert_hex(out, want);
}

static void
assert_finished(
	const struct trace *t, const char *secret_text, const uint8_t *message)
{
	uint8_t secret[HASH_LEN];
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t want[SUITE_HASH_MAX];

	(void)pemvec_hex(secret, sizeof(secret), secret_text);
	keyschedule_finished(t->suite->hash, span_of(secret, HASH_LEN),
		transcript_hash(&t->transcript, hash), want);
	assert_int_equal(message[0], HANDSHAKE_FINISHED);
	assert_memory_equal(message + HANDSHAKE_HEADER_LEN, want, HASH_LEN);
}

/* A record under a traffic secret, the first of its keys; its content. */
static struct record_content
open_record(const struct trace *t, const char *secret_text,
	const char *record_text, uint8_t *record, size_t max)
{
	struct span bytes = pemvec_hex(record, max, record_text);
	struct record_content content;
	struct record_keys keys;
	uint8_t secret[HASH_LEN];
	struct aead a;
	struct error e;

	error_clear(&e);
	(void)pemvec_hex(secret, sizeof(secret), secret_text);
	record_keys_set(&keys, t->suite, secret);
	record_ready(&keys, &a);
	assert_int_equal(
		record_open(&keys, &a, record, bytes.len, &content, &e),
		ERR_OK);
	return content;
}

/* What we seal is what was published. */
static void
assert_sealed(const struct trace *t, const char *secret_text,
	enum record_type type, struct span content, const char *want)
{
	static uint8_t record[1024];
	struct record_keys keys;
	uint8_t secret[HASH_LEN];
	struct aead a;
	size_t len;

	(void)pemvec_hex(secret, sizeof(secret), secret_text);
	record_keys_set(&keys, t->suite, secret);
	record_ready(&keys, &a);
	memcpy(record + RECORD_HEADER_LEN, content.data, content.len);
	len = record_seal(&keys, &a, type, record, content.len);
	assert_int_equal(len, hex(want).len);
	assert_hex(record, want);
}

static void
share(uint16_t group, const char *private, struct span public, struct trace *t)
{
	struct keyshare k = {.group = group, .secret_len = 32};
	uint8_t out[KEYSHARE_SECRET_MAX];
	size_t len;

	(void)pemvec_hex(k.secret, sizeof(k.secret), private);
	assert_int_equal(keyshare_agree(&k, public, out, &len), ERR_OK);
	assert_int_equal(len, 32);
	keyschedule_mix(&t->schedule, span_of(out, len));
}

/* The ticket of section 3, and the PSK that it stands for (RFC 8446 4.6.1). */
static void
resumption_secret_of_the_ticket(void **state)
{
	uint8_t secret[HASH_LEN];
	uint8_t psk[HASH_LEN];
	struct span nonce;

	(void)state;
	(void)pemvec_hex(secret, sizeof(secret), RFC8448_RESUMPTION);
	nonce = hex(RFC8448_TICKET);
	/* After header, lifetime and age: a nonce of two bytes. */
	assert_int_equal(nonce.data[12], 2);
	nonce = span_of(nonce.data + 13, 2);
	keyschedule_expand_label(&br_sha256_vtable, span_of(secret, HASH_LEN),
		"resumption", nonce, psk, HASH_LEN);
	assert_hex(psk, RESUMED_PSK);
}

/* The binder put where it belongs by the function that connections use. */
static void
psk_binder(void **state)
{
	static struct handshake h;
	static uint8_t hello[1024];
	struct keyschedule early;
	uint8_t empty[SUITE_HASH_MAX];
	uint8_t key[SUITE_HASH_MAX];
	struct span whole =
		pemvec_hex(hello, sizeof(hello), RESUMED_CLIENT_HELLO);

	(void)state;
	memset(&h, 0, sizeof(h));
	h.psk.suite = suite_find(0x1301);
	(void)pemvec_hex(h.psk.key, HASH_LEN, RESUMED_PSK);
	keyschedule_begin(
		&early, &br_sha256_vtable, span_of(h.psk.key, HASH_LEN));
	assert_hex(early.secret, RESUMED_EARLY);
	keyschedule_derive(&early, "res binder",
		keyschedule_empty_hash(&br_sha256_vtable, empty), key);
	assert_hex(key, RESUMED_BINDER_KEY);

	memset(hello + whole.len - BINDER_LEN, 0, BINDER_LEN);
	transcript_begin(&h.transcript);
	psk_bind(&h, hello, whole.len);
	assert_hex(hello + whole.len - BINDER_LEN, RESUMED_BINDER);
	assert_hex(hello, RESUMED_CLIENT_HELLO);
}

static void
resumed_handshake(void **state)
{
	struct trace t = {.suite = suite_find(0x1301)};
	static uint8_t flight[512];
	uint8_t psk[HASH_LEN];
	uint8_t server_public[32];
	struct record_content c;

	(void)state;
	transcript_begin(&t.transcript);
	transcript_choose(&t.transcript, t.suite);
	keyschedule_begin(&t.schedule, t.suite->hash,
		pemvec_hex(psk, sizeof(psk), RESUMED_PSK));
	share(KEYSHARE_X25519, RESUMED_CLIENT_PRIVATE,
		pemvec_hex(server_public, sizeof(server_public),
			RESUMED_SERVER_PUBLIC),
		&t);
	assert_hex(t.schedule.secret, RESUMED_HANDSHAKE);
	say(&t, RESUMED_CLIENT_HELLO);
	say(&t, RESUMED_SERVER_HELLO);
	derive(&t, "c hs traffic", RESUMED_C_HS);
	derive(&t, "s hs traffic", RESUMED_S_HS);

	c = open_record(&t, RESUMED_S_HS, RESUMED_FLIGHT_RECORD, flight,
		sizeof(flight));
	assert_int_equal(c.type, RECORD_HANDSHAKE);
	assert_hex(
		c.data, RESUMED_ENCRYPTED_EXTENSIONS RESUMED_SERVER_FINISHED);
	say(&t, RESUMED_ENCRYPTED_EXTENSIONS);
	assert_finished(&t, RESUMED_S_HS, hex(RESUMED_SERVER_FINISHED).data);
	say(&t, RESUMED_SERVER_FINISHED);
	keyschedule_mix(&t.schedule, span_of(NULL, 0));
	assert_hex(t.schedule.secret, RESUMED_MASTER);
	derive(&t, "c ap traffic", RESUMED_C_AP);
	derive(&t, "s ap traffic", RESUMED_S_AP);

	say(&t, RESUMED_END_OF_EARLY_DATA);
	assert_finished(&t, RESUMED_C_HS, hex(RESUMED_CLIENT_FINISHED).data);
	assert_sealed(&t, RESUMED_C_HS, RECORD_HANDSHAKE,
		pemvec_hex(flight, sizeof(flight), RESUMED_CLIENT_FINISHED),
		RESUMED_CLIENT_FINISHED_RECORD);
	say(&t, RESUMED_CLIENT_FINISHED);
	derive(&t, "res master", RESUMED_RESUMPTION);
	assert_sealed(&t, RESUMED_C_AP, RECORD_APPLICATION_DATA,
		pemvec_hex(flight, sizeof(flight), RFC8448_DATA),
		RESUMED_CLIENT_DATA_RECORD);
}

static void
handshake_with_a_retry(void **state)
{
	struct trace t = {.suite = suite_find(0x1301)};
	static uint8_t flight[1024];
	static uint8_t finished[128];
	static uint8_t hello[256];
	uint8_t hash[SUITE_HASH_MAX];
	struct record_content c;
	struct span public;

	(void)state;
	transcript_begin(&t.transcript);
	say(&t, RETRY_CLIENT_HELLO);
	transcript_choose(&t.transcript, t.suite);
	transcript_restart(&t.transcript);
	say(&t, RETRY_REQUEST);
	say(&t, RETRY_SECOND_HELLO);
	say(&t, RETRY_SERVER_HELLO);
	assert_hex(transcript_hash(&t.transcript, hash).data, RETRY_HASH);

	keyschedule_begin(&t.schedule, t.suite->hash, span_of(NULL, 0));
	public = pemvec_hex(hello, sizeof(hello), RETRY_SERVER_HELLO);
	/* The last but supported_versions, of 6 bytes, is the point. */
	public = span_of(public.data + public.len - 6 - 65, 65);
	share(KEYSHARE_SECP256R1, RETRY_CLIENT_PRIVATE, public, &t);
	assert_hex(t.schedule.secret, RETRY_HANDSHAKE);
	derive(&t, "c hs traffic", RETRY_C_HS);
	derive(&t, "s hs traffic", RETRY_S_HS);

	c = open_record(
		&t, RETRY_S_HS, RETRY_FLIGHT_RECORD, flight, sizeof(flight));
	assert_true(c.type == RECORD_HANDSHAKE && c.len > 36);
	transcript_append(&t.transcript, span_of(c.data, c.len - 36));
	assert_finished(&t, RETRY_S_HS, c.data + c.len - 36);
	transcript_append(&t.transcript, span_of(c.data + c.len - 36, 36));
	keyschedule_mix(&t.schedule, span_of(NULL, 0));
	assert_hex(t.schedule.secret, RETRY_MASTER);
	derive(&t, "c ap traffic", RETRY_C_AP);
	derive(&t, "s ap traffic", RETRY_S_AP);

	c = open_record(&t, RETRY_C_HS, RETRY_CLIENT_FINISHED_RECORD, finished,
		sizeof(finished));
	assert_int_equal(c.len, 36);
	assert_finished(&t, RETRY_C_HS, c.data);
	assert_sealed(&t, RETRY_C_HS, RECORD_HANDSHAKE, span_of(c.data, c.len),
		RETRY_CLIENT_FINISHED_RECORD);
	transcript_append(&t.transcript, span_of(c.data, c.len));
	derive(&t, "res master", RETRY_RESUMPTION);
	assert_sealed(&t, RETRY_C_AP, RECORD_ALERT, span_of("\1\0", 2),
		RETRY_CLIENT_CLOSE_RECORD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumption_secret_of_the_ticket),
		cmocka_unit_test(psk_binder),
		cmocka_unit_test(resumed_handshake),
		cmocka_unit_test(handshake_with_a_retry),
	};

	return cmocka_run_group_tests_name("rfc8448", tests, NULL, NULL);
}
