/*
 * client_hello.c - our first message, and the second after a
 * HelloRetryRequest, which differs from it in key_share and cookie alone
 * (RFC 8446 4.1.2).
 */
#include "tls/alert.h"
#include "tls/engine.h"
#include "tls/handshake.h"
#include "tls/signature.h"
#include "tls/tls13.h"

#include "base/rng.h"

#define VERSION_1_2 0x0303
#define VERSION_1_3 0x0304

static void
write_server_name(struct writer *w, const char *name)
{
	size_t extension;
	size_t list;
	size_t host;

	write_u16(w, EXTENSION_SERVER_NAME);
	extension = write_begin(w, 2);
	list = write_begin(w, 2);
	write_u8(w, 0); /* host_name (RFC 6066 3) */
	host = write_begin(w, 2);
	write_str(w, name);
	write_end(w, host, 2);
	write_end(w, list, 2);
	write_end(w, extension, 2);
}

static void
write_groups(struct writer *w)
{
	size_t extension;
	size_t list;

	write_u16(w, EXTENSION_SUPPORTED_GROUPS);
	extension = write_begin(w, 2);
	list = write_begin(w, 2);
	for (size_t i = 0; i < KEYSHARE_GROUPS; i++)
		write_u16(w, keyshare_offered(i));
	write_end(w, list, 2);
	write_end(w, extension, 2);
}

static void
write_key_share(struct writer *w, const struct keyshare *k)
{
	size_t extension;
	size_t list;
	size_t key;

	write_u16(w, EXTENSION_KEY_SHARE);
	extension = write_begin(w, 2);
	list = write_begin(w, 2);
	write_u16(w, k->group);
	key = write_begin(w, 2);
	write_bytes(w, k->public, k->public_len);
	write_end(w, key, 2);
	write_end(w, list, 2);
	write_end(w, extension, 2);
}

/* What goes into this ClientHello and not into every one. */
static unsigned
to_ask(const struct tls13 *t)
{
	const struct handshake *h = &t->b->handshake;
	unsigned asked = 0;

	if (h->config->sni != NULL)
		asked |= EXTENSION_ASKED_NAME;
	if (h->psk.suite != NULL)
		asked |= EXTENSION_ASKED_PSK;
	if (t->take_ticket != NULL || h->psk.suite != NULL)
		asked |= EXTENSION_ASKED_MODES;
	return asked;
}

static void
write_extensions(
	struct writer *w, const struct handshake *h, struct span cookie)
{
	size_t all = write_begin(w, 2);
	size_t mark;

	if ((h->asked & EXTENSION_ASKED_NAME) != 0)
		write_server_name(w, h->config->sni);
	write_u16(w, EXTENSION_SUPPORTED_VERSIONS);
	mark = write_begin(w, 2);
	write_u8(w, 2); /* bytes of the list */
	write_u16(w, VERSION_1_3);
	write_end(w, mark, 2);
	write_groups(w);
	write_u16(w, EXTENSION_SIGNATURE_ALGORITHMS);
	mark = write_begin(w, 2);
	signature_offer(w);
	write_end(w, mark, 2);
	write_key_share(w, &h->share);
	if (cookie.len > 0) {
		write_u16(w, EXTENSION_COOKIE);
		mark = write_begin(w, 2);
		write_u16(w, (uint16_t)cookie.len);
		write_span(w, cookie);
		write_end(w, mark, 2);
	}
	if ((h->asked & EXTENSION_ASKED_MODES) != 0)
		psk_write_modes(w);
	if ((h->asked & EXTENSION_ASKED_PSK) != 0)
		psk_write(w, h);
	write_end(w, all, 2);
}

enum err
client_hello_send(struct tls13 *t, struct span cookie)
{
	struct handshake *h = &t->b->handshake;
	struct writer w = writer_over(h->flight, sizeof(h->flight));
	size_t body;
	size_t mark;

	write_u8(&w, HANDSHAKE_CLIENT_HELLO);
	body = write_begin(&w, 3);
	write_u16(&w, VERSION_1_2);
	write_bytes(&w, h->random, sizeof(h->random));
	mark = write_begin(&w, 1);
	write_bytes(&w, h->session_id, sizeof(h->session_id));
	write_end(&w, mark, 1);
	mark = write_begin(&w, 2);
	for (size_t i = 0; i < SUITE_COUNT; i++)
		write_u16(&w, suite_offered(i)->id);
	write_end(&w, mark, 2);
	write_u8(&w, 1); /* legacy_compression_methods: null alone */
	write_u8(&w, 0);
	h->asked = to_ask(t);
	write_extensions(&w, h, cookie);
	write_end(&w, body, 3);
	if (!writer_ok(&w))
		return error_tls(&t->b->error, ERR_LIMIT, ALERT_INTERNAL_ERROR,
			"tls: ClientHello does not fit");
	if ((h->asked & EXTENSION_ASKED_PSK) != 0)
		psk_bind(h, h->flight, w.len);
	return engine_send_handshake(t, writer_span(&w));
}

enum err
handshake_start(struct tls13 *t)
{
	struct handshake *h = &t->b->handshake;
	enum err err;

	t->state = EXPECT_SERVER_HELLO;
	transcript_begin(&h->transcript);
	err = rng_bytes(h->random, sizeof(h->random));
	if (err == ERR_OK)
		err = rng_bytes(h->session_id, sizeof(h->session_id));
	if (err == ERR_OK)
		err = keyshare_generate(&h->share, keyshare_offered(0));
	if (err != ERR_OK)
		return error_tls(&t->b->error, err, ALERT_INTERNAL_ERROR,
			"tls: no randomness");
	return client_hello_send(t, span_of(NULL, 0));
}
