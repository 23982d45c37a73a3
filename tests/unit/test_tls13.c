/*
 * test_tls13.c - the client against a server in memory, honest in every
 * variant first: what has to work. test_tls13_rogue.c has the rest.
 */
#include "tls/tls13.h"

#include "tls/alert.h"

#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct peer peer;
static struct tls13 tls;
static struct tls13_buffers buffers;

static void
start(void)
{
	assert_int_equal(
		tls13_init(&tls, &buffers, peer_client_config()), ERR_OK);
}

static void
assert_fine(void)
{
	assert_string_equal(tls13_error(&tls)->detail, "");
	assert_int_equal(tls13_error(&tls)->code, ERR_OK);
}

static void
connect_chunked(size_t chunk)
{
	start();
	peer_exchange(&peer, &tls, chunk);
	assert_fine();
	assert_true(tls13_handshake_done(&tls));
	assert_true(peer.got_finished);
	assert_false(tls13_server_spoke(&tls));
}

static void
say(const char *text)
{
	size_t len = strlen(text);
	size_t room;
	uint8_t *p = tls13_sendapp_buf(&tls, &room);

	assert_non_null(p);
	assert_true(room >= len);
	memcpy(p, text, len);
	tls13_sendapp_ack(&tls, len);
}

static void
assert_hears(const char *text)
{
	size_t len;
	const uint8_t *p = tls13_recvapp_buf(&tls, &len);

	assert_non_null(p);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(p, text, len);
	tls13_recvapp_ack(&tls, len);
}

static void
peer_says(const char *text)
{
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str(text));
	peer_exchange(&peer, &tls, 0);
}

static void
talk(void)
{
	say("ping");
	peer_exchange(&peer, &tls, 0);
	assert_true(peer.data_len >= 4);
	assert_memory_equal(peer.data + peer.data_len - 4, "ping", 4);
	peer_says("pong");
	assert_hears("pong");
	assert_true(tls13_server_spoke(&tls));
}

static void
every_suite_group_and_key(void **state)
{
	(void)state;
	for (uint16_t suite = 0x1301; suite <= 0x1303; suite++) {
		for (size_t g = 0; g < KEYSHARE_GROUPS; g++) {
			enum peer_identity id = (enum peer_identity)g;

			peer_begin(&peer);
			peer.suite = suite;
			peer.group = keyshare_offered(g);
			peer.identity = id;
			connect_chunked(0);
			assert_int_equal(peer.hellos, g == 0 ? 1 : 2);
			assert_int_equal(peer.got_ccs, 1);
			talk();
		}
	}
}

static void
pss_with_every_hash(void **state)
{
	(void)state;
	for (uint16_t scheme = 0x0804; scheme <= 0x0806; scheme++) {
		peer_begin(&peer);
		peer.suite = 0x1302; /* transcript and scheme differ in hash */
		peer.scheme = scheme;
		peer.request = true;
		peer.request_scheme = scheme;
		connect_chunked(0);
		assert_true(peer.got_certificate);
		assert_true(peer.got_verify);
		talk();
	}
}

static void
retry_with_a_cookie(void **state)
{
	(void)state;
	for (int group = 0; group < 2; group++) {
		peer_begin(&peer);
		peer.cookie = "a cookie of the server";
		peer.group = group == 0 ? KEYSHARE_X25519 : KEYSHARE_SECP256R1;
		connect_chunked(0);
		assert_int_equal(peer.hellos, 2);
		assert_true(peer.hello_cookie.len == strlen(peer.cookie));
		assert_int_equal(peer.got_ccs, 1);
		talk();
	}
}

static void
no_request_no_certificate(void **state)
{
	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	assert_false(peer.got_certificate);
	assert_false(peer.got_verify);
}

/* A client key on a curve serves that curve's scheme and no other. */
static void
client_keys_on_curves(void **state)
{
	static struct keypair key;
	struct tls13_config config = *peer_client_config();

	(void)state;
	config.key = &key;
	for (int i = 0; i < 4; i++) {
		bool p384 = (i & 1) != 0;
		bool fits = i < 2;

		peer_begin(&peer);
		peer.request = true;
		peer.request_scheme = p384 == fits ? 0x0503 : 0x0403;
		peer_client_ec_key(&key, p384);
		assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
		peer_exchange(&peer, &tls, 0);
		assert_fine();
		assert_true(tls13_handshake_done(&tls));
		assert_int_equal(peer.got_certificate, fits);
		/* The peer has verified what it got. */
		assert_int_equal(peer.got_verify, fits);
		talk();
	}
}

static void
no_fitting_scheme_empty_certificate(void **state)
{
	(void)state;
	peer_begin(&peer);
	peer.request = true;
	peer.request_scheme = 0x0403;
	connect_chunked(0);
	assert_false(peer.got_certificate);
	assert_false(peer.got_verify);
	talk();
}

static void
in_drips(void **state)
{
	static const size_t chunks[] = {1, 2, 5, 6, 100, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		peer_begin(&peer);
		peer.request = true;
		peer.group = KEYSHARE_SECP256R1;
		connect_chunked(chunks[i]);
		talk();
	}
}

/* Messages cut into records of one byte, and all of them in one record. */
static uint8_t gathered[1 << 15];
static size_t gathered_len;

static bool
one_byte_records(struct peer *p, uint8_t type, struct writer *m)
{
	(void)type;
	for (size_t i = 0; i < m->len; i++)
		peer_send(p, RECORD_HANDSHAKE, span_of(m->base + i, 1));
	transcript_append(&p->transcript, writer_span(m));
	return false;
}

static bool
gather(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == HANDSHAKE_SERVER_HELLO)
		return true;
	memcpy(gathered + gathered_len, m->base, m->len);
	gathered_len += m->len;
	transcript_append(&p->transcript, writer_span(m));
	if (type == HANDSHAKE_FINISHED)
		peer_send(p, RECORD_HANDSHAKE, span_of(gathered, gathered_len));
	return false;
}

static void
fragments_and_coalescence(void **state)
{
	(void)state;
	peer_begin(&peer);
	peer.change = one_byte_records;
	connect_chunked(0);
	talk();
	peer_begin(&peer);
	gathered_len = 0;
	peer.change = gather;
	peer.request = true;
	connect_chunked(0);
	talk();
}

/* Tickets, whole, split over records and joined with a KeyUpdate's record. */
static void
tickets_are_read_and_dropped(void **state)
{
	static const uint8_t ticket[] = {4, 0, 0, 21, 0, 0, 0, 9, 1, 2, 3, 4, 1,
		0, 0, 3, 7, 7, 7, 0, 4, 0xfa, 0xfa, 0, 0};

	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	peer_send(&peer, RECORD_HANDSHAKE, span_of(ticket, sizeof(ticket)));
	peer_send(&peer, RECORD_HANDSHAKE, span_of(ticket, 3));
	peer_exchange(&peer, &tls, 0);
	assert_true(tls13_server_spoke(&tls));
	assert_false(tls13_idle(&tls)); /* half a message is kept */
	peer_send(&peer, RECORD_HANDSHAKE,
		span_of(ticket + 3, sizeof(ticket) - 3));
	peer_exchange(&peer, &tls, 0);
	assert_fine();
	assert_true(tls13_idle(&tls));
	talk();
}

static void
key_updates(void **state)
{
	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	peer_send_key_update(&peer, false);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(peer.got_key_updates, 0);
	talk();
	peer_send_key_update(&peer, true);
	peer_exchange(&peer, &tls, 0);
	/* Due before the next application bytes (RFC 8446 4.6.3). */
	assert_int_equal(peer.got_key_updates, 0);
	talk();
	assert_int_equal(peer.got_key_updates, 1);
	talk();
	assert_int_equal(peer.got_key_updates, 1);
	assert_fine();
}

/* Requests that come while we are silent get one answer. */
static void
one_answer_for_many_requests(void **state)
{
	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	say("queued");
	for (int i = 0; i < 5; i++) {
		peer_send_key_update(&peer, true);
		peer_exchange(&peer, &tls, 0);
	}
	assert_int_equal(peer.got_key_updates, 0);
	/* It is not forgotten while there are no buffers. */
	assert_true(tls13_idle(&tls));
	assert_ptr_equal(tls13_detach(&tls), &buffers);
	tls13_attach(&tls, &buffers);
	talk();
	assert_int_equal(peer.got_key_updates, 1);
	assert_true(tls13_idle(&tls));
	talk();
	assert_int_equal(peer.got_key_updates, 1);
}

/* The answer goes out before the next application bytes (RFC 8446 4.6.3). */
static void
own_update_by_count(void **state)
{
	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	talk();
	/* As if so many had been sent; the peer counts along. */
	tls.send.sequence = TLS_REKEY_RECORDS;
	peer.recv.sequence = TLS_REKEY_RECORDS;
	talk();
	assert_int_equal(peer.got_key_updates, 1);
	assert_true(tls.send.sequence < 4);
	talk();
	assert_int_equal(peer.got_key_updates, 1);
}

/* Whatever was sent, the number of a record does not come round. */
static void
own_sequence_never_wraps(void **state)
{
	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	talk();
	tls.send.sequence = UINT64_MAX - 1;
	peer.recv.sequence = UINT64_MAX - 1;
	/* The last number is not needed: KeyUpdate takes the one before it. */
	talk();
	assert_int_equal(peer.got_key_updates, 1);
	assert_true(tls.send.sequence < 4);
}

/*
 * Where the state says that bytes can be taken there is room for one at least,
 * also if a KeyUpdate has to go before them: a caller would read nothing into
 * no room and take that for the end of what it reads.
 */
static void
room_is_as_the_state_says(void **state)
{
	size_t most = sizeof(buffers.send);

	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	for (size_t at = most - 2000; at <= most; at++) {
		struct iovec v;
		bool promised;

		buffers.send_tail = at;
		tls.key_update_due = true;
		promised = (tls13_state(&tls) & TLS13_SENDAPP) != 0;
		assert_int_equal(
			tls13_sendapp_vec(&tls, &v, 1), promised ? 1 : 0);
		/* And what was written there is not lost. */
		tls13_sendapp_ack(&tls, 1);
		assert_int_equal(tls.send.sequence, promised ? 1 : 0);
		tls.send.sequence = 0;
	}
	buffers.send_tail = 0;
	tls13_clear(&tls);
}

static void
close_is_per_direction(void **state)
{
	static const uint8_t close_notify[] = {1, 0};

	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	tls13_close_send(&tls);
	tls13_close_send(&tls);
	peer_exchange(&peer, &tls, 0);
	assert_true(peer.got_close);
	assert_int_equal(peer.got_alerts, 1);
	assert_int_equal(tls13_state(&tls), TLS13_RECVREC);
	peer_says("still here");
	assert_hears("still here");
	peer_send_key_update(&peer, true); /* nothing may answer any more */
	peer_send(&peer, RECORD_ALERT, span_of(close_notify, 2));
	peer_send_raw(&peer, span_str("whatever follows is ignored"));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(peer.got_key_updates, 0);
	assert_true(tls13_recv_closed(&tls));
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
	tls13_recv_eof(&tls);
	assert_fine();
}

static void
server_closes_first(void **state)
{
	static const uint8_t close_notify[] = {1, 0};

	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("last words"));
	peer_send(&peer, RECORD_ALERT, span_of(close_notify, 2));
	peer_send_raw(&peer, span_str("ignored"));
	peer_exchange(&peer, &tls, 0);
	assert_true(tls13_recv_closed(&tls));
	assert_hears("last words");
	assert_true(tls13_idle(&tls));
	say("mine");
	tls13_close_send(&tls);
	peer_exchange(&peer, &tls, 0);
	assert_memory_equal(peer.data, "mine", 4);
	assert_true(peer.got_close);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
	assert_fine();
}

static void
truncation(void **state)
{
	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	peer_says("part");
	tls13_recv_eof(&tls);
	assert_int_equal(tls13_error(&tls)->code, ERR_EOF);
	assert_int_equal(tls13_state(&tls), TLS13_RECVAPP);
	assert_hears("part");
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

static void
detach_and_attach(void **state)
{
	static uint8_t hello[4096];
	size_t hello_len;
	struct tls13_buffers *b;

	(void)state;
	peer_begin(&peer);
	start();
	/* Not before the handshake is done, though nothing is on its way. */
	assert_non_null(tls13_sendrec_buf(&tls, &hello_len));
	memcpy(hello, tls13_sendrec_buf(&tls, &hello_len), hello_len);
	tls13_sendrec_ack(&tls, hello_len);
	assert_false(tls13_idle(&tls));
	assert_null(tls13_detach(&tls));
	peer_receive(&peer, span_of(hello, hello_len));
	peer_exchange(&peer, &tls, 0);
	for (int i = 0; i < 3; i++) {
		size_t len;

		b = tls13_detach(&tls);
		assert_ptr_equal(b, &buffers);
		memset(b, 0xa5, sizeof(*b));
		assert_int_equal(
			tls13_state(&tls), TLS13_RECVREC | TLS13_SENDAPP);
		assert_true(tls13_idle(&tls));
		assert_null(tls13_recvrec_buf(&tls, &len));
		assert_null(tls13_sendapp_buf(&tls, &len));
		assert_int_equal(tls13_error(&tls)->code, ERR_OK);
		tls13_attach(&tls, b);
		talk();
		peer_send_key_update(&peer, true);
		peer_exchange(&peer, &tls, 0);
		say("x");
		assert_null(tls13_detach(&tls)); /* a record waits */
		peer_exchange(&peer, &tls, 0);
	}
	(void)tls13_detach(&tls);
	tls13_recv_eof(&tls);
	assert_int_equal(tls13_error(&tls)->code, ERR_EOF);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

/* More than both buffers hold, through vec calls, in odd portions. */
static void
bulk_out(void **state)
{
	static uint8_t sent[100000];
	size_t done = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 31 >> 3);
	peer_begin(&peer);
	connect_chunked(0);
	while (done < sizeof(sent)) {
		struct iovec v[8];
		int n = tls13_sendapp_vec(&tls, v, 8);
		size_t given = 0;

		for (int i = 0; i < n && done + given < sizeof(sent); i++) {
			size_t len = v[i].iov_len;

			if (len > sizeof(sent) - done - given)
				len = sizeof(sent) - done - given;
			memcpy(v[i].iov_base, sent + done + given, len);
			given += len;
		}
		tls13_sendapp_ack(&tls, given);
		done += given;
		if (n == 0 || done == sizeof(sent))
			peer_exchange(&peer, &tls, 0);
	}
	assert_int_equal(peer.data_len, sizeof(sent));
	assert_memory_equal(peer.data, sent, sizeof(sent));
}

static void
bulk_in(void **state)
{
	static uint8_t sent[600000];
	static uint8_t got[600000];
	size_t at = 0;
	size_t step = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 17 >> 2);
	peer_begin(&peer);
	connect_chunked(0);
	while (at < sizeof(sent)) {
		size_t n = step % TLS_PLAINTEXT_MAX + 1;

		if (n > sizeof(sent) - at)
			n = sizeof(sent) - at;
		peer_send(
			&peer, RECORD_APPLICATION_DATA, span_of(sent + at, n));
		at += n;
		step = step * 3 + 7;
	}
	for (at = 0; at < sizeof(sent);) {
		struct iovec v[8];
		int n;
		size_t taken = 0;

		peer_exchange(&peer, &tls, 0);
		n = tls13_recvapp_vec(&tls, v, 8);
		assert_true(n > 0);
		for (int i = 0; i < n; i++) {
			memcpy(got + at + taken, v[i].iov_base, v[i].iov_len);
			taken += v[i].iov_len;
		}
		if (taken > 10000)
			taken -= 777; /* what is not taken comes again */
		at += taken;
		tls13_recvapp_ack(&tls, taken);
	}
	assert_fine();
	assert_memory_equal(got, sent, sizeof(sent));
	assert_true(tls13_idle(&tls));
}

/* An application that does not read stops us reading; nothing is lost. */
static void
back_pressure(void **state)
{
	static uint8_t block[TLS_PLAINTEXT_MAX];
	size_t total = 0;

	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	for (int i = 0; i < 20; i++)
		peer_send(&peer, RECORD_APPLICATION_DATA,
			span_of(block, sizeof(block)));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_state(&tls) & (TLS13_RECVREC | TLS13_RECVAPP),
		TLS13_RECVAPP);
	while ((tls13_state(&tls) & TLS13_RECVAPP) != 0) {
		size_t len;

		assert_non_null(tls13_recvapp_buf(&tls, &len));
		total += len;
		tls13_recvapp_ack(&tls, len);
		peer_exchange(&peer, &tls, 0);
	}
	assert_int_equal(total, 20 * sizeof(block));
	while ((tls13_state(&tls) & TLS13_SENDAPP) != 0) {
		size_t len;

		(void)tls13_sendapp_buf(&tls, &len);
		tls13_sendapp_ack(&tls, len);
	}
	/* Full; close_notify has its room all the same. */
	tls13_close_send(&tls);
	peer_exchange(&peer, &tls, 0);
	assert_true(peer.got_close);
	assert_fine();
}

static void
padding_and_empty_records(void **state)
{
	uint8_t inner[300] = {'h', 'i', RECORD_APPLICATION_DATA};

	(void)state;
	peer_begin(&peer);
	connect_chunked(0);
	/* As many as are borne: the handshake's do not count any more. */
	for (int i = 0; i < TLS_QUIET_RECORDS_MAX; i++)
		peer_send(&peer, RECORD_APPLICATION_DATA, span_of(NULL, 0));
	peer_exchange(&peer, &tls, 0);
	assert_fine();
	peer_send_inner(&peer, span_of(inner, sizeof(inner)));
	peer_exchange(&peer, &tls, 0);
	assert_hears("hi");
}

/* A call that the state does not allow changes nothing. */
static void
calls_out_of_turn(void **state)
{
	static struct tls13_buffers others;
	size_t len = 1;

	(void)state;
	peer_begin(&peer);
	start();
	assert_null(tls13_recvapp_buf(&tls, &len));
	assert_int_equal(len, 0);
	tls13_recvapp_ack(&tls, 1);
	tls13_sendapp_ack(&tls, 1);
	peer_exchange(&peer, &tls, 0);
	assert_true(tls13_handshake_done(&tls));
	tls13_attach(&tls, &others);
	assert_ptr_equal(tls.b, &buffers);
	tls13_sendrec_ack(&tls, 1);
	assert_int_equal(buffers.send_head, 0);
	assert_int_equal(buffers.send_tail, 0);
	/* More than there is room for: all that there is, and no more. */
	tls13_sendapp_ack(&tls, SIZE_MAX);
	assert_true(buffers.send_tail <= sizeof(buffers.send));
	assert_true(tls.send.sequence > 1);
	assert_fine();
	tls13_recv_eof(&tls);
	len = buffers.recv_tail;
	tls13_recvrec_ack(&tls, 1);
	assert_int_equal(buffers.recv_tail, len);
	assert_int_equal(tls13_error(&tls)->code, ERR_EOF);
}

/* BearSSL refuses an even prime; it is our fault, and the server is told so. */
static void
key_that_cannot_sign(void **state)
{
	static struct keypair broken;
	struct tls13_config config = *peer_client_config();

	(void)state;
	keypair_copy(&broken, config.key);
	broken.rsa.p[broken.rsa.plen - 1] ^= 1;
	config.key = &broken;
	peer_begin(&peer);
	peer.request = true;
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->code, ERR_KEY);
	assert_int_equal(peer.got_alert, ALERT_INTERNAL_ERROR);
	assert_false(peer.got_verify);
	assert_false(peer.got_finished);
}

static void
secrets_are_wiped(void **state)
{
	static const struct tls13 zero;
	const uint8_t *h;

	(void)state;
	peer_begin(&peer);
	peer.request = true;
	connect_chunked(0);
	h = (const uint8_t *)&buffers.handshake;
	for (size_t i = 0; i < offsetof(struct handshake, message_len); i++)
		assert_int_equal(h[i], 0);
	tls13_clear(&tls);
	assert_memory_equal(&tls.send, &zero.send, sizeof(zero.send));
	assert_memory_equal(&tls.recv, &zero.recv, sizeof(zero.recv));
	h = (const uint8_t *)&buffers.seal;
	for (size_t i = 0; i < sizeof(buffers.seal); i++)
		assert_int_equal(h[i], 0);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

static void
small_at_rest(void **state)
{
	(void)state;
	assert_true(sizeof(struct tls13) <= 320);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_group_and_key),
		cmocka_unit_test(pss_with_every_hash),
		cmocka_unit_test(retry_with_a_cookie),
		cmocka_unit_test(no_request_no_certificate),
		cmocka_unit_test(client_keys_on_curves),
		cmocka_unit_test(no_fitting_scheme_empty_certificate),
		cmocka_unit_test(in_drips),
		cmocka_unit_test(fragments_and_coalescence),
		cmocka_unit_test(tickets_are_read_and_dropped),
		cmocka_unit_test(key_updates),
		cmocka_unit_test(one_answer_for_many_requests),
		cmocka_unit_test(own_update_by_count),
		cmocka_unit_test(own_sequence_never_wraps),
		cmocka_unit_test(room_is_as_the_state_says),
		cmocka_unit_test(close_is_per_direction),
		cmocka_unit_test(server_closes_first),
		cmocka_unit_test(truncation),
		cmocka_unit_test(detach_and_attach),
		cmocka_unit_test(bulk_out),
		cmocka_unit_test(bulk_in),
		cmocka_unit_test(back_pressure),
		cmocka_unit_test(padding_and_empty_records),
		cmocka_unit_test(calls_out_of_turn),
		cmocka_unit_test(key_that_cannot_sign),
		cmocka_unit_test(secrets_are_wiped),
		cmocka_unit_test(small_at_rest),
	};

	return cmocka_run_group_tests_name("tls13", tests, NULL, NULL);
}
