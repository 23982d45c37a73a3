/*
 * peer.c - see peer.h. A failure of its own is a broken test: abort.
 */
#include "peer.h"

#include "tls/pss.h"

#include "vectors/peer_data.h"

#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

enum {
	C_HS,
	S_HS,
	C_AP,
	S_AP
};

static void
need(bool good)
{
	if (!good)
		abort();
}

void
peer_begin(struct peer *p)
{
	memset(p, 0, offsetof(struct peer, message_buf));
	p->in_len = 0;
	p->hands_len = 0;
	p->out_len = 0;
	p->suite = 0x1301;
	p->group = KEYSHARE_X25519;
	p->got_alert = -1;
	p->request_scheme = 0x0804;
	transcript_begin(&p->transcript);
}

/* Output. */

static uint8_t *
room(struct peer *p, size_t want)
{
	need(want <= sizeof(p->out) - p->out_len);
	p->out_len += want;
	return p->out + p->out_len - want;
}

void
peer_send_raw(struct peer *p, struct span bytes)
{
	memcpy(room(p, bytes.len), bytes.data, bytes.len);
}

void
peer_send_plain(struct peer *p, uint8_t type, struct span content)
{
	uint8_t *at = room(p, RECORD_HEADER_LEN + content.len);

	record_header(at, (enum record_type)type, 0x0303, content.len);
	if (content.len > 0)
		memcpy(at + RECORD_HEADER_LEN, content.data, content.len);
}

void
peer_send(struct peer *p, uint8_t type, struct span content)
{
	uint8_t *at;

	if (p->send.suite == NULL) {
		peer_send_plain(p, type, content);
		return;
	}
	at = room(p, RECORD_OVERHEAD + content.len);
	if (content.len > 0)
		memcpy(at + RECORD_HEADER_LEN, content.data, content.len);
	(void)record_seal(
		&p->send, &p->seal, (enum record_type)type, at, content.len);
}

void
peer_send_inner(struct peer *p, struct span inner)
{
	peer_send(p, inner.data[inner.len - 1],
		span_of(inner.data, inner.len - 1));
}

static void
send_handshake(struct peer *p, struct span message)
{
	while (message.len > 0) {
		size_t n = message.len < TLS_PLAINTEXT_MAX ? message.len
							   : TLS_PLAINTEXT_MAX;

		peer_send(p, RECORD_HANDSHAKE, span_of(message.data, n));
		message.data += n;
		message.len -= n;
	}
}

/* Messages. */

static size_t
begin(struct peer *p, uint8_t type)
{
	p->message = writer_over(p->message_buf, sizeof(p->message_buf));
	write_u8(&p->message, type);
	return write_begin(&p->message, 3);
}

static void
finish(struct peer *p, uint8_t type, size_t mark)
{
	write_end(&p->message, mark, 3);
	need(writer_ok(&p->message));
	if (p->change != NULL && !p->change(p, type, &p->message))
		return;
	transcript_append(&p->transcript, writer_span(&p->message));
	send_handshake(p, writer_span(&p->message));
}

static void
write_versions(struct writer *w)
{
	write_u16(w, EXTENSION_SUPPORTED_VERSIONS);
	write_u16(w, 2);
	write_u16(w, 0x0304);
}

static void
write_hello_front(struct peer *p, const uint8_t *random)
{
	struct writer *w = &p->message;

	write_u16(w, 0x0303);
	write_bytes(w, random, 32);
	write_u8(w, 32);
	write_bytes(w, p->session_id, 32);
	write_u16(w, p->suite);
	write_u8(w, 0);
}

static void
send_retry(struct peer *p)
{
	static const uint8_t random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a,
		0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
		0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e,
		0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	size_t mark;
	size_t all;

	p->retried = true;
	transcript_restart(&p->transcript);
	mark = begin(p, HANDSHAKE_SERVER_HELLO);
	write_hello_front(p, random);
	all = write_begin(&p->message, 2);
	write_versions(&p->message);
	if (p->client_group != p->group) {
		write_u16(&p->message, EXTENSION_KEY_SHARE);
		write_u16(&p->message, 2);
		write_u16(&p->message, p->group);
	}
	if (p->cookie != NULL) {
		size_t len = strlen(p->cookie);

		write_u16(&p->message, EXTENSION_COOKIE);
		write_u16(&p->message, (uint16_t)(len + 2));
		write_u16(&p->message, (uint16_t)len);
		write_str(&p->message, p->cookie);
	}
	write_end(&p->message, all, 2);
	finish(p, HANDSHAKE_SERVER_HELLO, mark);
}

static void
send_hello(struct peer *p)
{
	static const uint8_t random[32] = {1, 2, 3};
	size_t mark;
	size_t all;

	need(keyshare_generate(&p->share, p->client_group) == ERR_OK);
	mark = begin(p, HANDSHAKE_SERVER_HELLO);
	write_hello_front(p, random);
	all = write_begin(&p->message, 2);
	write_versions(&p->message);
	write_u16(&p->message, EXTENSION_KEY_SHARE);
	write_u16(&p->message, (uint16_t)(p->share.public_len + 4));
	write_u16(&p->message, p->share.group);
	write_u16(&p->message, (uint16_t)p->share.public_len);
	write_bytes(&p->message, p->share.public, p->share.public_len);
	if (p->resuming) {
		write_u16(&p->message, EXTENSION_PRE_SHARED_KEY);
		write_u16(&p->message, 2);
		write_u16(&p->message, 0);
	}
	write_end(&p->message, all, 2);
	finish(p, HANDSHAKE_SERVER_HELLO, mark);
}

static void
derive(struct peer *p, const char *label, int which)
{
	uint8_t buf[SUITE_HASH_MAX];

	keyschedule_derive(&p->schedule, label,
		transcript_hash(&p->transcript, buf), p->secrets[which]);
}

static void
handshake_keys(struct peer *p)
{
	const struct suite *s = suite_find(p->suite);
	uint8_t shared[KEYSHARE_SECRET_MAX];
	size_t len;

	need(keyshare_agree(&p->share,
		     span_of(p->client_share, p->client_share_len), shared,
		     &len) == ERR_OK);
	keyschedule_begin(&p->schedule, s->hash,
		span_of(p->resuming ? p->session->psk : NULL,
			p->resuming ? s->hash_len : 0));
	keyschedule_mix(&p->schedule, span_of(shared, len));
	derive(p, "c hs traffic", C_HS);
	derive(p, "s hs traffic", S_HS);
	record_keys_set(&p->send, s, p->secrets[S_HS]);
	record_ready(&p->send, &p->seal);
	record_keys_set(&p->recv, s, p->secrets[C_HS]);
	record_ready(&p->recv, &p->open);
}

static void
send_encrypted_extensions(struct peer *p)
{
	size_t mark = begin(p, HANDSHAKE_ENCRYPTED_EXTENSIONS);

	write_u16(&p->message, 0);
	finish(p, HANDSHAKE_ENCRYPTED_EXTENSIONS, mark);
}

static void
send_request(struct peer *p)
{
	size_t mark = begin(p, HANDSHAKE_CERTIFICATE_REQUEST);

	write_u8(&p->message, 0);
	write_u16(&p->message, 4 + 4);
	write_u16(&p->message, EXTENSION_SIGNATURE_ALGORITHMS);
	write_u16(&p->message, 4);
	write_u16(&p->message, 2);
	write_u16(&p->message, p->request_scheme);
	finish(p, HANDSHAKE_CERTIFICATE_REQUEST, mark);
}

static struct span
server_certificate(enum peer_identity identity)
{
	switch (identity) {
	case PEER_RSA:
		break;
	case PEER_P256:
		return span_of(peer_p256_cert, sizeof(peer_p256_cert));
	case PEER_P384:
		return span_of(peer_p384_cert, sizeof(peer_p384_cert));
	}
	return span_of(peer_rsa_cert, sizeof(peer_rsa_cert));
}

static void
send_certificate(struct peer *p)
{
	struct span der = server_certificate(p->identity);
	size_t mark = begin(p, HANDSHAKE_CERTIFICATE);

	write_u8(&p->message, 0);
	write_u24(&p->message, (uint32_t)der.len + 5);
	write_u24(&p->message, (uint32_t)der.len);
	write_span(&p->message, der);
	write_u16(&p->message, 0);
	finish(p, HANDSHAKE_CERTIFICATE, mark);
}

static size_t
sign_ec(const struct peer *p, struct span hash, const br_hash_class *class,
	uint8_t *sig)
{
	uint8_t key[48];
	br_ec_private_key sk = {.x = key};

	if (p->identity == PEER_P256) {
		memcpy(key, peer_p256_key, sizeof(peer_p256_key));
		sk.curve = BR_EC_secp256r1;
		sk.xlen = sizeof(peer_p256_key);
	} else {
		memcpy(key, peer_p384_key, sizeof(peer_p384_key));
		sk.curve = BR_EC_secp384r1;
		sk.xlen = sizeof(peer_p384_key);
	}
	return br_ecdsa_i31_sign_asn1(
		&br_ec_all_m31, class, hash.data, &sk, sig);
}

static const br_hash_class *
scheme_hash(uint16_t scheme, unsigned *bits)
{
	switch (scheme) {
	case 0x0503:
	case 0x0805:
		*bits = 384;
		return &br_sha384_vtable;
	case 0x0806:
		*bits = 512;
		return &br_sha512_vtable;
	default:
		*bits = 256;
		return &br_sha256_vtable;
	}
}

static void
content_hash(const struct peer *p, const char *context,
	const br_hash_class *class, uint8_t *out)
{
	br_hash_compat_context h;
	uint8_t content[64 + 34 + SUITE_HASH_MAX];
	struct writer w = writer_over(content, sizeof(content));
	uint8_t buf[64];

	for (size_t i = 0; i < 64; i++)
		write_u8(&w, 0x20);
	write_str(&w, context);
	write_u8(&w, 0);
	write_span(&w, transcript_hash(&p->transcript, buf));
	class->init(&h.vtable);
	class->update(&h.vtable, content, w.len);
	class->out(&h.vtable, out);
}

static size_t
sign(const struct peer *p, uint16_t scheme, uint8_t *sig)
{
	static struct keypair key;
	uint8_t buf[64];
	unsigned bits;
	const br_hash_class *class = scheme_hash(scheme, &bits);
	size_t len = 0;

	content_hash(p, "TLS 1.3, server CertificateVerify", class, buf);
	if (p->identity != PEER_RSA)
		return sign_ec(p, span_of(buf, bits / 8), class, sig);
	need(keypair_from_der(&key,
		     span_of(peer_rsa_key, sizeof(peer_rsa_key))) == ERR_OK);
	need(pss_sign(&key, bits, span_of(buf, bits / 8), sig, &len) == ERR_OK);
	return len;
}

static void
send_verify(struct peer *p)
{
	static const uint16_t fitting[] = {[PEER_RSA] = 0x0804,
		[PEER_P256] = 0x0403,
		[PEER_P384] = 0x0503};
	uint16_t scheme = p->scheme != 0 ? p->scheme : fitting[p->identity];
	uint8_t sig[PSS_SIGNATURE_MAX];
	size_t len = sign(p, scheme, sig);
	size_t mark = begin(p, HANDSHAKE_CERTIFICATE_VERIFY);

	write_u16(&p->message, scheme);
	write_u16(&p->message, (uint16_t)len);
	write_bytes(&p->message, sig, len);
	finish(p, HANDSHAKE_CERTIFICATE_VERIFY, mark);
}

static void
send_finished(struct peer *p)
{
	const struct suite *s = suite_find(p->suite);
	uint8_t buf[SUITE_HASH_MAX];
	uint8_t verify[SUITE_HASH_MAX];
	size_t mark;

	keyschedule_finished(s->hash, span_of(p->secrets[S_HS], s->hash_len),
		transcript_hash(&p->transcript, buf), verify);
	mark = begin(p, HANDSHAKE_FINISHED);
	write_bytes(&p->message, verify, s->hash_len);
	finish(p, HANDSHAKE_FINISHED, mark);
	keyschedule_mix(&p->schedule, span_of(NULL, 0));
	derive(p, "c ap traffic", C_AP);
	derive(p, "s ap traffic", S_AP);
	record_keys_set(&p->send, s, p->secrets[S_AP]);
	record_ready(&p->send, &p->seal);
}

static void
answer(struct peer *p)
{
	static const uint8_t one = 1;

	transcript_choose(&p->transcript, suite_find(p->suite));
	if (!p->retried && (p->client_group != p->group || p->cookie != NULL)) {
		send_retry(p);
		return;
	}
	p->answered = true;
	p->resuming = p->session != NULL && p->got_psks > 0;
	send_hello(p);
	peer_send_plain(p, RECORD_CHANGE_CIPHER_SPEC, span_of(&one, 1));
	handshake_keys(p);
	send_encrypted_extensions(p);
	if (!p->resuming) {
		if (p->request)
			send_request(p);
		send_certificate(p);
		send_verify(p);
	}
	send_finished(p);
}

void
peer_send_ticket(struct peer *p, struct peer_session *s, uint32_t lifetime_s,
	struct span nonce, struct span ticket)
{
	size_t mark = begin(p, HANDSHAKE_NEW_SESSION_TICKET);

	s->suite = suite_find(p->suite);
	keyschedule_expand_label(s->suite->hash,
		span_of(p->resumption, s->suite->hash_len), "resumption", nonce,
		s->psk, s->suite->hash_len);
	write_u32(&p->message, lifetime_s);
	write_u32(&p->message, PEER_AGE_ADD);
	write_u8(&p->message, (uint8_t)nonce.len);
	write_span(&p->message, nonce);
	write_u16(&p->message, (uint16_t)ticket.len);
	write_span(&p->message, ticket);
	write_u16(&p->message, 0);
	finish(p, HANDSHAKE_NEW_SESSION_TICKET, mark);
}

/* Input. */

/* The binder of the first identity, over all of hello before the binders. */
static void
check_binder(struct peer *p, struct span hello, struct span binders)
{
	const struct suite *s = p->session->suite;
	struct transcript copy = p->transcript;
	struct keyschedule early;
	struct reader r = reader_over(binders);
	struct span binder = read_block8(&r);
	uint8_t hash[SUITE_HASH_MAX];
	uint8_t want[SUITE_HASH_MAX];

	transcript_choose(&copy, s);
	transcript_append(
		&copy, span_of(hello.data, hello.len - binders.len - 2));
	keyschedule_begin(
		&early, s->hash, span_of(p->session->psk, s->hash_len));
	keyschedule_derive(&early, "res binder",
		keyschedule_empty_hash(s->hash, hash), want);
	keyschedule_finished(s->hash, span_of(want, s->hash_len),
		transcript_hash(&copy, hash), want);
	need(reader_done(&r) && binder.len == s->hash_len &&
		memcmp(binder.data, want, binder.len) == 0);
}

static void
read_psk(struct peer *p, struct span hello, struct reader *body)
{
	struct reader list = reader_over(read_block16(body));
	struct span binders = read_block16(body);

	need(reader_done(body) && p->got_modes);
	while (list.left > 0) {
		struct span identity = read_block16(&list);

		p->got_age = read_u32(&list);
		p->got_psks++;
		need(reader_ok(&list) && identity.len <= TLS_TICKET_MAX);
		memcpy(p->identity_seen, identity.data, identity.len);
		p->identity_seen_len = identity.len;
	}
	if (p->session != NULL && !p->blind)
		check_binder(p, hello, binders);
}

static void
read_hello_extensions(struct peer *p, struct span hello, struct reader *r)
{
	p->got_psks = 0;
	while (!reader_done(r) && reader_ok(r)) {
		uint16_t type = read_u16(r);
		struct reader body = reader_over(read_block16(r));

		if (type == EXTENSION_KEY_SHARE) {
			struct span key;

			(void)read_u16(&body);
			p->client_group = read_u16(&body);
			key = read_block16(&body);
			p->client_share_len = key.len;
			memcpy(p->client_share, key.data, key.len);
		}
		if (type == EXTENSION_COOKIE)
			p->hello_cookie = read_block16(&body);
		if (type == EXTENSION_PSK_KEY_EXCHANGE_MODES)
			p->got_modes =
				read_u16(&body) == 0x0101 && reader_done(&body);
		need(type != EXTENSION_EARLY_DATA);
		if (type == EXTENSION_PRE_SHARED_KEY) {
			read_psk(p, hello, &body);
			need(reader_done(r)); /* the last (4.2.11) */
		}
	}
}

static void
hello(struct peer *p, struct span message)
{
	struct reader r = reader_over(message);
	struct reader x;
	struct span id;

	(void)read_bytes(&r, 4 + 2);
	memcpy(p->got_randoms[p->hellos % 2], read_bytes(&r, 32).data, 32);
	id = read_block8(&r);
	(void)read_block16(&r);
	(void)read_block8(&r);
	x = reader_over(read_block16(&r));
	need(reader_done(&r) && id.len == sizeof(p->session_id));
	memcpy(p->session_id, id.data, id.len);
	read_hello_extensions(p, message, &x);
	p->hellos++;
	transcript_append(&p->transcript, message);
	answer(p);
}

static void
client_finished(struct peer *p, struct span message)
{
	const struct suite *s = suite_find(p->suite);
	uint8_t buf[SUITE_HASH_MAX];
	uint8_t want[SUITE_HASH_MAX];

	keyschedule_finished(s->hash, span_of(p->secrets[C_HS], s->hash_len),
		transcript_hash(&p->transcript, buf), want);
	need(message.len == 4 + s->hash_len &&
		memcmp(message.data + 4, want, s->hash_len) == 0);
	p->got_finished = true;
	record_keys_set(&p->recv, s, p->secrets[C_AP]);
	record_ready(&p->recv, &p->open);
}

/* ECDSA: by the keys of peer_client_ec_key. RSA's are OpenSSL's to judge. */
static void
check_verify(const struct peer *p, struct span m)
{
	struct reader r = reader_over(m);
	uint8_t point[97];
	br_ec_public_key pk = {.q = point};
	uint16_t scheme;
	struct span sig;
	uint8_t hash[64];
	const br_hash_class *class;
	unsigned bits;

	(void)read_bytes(&r, HANDSHAKE_HEADER_LEN);
	scheme = read_u16(&r);
	sig = read_block16(&r);
	need(reader_done(&r));
	if (scheme != 0x0403 && scheme != 0x0503)
		return;
	pk.curve = scheme == 0x0403 ? BR_EC_secp256r1 : BR_EC_secp384r1;
	pk.qlen = br_ec_all_m31.mulgen(point,
		scheme == 0x0403 ? peer_p256_key : peer_p384_key,
		scheme == 0x0403 ? 32 : 48, pk.curve);
	class = scheme_hash(scheme, &bits);
	content_hash(p, "TLS 1.3, client CertificateVerify", class, hash);
	need(br_ecdsa_i31_vrfy_asn1(&br_ec_all_m31, hash, bits / 8, &pk,
		     sig.data, sig.len) == 1);
}

static void
message(struct peer *p, struct span m)
{
	switch (m.data[0]) {
	case HANDSHAKE_CLIENT_HELLO:
		hello(p, m);
		return;
	case HANDSHAKE_CERTIFICATE:
		p->got_certificate = m.len > 8;
		break;
	case HANDSHAKE_CERTIFICATE_VERIFY:
		check_verify(p, m);
		p->got_verify = true;
		break;
	case HANDSHAKE_FINISHED:
		client_finished(p, m);
		break;
	case HANDSHAKE_KEY_UPDATE:
		need(m.len == 5);
		p->got_key_updates++;
		record_keys_update(&p->recv);
		record_ready(&p->recv, &p->open);
		break;
	default:
		abort();
	}
	transcript_append(&p->transcript, m);
	if (m.data[0] == HANDSHAKE_FINISHED) {
		uint8_t buf[SUITE_HASH_MAX];

		keyschedule_derive(&p->schedule, "res master",
			transcript_hash(&p->transcript, buf), p->resumption);
	}
}

static void
handshake(struct peer *p, struct span bytes)
{
	need(bytes.len <= sizeof(p->hands) - p->hands_len);
	memcpy(p->hands + p->hands_len, bytes.data, bytes.len);
	p->hands_len += bytes.len;
	while (p->hands_len >= 4) {
		size_t len =
			4 + ((size_t)p->hands[1] << 16 |
				    (size_t)p->hands[2] << 8 | p->hands[3]);

		if (len > p->hands_len)
			return;
		message(p, span_of(p->hands, len));
		p->hands_len -= len;
		memmove(p->hands, p->hands + len, p->hands_len);
	}
}

static void
content(struct peer *p, uint8_t type, struct span bytes)
{
	switch (type) {
	case RECORD_HANDSHAKE:
		handshake(p, bytes);
		break;
	case RECORD_ALERT:
		need(bytes.len == 2);
		p->got_alerts++;
		p->got_close = p->got_close || bytes.data[1] == 0;
		p->got_alert = bytes.data[1];
		break;
	case RECORD_APPLICATION_DATA:
		need(bytes.len <= sizeof(p->data) - p->data_len);
		memcpy(p->data + p->data_len, bytes.data, bytes.len);
		p->data_len += bytes.len;
		break;
	case RECORD_CHANGE_CIPHER_SPEC:
		need(bytes.len == 1 && bytes.data[0] == 1);
		p->got_ccs++;
		break;
	default:
		abort();
	}
}

static void
record(struct peer *p, uint8_t *r, size_t len)
{
	struct record_content c;
	struct error e;

	if (p->recv.suite == NULL || r[0] != RECORD_APPLICATION_DATA) {
		/* An alert may come from before the client had keys. */
		need(p->recv.suite == NULL || r[0] != RECORD_HANDSHAKE);
		content(p, r[0],
			span_of(r + RECORD_HEADER_LEN,
				len - RECORD_HEADER_LEN));
		return;
	}
	error_clear(&e);
	if (record_open(&p->recv, &p->open, r, len, &c, &e) != ERR_OK) {
		need(p->blind);
		return;
	}
	content(p, (uint8_t)c.type, span_of(c.data, c.len));
}

void
peer_receive(struct peer *p, struct span records)
{
	need(records.len <= sizeof(p->in) - p->in_len);
	memcpy(p->in + p->in_len, records.data, records.len);
	p->in_len += records.len;
	while (p->in_len >= RECORD_HEADER_LEN) {
		size_t len =
			RECORD_HEADER_LEN + ((size_t)p->in[3] << 8 | p->in[4]);

		if (len > p->in_len)
			return;
		record(p, p->in, len);
		p->in_len -= len;
		memmove(p->in, p->in + len, p->in_len);
	}
}

void
peer_update_keys(struct peer *p)
{
	record_keys_update(&p->send);
	record_ready(&p->send, &p->seal);
}

void
peer_send_key_update(struct peer *p, bool request)
{
	uint8_t m[5] = {HANDSHAKE_KEY_UPDATE, 0, 0, 1, request};

	peer_send(p, RECORD_HANDSHAKE, span_of(m, sizeof(m)));
	peer_update_keys(p);
}

void
peer_exchange(struct peer *p, struct tls13 *t, size_t chunk)
{
	bool moved = true;

	while (moved) {
		size_t len;
		const uint8_t *from = tls13_sendrec_buf(t, &len);
		uint8_t *to;

		moved = false;
		if (from != NULL) {
			peer_receive(p, span_of(from, len));
			tls13_sendrec_ack(t, len);
			moved = true;
		}
		to = tls13_recvrec_buf(t, &len);
		if (to == NULL || p->out_len == 0)
			continue;
		if (len > p->out_len)
			len = p->out_len;
		if (chunk != 0 && len > chunk)
			len = chunk;
		memcpy(to, p->out, len);
		p->out_len -= len;
		memmove(p->out, p->out + len, p->out_len);
		tls13_recvrec_ack(t, len);
		moved = true;
	}
}

const struct tls13_config *
peer_client_config(void)
{
	static struct tls13_config config;
	static struct x509_anchors anchors;
	static struct names_policy names = {.common_name = PEER_NAME};
	static struct keypair key;
	uint8_t entry[2 + sizeof(peer_ca)];
	struct writer w = writer_over(entry, sizeof(entry));
	struct error e;

	if (config.anchors != NULL)
		return &config;
	error_clear(&e);
	write_u16(&w, (uint16_t)sizeof(peer_ca));
	write_bytes(&w, peer_ca, sizeof(peer_ca));
	need(x509_anchors_from_der(&anchors, writer_span(&w), false, &e) ==
		ERR_OK);
	need(keypair_from_der(
		     &key, span_of(peer_client_key, sizeof(peer_client_key))) ==
		ERR_OK);
	config.anchors = &anchors;
	config.names = &names;
	config.chain[0] = span_of(peer_client_cert, sizeof(peer_client_cert));
	config.chain_count = 1;
	config.key = &key;
	config.now_s = PEER_NOW;
	return &config;
}

void
peer_client_ec_key(struct keypair *key, bool p384)
{
	static const uint8_t head256[] = {0x30, 0x31, 2, 1, 1, 4, 0x20};
	static const uint8_t tail256[] = {
		0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	static const uint8_t head384[] = {0x30, 0x3e, 2, 1, 1, 4, 0x30};
	static const uint8_t tail384[] = {
		0xa0, 7, 6, 5, 0x2b, 0x81, 4, 0, 0x22};
	uint8_t der[128];
	struct writer w = writer_over(der, sizeof(der));

	write_bytes(&w, p384 ? head384 : head256, 7);
	if (p384)
		write_bytes(&w, peer_p384_key, sizeof(peer_p384_key));
	else
		write_bytes(&w, peer_p256_key, sizeof(peer_p256_key));
	write_bytes(&w, p384 ? tail384 : tail256,
		p384 ? sizeof(tail384) : sizeof(tail256));
	need(keypair_ec_from_der(key, writer_span(&w)) == ERR_OK);
}
