/*
 * finished.c - the server's Finished, and the client's second flight that
 * answers it: Certificate, CertificateVerify, Finished (RFC 8446 4.4). From
 * here on application keys are in use.
 *
 * The client certificate leaves here and nowhere else: the server's key, name
 * and Finished have been verified by then.
 */
#include "base/mem.h"
#include "tls/alert.h"
#include "tls/engine.h"
#include "tls/handshake.h"
#include "tls/signature.h"
#include "tls/tls13.h"

static enum err
too_long(struct tls13 *t, const char *what)
{
	return error_tls(&t->b->error, ERR_LIMIT, ALERT_INTERNAL_ERROR,
		"tls: client %s does not fit", what);
}

/* An empty list when no key of ours fits what the server takes (4.4.2). */
static enum err
send_certificate(struct tls13 *t)
{
	struct handshake *h = &t->b->handshake;
	const struct tls13_config *c = h->config;
	struct writer w = writer_over(h->flight, sizeof(h->flight));
	size_t body;
	size_t list;
	enum err err;

	write_u8(&w, HANDSHAKE_CERTIFICATE);
	body = write_begin(&w, 3);
	write_u8(&w, 0); /* the context of the request, empty */
	list = write_begin(&w, 3);
	for (size_t i = 0; h->client_scheme != 0 && i < c->chain_count; i++) {
		size_t one = write_begin(&w, 3);

		write_span(&w, c->chain[i]);
		write_end(&w, one, 3);
		write_u16(&w, 0); /* no extensions */
	}
	write_end(&w, list, 3);
	write_end(&w, body, 3);
	if (!writer_ok(&w))
		return too_long(t, "certificate");
	err = engine_send_handshake(t, writer_span(&w));
	/* With IAM login the certificate has a token inside. */
	mem_wipe(h->flight, w.len);
	return err;
}

static enum err
send_certificate_verify(struct tls13 *t)
{
	struct handshake *h = &t->b->handshake;
	struct writer w = writer_over(h->flight, sizeof(h->flight));
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t sig[SIGNATURE_MAX];
	size_t sig_len = 0;
	size_t body;
	enum err err = signature_sign(h->client_scheme, h->config->key,
		transcript_hash(&h->transcript, hash), sig, &sig_len);

	if (err != ERR_OK)
		return error_tls(&t->b->error, err, ALERT_INTERNAL_ERROR,
			"tls: cannot sign with the client key: %s",
			error_text(err));
	write_u8(&w, HANDSHAKE_CERTIFICATE_VERIFY);
	body = write_begin(&w, 3);
	write_u16(&w, h->client_scheme);
	write_u16(&w, (uint16_t)sig_len);
	write_bytes(&w, sig, sig_len);
	write_end(&w, body, 3);
	if (!writer_ok(&w))
		return too_long(t, "signature");
	return engine_send_handshake(t, writer_span(&w));
}

static enum err
send_finished(struct tls13 *t)
{
	struct handshake *h = &t->b->handshake;
	struct writer w = writer_over(h->flight, sizeof(h->flight));
	size_t len = h->suite->hash_len;
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t verify_data[SUITE_HASH_MAX];

	keyschedule_finished(h->suite->hash, span_of(h->client_secret, len),
		transcript_hash(&h->transcript, hash), verify_data);
	write_u8(&w, HANDSHAKE_FINISHED);
	write_u24(&w, (uint32_t)len);
	write_bytes(&w, verify_data, len);
	return engine_send_handshake(t, writer_span(&w));
}

static enum err
send_flight(struct tls13 *t)
{
	struct handshake *h = &t->b->handshake;
	enum err err = ERR_OK;

	if (h->certificate_requested)
		err = send_certificate(t);
	if (err == ERR_OK && h->client_scheme != 0)
		err = send_certificate_verify(t);
	if (err == ERR_OK)
		err = send_finished(t);
	return err;
}

static enum err
verify(struct tls13 *t, struct span verify_data)
{
	struct handshake *h = &t->b->handshake;
	size_t len = h->suite->hash_len;
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t expected[SUITE_HASH_MAX];

	if (verify_data.len != len)
		return error_tls(&t->b->error, ERR_TLS, ALERT_DECODE_ERROR,
			"tls: malformed Finished");
	keyschedule_finished(h->suite->hash, span_of(h->server_secret, len),
		transcript_hash(&h->transcript, hash), expected);
	if (!mem_equal_ct(expected, verify_data.data, len))
		return error_tls(&t->b->error, ERR_TLS, ALERT_DECRYPT_ERROR,
			"tls: invalid server finished hash");
	return ERR_OK;
}

/*
 * Application secrets hash up to the server's Finished, our own flight not
 * included (7.1). The server writes with its one from now on; we change after
 * our Finished.
 */
static enum err
change_keys(struct tls13 *t)
{
	struct handshake *h = &t->b->handshake;
	uint8_t buf[SUITE_HASH_MAX];
	uint8_t secret[SUITE_HASH_MAX];
	struct span hash = transcript_hash(&h->transcript, buf);
	enum err err;

	keyschedule_mix(&h->schedule, span_of(NULL, 0));
	keyschedule_derive(&h->schedule, "s ap traffic", hash, secret);
	engine_set_recv_keys(t, h->suite, secret);
	keyschedule_derive(&h->schedule, "c ap traffic", hash, secret);
	err = send_flight(t);
	if (err == ERR_OK)
		engine_set_send_keys(t, h->suite, secret);
	/* The one secret that hashes our flight too. */
	if (err == ERR_OK && t->take_ticket != NULL)
		keyschedule_derive(&h->schedule, "res master",
			transcript_hash(&h->transcript, buf), t->resumption);
	mem_wipe(secret, sizeof(secret));
	return err;
}

enum err
finished_receive(struct tls13 *t, struct span message)
{
	struct handshake *h = &t->b->handshake;
	enum err err = verify(t, span_of(message.data + HANDSHAKE_HEADER_LEN,
					 message.len - HANDSHAKE_HEADER_LEN));

	if (err != ERR_OK)
		return err;
	transcript_append(&h->transcript, message);
	err = change_keys(t);
	if (err != ERR_OK)
		return err;
	t->resumed = h->resumed;
	handshake_clear(h);
	t->quiet_records = 0;
	t->state = EXPECT_POST_HANDSHAKE;
	return ERR_OK;
}
