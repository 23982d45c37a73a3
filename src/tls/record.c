/*
 * record.c - records: keys of a direction, sealing, opening. It owns the
 * nonces: a sequence number is used once and only counts up.
 */
#include "tls/record.h"

#include "base/mem.h"
#include "tls/alert.h"
#include "tls/keyschedule.h"

#define VERSION_1_2 0x0303 /* legacy_record_version (5.1) */

static void
derive(struct record_keys *k)
{
	struct span secret = span_of(k->secret, k->suite->hash_len);
	struct span none = span_of(NULL, 0);

	keyschedule_expand_label(
		k->suite->hash, secret, "key", none, k->key, k->suite->key_len);
	keyschedule_expand_label(
		k->suite->hash, secret, "iv", none, k->iv, AEAD_NONCE_LEN);
	k->sequence = 0;
}

void
record_keys_set(
	struct record_keys *k, const struct suite *suite, const uint8_t *secret)
{
	k->suite = suite;
	for (size_t i = 0; i < suite->hash_len; i++)
		k->secret[i] = secret[i];
	derive(k);
}

void
record_keys_update(struct record_keys *k)
{
	keyschedule_update(k->suite->hash, k->secret);
	derive(k);
}

void
record_ready(const struct record_keys *k, struct aead *a)
{
	aead_init(a, k->suite->aead, k->key, k->suite->key_len);
}

void
record_header(uint8_t *at, enum record_type type, uint16_t version, size_t len)
{
	struct writer w = writer_over(at, RECORD_HEADER_LEN);

	write_u8(&w, (uint8_t)type);
	write_u16(&w, version);
	write_u16(&w, (uint16_t)len);
}

/* The per-record nonce (5.3); counts. */
static void
next_nonce(struct record_keys *k, uint8_t nonce[AEAD_NONCE_LEN])
{
	for (size_t i = 0; i < AEAD_NONCE_LEN; i++)
		nonce[i] = k->iv[i];
	for (size_t i = 0; i < 8; i++)
		nonce[AEAD_NONCE_LEN - 1 - i] ^=
			(uint8_t)(k->sequence >> (8 * i));
	k->sequence++;
}

size_t
record_seal(struct record_keys *k, struct aead *a, enum record_type type,
	uint8_t *record, size_t len)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	uint8_t *data = record + RECORD_HEADER_LEN;

	data[len] = (uint8_t)type;
	record_header(record, RECORD_APPLICATION_DATA, VERSION_1_2,
		len + 1 + AEAD_TAG_LEN);
	next_nonce(k, nonce);
	aead_seal(a, nonce, span_of(record, RECORD_HEADER_LEN), data, len + 1);
	return len + RECORD_OVERHEAD;
}

/* What may arrive in this direction, judged by the outer type alone. */
static bool
type_allowed(uint8_t type, bool protected)
{
	if (type == RECORD_CHANGE_CIPHER_SPEC ||
		type == RECORD_APPLICATION_DATA)
		return true;
	return !protected && (type == RECORD_ALERT || type == RECORD_HANDSHAKE);
}

enum err
record_peek(struct span in, bool protected, size_t *len, struct error *e)
{
	struct reader r = reader_over(in);
	uint8_t type;
	uint8_t major;
	size_t body;
	size_t most;

	if (in.len < RECORD_HEADER_LEN)
		return ERR_AGAIN;
	type = read_u8(&r);
	major = read_u8(&r);
	(void)read_u8(&r); /* the minor version means nothing (5.1) */
	body = read_u16(&r);
	if (type < RECORD_CHANGE_CIPHER_SPEC || type > RECORD_APPLICATION_DATA)
		return error_tls(e, ERR_TLS, ALERT_UNEXPECTED_MESSAGE,
			"tls: received data that is not a TLS record");
	if (major != 3)
		return error_tls(e, ERR_TLS, ALERT_PROTOCOL_VERSION,
			"tls: received a record of version %u", major);
	if (!type_allowed(type, protected))
		return error_tls(e, ERR_TLS, ALERT_UNEXPECTED_MESSAGE,
			"tls: received an unprotected record of type %u", type);
	most = protected ? RECORD_SEALED_MAX : TLS_PLAINTEXT_MAX;
	if (body > most)
		return error_tls(e, ERR_TLS, ALERT_RECORD_OVERFLOW,
			"tls: oversized record received with length %zu", body);
	*len = RECORD_HEADER_LEN + body;
	return ERR_OK;
}

/* Padding is zeros from the end to the type (5.4). */
static enum err
unpad(struct record_content *c, struct error *e)
{
	if (c->len > TLS_PLAINTEXT_MAX + 1)
		return error_tls(e, ERR_TLS, ALERT_RECORD_OVERFLOW,
			"tls: oversized record received with length %zu",
			c->len);
	while (c->len > 0 && c->data[c->len - 1] == 0)
		c->len--;
	if (c->len == 0)
		return error_tls(e, ERR_TLS, ALERT_UNEXPECTED_MESSAGE,
			"tls: received a record without content");
	switch (c->data[--c->len]) {
	case RECORD_ALERT:
		c->type = RECORD_ALERT;
		return ERR_OK;
	case RECORD_HANDSHAKE:
		c->type = RECORD_HANDSHAKE;
		return ERR_OK;
	case RECORD_APPLICATION_DATA:
		c->type = RECORD_APPLICATION_DATA;
		return ERR_OK;
	default:
		return error_tls(e, ERR_TLS, ALERT_UNEXPECTED_MESSAGE,
			"tls: received a protected record of unknown type");
	}
}

enum err
record_open(struct record_keys *k, struct aead *a, uint8_t *record, size_t len,
	struct record_content *content, struct error *e)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	struct span aad = span_of(record, RECORD_HEADER_LEN);

	/*
	 * A type and a tag at least: less cannot be authentic. Nor can anything
	 * be under a number that is used up, since it must not wrap (5.3).
	 */
	if (len < RECORD_OVERHEAD || k->sequence == UINT64_MAX)
		return error_tls(e, ERR_TLS, ALERT_BAD_RECORD_MAC,
			"tls: bad record MAC");
	content->data = record + RECORD_HEADER_LEN;
	content->len = len - RECORD_HEADER_LEN - AEAD_TAG_LEN;
	next_nonce(k, nonce);
	if (!aead_open(a, nonce, aad, content->data, content->len))
		return error_tls(e, ERR_TLS, ALERT_BAD_RECORD_MAC,
			"tls: bad record MAC");
	return unpad(content, e);
}

void
record_keys_clear(struct record_keys *k)
{
	mem_wipe(k, sizeof(*k));
}
