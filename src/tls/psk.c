/*
 * psk.c - tickets in, and at most one of them out again as a pre-shared key.
 * Must never offer a PSK whose suite, age or length is not right, and never
 * keeps one beyond the handshake: tickets belong to whoever took them.
 */
#include "tls/psk.h"

#include "base/mem.h"
#include "tls/alert.h"
#include "tls/engine.h"
#include "tls/handshake.h"
#include "tls/tls13.h"

#include <string.h>

#define PSK_DHE_KE 1 /* (4.2.9) */

void
psk_choose(struct handshake *h, const struct tls13_resumption *r)
{
	const struct tls13_ticket *from = r->ticket;
	struct psk *p = &h->psk;

	if (from == NULL || from->identity.len == 0 ||
		from->identity.len > sizeof(h->ticket) ||
		r->age_ms / 1000 >= from->lifetime_s)
		return;
	p->suite = from->suite;
	p->obfuscated_age = (uint32_t)r->age_ms + from->age_add;
	p->identity_len = from->identity.len;
	memcpy(p->key, from->psk, sizeof(p->key));
	memcpy(h->ticket, from->identity.data, from->identity.len);
}

void
psk_recheck(struct handshake *h)
{
	if (h->psk.suite != NULL && h->psk.suite->hash != h->suite->hash)
		mem_wipe(&h->psk, sizeof(h->psk));
}

void
psk_write_modes(struct writer *w)
{
	write_u16(w, EXTENSION_PSK_KEY_EXCHANGE_MODES);
	write_u16(w, 2);
	write_u8(w, 1); /* bytes of the list */
	write_u8(w, PSK_DHE_KE);
}

/* The list of binders with its length: what the binder does not cover. */
static size_t
binders_len(const struct psk *p)
{
	return 2 + 1 + p->suite->hash_len;
}

void
psk_write(struct writer *w, const struct handshake *h)
{
	static const uint8_t zeros[SUITE_HASH_MAX];
	const struct psk *p = &h->psk;
	size_t extension;
	size_t mark;

	write_u16(w, EXTENSION_PRE_SHARED_KEY);
	extension = write_begin(w, 2);
	mark = write_begin(w, 2);
	write_u16(w, (uint16_t)p->identity_len);
	write_bytes(w, h->ticket, p->identity_len);
	write_u32(w, p->obfuscated_age);
	write_end(w, mark, 2);
	mark = write_begin(w, 2);
	write_u8(w, (uint8_t)p->suite->hash_len);
	write_bytes(w, zeros, p->suite->hash_len);
	write_end(w, mark, 2);
	write_end(w, extension, 2);
}

void
psk_bind(const struct handshake *h, uint8_t *hello, size_t len)
{
	const struct suite *suite = h->psk.suite;
	struct transcript so_far = h->transcript;
	struct keyschedule early;
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t empty[SUITE_HASH_MAX];
	uint8_t key[SUITE_HASH_MAX];

	transcript_choose(&so_far, suite);
	transcript_append(&so_far, span_of(hello, len - binders_len(&h->psk)));
	keyschedule_begin(
		&early, suite->hash, span_of(h->psk.key, suite->hash_len));
	keyschedule_derive(&early, "res binder",
		keyschedule_empty_hash(suite->hash, empty), key);
	keyschedule_finished(suite->hash, span_of(key, suite->hash_len),
		transcript_hash(&so_far, hash), hello + len - suite->hash_len);
	mem_wipe(&early, sizeof(early));
	mem_wipe(key, sizeof(key));
}

static enum err
illegal(struct tls13 *t, const char *what)
{
	return error_tls(&t->b->error, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
		"tls: server selected a pre-shared key %s", what);
}

enum err
psk_accept(struct tls13 *t, struct span body)
{
	struct handshake *h = &t->b->handshake;
	struct reader r = reader_over(body);
	uint16_t selected = read_u16(&r);

	if (!reader_done(&r))
		return error_tls(&t->b->error, ERR_TLS, ALERT_DECODE_ERROR,
			"tls: malformed pre_shared_key");
	if (selected != 0)
		return illegal(t, "that was not offered");
	if (h->suite->hash != h->psk.suite->hash)
		return illegal(t, "with another hash");
	h->resumed = true;
	return ERR_OK;
}

/* The PSK that a ticket stands for (4.6.1), and out with it. */
static void
hand_out(struct tls13 *t, struct tls13_ticket *ticket, struct span nonce)
{
	const struct suite *suite = t->recv.suite;

	ticket->suite = suite;
	keyschedule_expand_label(suite->hash,
		span_of(t->resumption, suite->hash_len), "resumption", nonce,
		ticket->psk, suite->hash_len);
	t->take_ticket(t->ticket_owner, ticket);
	mem_wipe(ticket->psk, sizeof(ticket->psk));
}

enum err
psk_ticket_receive(struct tls13 *t, struct span body)
{
	struct error *e = &t->b->error;
	struct reader r = reader_over(body);
	struct tls13_ticket ticket = {.lifetime_s = read_u32(&r)};
	struct extensions x;
	struct span nonce;
	struct span block;
	enum err err;

	ticket.age_add = read_u32(&r);
	nonce = read_block8(&r);
	ticket.identity = read_block16(&r);
	block = read_block16(&r);
	if (!reader_done(&r) || ticket.identity.len == 0)
		return error_tls(e, ERR_TLS, ALERT_DECODE_ERROR,
			"tls: malformed NewSessionTicket");
	err = extensions_read(&x, block, EXTENSION_IN_TICKET, 0, e);
	if (err != ERR_OK)
		return err;
	/* Whatever the server says (4.6.1). */
	if (ticket.lifetime_s > TLS_TICKET_LIFETIME_S)
		ticket.lifetime_s = TLS_TICKET_LIFETIME_S;
	if (t->take_ticket != NULL && ticket.lifetime_s > 0 &&
		ticket.identity.len <= TLS_TICKET_MAX)
		hand_out(t, &ticket, nonce);
	t->server_spoke = true;
	if (++t->tickets > TLS_TICKETS_MAX)
		return error_tls(e, ERR_TLS, ALERT_UNEXPECTED_MESSAGE,
			"tls: received unexpected number of tickets");
	return ERR_OK;
}
