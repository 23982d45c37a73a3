/*
 * handshake.c - reassembly of handshake messages, the check of which may come
 * when, and the messages after the handshake. It must never process a message
 * before all of it is there, nor buffer one that is not due.
 */
#include "tls/handshake.h"

#include "base/mem.h"
#include "tls/alert.h"
#include "tls/engine.h"

#include <string.h>

static bool
due(enum handshake_state state, uint8_t type)
{
	switch (state) {
	case EXPECT_SERVER_HELLO:
	case EXPECT_SECOND_SERVER_HELLO:
		return type == HANDSHAKE_SERVER_HELLO;
	case EXPECT_ENCRYPTED_EXTENSIONS:
		return type == HANDSHAKE_ENCRYPTED_EXTENSIONS;
	case EXPECT_CERTIFICATE_OR_REQUEST:
		return type == HANDSHAKE_CERTIFICATE_REQUEST ||
		       type == HANDSHAKE_CERTIFICATE;
	case EXPECT_CERTIFICATE:
		return type == HANDSHAKE_CERTIFICATE;
	case EXPECT_CERTIFICATE_VERIFY:
		return type == HANDSHAKE_CERTIFICATE_VERIFY;
	case EXPECT_FINISHED:
		return type == HANDSHAKE_FINISHED;
	case EXPECT_POST_HANDSHAKE:
		return type == HANDSHAKE_NEW_SESSION_TICKET ||
		       type == HANDSHAKE_KEY_UPDATE;
	case HANDSHAKE_STATE_COUNT:
		break;
	}
	return false;
}

static size_t
most(uint8_t type)
{
	return type == HANDSHAKE_CERTIFICATE ||
			       type == HANDSHAKE_NEW_SESSION_TICKET
		       ? TLS_HANDSHAKE_MAX
		       : TLS_HELLO_MAX;
}

/*
 * After these the server's keys change, or it has to wait for us: more bytes
 * in the same record are an error (RFC 8446 5.1).
 */
static bool
ends_a_flight(uint8_t type)
{
	return type == HANDSHAKE_SERVER_HELLO || type == HANDSHAKE_FINISHED ||
	       type == HANDSHAKE_KEY_UPDATE;
}

static enum err
key_update_receive(struct tls13 *t, struct span body)
{
	struct error *e = &t->b->error;

	if (body.len != 1)
		return error_tls(e, ERR_TLS, ALERT_DECODE_ERROR,
			"tls: malformed KeyUpdate");
	if (body.data[0] > 1)
		return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
			"tls: KeyUpdate with an unknown request");
	engine_recv_key_update(t, body.data[0] == 1);
	return engine_quiet_record(t);
}

static enum err
dispatch(struct tls13 *t, struct span message)
{
	struct span body = span_of(message.data + HANDSHAKE_HEADER_LEN,
		message.len - HANDSHAKE_HEADER_LEN);

	switch (t->state) {
	case EXPECT_SERVER_HELLO:
	case EXPECT_SECOND_SERVER_HELLO:
		return server_hello_receive(t, message);
	case EXPECT_ENCRYPTED_EXTENSIONS:
	case EXPECT_CERTIFICATE_OR_REQUEST:
	case EXPECT_CERTIFICATE:
	case EXPECT_CERTIFICATE_VERIFY:
		return server_auth_receive(t, message);
	case EXPECT_FINISHED:
		return finished_receive(t, message);
	case EXPECT_POST_HANDSHAKE:
		if (message.data[0] == HANDSHAKE_KEY_UPDATE)
			return key_update_receive(t, body);
		return psk_ticket_receive(t, body);
	case HANDSHAKE_STATE_COUNT:
		break;
	}
	return error_tls(&t->b->error, ERR_INTERNAL, ALERT_INTERNAL_ERROR,
		"tls: handshake in no state");
}

/* Move bytes into the message until it has want of them. */
static bool
collect(struct handshake *h, struct reader *r, size_t want)
{
	size_t n = want - h->message_len;
	struct span s;

	if (n > r->left)
		n = r->left;
	s = read_bytes(r, n);
	if (s.len > 0)
		memcpy(h->message + h->message_len, s.data, s.len);
	h->message_len += s.len;
	return h->message_len == want;
}

/* The header is there: may this message come now, and be so long? */
static enum err
admit(struct tls13 *t, uint8_t type, size_t len)
{
	struct error *e = &t->b->error;

	if (!due(t->state, type))
		return error_tls(e, ERR_TLS, ALERT_UNEXPECTED_MESSAGE,
			"tls: received unexpected handshake message of type %u",
			type);
	if (len > most(type))
		return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
			"tls: handshake message of %zu bytes is too long", len);
	return ERR_OK;
}

enum err
handshake_feed(struct tls13 *t, struct span bytes)
{
	struct handshake *h = &t->b->handshake;
	struct reader r = reader_over(bytes);

	while (r.left > 0) {
		struct reader head;
		uint8_t type;
		size_t len;
		enum err err;

		if (h->message_len < HANDSHAKE_HEADER_LEN &&
			!collect(h, &r, HANDSHAKE_HEADER_LEN))
			return ERR_OK;
		head = reader_over(span_of(h->message, HANDSHAKE_HEADER_LEN));
		type = read_u8(&head);
		len = read_u24(&head);
		err = admit(t, type, len);
		if (err != ERR_OK)
			return err;
		if (!collect(h, &r, HANDSHAKE_HEADER_LEN + len))
			return ERR_OK;
		if (r.left > 0 && ends_a_flight(type))
			return error_tls(&t->b->error, ERR_TLS,
				ALERT_UNEXPECTED_MESSAGE,
				"tls: handshake bytes across a key change");
		h->message_len = 0;
		err = dispatch(
			t, span_of(h->message, HANDSHAKE_HEADER_LEN + len));
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

bool
handshake_partial(const struct tls13 *t)
{
	return t->b->handshake.message_len > 0;
}

void
handshake_clear(struct handshake *h)
{
	/* Up to the bulk: messages hold nothing that was not on the wire. */
	mem_wipe(h, offsetof(struct handshake, message));
}
