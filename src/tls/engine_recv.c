/*
 * engine_recv.c - what comes in: records opened where they lie, and what
 * becomes of their content. Nothing is used before its tag was verified.
 */
#include "tls/engine.h"

#include "tls/alert.h"

#include <string.h>

/* Pieces up to this long are moved together, so that slots last. */
#define JOIN_MAX 1024

static enum err
unexpected(struct tls13 *t, const char *what)
{
	return error_tls(&t->b->error, ERR_TLS, ALERT_UNEXPECTED_MESSAGE,
		"tls: received unexpected %s", what);
}

enum err
engine_quiet_record(struct tls13 *t)
{
	t->quiet_records++;
	if (t->quiet_records > TLS_QUIET_RECORDS_MAX)
		return unexpected(t, "number of messages without data");
	return ERR_OK;
}

void
engine_recv_key_update(struct tls13 *t, bool answer)
{
	record_keys_update(&t->recv);
	record_ready(&t->recv, &t->b->open);
	/*
	 * The answer leaves before our next application data and not sooner
	 * (4.6.3): one serves for all that are asked until then.
	 */
	if (answer && !t->send_closed)
		t->key_update_due = true;
}

/* Hand a stretch of recv to the caller. There is a slot: engine_pump saw. */
static void
add_piece(struct tls13_buffers *b, const uint8_t *data, size_t len)
{
	struct tls13_piece *p;

	if (b->piece_count > 0 && len <= JOIN_MAX) {
		p = &b->piece[b->piece_count - 1];
		memmove(b->recv + p->at + p->len, data, len);
		p->len += len;
		return;
	}
	p = &b->piece[b->piece_count++];
	p->at = (size_t)(data - b->recv);
	p->len = len;
}

static enum err
application_data(struct tls13 *t, const struct record_content *c)
{
	if (t->state != EXPECT_POST_HANDSHAKE)
		return unexpected(t, "application data");
	if (c->len == 0)
		return engine_quiet_record(t);
	t->quiet_records = 0;
	t->tickets = 0;
	t->server_spoke = true;
	add_piece(t->b, c->data, c->len);
	return ERR_OK;
}

static enum err
alert(struct tls13 *t, const struct record_content *c)
{
	int code;

	if (c->len != 2)
		return error_tls(&t->b->error, ERR_TLS, ALERT_DECODE_ERROR,
			"tls: malformed alert");
	code = c->data[1];
	if (code == ALERT_USER_CANCELED)
		return engine_quiet_record(t);
	if (code == ALERT_CLOSE_NOTIFY && t->state == EXPECT_POST_HANDSHAKE) {
		t->recv_closed = true;
		return ERR_OK;
	}
	/* Fatal whatever its level byte says (6). */
	return error_tls(&t->b->error, ERR_TLS_PEER_ALERT, code,
		"remote error: tls: %s", alert_text(code));
}

/* Only from our ClientHello to the server's Finished, and it says nothing. */
static enum err
change_cipher_spec(struct tls13 *t, const struct record_content *c)
{
	if (t->state == EXPECT_POST_HANDSHAKE || c->len != 1 || c->data[0] != 1)
		return unexpected(t, "change_cipher_spec");
	return engine_quiet_record(t);
}

static enum err
content(struct tls13 *t, const struct record_content *c)
{
	if (c->type == RECORD_HANDSHAKE) {
		if (c->len == 0)
			return unexpected(t, "empty handshake record");
		return handshake_feed(t, span_of(c->data, c->len));
	}
	if (handshake_partial(t))
		return unexpected(t, "record inside a handshake message");
	switch (c->type) {
	case RECORD_CHANGE_CIPHER_SPEC:
		return change_cipher_spec(t, c);
	case RECORD_ALERT:
		return alert(t, c);
	case RECORD_APPLICATION_DATA:
		return application_data(t, c);
	case RECORD_HANDSHAKE:
		break;
	}
	return ERR_OK;
}

/* record_peek has judged the header; type is one of the four. */
static enum err
take(struct tls13 *t, uint8_t *record, size_t len)
{
	struct tls13_buffers *b = t->b;
	struct record_content c = {
		.type = (enum record_type)record[0],
		.data = record + RECORD_HEADER_LEN,
		.len = len - RECORD_HEADER_LEN,
	};
	enum err err;

	if (t->recv.suite != NULL && c.type == RECORD_APPLICATION_DATA) {
		err = record_open(
			&t->recv, &b->open, record, len, &c, &b->error);
		if (err != ERR_OK)
			return err;
	}
	return content(t, &c);
}

void
engine_pump(struct tls13 *t)
{
	struct tls13_buffers *b = t->b;

	while (!t->failed && !t->recv_closed &&
		b->piece_count < TLS_PIECES_MAX) {
		uint8_t *record = b->recv + b->recv_head;
		size_t have = b->recv_tail - b->recv_head;
		size_t len = 0;
		enum err err = record_peek(span_of(record, have),
			t->recv.suite != NULL, &len, &b->error);

		if (err == ERR_AGAIN || (err == ERR_OK && len > have))
			return;
		if (err == ERR_OK) {
			b->recv_head += len;
			err = take(t, record, len);
		}
		if (err != ERR_OK)
			engine_fail(t);
	}
	/* After close_notify whatever else comes is ignored (6.1). */
	if (t->recv_closed)
		b->recv_head = b->recv_tail;
}
