/*
 * test_tls13_resume.c - resumption: tickets taken and offered, servers that
 * take them or do not, and servers that break its rules.
 */
#include "tls/tls13.h"

#include "tls/alert.h"

#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NONCE    span_of("\0\1", 2)
#define IDENTITY span_str("a ticket that nobody can read")

static struct peer peer;
static struct tls13 tls;
static struct tls13_buffers buffers;
static struct tls13_config config;
static struct tls13_resumption resumption;
static struct peer_session session;

/* The owner of tickets: keeps the last. */
static struct tls13_ticket kept;
static uint8_t kept_identity[TLS_TICKET_MAX];
static unsigned taken;

static void
take(void *owner, const struct tls13_ticket *t)
{
	assert_ptr_equal(owner, &kept);
	kept = *t;
	assert_true(t->identity.len <= sizeof(kept_identity));
	memcpy(kept_identity, t->identity.data, t->identity.len);
	kept.identity.data = kept_identity;
	taken++;
}

static void
begin(void)
{
	peer_begin(&peer);
	peer.request = true;
	config = *peer_client_config();
	resumption =
		(struct tls13_resumption){.take_ticket = take, .owner = &kept};
	config.resumption = &resumption;
	taken = 0;
}

static void
run(void)
{
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	peer_exchange(&peer, &tls, 0);
}

static void
assert_done(bool resumed)
{
	const struct error *e = tls13_error(&tls);

	if (e->code != ERR_OK)
		print_error("%s\n", e->detail);
	assert_int_equal(e->code, ERR_OK);
	assert_true(tls13_handshake_done(&tls));
	assert_true(peer.got_finished);
	assert_int_equal(tls13_resumed(&tls), resumed);
	assert_int_equal(peer.got_certificate, !resumed);
	assert_int_equal(peer.got_verify, !resumed);
}

static void
talk(void)
{
	size_t len;
	uint8_t *p = tls13_sendapp_buf(&tls, &len);
	const uint8_t *got;

	assert_non_null(p);
	memcpy(p, "ping", 4);
	tls13_sendapp_ack(&tls, 4);
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("pong"));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(peer.data_len, 4);
	assert_memory_equal(peer.data, "ping", 4);
	got = tls13_recvapp_buf(&tls, &len);
	assert_non_null(got);
	assert_int_equal(len, 4);
	assert_memory_equal(got, "pong", 4);
	tls13_recvapp_ack(&tls, len);
}

/* A full handshake with this suite, and a ticket of it. */
static void
get_ticket(uint16_t suite)
{
	begin();
	peer.suite = suite;
	run();
	assert_done(false);
	assert_true(peer.got_modes);
	assert_int_equal(peer.got_psks, 0);
	peer_send_ticket(&peer, &session, 7200, NONCE, IDENTITY);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->code, ERR_OK);
	assert_int_equal(taken, 1);
	assert_true(tls13_server_spoke(&tls));
	assert_int_equal(kept.lifetime_s, 7200);
	assert_int_equal(kept.age_add, PEER_AGE_ADD);
	assert_ptr_equal(kept.suite, suite_find(suite));
	assert_memory_equal(kept.psk, session.psk, kept.suite->hash_len);
	assert_int_equal(kept.identity.len, IDENTITY.len);
	assert_memory_equal(kept_identity, IDENTITY.data, IDENTITY.len);
}

/* Ready to offer it. */
static void
offer(uint16_t suite, uint16_t peer_suite)
{
	get_ticket(suite);
	begin();
	peer.suite = peer_suite;
	peer.session = &session;
	resumption.ticket = &kept;
	resumption.age_ms = 1000;
}

static void
each_suite_resumes(void **state)
{
	(void)state;
	for (uint16_t suite = 0x1301; suite <= 0x1303; suite++) {
		offer(suite, suite);
		run();
		assert_done(true);
		assert_int_equal(peer.got_psks, 1);
		assert_int_equal(peer.identity_seen_len, IDENTITY.len);
		assert_memory_equal(
			peer.identity_seen, IDENTITY.data, IDENTITY.len);
		/* Age and addend wrap around (4.2.11.1). */
		assert_int_equal(peer.got_age, 1000 - 16);
		talk();
		/* A resumed session gives tickets too, and they are good. */
		peer_send_ticket(&peer, &session, 60, NONCE, IDENTITY);
		peer_exchange(&peer, &tls, 0);
		assert_int_equal(taken, 1);
		begin();
		peer.suite = suite;
		peer.session = &session;
		resumption.ticket = &kept;
		run();
		assert_done(true);
		talk();
	}
}

/* It is the hash that has to be the same, not the suite (4.6.1). */
static void
another_suite_of_the_same_hash(void **state)
{
	(void)state;
	offer(0x1301, 0x1303);
	run();
	assert_done(true);
	talk();
}

static void
declined_goes_on(void **state)
{
	(void)state;
	for (uint16_t suite = 0x1301; suite <= 0x1303; suite++) {
		offer(0x1301, suite);
		peer.session = NULL;
		run();
		assert_done(false);
		assert_int_equal(peer.got_psks, 1);
		talk();
	}
}

static void
retry_keeps_the_offer(void **state)
{
	(void)state;
	for (int cookie = 0; cookie < 2; cookie++) {
		offer(0x1302, 0x1302);
		peer.group = KEYSHARE_SECP256R1;
		peer.cookie = cookie ? "cookie" : NULL;
		run();
		assert_done(true);
		assert_int_equal(peer.hellos, 2);
		assert_int_equal(peer.got_psks, 1);
		assert_memory_equal(
			peer.got_randoms[0], peer.got_randoms[1], 32);
		talk();
	}
}

/* A retry that chose another hash: the second hello has no PSK (4.1.4). */
static void
retry_with_another_hash_drops_it(void **state)
{
	(void)state;
	offer(0x1301, 0x1302);
	peer.group = KEYSHARE_SECP256R1;
	run();
	assert_done(false);
	assert_int_equal(peer.hellos, 2);
	assert_int_equal(peer.got_psks, 0);
	talk();
}

static void
not_wanted_not_asked(void **state)
{
	(void)state;
	begin();
	config.resumption = NULL;
	run();
	assert_done(false);
	assert_false(peer.got_modes);
	peer_send_ticket(&peer, &session, 7200, NONCE, IDENTITY);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(taken, 0);
	talk();
}

/* A ticket without a taker: offered, with the modes; none is taken. */
static void
offered_without_a_taker(void **state)
{
	(void)state;
	offer(0x1301, 0x1301);
	resumption.take_ticket = NULL;
	run();
	assert_done(true);
	peer_send_ticket(&peer, &session, 7200, NONCE, IDENTITY);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(taken, 0);
	talk();
}

static void
assert_not_offered(void)
{
	run();
	assert_done(false);
	assert_int_equal(peer.got_psks, 0);
	talk();
}

static void
too_old_is_not_offered(void **state)
{
	(void)state;
	offer(0x1301, 0x1301);
	resumption.age_ms = 7200 * 1000;
	assert_not_offered();
	offer(0x1301, 0x1301);
	resumption.age_ms = UINT64_MAX;
	assert_not_offered();
	offer(0x1301, 0x1301);
	resumption.age_ms = 7200 * 1000 - 1;
	run();
	assert_done(true);
}

static void
wrong_lengths_are_not_offered(void **state)
{
	static uint8_t big[TLS_TICKET_MAX + 1];

	(void)state;
	offer(0x1301, 0x1301);
	kept.identity = span_of(big, sizeof(big));
	assert_not_offered();
	offer(0x1301, 0x1301);
	kept.identity.len = 0;
	assert_not_offered();
	offer(0x1301, 0x1301);
	kept.identity = span_of(big, TLS_TICKET_MAX);
	run();
	assert_done(true);
	assert_int_equal(peer.identity_seen_len, TLS_TICKET_MAX);
}

/* Each of ticket and cookie is allowed; together they are more than a hello. */
static void
ticket_and_cookie_that_do_not_fit(void **state)
{
	static uint8_t big[TLS_TICKET_MAX];
	static char cookie[TLS_HELLO_MAX - 1024];

	(void)state;
	memset(cookie, 'c', sizeof(cookie) - 1);
	offer(0x1301, 0x1301);
	kept.identity = span_of(big, sizeof(big));
	peer.cookie = cookie;
	run();
	assert_int_equal(tls13_error(&tls)->code, ERR_LIMIT);
	assert_int_equal(peer.got_alert, ALERT_INTERNAL_ERROR);
	assert_int_equal(peer.hellos, 1);
	/* Without the ticket the cookie fits. */
	begin();
	peer.cookie = cookie;
	assert_not_offered();
	assert_int_equal(peer.hellos, 2);
}

/* Of what is borrowed nothing is read after tls13_init. */
static void
borrowed_until_init_returns(void **state)
{
	static struct tls13_resumption gone;
	static struct tls13_ticket wiped;

	(void)state;
	offer(0x1301, 0x1301);
	peer.group = KEYSHARE_SECP384R1;
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	resumption = gone;
	kept = wiped;
	memset(kept_identity, 0, sizeof(kept_identity));
	config.resumption = NULL;
	peer_exchange(&peer, &tls, 0);
	assert_done(true);
	talk();
}

/* Tickets */

static void
ticket(uint32_t lifetime_s, size_t nonce_len, size_t len)
{
	static uint8_t bytes[UINT16_MAX];

	begin();
	run();
	peer_send_ticket(&peer, &session, lifetime_s, span_of(bytes, nonce_len),
		span_of(bytes, len));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->code, ERR_OK);
}

static void
tickets_of_all_kinds(void **state)
{
	(void)state;
	ticket(0, 2, 10); /* to be discarded at once */
	assert_int_equal(taken, 0);
	ticket(UINT32_MAX, 2, 10);
	assert_int_equal(taken, 1);
	assert_int_equal(kept.lifetime_s, 604800);
	ticket(604801, 0, 1);
	assert_int_equal(taken, 1);
	assert_int_equal(kept.lifetime_s, 604800);
	assert_memory_equal(kept.psk, session.psk, 32);
	ticket(1, 255, TLS_TICKET_MAX);
	assert_int_equal(taken, 1);
	assert_int_equal(kept.lifetime_s, 1);
	assert_memory_equal(kept.psk, session.psk, 32);
	ticket(1, 0, TLS_TICKET_MAX + 1);
	assert_int_equal(taken, 0);
	talk();
	ticket(1, 0, 60000);
	assert_int_equal(taken, 0);
	talk();
}

/* Also long after the handshake, with new keys and other buffers. */
static void
ticket_after_key_updates(void **state)
{
	(void)state;
	begin();
	run();
	assert_ptr_equal(tls13_detach(&tls), &buffers);
	memset(&buffers, 0xa5, sizeof(buffers));
	tls13_attach(&tls, &buffers);
	peer_send_key_update(&peer, false);
	peer_send_ticket(&peer, &session, 60, NONCE, IDENTITY);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(taken, 1);
	assert_memory_equal(kept.psk, session.psk, 32);
	talk();
}

/* Rogues */

#define SH           HANDSHAKE_SERVER_HELLO
/* Versions, key share with X25519, then pre_shared_key. */
#define EXTENSIONS   (4 + 2 + 32 + 33 + 2 + 1)
#define KEY_SHARE    (EXTENSIONS + 2 + 6)
#define PSK          (KEY_SHARE + 4 + 36)
#define PSK_SELECTED (PSK + 4)

static bool
changed(struct writer *m)
{
	size_t body = m->len - 4;
	size_t block = m->len - EXTENSIONS - 2;

	m->base[2] = (uint8_t)(body >> 8);
	m->base[3] = (uint8_t)body;
	m->base[EXTENSIONS] = (uint8_t)(block >> 8);
	m->base[EXTENSIONS + 1] = (uint8_t)block;
	return true;
}

#define CHANGE(name, ...)                                                      \
	static bool name(struct peer *p, uint8_t type, struct writer *m)       \
	{                                                                      \
		(void)p;                                                       \
		if (type != SH)                                                \
			return true;                                           \
		__VA_ARGS__                                                    \
		return changed(m);                                             \
	}

CHANGE(index_1, m->base[PSK_SELECTED + 1] = 1;)
CHANGE(index_far, m->base[PSK_SELECTED] = 0xff;)
CHANGE(index_short, m->base[PSK + 3] = 1; m->len--;)
CHANGE(index_long, m->base[PSK + 3] = 3; write_u8(m, 0);)
CHANGE(index_empty, m->base[PSK + 3] = 0; m->len -= 2;)
CHANGE(index_twice, write_u16(m, 41); write_u16(m, 2); write_u16(m, 0);)
CHANGE(no_key_share, memmove(m->base + KEY_SHARE, m->base + PSK, m->len - PSK);
	m->len -= PSK - KEY_SHARE;)
CHANGE(early_data, write_u16(m, 42); write_u16(m, 0);)
CHANGE(modes, write_u16(m, 45); write_u16(m, 2); write_u16(m, 0x0101);)
/* Another hash, of which the peer knows nothing. */
CHANGE(other_hash, m->base[EXTENSIONS - 2] = 2;)

static bool
early_data_accepted(struct peer *p, uint8_t type, struct writer *m)
{
	(void)p;
	if (type != HANDSHAKE_ENCRYPTED_EXTENSIONS)
		return true;
	m->len = 4;
	write_u16(m, 4);
	write_u16(m, 42);
	write_u16(m, 0);
	m->base[3] = 6;
	return true;
}

static void
insert(struct peer *p, uint8_t type, struct span body)
{
	uint8_t m[64] = {type, 0, 0, (uint8_t)body.len};

	memcpy(m + 4, body.data, body.len);
	peer_send(p, RECORD_HANDSHAKE, span_of(m, 4 + body.len));
}

#define BEFORE_FINISHED(name, message_type, bytes, len)                        \
	static bool name(struct peer *p, uint8_t type, struct writer *m)       \
	{                                                                      \
		(void)m;                                                       \
		if (type == HANDSHAKE_FINISHED)                                \
			insert(p, message_type, span_of(bytes, len));          \
		return true;                                                   \
	}

BEFORE_FINISHED(certificate, HANDSHAKE_CERTIFICATE, "\0\0\0\0", 4)
BEFORE_FINISHED(
	request, HANDSHAKE_CERTIFICATE_REQUEST, "\0\0\x8\0\xd\0\4\0\2\x8\4", 11)
BEFORE_FINISHED(verify, HANDSHAKE_CERTIFICATE_VERIFY, "\x8\4\0\1x", 5)
BEFORE_FINISHED(end_of_early_data, 5, "", 0)

static bool
forged_finished(struct peer *p, uint8_t type, struct writer *m)
{
	(void)p;
	if (type == HANDSHAKE_FINISHED)
		m->base[10] ^= 1;
	return true;
}

struct rogue {
	const char *name;
	bool (*change)(struct peer *, uint8_t, struct writer *);
	int alert;
};

#define ROGUE(change, alert)                                                   \
	{                                                                      \
#change, change, ALERT_##alert                                 \
	}

static void
assert_refused(const char *name, int alert)
{
	const struct error *e = tls13_error(&tls);

	if (e->alert != alert || peer.got_alert != alert)
		print_error("%s: alert %d (the peer got %d): %s\n", name,
			e->alert, peer.got_alert, e->detail);
	assert_int_equal(e->alert, alert);
	assert_int_equal(peer.got_alert, alert);
	assert_int_equal(peer.got_alerts, 1);
	assert_false(tls13_handshake_done(&tls));
	assert_false(tls13_resumed(&tls));
	assert_false(peer.got_certificate || peer.got_finished);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

static void
each_rule_broken_once(void **state)
{
	static const struct rogue rogues[] = {
		ROGUE(index_1, ILLEGAL_PARAMETER),
		ROGUE(index_far, ILLEGAL_PARAMETER),
		ROGUE(index_short, DECODE_ERROR),
		ROGUE(index_long, DECODE_ERROR),
		ROGUE(index_empty, DECODE_ERROR),
		ROGUE(index_twice, ILLEGAL_PARAMETER),
		ROGUE(no_key_share, ILLEGAL_PARAMETER),
		ROGUE(early_data, UNSUPPORTED_EXTENSION),
		ROGUE(early_data_accepted, UNSUPPORTED_EXTENSION),
		ROGUE(modes, ILLEGAL_PARAMETER),
		ROGUE(other_hash, ILLEGAL_PARAMETER),
		ROGUE(certificate, UNEXPECTED_MESSAGE),
		ROGUE(request, UNEXPECTED_MESSAGE),
		ROGUE(verify, UNEXPECTED_MESSAGE),
		ROGUE(end_of_early_data, UNEXPECTED_MESSAGE),
		ROGUE(forged_finished, DECRYPT_ERROR),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rogues) / sizeof(rogues[0]); i++) {
		offer(0x1301, 0x1301);
		peer.change = rogues[i].change;
		run();
		assert_refused(rogues[i].name, rogues[i].alert);
	}
}

CHANGE(unasked, write_u16(m, 41); write_u16(m, 2); write_u16(m, 0);)

static bool
in_retry(struct peer *p, uint8_t type, struct writer *m)
{
	return p->hellos != 1 || unasked(p, type, m);
}

static bool
in_second_hello(struct peer *p, uint8_t type, struct writer *m)
{
	return p->hellos != 2 || unasked(p, type, m);
}

static void
answers_to_no_offer(void **state)
{
	(void)state;
	begin(); /* no ticket at all */
	peer.change = unasked;
	run();
	assert_refused("unasked", ALERT_UNSUPPORTED_EXTENSION);
	offer(0x1301, 0x1301); /* in HelloRetryRequest */
	peer.group = KEYSHARE_SECP256R1;
	peer.change = in_retry;
	run();
	assert_refused("in_retry", ALERT_ILLEGAL_PARAMETER);
	offer(0x1301, 0x1302); /* dropped because of the retry */
	peer.group = KEYSHARE_SECP256R1;
	peer.change = in_second_hello;
	run();
	assert_refused("in_second_hello", ALERT_UNSUPPORTED_EXTENSION);
}

/* A server that has not the key cannot finish. */
static void
another_key(void **state)
{
	static struct peer_session other;

	(void)state;
	offer(0x1301, 0x1301);
	other = session;
	other.psk[0] ^= 1;
	peer.session = &other;
	peer.blind = true;
	run();
	assert_int_equal(tls13_error(&tls)->alert, ALERT_BAD_RECORD_MAC);
	assert_false(tls13_handshake_done(&tls));
}

/* Certificates are never left out without a PSK. */
static bool
finished_at_once(struct peer *p, uint8_t type, struct writer *m)
{
	(void)p;
	(void)m;
	return type == SH || type == HANDSHAKE_ENCRYPTED_EXTENSIONS ||
	       type == HANDSHAKE_FINISHED;
}

static void
declined_needs_certificates(void **state)
{
	(void)state;
	offer(0x1301, 0x1301);
	peer.session = NULL;
	peer.change = finished_at_once;
	run();
	assert_refused("finished_at_once", ALERT_UNEXPECTED_MESSAGE);
}

static void
nothing_is_left(void **state)
{
	static const uint8_t zero[SUITE_HASH_MAX];
	const uint8_t *h = (const uint8_t *)&buffers.handshake;

	(void)state;
	offer(0x1301, 0x1301);
	run();
	assert_done(true);
	for (size_t i = 0; i < offsetof(struct handshake, message_len); i++)
		assert_int_equal(h[i], 0);
	assert_memory_not_equal(tls.resumption, zero, 32);
	peer.send.sequence++;
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("forged"));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->alert, ALERT_BAD_RECORD_MAC);
	assert_memory_equal(tls.resumption, zero, sizeof(zero));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_suite_resumes),
		cmocka_unit_test(another_suite_of_the_same_hash),
		cmocka_unit_test(declined_goes_on),
		cmocka_unit_test(retry_keeps_the_offer),
		cmocka_unit_test(retry_with_another_hash_drops_it),
		cmocka_unit_test(not_wanted_not_asked),
		cmocka_unit_test(offered_without_a_taker),
		cmocka_unit_test(too_old_is_not_offered),
		cmocka_unit_test(wrong_lengths_are_not_offered),
		cmocka_unit_test(ticket_and_cookie_that_do_not_fit),
		cmocka_unit_test(borrowed_until_init_returns),
		cmocka_unit_test(tickets_of_all_kinds),
		cmocka_unit_test(ticket_after_key_updates),
		cmocka_unit_test(each_rule_broken_once),
		cmocka_unit_test(answers_to_no_offer),
		cmocka_unit_test(another_key),
		cmocka_unit_test(declined_needs_certificates),
		cmocka_unit_test(nothing_is_left),
	};

	return cmocka_run_group_tests_name("tls13_resume", tests, NULL, NULL);
}
