/*
 * tls13.c - the callers' side of a connection: buffers lent and taken back,
 * room and bytes handed out, the state mask. It moves no byte between the
 * buffers and anything else; the engine does the rest.
 */
#include "tls/tls13.h"

#include "base/mem.h"

#include <string.h>

/* Less room behind pieces not yet taken is not worth a read. */
#define WORTH_A_READ 4096
#define SNI_MAX      253 /* a DNS name */

static void
truncated(struct error *e)
{
	error_clear(e);
	(void)error_set(e, ERR_EOF,
		"tls: server closed the connection without close_notify");
}

static bool
fits(const struct tls13_config *c)
{
	size_t certificates = 0;

	if (c->chain_count > CHAIN_CERTS_MAX)
		return false;
	for (size_t i = 0; i < c->chain_count; i++) {
		if (c->chain[i].len > CHAIN_DER_MAX)
			return false;
		certificates += c->chain[i].len;
	}
	return certificates <= CHAIN_DER_MAX &&
	       (c->sni == NULL || strlen(c->sni) <= SNI_MAX);
}

static void
reset(struct tls13_buffers *b)
{
	error_clear(&b->error);
	b->piece_count = 0;
	b->send_head = 0;
	b->send_tail = 0;
	b->recv_head = 0;
	b->recv_tail = 0;
	b->handshake.message_len = 0;
}

enum err
tls13_init(struct tls13 *t, struct tls13_buffers *buffers,
	const struct tls13_config *config)
{
	enum err err;

	memset(t, 0, sizeof(*t));
	t->b = buffers;
	reset(buffers);
	handshake_clear(&buffers->handshake);
	buffers->handshake.config = config;
	if (config->resumption != NULL) {
		t->take_ticket = config->resumption->take_ticket;
		t->ticket_owner = config->resumption->owner;
		psk_choose(&buffers->handshake, config->resumption);
	}
	if (fits(config))
		err = handshake_start(t);
	else
		err = error_set(&buffers->error, ERR_LIMIT,
			"tls: client certificates or server name too long");
	if (err != ERR_OK) {
		buffers->error.alert = -1; /* nobody to tell */
		engine_fail(t);
	}
	return err;
}

void
tls13_clear(struct tls13 *t)
{
	if (t->b != NULL) {
		aead_clear(&t->b->seal);
		aead_clear(&t->b->open);
		handshake_clear(&t->b->handshake);
	}
	mem_wipe(t, sizeof(*t));
	t->failed = true;
}

bool
tls13_idle(const struct tls13 *t)
{
	const struct tls13_buffers *b = t->b;

	if (t->failed || t->state != EXPECT_POST_HANDSHAKE)
		return false;
	return b == NULL ||
	       (b->send_head == b->send_tail && b->piece_count == 0 &&
		       b->recv_head == b->recv_tail && !handshake_partial(t));
}

struct tls13_buffers *
tls13_detach(struct tls13 *t)
{
	struct tls13_buffers *b = t->b;

	if (b == NULL || !tls13_idle(t))
		return NULL;
	aead_clear(&b->seal);
	aead_clear(&b->open);
	t->b = NULL;
	return b;
}

void
tls13_attach(struct tls13 *t, struct tls13_buffers *buffers)
{
	if (t->b != NULL || t->failed)
		return;
	t->b = buffers;
	reset(buffers);
	record_ready(&t->send, &buffers->seal);
	record_ready(&t->recv, &buffers->open);
}

/* Bytes that recvrec can take now. */
static size_t
recv_room(const struct tls13_buffers *b)
{
	size_t room = sizeof(b->recv) - b->recv_tail;

	/* Without pieces what is left is part of one record: it can move. */
	if (b->piece_count == 0)
		return sizeof(b->recv) - (b->recv_tail - b->recv_head);
	return room >= WORTH_A_READ ? room : 0;
}

unsigned
tls13_state(const struct tls13 *t)
{
	const struct tls13_buffers *b = t->b;
	unsigned state = 0;

	if (b != NULL && b->send_head < b->send_tail)
		state |= TLS13_SENDREC;
	if (b != NULL && b->piece_count > 0)
		state |= TLS13_RECVAPP;
	if (t->failed || (t->send_closed && t->recv_closed))
		return state == 0 ? TLS13_CLOSED : state;
	if (!t->recv_closed && (b == NULL || recv_room(b) > 0))
		state |= TLS13_RECVREC;
	if (t->state == EXPECT_POST_HANDSHAKE && !t->send_closed &&
		(b == NULL || engine_send_room(b->send_tail +
					       engine_key_update_len(t)) > 0))
		state |= TLS13_SENDAPP;
	return state;
}

static bool
can(const struct tls13 *t, unsigned bit)
{
	return t->b != NULL && (tls13_state(t) & bit) != 0;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

const uint8_t *
tls13_sendrec_buf(struct tls13 *t, size_t *len)
{
	*len = 0;
	if (!can(t, TLS13_SENDREC))
		return NULL;
	*len = t->b->send_tail - t->b->send_head;
	return t->b->send + t->b->send_head;
}

void
tls13_sendrec_ack(struct tls13 *t, size_t len)
{
	struct tls13_buffers *b = t->b;

	if (!can(t, TLS13_SENDREC))
		return;
	b->send_head += least(len, b->send_tail - b->send_head);
	if (b->send_head < b->send_tail)
		return;
	b->send_head = 0;
	b->send_tail = 0;
}

uint8_t *
tls13_recvrec_buf(struct tls13 *t, size_t *len)
{
	struct tls13_buffers *b = t->b;

	*len = 0;
	if (!can(t, TLS13_RECVREC))
		return NULL;
	if (b->piece_count == 0 && b->recv_head > 0) {
		memmove(b->recv, b->recv + b->recv_head,
			b->recv_tail - b->recv_head);
		b->recv_tail -= b->recv_head;
		b->recv_head = 0;
	}
	*len = sizeof(b->recv) - b->recv_tail;
	return b->recv + b->recv_tail;
}

void
tls13_recvrec_ack(struct tls13 *t, size_t len)
{
	struct tls13_buffers *b = t->b;

	if (!can(t, TLS13_RECVREC))
		return;
	b->recv_tail += least(len, sizeof(b->recv) - b->recv_tail);
	engine_pump(t);
}

int
tls13_sendapp_vec(struct tls13 *t, struct iovec *v, int max)
{
	size_t at;
	int n = 0;

	if (!can(t, TLS13_SENDAPP))
		return 0;
	engine_flush_key_update(t);
	at = t->b->send_tail;
	for (; n < max; n++) {
		size_t room = engine_send_room(at);

		if (room == 0)
			break;
		v[n].iov_base = t->b->send + at + RECORD_HEADER_LEN;
		v[n].iov_len = room;
		at += room + RECORD_OVERHEAD;
	}
	return n;
}

void
tls13_sendapp_ack(struct tls13 *t, size_t len)
{
	struct tls13_buffers *b = t->b;

	if (!can(t, TLS13_SENDAPP))
		return;
	while (len > 0) {
		size_t n = least(len, engine_send_room(b->send_tail));

		if (n == 0)
			break;
		b->send_tail += record_seal(&t->send, &b->seal,
			RECORD_APPLICATION_DATA, b->send + b->send_tail, n);
		len -= n;
	}
}

uint8_t *
tls13_sendapp_buf(struct tls13 *t, size_t *len)
{
	struct iovec v;

	*len = 0;
	if (tls13_sendapp_vec(t, &v, 1) == 0)
		return NULL;
	*len = v.iov_len;
	return v.iov_base;
}

int
tls13_recvapp_vec(struct tls13 *t, struct iovec *v, int max)
{
	struct tls13_buffers *b = t->b;
	int n = 0;

	if (!can(t, TLS13_RECVAPP))
		return 0;
	for (; n < max && (size_t)n < b->piece_count; n++) {
		v[n].iov_base = b->recv + b->piece[n].at;
		v[n].iov_len = b->piece[n].len;
	}
	return n;
}

void
tls13_recvapp_ack(struct tls13 *t, size_t len)
{
	struct tls13_buffers *b = t->b;
	size_t gone = 0;

	if (!can(t, TLS13_RECVAPP))
		return;
	while (gone < b->piece_count && len > 0) {
		struct tls13_piece *p = &b->piece[gone];
		size_t n = least(len, p->len);

		p->at += n;
		p->len -= n;
		len -= n;
		if (p->len == 0)
			gone++;
	}
	b->piece_count -= gone;
	memmove(b->piece, b->piece + gone,
		b->piece_count * sizeof(b->piece[0]));
	if (b->piece_count == 0)
		engine_pump(t);
}

const uint8_t *
tls13_recvapp_buf(struct tls13 *t, size_t *len)
{
	struct iovec v;

	*len = 0;
	if (tls13_recvapp_vec(t, &v, 1) == 0)
		return NULL;
	*len = v.iov_len;
	return v.iov_base;
}

void
tls13_recv_eof(struct tls13 *t)
{
	if (t->failed || t->recv_closed)
		return;
	if (t->b == NULL) {
		t->failed = true; /* tls13_error knows what that means */
		return;
	}
	if (tls13_handshake_done(t))
		truncated(&t->b->error);
	else
		(void)error_set(&t->b->error, ERR_TLS,
			"tls: server closed the connection during the "
			"handshake");
	engine_fail(t);
}

void
tls13_close_send(struct tls13 *t)
{
	if (t->b == NULL || t->failed)
		return;
	if (tls13_handshake_done(t)) {
		engine_send_close(t);
		return;
	}
	(void)error_tls(&t->b->error, ERR_TLS, ALERT_CLOSE_NOTIFY,
		"tls: closed before the handshake was done");
	engine_fail(t);
}

bool
tls13_handshake_done(const struct tls13 *t)
{
	return t->state == EXPECT_POST_HANDSHAKE;
}

bool
tls13_recv_closed(const struct tls13 *t)
{
	return t->recv_closed;
}

bool
tls13_resumed(const struct tls13 *t)
{
	return t->resumed;
}

bool
tls13_server_spoke(const struct tls13 *t)
{
	return t->server_spoke;
}

const struct error *
tls13_error(const struct tls13 *t)
{
	static struct error rest;

	if (t->b != NULL)
		return &t->b->error;
	/* Written when it is needed: as a constant each is 1 kB of the file. */
	if (t->failed)
		truncated(&rest);
	else
		error_clear(&rest);
	return &rest;
}
