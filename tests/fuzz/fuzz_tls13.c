/*
 * fuzz_tls13.c - the whole client against a server that is the input.
 *
 * The first byte chooses how far the server gets by itself: not at all; into
 * the handshake with keys that both know; through it, with each message changed
 * as the input says; or past it. So the input gets behind the AEAD. Sessions
 * are resumed too, and what the server gave for a ticket is offered to the
 * next one. Randomness is fixed: the same input does the same thing each time.
 */
#include "base/rng.h"
#include "tls/alert.h"
#include "tls/tls13.h"

#include "../unit/peer.h"

#include <stdlib.h>
#include <string.h>

#define TURNS_MAX 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct peer peer;
static struct tls13 tls;
static struct tls13_buffers buffers;
static struct reader input;
static uint8_t counter;

/* The last ticket that was taken; suite NULL: none. */
static struct tls13_ticket kept;
static uint8_t kept_identity[TLS_TICKET_MAX];
static bool kept_hears; /* tickets are expected at all */

/* In the place of base/rng.c. */
enum err
rng_bytes(void *p, size_t len)
{
	uint8_t *at = p;

	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(counter++ * 7 + 3);
	return ERR_OK;
}

uint64_t
rng_jitter(uint64_t value, unsigned percent)
{
	(void)percent;
	return value;
}

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
take(void *owner, const struct tls13_ticket *t)
{
	must(owner == &kept && kept_hears && tls13_handshake_done(&tls));
	must(t->lifetime_s > 0 && t->lifetime_s <= TLS_TICKET_LIFETIME_S);
	must(t->identity.len > 0 && t->identity.len <= TLS_TICKET_MAX);
	must(t->suite == tls.recv.suite);
	kept = *t;
	memcpy(kept_identity, t->identity.data, t->identity.len);
	kept.identity.data = kept_identity;
}

/* What has to hold at any time. */
static void
check(void)
{
	unsigned state = tls13_state(&tls);
	const struct error *e = tls13_error(&tls);

	must((state & TLS13_CLOSED) == 0 || state == TLS13_CLOSED);
	must(!tls.failed || e->code != ERR_OK);
	must(tls.failed || e->code == ERR_OK);
	must(!tls.failed || (state & (TLS13_SENDAPP | TLS13_RECVREC)) == 0);
	must((state & TLS13_SENDAPP) == 0 || tls13_handshake_done(&tls));
	must((state & TLS13_RECVAPP) == 0 || tls13_server_spoke(&tls));
	must(!tls13_resumed(&tls) || tls13_handshake_done(&tls) || tls.failed);
	must(!tls13_idle(&tls) || !tls.failed);
}

/* The client's side of a turn, steered by one byte. */
static void
use(uint8_t how)
{
	struct iovec v[4];
	size_t len;
	int n;

	n = tls13_recvapp_vec(&tls, v, 4);
	for (int i = 0; i < n; i++)
		must(v[i].iov_len > 0);
	if (n > 0)
		tls13_recvapp_ack(
			&tls, (how & 1) != 0 ? 1 : v[0].iov_len + (how & 2));
	if ((how & 4) != 0 && tls13_sendapp_vec(&tls, v, 4) > 0)
		tls13_sendapp_ack(&tls, how);
	if ((how & 8) != 0 && tls13_idle(&tls)) {
		must(tls13_detach(&tls) == &buffers);
		check();
		tls13_attach(&tls, &buffers);
	}
	if (how == 0xff)
		tls13_close_send(&tls);
	if ((how & 16) == 0 && tls13_sendrec_buf(&tls, &len) != NULL)
		tls13_sendrec_ack(&tls, (how & 32) != 0 ? len / 2 : len);
	check();
}

/* Give the client what the server has put down. */
static void
deliver(void)
{
	size_t done = 0;

	for (int i = 0; i < TURNS_MAX && done < peer.out_len; i++) {
		size_t len;
		uint8_t *to = tls13_recvrec_buf(&tls, &len);

		if (tls.failed || tls13_recv_closed(&tls))
			break;
		if (to == NULL) {
			use(0);
			continue;
		}
		if (len > peer.out_len - done)
			len = peer.out_len - done;
		memcpy(to, peer.out + done, len);
		done += len;
		tls13_recvrec_ack(&tls, len);
		check();
	}
	peer.out_len = 0;
}

/* One thing that the server does. */
static void
operate(void)
{
	uint8_t op = read_u8(&input);
	uint8_t how = read_u8(&input);
	struct span bytes = read_bytes(
		&input, (op & 0x80) != 0 ? read_u16(&input) : read_u8(&input));

	switch (op & 7) {
	case 0:
		peer_send(&peer, RECORD_HANDSHAKE, bytes);
		break;
	case 1:
		peer_send(&peer, RECORD_APPLICATION_DATA, bytes);
		break;
	case 2:
		peer_send(&peer, RECORD_ALERT, bytes);
		break;
	case 3:
		if (bytes.len > 0)
			peer_send_inner(&peer, bytes);
		break;
	case 4:
		peer_send_plain(&peer, how, bytes);
		break;
	case 5:
		peer_send_raw(&peer, bytes);
		break;
	case 6:
		if (peer.send.suite != NULL)
			peer_send_key_update(&peer, (how & 1) != 0);
		break;
	default:
		for (size_t i = 0; i < bytes.len; i++)
			peer_send(&peer, RECORD_HANDSHAKE,
				span_of(bytes.data + i, 1));
		break;
	}
	if ((op & 8) == 0)
		deliver();
	use(how);
}

static void
operate_to_the_end(void)
{
	for (int i = 0; i < TURNS_MAX && input.left > 0; i++)
		operate();
	deliver();
	tls13_recv_eof(&tls);
	check();
	for (int i = 0; i < 20; i++)
		use(0);
	must(tls.failed || tls13_recv_closed(&tls));
}

/* Known keys in both directions, as if a ServerHello had chosen them. */
static void
set_keys(void)
{
	static const uint8_t secret[SUITE_HASH_MAX] = {1, 2, 3};
	const struct suite *s = suite_find(0x1301);

	engine_set_recv_keys(&tls, s, secret);
	engine_set_send_keys(&tls, s, secret);
	record_keys_set(&peer.send, s, secret);
	record_ready(&peer.send, &peer.seal);
	buffers.handshake.suite = s;
	transcript_choose(&buffers.handshake.transcript, s);
	keyschedule_begin(
		&buffers.handshake.schedule, s->hash, span_of(NULL, 0));
}

/* An edit of a handshake message, or none. */
static bool
edit(struct peer *p, uint8_t type, struct writer *m)
{
	uint8_t op = read_u8(&input);
	size_t at = 0;
	struct span bytes;

	(void)type;
	if (op < 0x80)
		return true;
	at = read_u16(&input);
	bytes = read_bytes(&input, read_u8(&input));
	at = m->len > 0 ? at % m->len : 0;
	switch (op & 7) {
	case 0: /* overwrite */
		if (bytes.len > m->len - at)
			bytes.len = m->len - at;
		if (bytes.len > 0)
			memcpy(m->base + at, bytes.data, bytes.len);
		break;
	case 1:
		write_span(m, bytes);
		break;
	case 2:
		m->len = at;
		break;
	case 3:
		memmove(m->base + at, m->base + at + 1, m->len - at - 1);
		m->len--;
		break;
	case 4: /* twice */
		peer_send(p, RECORD_HANDSHAKE, writer_span(m));
		break;
	case 5:
		return false;
	case 6: /* something before it */
		peer_send(p, bytes.len > 0 ? bytes.data[0] : RECORD_HANDSHAKE,
			bytes);
		break;
	default:
		m->len = at;
		write_span(m, bytes);
		break;
	}
	if ((op & 8) == 0 && m->len >= 4) {
		m->base[1] = (uint8_t)((m->len - 4) >> 16);
		m->base[2] = (uint8_t)((m->len - 4) >> 8);
		m->base[3] = (uint8_t)(m->len - 4);
	}
	return true;
}

/* The server answers hellos; nothing else of the client is read. */
static void
answer_hellos(void)
{
	for (int i = 0; i < 4; i++) {
		size_t len;
		const uint8_t *from = tls13_sendrec_buf(&tls, &len);

		if (from == NULL)
			break;
		if (from[0] == RECORD_CHANGE_CIPHER_SPEC && len > 6 &&
			from[6] == RECORD_HANDSHAKE) {
			from += 6;
			len -= 6;
		}
		if (from[0] == RECORD_HANDSHAKE && !peer.answered)
			peer_receive(&peer, span_of(from, len));
		(void)tls13_sendrec_buf(&tls, &len);
		tls13_sendrec_ack(&tls, len);
		deliver();
	}
}

/* A session that both sides know, for a client that was begun with it. */
static const struct peer_session session = {.psk = {7, 8, 9}};

static void
whole_handshake(uint8_t how)
{
	peer.suite = (uint16_t)(0x1301 + how % 3);
	peer.identity = (how & 4) != 0 ? PEER_P256 : PEER_RSA;
	if ((how & 8) != 0)
		peer.group = KEYSHARE_SECP256R1;
	if ((how & 16) != 0)
		peer.cookie = "cookie";
	peer.request = (how & 32) != 0;
	peer.blind = true; /* a forged retry is in one transcript only */
	if ((how & 128) != 0)
		peer.session = &session;
	peer.change = edit;
	answer_hellos();
	operate_to_the_end();
}

/* Whatever was taken for a ticket can be offered. */
static void
offer_what_was_kept(void)
{
	struct tls13_config config = *peer_client_config();
	struct tls13_resumption r = {.ticket = &kept, .age_ms = counter};

	config.resumption = &r;
	tls13_clear(&tls);
	must(tls13_init(&tls, &buffers, &config) == ERR_OK);
	must(buffers.handshake.psk.suite == kept.suite);
	peer_begin(&peer);
	peer.suite = kept.suite->id;
	peer.session = &(struct peer_session){.suite = kept.suite, .psk = {0}};
	peer.blind = true;
	answer_hellos();
	must(peer.got_psks == 1);
	must(tls13_error(&tls)->alert == ALERT_BAD_RECORD_MAC);
}

/*
 * A client that has just begun. With fixed randomness it is always the same,
 * and a copy of the first saves making its key. All stands where it stood, so
 * that pointers inward still hold.
 */
static void
begin(bool resume, bool named)
{
	static struct {
		struct tls13 tls;
		struct tls13_buffers buffers;
		bool made;
	} first[2][2];
	static struct tls13_config with_name;
	static const uint8_t name[] = "ticket";
	struct tls13_ticket ticket = {.suite = suite_find(0x1301),
		.lifetime_s = 60,
		.identity = span_of(name, sizeof(name))};
	struct tls13_resumption r = {
		.take_ticket = take, .owner = &kept, .ticket = &ticket};
	struct tls13_config config = *peer_client_config();

	kept.suite = NULL;
	kept_hears = resume;
	if (!first[named][resume].made) {
		counter = 0;
		memcpy(ticket.psk, session.psk, sizeof(ticket.psk));
		config.sni = named ? "db.example.com" : NULL;
		with_name = config;
		config.resumption = resume ? &r : NULL;
		must(tls13_init(&tls, &buffers, &config) == ERR_OK);
		buffers.handshake.config =
			named ? &with_name : peer_client_config();
		first[named][resume].tls = tls;
		memcpy(&first[named][resume].buffers, &buffers,
			sizeof(buffers));
		first[named][resume].made = true;
	}
	tls = first[named][resume].tls;
	memcpy(&buffers, &first[named][resume].buffers, sizeof(buffers));
	counter = 100;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t mode;
	uint8_t how = 0;

	input = reader_over(span_of(data, size));
	mode = read_u8(&input);
	if ((mode & 3) == 2)
		how = read_u8(&input);
	peer_begin(&peer);
	begin(((mode | how) & 64) != 0, (mode & 32) != 0);
	switch (mode & 3) {
	case 0:
		peer_send_raw(&peer, span_of(input.at, input.left));
		deliver();
		must(!tls13_handshake_done(&tls));
		use(mode);
		break;
	case 1:
		set_keys();
		tls.state = EXPECT_POST_HANDSHAKE;
		operate_to_the_end();
		if (kept.suite != NULL && (mode & 128) != 0)
			offer_what_was_kept();
		break;
	case 2:
		whole_handshake(how);
		break;
	default:
		set_keys();
		tls.state = (enum handshake_state)(
			EXPECT_ENCRYPTED_EXTENSIONS +
			(mode >> 2) % (EXPECT_FINISHED -
					      EXPECT_ENCRYPTED_EXTENSIONS + 1));
		buffers.handshake.resumed = (mode & 128) != 0;
		operate_to_the_end();
		break;
	}
	tls13_clear(&tls);
	return 0;
}
