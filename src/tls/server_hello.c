/*
 * server_hello.c - ServerHello and HelloRetryRequest (RFC 8446 4.1.3, 4.1.4):
 * the server's choices, each held against what we offered, and the handshake
 * keys that follow from them.
 */
#include "base/mem.h"
#include "tls/alert.h"
#include "tls/engine.h"
#include "tls/handshake.h"
#include "tls/tls13.h"

#include <string.h>

#define VERSION_1_2 0x0303
#define VERSION_1_3 0x0304

/* SHA-256 of "HelloRetryRequest" (4.1.3). */
static const uint8_t retry_random[HANDSHAKE_RANDOM_LEN] = {0xcf, 0x21, 0xad,
	0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8,
	0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09,
	0xe2, 0xc8, 0xa8, 0x33, 0x9c};

struct hello {
	uint16_t version;
	struct span random;
	struct span session_id;
	uint16_t suite;
	uint8_t compression;
	bool retry;
	struct extensions x;
};

static enum err
malformed(struct tls13 *t)
{
	return error_tls(&t->b->error, ERR_TLS, ALERT_DECODE_ERROR,
		"tls: malformed ServerHello");
}

static enum err
illegal(struct tls13 *t, const char *what)
{
	return error_tls(&t->b->error, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
		"tls: server sent %s", what);
}

/* The body as far as every version of TLS has it; extensions apart. */
static enum err
parse(struct tls13 *t, struct span message, struct hello *s, struct span *block)
{
	struct reader r = reader_over(message);

	(void)read_bytes(&r, HANDSHAKE_HEADER_LEN);
	s->version = read_u16(&r);
	s->random = read_bytes(&r, HANDSHAKE_RANDOM_LEN);
	s->session_id = read_block8(&r);
	s->suite = read_u16(&r);
	s->compression = read_u8(&r);
	*block = span_of(NULL, 0);
	if (!reader_ok(&r))
		return malformed(t);
	s->retry =
		memcmp(s->random.data, retry_random, sizeof(retry_random)) == 0;
	if (r.left > 0)
		*block = read_block16(&r); /* TLS 1.2 may have none */
	return reader_done(&r) ? ERR_OK : malformed(t);
}

/* An older version: say so, and never speak it. */
static enum err
too_old(struct tls13 *t, const struct hello *s)
{
	/* What a TLS 1.3 server writes when an attacker took 1.3 out. */
	static const uint8_t downgrade[7] = {'D', 'O', 'W', 'N', 'G', 'R', 'D'};
	const uint8_t *tail = s->random.data + HANDSHAKE_RANDOM_LEN - 8;

	if (memcmp(tail, downgrade, sizeof(downgrade)) == 0 && tail[7] <= 1)
		return illegal(t, "a downgraded ServerHello");
	return error_tls(&t->b->error, ERR_TLS, ALERT_PROTOCOL_VERSION,
		"tls: server selected unsupported protocol version %x",
		s->version);
}

/*
 * Asked before anything else is judged: an older server deserves to hear of
 * its version and not of some extension that came with it.
 */
static bool
says_version(struct span block)
{
	struct reader r = reader_over(block);

	while (reader_ok(&r) && !reader_done(&r)) {
		if (read_u16(&r) == EXTENSION_SUPPORTED_VERSIONS)
			return true;
		(void)read_block16(&r);
	}
	return false;
}

static enum err
check_version(struct tls13 *t, const struct hello *s)
{
	struct reader r = reader_over(s->x.supported_versions.body);

	if (read_u16(&r) != VERSION_1_3 && reader_ok(&r))
		return illegal(t, "a version that was not offered");
	return reader_done(&r) ? ERR_OK : malformed(t);
}

static enum err
check_choices(struct tls13 *t, const struct hello *s)
{
	struct handshake *h = &t->b->handshake;
	const struct suite *suite = suite_find(s->suite);

	if (s->version != VERSION_1_2)
		return illegal(t, "a wrong legacy version");
	if (s->session_id.len != sizeof(h->session_id) ||
		memcmp(s->session_id.data, h->session_id,
			sizeof(h->session_id)) != 0)
		return illegal(t, "another session id");
	if (s->compression != 0)
		return illegal(t, "a compression method");
	if (suite == NULL)
		return illegal(t, "a cipher suite that was not offered");
	if (h->suite != NULL && h->suite != suite)
		return illegal(t, "another cipher suite after its retry");
	h->suite = suite;
	return ERR_OK;
}

/* The group that a HelloRetryRequest asks for: a fresh key in it. */
static enum err
change_group(struct tls13 *t, struct span body)
{
	struct handshake *h = &t->b->handshake;
	struct reader r = reader_over(body);
	uint16_t group = read_u16(&r);
	enum err err;

	if (!reader_done(&r))
		return malformed(t);
	if (!keyshare_is_offered(group) || group == h->share.group)
		return illegal(t, "a retry with an unusable group");
	keyshare_clear(&h->share);
	err = keyshare_generate(&h->share, group);
	if (err != ERR_OK)
		return error_tls(&t->b->error, err, ALERT_INTERNAL_ERROR,
			"tls: no randomness");
	return ERR_OK;
}

static enum err
retry_receive(struct tls13 *t, struct span message, const struct hello *s)
{
	struct handshake *h = &t->b->handshake;
	struct span cookie = span_of(NULL, 0);
	enum err err;

	if (t->state == EXPECT_SECOND_SERVER_HELLO)
		return error_tls(&t->b->error, ERR_TLS,
			ALERT_UNEXPECTED_MESSAGE,
			"tls: server sent two HelloRetryRequest messages");
	if (!s->x.key_share.present && !s->x.cookie.present)
		return illegal(t, "a retry that changes nothing");
	if (s->x.cookie.present) {
		struct reader r = reader_over(s->x.cookie.body);

		cookie = read_block16(&r);
		if (!reader_done(&r) || cookie.len == 0)
			return malformed(t);
	}
	if (s->x.key_share.present) {
		err = change_group(t, s->x.key_share.body);
		if (err != ERR_OK)
			return err;
	}
	transcript_choose(&h->transcript, h->suite);
	transcript_restart(&h->transcript);
	transcript_append(&h->transcript, message);
	psk_recheck(h);
	t->state = EXPECT_SECOND_SERVER_HELLO;
	t->ccs_due = true;
	return client_hello_send(t, cookie);
}

static enum err
agree(struct tls13 *t, const struct hello *s, uint8_t *shared, size_t *len)
{
	struct handshake *h = &t->b->handshake;
	struct reader r = reader_over(s->x.key_share.body);
	uint16_t group = read_u16(&r);
	struct span key = read_block16(&r);

	if (!s->x.key_share.present && h->resumed) /* (4.2.11) */
		return illegal(t, "a pre-shared key without a key share");
	if (!s->x.key_share.present)
		return error_tls(&t->b->error, ERR_TLS, ALERT_MISSING_EXTENSION,
			"tls: server did not send a key share");
	if (!reader_done(&r))
		return malformed(t);
	if (group != h->share.group)
		return illegal(t, "a key share in another group");
	if (keyshare_agree(&h->share, key, shared, len) != ERR_OK)
		return illegal(t, "an invalid key share");
	return ERR_OK;
}

/* Handshake traffic keys in both directions (7.1). */
static void
start_keys(struct tls13 *t, struct span shared)
{
	struct handshake *h = &t->b->handshake;
	uint8_t buf[SUITE_HASH_MAX];
	struct span hash = transcript_hash(&h->transcript, buf);
	struct span psk = span_of(NULL, 0);

	if (h->resumed)
		psk = span_of(h->psk.key, h->suite->hash_len);
	keyschedule_begin(&h->schedule, h->suite->hash, psk);
	mem_wipe(&h->psk, sizeof(h->psk));
	keyschedule_mix(&h->schedule, shared);
	keyschedule_derive(
		&h->schedule, "c hs traffic", hash, h->client_secret);
	keyschedule_derive(
		&h->schedule, "s hs traffic", hash, h->server_secret);
	engine_set_send_keys(t, h->suite, h->client_secret);
	engine_set_recv_keys(t, h->suite, h->server_secret);
}

static enum err
hello_receive(struct tls13 *t, struct span message, const struct hello *s)
{
	struct handshake *h = &t->b->handshake;
	uint8_t shared[KEYSHARE_SECRET_MAX];
	size_t shared_len = 0;
	enum err err = ERR_OK;

	if (s->x.pre_shared_key.present)
		err = psk_accept(t, s->x.pre_shared_key.body);
	if (err == ERR_OK)
		err = agree(t, s, shared, &shared_len);
	if (err != ERR_OK)
		return err;
	keyshare_clear(&h->share);
	transcript_choose(&h->transcript, h->suite);
	transcript_append(&h->transcript, message);
	start_keys(t, span_of(shared, shared_len));
	mem_wipe(shared, sizeof(shared));
	/* After a retry ours has already gone out (D.4). */
	if (t->state == EXPECT_SERVER_HELLO)
		t->ccs_due = true;
	t->state = EXPECT_ENCRYPTED_EXTENSIONS;
	return ERR_OK;
}

enum err
server_hello_receive(struct tls13 *t, struct span message)
{
	const struct handshake *h = &t->b->handshake;
	struct hello s = {0};
	struct span block;
	enum err err = parse(t, message, &s, &block);

	if (err == ERR_OK && !says_version(block))
		err = too_old(t, &s);
	if (err == ERR_OK)
		err = extensions_read(&s.x, block,
			s.retry ? EXTENSION_IN_HELLO_RETRY
				: EXTENSION_IN_SERVER_HELLO,
			h->asked, &t->b->error);
	if (err == ERR_OK)
		err = check_version(t, &s);
	if (err == ERR_OK)
		err = check_choices(t, &s);
	if (err != ERR_OK)
		return err;
	if (s.retry)
		return retry_receive(t, message, &s);
	return hello_receive(t, message, &s);
}
