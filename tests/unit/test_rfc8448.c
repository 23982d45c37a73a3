/*
 * test_rfc8448.c - the traces of RFC 8448 sections 4 to 7, byte for byte: a
 * handshake that resumes the one of section 3 (test_keyschedule has that), one
 * with a HelloRetryRequest, one with a client certificate, one in compatibility
 * mode. Early data, which section 4 sends too, is none of ours; its
 * EndOfEarlyData is in the transcript as published. Hellos are the trace's:
 * ours has other extensions. Nor can its client's signature be made here, whose
 * salt and private key are not published; that it is good is checked instead.
 */
#include "tls/alert.h"
#include "tls/engine.h"
#include "tls/keyschedule.h"
#include "tls/keyshare.h"
#include "tls/psk.h"
#include "tls/pss.h"
#include "tls/record.h"
#include "tls/signature.h"

#include "peer.h"
#include "pemvec.h"
#include "vectors/rfc8448.h"
#include "vectors/rfc8448_last.h"
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

/* The next message, which has to be of this type, into the transcript. */
static struct span
next_message(struct trace *t, struct reader *flight, uint8_t type)
{
	struct reader header = *flight;
	struct span message;
	size_t len;

	assert_int_equal(read_u8(&header), type);
	len = read_u24(&header);
	message = read_bytes(flight, HANDSHAKE_HEADER_LEN + len);
	assert_true(reader_ok(flight));
	transcript_append(&t->transcript, message);
	return message;
}

/* The key of the only certificate of a Certificate message. */
static const br_x509_pkey *
key_of(struct span message, br_x509_decoder_context *decoder)
{
	struct reader r = reader_over(span_of(message.data + 8,
		message.len - 8)); /* header, context, length of the list */
	struct span der = read_block24(&r);

	assert_int_equal(read_u16(&r), 0); /* no extensions */
	assert_true(reader_done(&r));
	br_x509_decoder_init(decoder, NULL, NULL);
	br_x509_decoder_push(decoder, der.data, der.len);
	assert_non_null(br_x509_decoder_get_pkey(decoder));
	return br_x509_decoder_get_pkey(decoder);
}

/* The signature of a CertificateVerify. */
static struct span
signature_of(struct span message, uint16_t scheme)
{
	struct reader r =
		reader_over(span_of(message.data + HANDSHAKE_HEADER_LEN,
			message.len - HANDSHAKE_HEADER_LEN));
	struct span sig;

	assert_int_equal(read_u16(&r), scheme);
	sig = read_block16(&r);
	assert_true(reader_done(&r));
	return sig;
}

static void
finish(struct trace *t, const char *secret, struct reader *flight)
{
	struct trace before = *t;
	struct span message = next_message(t, flight, HANDSHAKE_FINISHED);

	assert_true(reader_done(flight));
	assert_finished(&before, secret, message.data);
}

/* EncryptedExtensions to Finished of the server that wants a certificate. */
static void
server_with_a_request(struct trace *t, struct span flight)
{
	struct reader r = reader_over(flight);
	uint8_t hash[SUITE_HASH_MAX];
	br_x509_decoder_context decoder;
	const br_x509_pkey *key;
	struct span message;
	struct span signed_hash;
	struct error e;

	error_clear(&e);
	(void)next_message(t, &r, HANDSHAKE_ENCRYPTED_EXTENSIONS);
	message = next_message(t, &r, HANDSHAKE_CERTIFICATE_REQUEST);
	/* The list is all of its one extension. */
	message = span_of(message.data + 13, message.len - 13);
	assert_int_equal(
		signature_choose(message, peer_client_config()->key), 0x0804);
	key = key_of(next_message(t, &r, HANDSHAKE_CERTIFICATE), &decoder);
	signed_hash = transcript_hash(&t->transcript, hash);
	message = signature_of(
		next_message(t, &r, HANDSHAKE_CERTIFICATE_VERIFY), 0x0403);
	assert_int_equal(
		signature_verify(0x0403, key, signed_hash, message, &e),
		ERR_OK);
	finish(t, AUTH_S_HS, &r);
}

/* What a client signs (RFC 8446 4.4.3), hashed. */
static struct span
client_digest(struct span transcript_hash, uint8_t *out)
{
	static const char context[] = "TLS 1.3, client CertificateVerify";
	uint8_t spaces[64];
	br_sha256_context c;

	memset(spaces, ' ', sizeof(spaces));
	br_sha256_init(&c);
	br_sha256_update(&c, spaces, sizeof(spaces));
	br_sha256_update(&c, context, sizeof(context)); /* with its zero */
	br_sha256_update(&c, transcript_hash.data, transcript_hash.len);
	br_sha256_out(&c, out);
	return span_of(out, HASH_LEN);
}

static void
client_with_a_certificate(struct trace *t, struct span flight)
{
	struct reader r = reader_over(flight);
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t digest[HASH_LEN];
	br_x509_decoder_context decoder;
	const br_x509_pkey *key =
		key_of(next_message(t, &r, HANDSHAKE_CERTIFICATE), &decoder);
	struct span signed_hash =
		client_digest(transcript_hash(&t->transcript, hash), digest);
	struct span sig = signature_of(
		next_message(t, &r, HANDSHAKE_CERTIFICATE_VERIFY), 0x0804);

	assert_int_equal(key->key_type, BR_KEYTYPE_RSA);
	assert_int_equal(
		pss_verify(&key->key.rsa, 256, signed_hash, sig), ERR_OK);
	finish(t, AUTH_C_HS, &r);
}

static void
begin_trace(
	struct trace *t, const char *client_private, const char *server_public)
{
	uint8_t public[32];

	transcript_begin(&t->transcript);
	transcript_choose(&t->transcript, t->suite);
	keyschedule_begin(&t->schedule, t->suite->hash, span_of(NULL, 0));
	share(KEYSHARE_X25519, client_private,
		pemvec_hex(public, sizeof(public), server_public), t);
}

/* The master secret's keys for data. */
static void
application_keys(struct trace *t, const char *client, const char *server)
{
	derive(t, "c ap traffic", client);
	derive(t, "s ap traffic", server);
}

static void
assert_closed(struct trace *t, const char *key, const char *record)
{
	assert_sealed(t, key, RECORD_ALERT, span_of("\1\0", 2), record);
}

static void
handshake_with_a_client_certificate(void **state)
{
	struct trace t = {.suite = suite_find(0x1301)};
	static uint8_t flight[1024];
	struct record_content c;

	(void)state;
	begin_trace(&t, AUTH_CLIENT_PRIVATE, AUTH_SERVER_PUBLIC);
	assert_hex(t.schedule.secret, AUTH_HANDSHAKE);
	say(&t, AUTH_CLIENT_HELLO);
	say(&t, AUTH_SERVER_HELLO);
	derive(&t, "c hs traffic", AUTH_C_HS);
	derive(&t, "s hs traffic", AUTH_S_HS);

	c = open_record(
		&t, AUTH_S_HS, AUTH_FLIGHT_RECORD, flight, sizeof(flight));
	assert_int_equal(c.type, RECORD_HANDSHAKE);
	assert_hex(c.data, AUTH_ENCRYPTED_EXTENSIONS AUTH_CERTIFICATE_REQUEST);
	server_with_a_request(&t, span_of(c.data, c.len));
	assert_sealed(&t, AUTH_S_HS, RECORD_HANDSHAKE, span_of(c.data, c.len),
		AUTH_FLIGHT_RECORD);
	keyschedule_mix(&t.schedule, span_of(NULL, 0));
	assert_hex(t.schedule.secret, AUTH_MASTER);
	application_keys(&t, AUTH_C_AP, AUTH_S_AP);

	c = open_record(&t, AUTH_C_HS, AUTH_CLIENT_FLIGHT_RECORD, flight,
		sizeof(flight));
	assert_int_equal(c.type, RECORD_HANDSHAKE);
	client_with_a_certificate(&t, span_of(c.data, c.len));
	assert_sealed(&t, AUTH_C_HS, RECORD_HANDSHAKE, span_of(c.data, c.len),
		AUTH_CLIENT_FLIGHT_RECORD);
	derive(&t, "res master", AUTH_RESUMPTION);
	assert_closed(&t, AUTH_C_AP, AUTH_CLIENT_CLOSE_RECORD);
	assert_closed(&t, AUTH_S_AP, AUTH_SERVER_CLOSE_RECORD);
}

static void
handshake_in_compatibility_mode(void **state)
{
	struct trace t = {.suite = suite_find(0x1301)};
	static uint8_t flight[1024];
	static uint8_t hello[256];
	struct record_content c;
	struct span record;
	struct reader r;

	(void)state;
	begin_trace(&t, COMPAT_CLIENT_PRIVATE, COMPAT_SERVER_PUBLIC);
	assert_hex(t.schedule.secret, COMPAT_HANDSHAKE);
	say(&t, COMPAT_CLIENT_HELLO);
	record = pemvec_hex(hello, sizeof(hello), COMPAT_SERVER_HELLO_RECORD);
	transcript_append(
		&t.transcript, span_of(record.data + RECORD_HEADER_LEN,
				       record.len - RECORD_HEADER_LEN));
	derive(&t, "c hs traffic", COMPAT_C_HS);
	derive(&t, "s hs traffic", COMPAT_S_HS);

	c = open_record(
		&t, COMPAT_S_HS, COMPAT_FLIGHT_RECORD, flight, sizeof(flight));
	r = reader_over(span_of(c.data, c.len));
	(void)next_message(&t, &r, HANDSHAKE_ENCRYPTED_EXTENSIONS);
	(void)next_message(&t, &r, HANDSHAKE_CERTIFICATE);
	(void)next_message(&t, &r, HANDSHAKE_CERTIFICATE_VERIFY);
	finish(&t, COMPAT_S_HS, &r);
	keyschedule_mix(&t.schedule, span_of(NULL, 0));
	application_keys(&t, COMPAT_C_AP, COMPAT_S_AP);

	c = open_record(&t, COMPAT_C_HS, COMPAT_CLIENT_FINISHED_RECORD, flight,
		sizeof(flight));
	r = reader_over(span_of(c.data, c.len));
	finish(&t, COMPAT_C_HS, &r);
	assert_sealed(&t, COMPAT_C_HS, RECORD_HANDSHAKE, span_of(c.data, c.len),
		COMPAT_CLIENT_FINISHED_RECORD);
	derive(&t, "res master", COMPAT_RESUMPTION);
	assert_closed(&t, COMPAT_C_AP, COMPAT_CLIENT_CLOSE_RECORD);
	assert_closed(&t, COMPAT_S_AP, COMPAT_SERVER_CLOSE_RECORD);
}

static void
give(struct tls13 *t, const char *records)
{
	struct span bytes = hex(records);
	size_t len;
	uint8_t *to = tls13_recvrec_buf(t, &len);

	assert_true(to != NULL && len >= bytes.len);
	memcpy(to, bytes.data, bytes.len);
	tls13_recvrec_ack(t, bytes.len);
}

/*
 * The whole client, made to believe that the trace's hello was its own: it
 * takes ServerHello, session id and change_cipher_spec, and has the keys. There
 * it ends: the server answers an extension that was never ours, and the alert
 * about that follows the client's change_cipher_spec.
 */
static void
client_in_compatibility_mode(void **state)
{
	static struct tls13 tls;
	static struct tls13_buffers buffers;
	struct handshake *h = &buffers.handshake;
	const uint8_t *out;
	size_t len;

	(void)state;
	assert_int_equal(
		tls13_init(&tls, &buffers, peer_client_config()), ERR_OK);
	(void)tls13_sendrec_buf(&tls, &len);
	tls13_sendrec_ack(&tls, len);
	(void)pemvec_hex(
		h->session_id, sizeof(h->session_id), COMPAT_SESSION_ID);
	(void)pemvec_hex(h->share.secret, 32, COMPAT_CLIENT_PRIVATE);
	transcript_begin(&h->transcript);
	transcript_append(&h->transcript, hex(COMPAT_CLIENT_HELLO));

	give(&tls, COMPAT_SERVER_HELLO_RECORD COMPAT_CCS_RECORD);
	assert_int_equal(tls13_error(&tls)->code, ERR_OK);
	assert_hex(tls.recv.secret, COMPAT_S_HS);
	assert_hex(tls.send.secret, COMPAT_C_HS);
	give(&tls, COMPAT_FLIGHT_RECORD);
	assert_int_equal(tls13_error(&tls)->alert, ALERT_UNSUPPORTED_EXTENSION);
	out = tls13_sendrec_buf(&tls, &len);
	assert_true(out != NULL && len > hex(COMPAT_CCS_RECORD).len);
	assert_hex(out, COMPAT_CCS_RECORD);
	tls13_clear(&tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumption_secret_of_the_ticket),
		cmocka_unit_test(psk_binder),
		cmocka_unit_test(resumed_handshake),
		cmocka_unit_test(handshake_with_a_retry),
		cmocka_unit_test(handshake_with_a_client_certificate),
		cmocka_unit_test(handshake_in_compatibility_mode),
		cmocka_unit_test(client_in_compatibility_mode),
	};

	return cmocka_run_group_tests_name("rfc8448", tests, NULL, NULL);
}
