/*
 * engine_send.c - what goes out: records of the handshake, alerts, key
 * updates, and the keys that seal them. After close_notify or a fatal alert
 * nothing more is queued.
 */
#include "tls/engine.h"

#include "base/mem.h"
#include "tls/alert.h"

#include <string.h>

#define VERSION_1_0 0x0301
#define VERSION_1_2 0x0303

#define KEY_UPDATE_LEN (HANDSHAKE_HEADER_LEN + 1)
#define ALERT_LEN      2
/*
 * Left free by application data: a KeyUpdate that is due, close_notify or an
 * alert must always fit, each a record of its own.
 */
#define RESERVE                                                                \
	(2 * (RECORD_OVERHEAD + KEY_UPDATE_LEN) +                              \
		2 * (RECORD_OVERHEAD + ALERT_LEN))
/* A record of less is not worth its overhead: wait until the buffer drains. */
#define WORTH_A_RECORD 1024

#define LEVEL_WARNING 1
#define LEVEL_FATAL   2

static uint8_t *
tail(struct tls13_buffers *b, size_t want)
{
	if (want > sizeof(b->send) - b->send_tail)
		return NULL;
	return b->send + b->send_tail;
}

/* For middleboxes (RFC 8446 D.4), never protected. */
static void
queue_ccs(struct tls13 *t)
{
	struct tls13_buffers *b = t->b;
	uint8_t *at = tail(b, RECORD_HEADER_LEN + 1);

	t->ccs_due = false;
	if (at == NULL)
		return;
	record_header(at, RECORD_CHANGE_CIPHER_SPEC, VERSION_1_2, 1);
	at[RECORD_HEADER_LEN] = 1;
	b->send_tail += RECORD_HEADER_LEN + 1;
}

/* One record of at most TLS_PLAINTEXT_MAX bytes, sealed if keys are set. */
static enum err
queue(struct tls13 *t, enum record_type type, struct span content)
{
	struct tls13_buffers *b = t->b;
	uint8_t *at;

	if (t->ccs_due)
		queue_ccs(t);
	at = tail(b, RECORD_OVERHEAD + content.len);
	if (at == NULL)
		return ERR_LIMIT;
	memcpy(at + RECORD_HEADER_LEN, content.data, content.len);
	if (t->send.suite != NULL) {
		b->send_tail +=
			record_seal(&t->send, &b->seal, type, at, content.len);
		return ERR_OK;
	}
	/* The first ClientHello claims TLS 1.0, for the oldest servers. */
	record_header(at, type,
		t->state == EXPECT_SERVER_HELLO ? VERSION_1_0 : VERSION_1_2,
		content.len);
	b->send_tail += RECORD_HEADER_LEN + content.len;
	return ERR_OK;
}

static void
queue_alert(struct tls13 *t, int alert)
{
	uint8_t content[ALERT_LEN] = {
		alert == ALERT_CLOSE_NOTIFY || alert == ALERT_USER_CANCELED
			? LEVEL_WARNING
			: LEVEL_FATAL,
		(uint8_t)alert};

	/* RESERVE keeps the room; without it the alert is lost, no more. */
	(void)queue(t, RECORD_ALERT, span_of(content, sizeof(content)));
}

void
engine_fail(struct tls13 *t)
{
	struct tls13_buffers *b = t->b;

	if (t->failed)
		return;
	t->failed = true;
	if (b->error.code == ERR_TLS_PEER_ALERT || b->error.alert < 0)
		b->send_head = b->send_tail = 0; /* nobody listens */
	else if (!t->send_closed)
		queue_alert(t, b->error.alert);
	b->recv_head = b->recv_tail;
	handshake_clear(&b->handshake);
	aead_clear(&b->seal);
	aead_clear(&b->open);
	record_keys_clear(&t->send);
	record_keys_clear(&t->recv);
	mem_wipe(t->resumption, sizeof(t->resumption));
}

enum err
engine_send_handshake(struct tls13 *t, struct span message)
{
	struct reader r = reader_over(message);
	enum err err = ERR_OK;

	transcript_append(&t->b->handshake.transcript, message);
	while (err == ERR_OK && r.left > 0)
		err = queue(t, RECORD_HANDSHAKE,
			read_bytes(&r, r.left < TLS_PLAINTEXT_MAX
					       ? r.left
					       : TLS_PLAINTEXT_MAX));
	if (err != ERR_OK)
		return error_tls(&t->b->error, err, ALERT_INTERNAL_ERROR,
			"tls: handshake message does not fit");
	return ERR_OK;
}

void
engine_send_close(struct tls13 *t)
{
	if (t->send_closed || t->failed)
		return;
	queue_alert(t, ALERT_CLOSE_NOTIFY);
	t->send_closed = true;
	t->key_update_due = false;
}

size_t
engine_key_update_len(const struct tls13 *t)
{
	if (t->failed || t->send_closed || t->send.suite == NULL)
		return 0;
	if (!t->key_update_due && t->send.sequence < TLS_REKEY_RECORDS)
		return 0;
	return RECORD_OVERHEAD + KEY_UPDATE_LEN;
}

void
engine_flush_key_update(struct tls13 *t)
{
	/* update_not_requested: an answer never asks for another (4.6.3). */
	static const uint8_t message[KEY_UPDATE_LEN] = {
		HANDSHAKE_KEY_UPDATE, 0, 0, 1, 0};

	if (engine_key_update_len(t) == 0 || tail(t->b, RESERVE) == NULL ||
		queue(t, RECORD_HANDSHAKE, span_of(message, sizeof(message))) !=
			ERR_OK)
		return;
	t->key_update_due = false;
	record_keys_update(&t->send);
	record_ready(&t->send, &t->b->seal);
}

void
engine_set_send_keys(
	struct tls13 *t, const struct suite *suite, const uint8_t *secret)
{
	record_keys_set(&t->send, suite, secret);
	record_ready(&t->send, &t->b->seal);
}

void
engine_set_recv_keys(
	struct tls13 *t, const struct suite *suite, const uint8_t *secret)
{
	record_keys_set(&t->recv, suite, secret);
	record_ready(&t->recv, &t->b->open);
}

size_t
engine_send_room(size_t at)
{
	size_t end = TLS_BUFFER_MAX - RESERVE;
	size_t room;

	if (at >= end || end - at < WORTH_A_RECORD + RECORD_OVERHEAD)
		return 0;
	room = end - at - RECORD_OVERHEAD;
	return room < TLS_PLAINTEXT_MAX ? room : TLS_PLAINTEXT_MAX;
}
