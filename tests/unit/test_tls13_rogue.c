/*
 * test_tls13_rogue.c - servers that break the rules, one at a time: each has
 * to be refused, with the alert of RFC 8446, once; and none may get a client
 * certificate or a byte of ours before it has proved who it is.
 */
#include "tls/tls13.h"

#include "tls/alert.h"

#include "peer.h"
#include "pemvec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct peer peer;
static struct tls13 tls;
static struct tls13_buffers buffers;
static struct tls13_config config;

static void
begin(void)
{
	config = *peer_client_config();
	peer_begin(&peer);
	peer.request = true;
}

static void
run(void)
{
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	peer_exchange(&peer, &tls, 0);
}

/* The client refuses in the handshake, says alert once and gives nothing. */
static void
assert_refused(const char *name, int alert)
{
	const struct error *e = tls13_error(&tls);

	if (e->alert != alert || peer.got_alert != alert)
		print_error("%s: alert %d (the peer got %d): %s\n", name,
			e->alert, peer.got_alert, e->detail);
	assert_int_not_equal(e->code, ERR_OK);
	assert_int_equal(e->alert, alert);
	assert_int_equal(peer.got_alert, alert);
	assert_int_equal(peer.got_alerts, 1);
	assert_true(e->detail[0] != '\0');
	assert_false(tls13_handshake_done(&tls));
	assert_false(peer.got_certificate);
	assert_false(peer.got_finished);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

/* Changes of single messages. */

static void
fix_length(struct writer *m)
{
	size_t body = m->len - 4;

	m->base[1] = (uint8_t)(body >> 16);
	m->base[2] = (uint8_t)(body >> 8);
	m->base[3] = (uint8_t)body;
}

/* The message as it is now, in the right header. */
static bool
changed(struct writer *m)
{
	fix_length(m);
	return true;
}

/* Append an extension to the block whose length stands at m[at]. */
static void
add_extension(struct writer *m, size_t at, uint16_t type, struct span body)
{
	size_t len = (size_t)m->base[at] << 8 | m->base[at + 1];

	len += 4 + body.len;
	m->base[at] = (uint8_t)(len >> 8);
	m->base[at + 1] = (uint8_t)len;
	write_u16(m, type);
	write_u16(m, (uint16_t)body.len);
	write_span(m, body);
	fix_length(m);
}

#define HELLO_SESSION     (4 + 2 + 32)
#define HELLO_SUITE       (HELLO_SESSION + 33)
#define HELLO_COMPRESSION (HELLO_SUITE + 2)
#define HELLO_EXTENSIONS  (HELLO_COMPRESSION + 1)
/* supported_versions comes first, then key_share. */
#define HELLO_VERSION     (HELLO_EXTENSIONS + 2 + 4)
#define HELLO_KEY_SHARE   (HELLO_VERSION + 2)

#define CHANGE(name, message_type, ...)                                        \
	static bool name(struct peer *p, uint8_t type, struct writer *m)       \
	{                                                                      \
		(void)p;                                                       \
		if (type != (message_type))                                    \
			return true;                                           \
		__VA_ARGS__                                                    \
		return changed(m);                                             \
	}

#define SH  HANDSHAKE_SERVER_HELLO
#define EE  HANDSHAKE_ENCRYPTED_EXTENSIONS
#define CR  HANDSHAKE_CERTIFICATE_REQUEST
#define CT  HANDSHAKE_CERTIFICATE
#define CV  HANDSHAKE_CERTIFICATE_VERIFY
#define FIN HANDSHAKE_FINISHED

/* ServerHello */
CHANGE(sh_legacy_version, SH, m->base[5] = 4;)
CHANGE(sh_session_id, SH, m->base[HELLO_SESSION + 5] ^= 1;)
CHANGE(sh_short_session, SH, m->base[HELLO_SESSION]--; memmove(
	m->base + HELLO_SUITE - 1, m->base + HELLO_SUITE, m->len - HELLO_SUITE);
	m->len--;)
CHANGE(sh_no_session, SH, m->base[HELLO_SESSION] = 0;
	memmove(m->base + HELLO_SUITE - 32, m->base + HELLO_SUITE,
		m->len - HELLO_SUITE);
	m->len -= 32;)
CHANGE(sh_suite, SH, m->base[HELLO_SUITE + 1] = 0x04;)
CHANGE(sh_old_suite, SH, m->base[HELLO_SUITE] = 0xc0;)
CHANGE(sh_compression, SH, m->base[HELLO_COMPRESSION] = 1;)
CHANGE(sh_version, SH, m->base[HELLO_VERSION + 1] = 3;)
CHANGE(sh_no_version, SH, m->base[HELLO_VERSION - 3] = 99;)
CHANGE(sh_no_extensions, SH, m->len = HELLO_EXTENSIONS;)
CHANGE(sh_downgrade, SH, m->len = HELLO_EXTENSIONS;
	memcpy(m->base + 6 + 24, "DOWNGRD\1", 8);)
CHANGE(sh_no_key_share, SH, m->len = HELLO_KEY_SHARE;
	m->base[HELLO_EXTENSIONS + 1] = 6;)
CHANGE(sh_other_group, SH, m->base[HELLO_KEY_SHARE + 5] = 0x17;)
CHANGE(sh_zero_share, SH, memset(m->base + HELLO_KEY_SHARE + 8, 0, 32);)
CHANGE(sh_short_share, SH, m->base[HELLO_KEY_SHARE + 3]--;
	m->base[HELLO_KEY_SHARE + 7]--; m->base[HELLO_EXTENSIONS + 1]--;
	m->len--;)
CHANGE(sh_huge_share, SH, m->len = HELLO_EXTENSIONS; write_u16(m, 214);
	write_bytes(m, "\0\x2b\0\2\3\4\0\x33\0\xcc\0\x1d\0\xc8", 14);
	for (int i = 0; i < 200; i++) write_u8(m, 1);)
CHANGE(sh_trailing, SH, write_u8(m, 0);)
CHANGE(sh_cut, SH, m->len--;)
CHANGE(sh_no_suite, SH, m->len = HELLO_SUITE;)
CHANGE(sh_odd_share, SH, m->base[HELLO_KEY_SHARE + 7]--;)
CHANGE(sh_long_version, SH, m->base[HELLO_VERSION - 1] = 3;
	memmove(m->base + HELLO_VERSION + 3, m->base + HELLO_VERSION + 2,
		m->len - HELLO_VERSION - 2);
	m->len++; m->base[HELLO_EXTENSIONS + 1]++;)
CHANGE(sh_twice, SH,
	add_extension(m, HELLO_EXTENSIONS, 43, span_of("\3\4", 2));)
CHANGE(sh_psk, SH, add_extension(m, HELLO_EXTENSIONS, 41, span_of("\0\0", 2));)
CHANGE(sh_cookie, SH,
	add_extension(m, HELLO_EXTENSIONS, 44, span_of("\0\1x", 3));)
CHANGE(sh_groups, SH,
	add_extension(m, HELLO_EXTENSIONS, 10, span_of("\0\2\0\x1d", 4));)
CHANGE(sh_unknown, SH,
	add_extension(m, HELLO_EXTENSIONS, 0xfafa, span_of(NULL, 0));)

/* EncryptedExtensions */
CHANGE(ee_key_share, EE, add_extension(m, 4, 51, span_of("\0\x1d", 2));)
CHANGE(ee_alpn, EE, add_extension(m, 4, 16, span_of("\0\3\2h2", 5));)
CHANGE(ee_early_data, EE, add_extension(m, 4, 42, span_of(NULL, 0));)
CHANGE(ee_unasked_name, EE, add_extension(m, 4, 0, span_of(NULL, 0));)
CHANGE(ee_unknown, EE, add_extension(m, 4, 0x1234, span_of(NULL, 0));)
CHANGE(ee_twice, EE, add_extension(m, 4, 10, span_of("\0\2\0\x1d", 4));
	add_extension(m, 4, 10, span_of("\0\2\0\x1d", 4));)
CHANGE(
	ee_many, EE, m->len = 4; write_u16(m, 65 * 4);
	for (uint16_t i = 0; i < 65; i++) {
		write_u16(m, (uint16_t)(i == 0 ? 10 : 0x7000 + i));
		write_u16(m, 0);
	})
CHANGE(ee_cut_extension, EE, m->len = 4; write_u16(m, 5); write_u16(m, 10);
	write_u16(m, 9); write_u8(m, 0);)
CHANGE(ee_half_extension, EE, m->len = 4; write_u16(m, 3); write_u16(m, 10);
	write_u8(m, 0);)
CHANGE(ee_trailing, EE, write_u8(m, 0);)
CHANGE(ee_cut, EE, m->len--;)
CHANGE(ee_certificates_type, EE, m->base[0] = CT;)

/* CertificateRequest: context, then the block at 5. */
CHANGE(cr_context, CR, m->base[4] = 1; m->base[5] = 7; m->base[6] = 0;
	m->base[7] = 0; m->len = 8;)
CHANGE(cr_no_schemes, CR, m->len = 5; write_u16(m, 0);)
CHANGE(cr_odd_schemes, CR, m->len = 5; write_u16(m, 7); write_u16(m, 13);
	write_u16(m, 3); write_u16(m, 1); write_u8(m, 8);)
CHANGE(cr_empty_schemes, CR, m->len = 5; write_u16(m, 6); write_u16(m, 13);
	write_u16(m, 2); write_u16(m, 0);)
CHANGE(cr_key_share, CR, add_extension(m, 5, 51, span_of("\0\x1d", 2));)
CHANGE(cr_twice, CR, add_extension(m, 5, 13, span_of("\0\2\x8\4", 4));)
CHANGE(
	cr_many, CR, m->len = 5; write_u16(m, 65 * 4);
	for (uint16_t i = 0; i < 65; i++) {
		write_u16(m, (uint16_t)(0x7000 + i));
		write_u16(m, 0);
	})
CHANGE(cr_trailing, CR, write_u8(m, 1);)
CHANGE(cr_no_authorities, CR, add_extension(m, 5, 47, span_of("\0\0", 2));)
CHANGE(cr_empty_authority, CR, add_extension(m, 5, 47, span_of("\0\2\0\0", 4));)
CHANGE(cr_cut_authority, CR, add_extension(m, 5, 47, span_of("\0\3\0\2x", 5));)
CHANGE(cr_trailing_authority, CR,
	add_extension(m, 5, 47, span_of("\0\3\0\1xy", 6));)

/* Certificate: context, list of 3 bytes' length, first entry at 8. */
CHANGE(ct_context, CT, m->base[4] = 1;
	memmove(m->base + 6, m->base + 5, m->len - 5); m->len++;)
CHANGE(ct_empty_list, CT, m->len = 5; write_u24(m, 0);)
CHANGE(ct_empty_entry, CT, m->len = 5; write_u24(m, 5); write_u24(m, 0);
	write_u16(m, 0);)
CHANGE(
	ct_many, CT, m->len = 5; write_u24(m, 11 * 6);
	for (int i = 0; i < 11; i++) {
		write_u24(m, 1);
		write_u8(m, 0);
		write_u16(m, 0);
	})
CHANGE(ct_trailing, CT, write_u8(m, 0);)
CHANGE(ct_no_certificate, CT, m->len = 5; write_u24(m, 9); write_u24(m, 4);
	write_str(m, "\x30\x82\x01\x01"); write_u16(m, 0);)
CHANGE(ct_forged, CT, m->base[m->len - 10] ^= 1;)

static void
entry_extension(struct writer *m, uint16_t type)
{
	m->len -= 2;
	write_u16(m, 4);
	write_u16(m, type);
	write_u16(m, 0);
	m->base[7] = (uint8_t)(m->base[7] + 4);
	if (m->base[7] < 4)
		m->base[6]++;
}

CHANGE(ct_status, CT, entry_extension(m, 5);)
CHANGE(ct_key_share, CT, entry_extension(m, 51);)

/* CertificateVerify: scheme at 4, signature from 8. */
CHANGE(cv_pkcs1, CV, m->base[4] = 4; m->base[5] = 1;)
CHANGE(cv_other_key, CV, m->base[4] = 4; m->base[5] = 3;)
CHANGE(cv_unknown, CV, m->base[4] = 9;)
CHANGE(cv_pss_pss, CV, m->base[4] = 8; m->base[5] = 9;)
CHANGE(cv_other_hash, CV, m->base[5] = 5;)
CHANGE(cv_forged, CV, m->base[100] ^= 1;)
CHANGE(cv_short, CV, m->base[6] = 0; m->base[7] = 255; m->len--;)
CHANGE(cv_empty, CV, m->len = 6; write_u16(m, 0);)
CHANGE(cv_trailing, CV, write_u8(m, 0);)

/* Finished */
CHANGE(fin_forged, FIN, m->base[10] ^= 1;)
CHANGE(fin_short, FIN, m->len--;)
CHANGE(fin_long, FIN, write_u8(m, 0);)
CHANGE(fin_empty, FIN, m->len = 4;)

/* Messages out of order. */
static bool
skip_ee(struct peer *p, uint8_t type, struct writer *m)
{
	(void)p;
	(void)m;
	return type != EE;
}

static bool
skip_ct(struct peer *p, uint8_t type, struct writer *m)
{
	(void)p;
	(void)m;
	return type != CT && type != CV;
}

static bool
skip_cv(struct peer *p, uint8_t type, struct writer *m)
{
	(void)p;
	(void)m;
	return type != CV;
}

static bool
twice(struct peer *p, uint8_t type, struct writer *m, uint8_t which)
{
	if (type == which)
		peer_send(p, RECORD_HANDSHAKE, writer_span(m));
	return true;
}

static bool
two_ee(struct peer *p, uint8_t type, struct writer *m)
{
	return twice(p, type, m, EE);
}

static bool
two_cr(struct peer *p, uint8_t type, struct writer *m)
{
	return twice(p, type, m, CR);
}

static bool
two_ct(struct peer *p, uint8_t type, struct writer *m)
{
	return twice(p, type, m, CT);
}

static void
insert(struct peer *p, uint8_t type, struct span body)
{
	uint8_t m[64] = {type, 0, 0, (uint8_t)body.len};

	if (body.len > 0)
		memcpy(m + 4, body.data, body.len);
	peer_send(p, RECORD_HANDSHAKE, span_of(m, 4 + body.len));
}

/* BEFORE(name, message, what): what is sent ahead of a message. */
#define BEFORE(name, message_type, ...)                                        \
	static bool name(struct peer *p, uint8_t type, struct writer *m)       \
	{                                                                      \
		(void)m;                                                       \
		if (type == (message_type)) {                                  \
			__VA_ARGS__                                            \
		}                                                              \
		return true;                                                   \
	}

BEFORE(early_ticket, CT,
	insert(p, HANDSHAKE_NEW_SESSION_TICKET,
		span_of("\0\0\0\0\0\0\0\0\0\0\1x\0\0", 14));)
BEFORE(early_key_update, CT, insert(p, HANDSHAKE_KEY_UPDATE, span_of("", 1));)
BEFORE(hello_request, EE, insert(p, 0, span_of(NULL, 0));)
BEFORE(early_finished, CT, insert(p, FIN, span_of(p->secrets, 32));)
BEFORE(app_data_early, FIN,
	peer_send(p, RECORD_APPLICATION_DATA, span_str("too early"));)
BEFORE(empty_app_data_early, FIN,
	peer_send(p, RECORD_APPLICATION_DATA, span_of(NULL, 0));)
BEFORE(plain_after_keys, EE,
	peer_send_plain(p, RECORD_HANDSHAKE, writer_span(m));)
BEFORE(plain_alert_after_keys, EE,
	peer_send_plain(p, RECORD_ALERT, span_of("\2\x28", 2));)
BEFORE(plain_app_data, SH,
	peer_send_plain(p, RECORD_APPLICATION_DATA, span_str("hello"));)
BEFORE(empty_handshake_record, EE,
	peer_send(p, RECORD_HANDSHAKE, span_of(NULL, 0));)
BEFORE(empty_plain_handshake, SH,
	peer_send(p, RECORD_HANDSHAKE, span_of(NULL, 0));)
BEFORE(empty_alert, EE, peer_send(p, RECORD_ALERT, span_of(NULL, 0));)
BEFORE(long_alert, EE, peer_send(p, RECORD_ALERT, span_of("\2\x28\0", 3));)
BEFORE(ccs_two, EE,
	peer_send_plain(p, RECORD_CHANGE_CIPHER_SPEC, span_of("\2", 1));)
BEFORE(ccs_long, EE,
	peer_send_plain(p, RECORD_CHANGE_CIPHER_SPEC, span_of("\1\1", 2));)
BEFORE(ccs_empty, EE,
	peer_send_plain(p, RECORD_CHANGE_CIPHER_SPEC, span_of(NULL, 0));)
BEFORE(ccs_sealed, EE,
	peer_send(p, RECORD_CHANGE_CIPHER_SPEC, span_of("\1", 1));)
BEFORE(ccs_many, EE,
	for (int i = 0; i < 100; i++) peer_send_plain(
		p, RECORD_CHANGE_CIPHER_SPEC, span_of("\1", 1));)
BEFORE(unknown_record, EE, peer_send_raw(p, span_of("\x63\3\3\0\1x", 6));)
BEFORE(oversized_plain, SH, peer_send_raw(p, span_of("\x16\3\3\x40\1", 5));)
BEFORE(oversized_sealed, EE, peer_send_raw(p, span_of("\x17\3\3\x41\1", 5));)
BEFORE(not_sealed, EE,
	peer_send_plain(p, RECORD_APPLICATION_DATA,
		span_str("thirty-two bytes that mean nothing"));)
BEFORE(too_short_sealed, EE,
	peer_send_plain(p, RECORD_APPLICATION_DATA, span_str("short"));)
BEFORE(huge_certificate, CT,
	peer_send(p, RECORD_HANDSHAKE, span_of("\x0b\1\0\1", 4));)
BEFORE(huge_extensions, EE,
	peer_send(p, RECORD_HANDSHAKE, span_of("\x08\0\x40\1", 4));)
BEFORE(huge_hello, SH,
	peer_send(p, RECORD_HANDSHAKE, span_of("\x02\xff\xff\xff", 4));)

/* More of the handshake in the record that ends a flight. */
static bool
hello_with_more(struct peer *p, uint8_t type, struct writer *m)
{
	if (type != SH)
		return true;
	transcript_append(&p->transcript, writer_span(m));
	write_str(m, "\x08");
	peer_send(p, RECORD_HANDSHAKE, writer_span(m));
	return false;
}

static bool
finished_with_more(struct peer *p, uint8_t type, struct writer *m)
{
	if (type != FIN)
		return true;
	transcript_append(&p->transcript, writer_span(m));
	write_str(m, "\x04");
	peer_send(p, RECORD_HANDSHAKE, writer_span(m));
	return false;
}

/* Half a message, then a record of another type. */
static bool
interleaved(struct peer *p, struct writer *m, uint8_t type, bool plain)
{
	peer_send(p, RECORD_HANDSHAKE, span_of(m->base, 5));
	if (plain)
		peer_send_plain(p, type, span_of("\1", 1));
	else
		peer_send(p, type, span_of("\1\x5a", 2));
	peer_send(p, RECORD_HANDSHAKE, span_of(m->base + 5, m->len - 5));
	return false;
}

static bool
alert_inside(struct peer *p, uint8_t type, struct writer *m)
{
	return type != CT || interleaved(p, m, RECORD_ALERT, false);
}

static bool
ccs_inside(struct peer *p, uint8_t type, struct writer *m)
{
	return type != CT || interleaved(p, m, RECORD_CHANGE_CIPHER_SPEC, true);
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

static const struct rogue rogues[] = {
	ROGUE(sh_legacy_version, ILLEGAL_PARAMETER),
	ROGUE(sh_session_id, ILLEGAL_PARAMETER),
	ROGUE(sh_short_session, ILLEGAL_PARAMETER),
	ROGUE(sh_no_session, ILLEGAL_PARAMETER),
	ROGUE(sh_suite, ILLEGAL_PARAMETER),
	ROGUE(sh_old_suite, ILLEGAL_PARAMETER),
	ROGUE(sh_compression, ILLEGAL_PARAMETER),
	ROGUE(sh_version, ILLEGAL_PARAMETER),
	ROGUE(sh_no_version, PROTOCOL_VERSION),
	ROGUE(sh_no_extensions, PROTOCOL_VERSION),
	ROGUE(sh_downgrade, ILLEGAL_PARAMETER),
	ROGUE(sh_no_key_share, MISSING_EXTENSION),
	ROGUE(sh_other_group, ILLEGAL_PARAMETER),
	ROGUE(sh_zero_share, ILLEGAL_PARAMETER),
	ROGUE(sh_short_share, ILLEGAL_PARAMETER),
	ROGUE(sh_huge_share, ILLEGAL_PARAMETER),
	ROGUE(sh_trailing, DECODE_ERROR),
	ROGUE(sh_cut, DECODE_ERROR),
	ROGUE(sh_no_suite, DECODE_ERROR),
	ROGUE(sh_odd_share, DECODE_ERROR),
	ROGUE(sh_long_version, DECODE_ERROR),
	ROGUE(sh_twice, ILLEGAL_PARAMETER),
	ROGUE(sh_psk, UNSUPPORTED_EXTENSION),
	ROGUE(sh_cookie, UNSUPPORTED_EXTENSION),
	ROGUE(sh_groups, ILLEGAL_PARAMETER),
	ROGUE(sh_unknown, UNSUPPORTED_EXTENSION),
	ROGUE(ee_key_share, ILLEGAL_PARAMETER),
	ROGUE(ee_alpn, UNSUPPORTED_EXTENSION),
	ROGUE(ee_early_data, UNSUPPORTED_EXTENSION),
	ROGUE(ee_unasked_name, UNSUPPORTED_EXTENSION),
	ROGUE(ee_unknown, UNSUPPORTED_EXTENSION),
	ROGUE(ee_twice, ILLEGAL_PARAMETER),
	ROGUE(ee_many, UNSUPPORTED_EXTENSION),
	ROGUE(ee_cut_extension, DECODE_ERROR),
	ROGUE(ee_half_extension, DECODE_ERROR),
	ROGUE(ee_trailing, DECODE_ERROR),
	ROGUE(ee_cut, DECODE_ERROR),
	ROGUE(ee_certificates_type, UNEXPECTED_MESSAGE),
	ROGUE(cr_context, ILLEGAL_PARAMETER),
	ROGUE(cr_no_schemes, MISSING_EXTENSION),
	ROGUE(cr_odd_schemes, DECODE_ERROR),
	ROGUE(cr_empty_schemes, DECODE_ERROR),
	ROGUE(cr_key_share, ILLEGAL_PARAMETER),
	ROGUE(cr_twice, ILLEGAL_PARAMETER),
	ROGUE(cr_many, ILLEGAL_PARAMETER),
	ROGUE(cr_trailing, DECODE_ERROR),
	ROGUE(cr_no_authorities, DECODE_ERROR),
	ROGUE(cr_empty_authority, DECODE_ERROR),
	ROGUE(cr_cut_authority, DECODE_ERROR),
	ROGUE(cr_trailing_authority, DECODE_ERROR),
	ROGUE(ct_context, ILLEGAL_PARAMETER),
	ROGUE(ct_empty_list, DECODE_ERROR),
	ROGUE(ct_empty_entry, DECODE_ERROR),
	ROGUE(ct_many, BAD_CERTIFICATE),
	ROGUE(ct_trailing, DECODE_ERROR),
	ROGUE(ct_no_certificate, BAD_CERTIFICATE),
	ROGUE(ct_forged, UNKNOWN_CA), /* not signed by the one it names */
	ROGUE(ct_status, UNSUPPORTED_EXTENSION),
	ROGUE(ct_key_share, ILLEGAL_PARAMETER),
	ROGUE(cv_pkcs1, ILLEGAL_PARAMETER),
	ROGUE(cv_other_key, ILLEGAL_PARAMETER),
	ROGUE(cv_unknown, ILLEGAL_PARAMETER),
	ROGUE(cv_pss_pss, ILLEGAL_PARAMETER),
	ROGUE(cv_other_hash, DECRYPT_ERROR),
	ROGUE(cv_forged, DECRYPT_ERROR),
	ROGUE(cv_short, DECRYPT_ERROR),
	ROGUE(cv_empty, DECRYPT_ERROR),
	ROGUE(cv_trailing, DECODE_ERROR),
	ROGUE(fin_forged, DECRYPT_ERROR),
	ROGUE(fin_short, DECODE_ERROR),
	ROGUE(fin_long, DECODE_ERROR),
	ROGUE(fin_empty, DECODE_ERROR),
	ROGUE(skip_ee, UNEXPECTED_MESSAGE),
	ROGUE(skip_ct, UNEXPECTED_MESSAGE),
	ROGUE(skip_cv, UNEXPECTED_MESSAGE),
	ROGUE(two_ee, UNEXPECTED_MESSAGE),
	ROGUE(two_cr, UNEXPECTED_MESSAGE),
	ROGUE(two_ct, UNEXPECTED_MESSAGE),
	ROGUE(early_ticket, UNEXPECTED_MESSAGE),
	ROGUE(early_key_update, UNEXPECTED_MESSAGE),
	ROGUE(hello_request, UNEXPECTED_MESSAGE),
	ROGUE(early_finished, UNEXPECTED_MESSAGE),
	ROGUE(app_data_early, UNEXPECTED_MESSAGE),
	ROGUE(empty_app_data_early, UNEXPECTED_MESSAGE),
	ROGUE(plain_after_keys, UNEXPECTED_MESSAGE),
	ROGUE(plain_alert_after_keys, UNEXPECTED_MESSAGE),
	ROGUE(plain_app_data, UNEXPECTED_MESSAGE),
	ROGUE(empty_handshake_record, UNEXPECTED_MESSAGE),
	ROGUE(empty_plain_handshake, UNEXPECTED_MESSAGE),
	ROGUE(empty_alert, DECODE_ERROR),
	ROGUE(long_alert, DECODE_ERROR),
	ROGUE(ccs_two, UNEXPECTED_MESSAGE),
	ROGUE(ccs_long, UNEXPECTED_MESSAGE),
	ROGUE(ccs_empty, UNEXPECTED_MESSAGE),
	ROGUE(ccs_sealed, UNEXPECTED_MESSAGE),
	ROGUE(ccs_many, UNEXPECTED_MESSAGE),
	ROGUE(unknown_record, UNEXPECTED_MESSAGE),
	ROGUE(oversized_plain, RECORD_OVERFLOW),
	ROGUE(oversized_sealed, RECORD_OVERFLOW),
	ROGUE(not_sealed, BAD_RECORD_MAC),
	ROGUE(too_short_sealed, BAD_RECORD_MAC),
	ROGUE(huge_certificate, ILLEGAL_PARAMETER),
	ROGUE(huge_extensions, ILLEGAL_PARAMETER),
	ROGUE(huge_hello, ILLEGAL_PARAMETER),
	ROGUE(hello_with_more, UNEXPECTED_MESSAGE),
	ROGUE(finished_with_more, UNEXPECTED_MESSAGE),
	ROGUE(alert_inside, UNEXPECTED_MESSAGE),
	ROGUE(ccs_inside, UNEXPECTED_MESSAGE),
};

static void
each_rule_broken_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rogues) / sizeof(rogues[0]); i++) {
		begin();
		peer.change = rogues[i].change;
		run();
		assert_refused(rogues[i].name, rogues[i].alert);
	}
}

/* ECDSA: what BearSSL would let pass, DER does not. */
CHANGE(ecdsa_long_length, CV, memmove(m->base + 10, m->base + 9, m->len - 9);
	m->len++; m->base[9] = 0x81; m->base[7]++;)
CHANGE(ecdsa_padded_integer, CV,
	memmove(m->base + 13, m->base + 12, m->len - 12);
	m->len++; m->base[12] = 0; m->base[11]++; m->base[9]++; m->base[7]++;)
CHANGE(ecdsa_no_sequence, CV, m->base[8] = 0x31;)
CHANGE(ecdsa_no_integer, CV, m->base[10] = 0x03;)
CHANGE(ecdsa_negative, CV, m->base[12] |= 0x80; m->base[12] ^= 0x40;)
CHANGE(ecdsa_empty_integer, CV, m->len = 6; write_u16(m, 7);
	write_bytes(m, "\x30\5\2\0\2\1\1", 7);)
CHANGE(ecdsa_zero, CV, m->len = 6; write_u16(m, 8);
	write_bytes(m, "\x30\6\2\1\0\2\1\1", 8);)
CHANGE(ecdsa_trailing, CV, write_u8(m, 0); m->base[7]++;)
CHANGE(ecdsa_p384_scheme, CV, m->base[4] = 5;)

static void
ecdsa_is_strict(void **state)
{
	static const struct rogue ec[] = {
		ROGUE(ecdsa_long_length, DECRYPT_ERROR),
		ROGUE(ecdsa_padded_integer, DECRYPT_ERROR),
		ROGUE(ecdsa_no_sequence, DECRYPT_ERROR),
		ROGUE(ecdsa_no_integer, DECRYPT_ERROR),
		ROGUE(ecdsa_negative, DECRYPT_ERROR),
		ROGUE(ecdsa_empty_integer, DECRYPT_ERROR),
		ROGUE(ecdsa_zero, DECRYPT_ERROR),
		ROGUE(ecdsa_trailing, DECRYPT_ERROR),
		ROGUE(ecdsa_p384_scheme, ILLEGAL_PARAMETER),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ec) / sizeof(ec[0]); i++) {
		begin();
		peer.identity = PEER_P256;
		peer.change = ec[i].change;
		run();
		assert_refused(ec[i].name, ec[i].alert);
	}
}

/* The zero that keeps a large r positive is left out; half of all r have it. */
static bool zero_dropped;

static bool
drop_zero(struct peer *p, uint8_t type, struct writer *m)
{
	(void)p;
	if (type != CV || m->base[11] != 33)
		return true;
	zero_dropped = true;
	memmove(m->base + 12, m->base + 13, m->len - 13);
	m->len--;
	m->base[11]--;
	m->base[9]--;
	m->base[7]--;
	return changed(m);
}

static void
ecdsa_integers_are_positive(void **state)
{
	(void)state;
	zero_dropped = false;
	for (int i = 0; i < 100 && !zero_dropped; i++) {
		begin();
		peer.identity = PEER_P256;
		peer.change = drop_zero;
		run();
	}
	assert_true(zero_dropped);
	assert_refused("drop_zero", ALERT_DECRYPT_ERROR);
}

/* HelloRetryRequest */

/* supported_versions, then key_share (6 bytes), then perhaps a cookie. */

static bool
second_hello_is_a_retry(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 2) {
		m->base[6] = 0xcf;
		memcpy(m->base + 6,
			"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e"
			"\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e"
			"\x09\xe2\xc8\xa8\x33\x9c",
			32);
		m->len = HELLO_EXTENSIONS;
		write_u16(m, 12);
		write_str(m, "");
		write_bytes(m, "\0\x2b\0\2\3\4\0\x33\0\2\0\x18", 12);
		fix_length(m);
	}
	return true;
}

static bool
retry_other_suite(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 2)
		m->base[HELLO_SUITE + 1] = 3;
	return true;
}

static bool
retry_same_group(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 1)
		m->base[m->len - 1] = 0x1d;
	return true;
}

static bool
retry_unknown_group(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 1)
		m->base[m->len - 1] = 0x19;
	return true;
}

static bool
retry_changes_nothing(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 1) {
		m->len = HELLO_EXTENSIONS;
		write_u16(m, 6);
		write_bytes(m, "\0\x2b\0\2\3\4", 6);
		fix_length(m);
	}
	return true;
}

static bool
retry_long_share(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 1) {
		m->base[HELLO_KEY_SHARE + 3]++;
		m->base[HELLO_EXTENSIONS + 1]++;
		write_u8(m, 0);
		fix_length(m);
	}
	return true;
}

static bool
retry_old_version(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 1)
		m->base[HELLO_VERSION + 1] = 3;
	return true;
}

static bool
retry_empty_cookie(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 1)
		add_extension(m, HELLO_EXTENSIONS, 44, span_of("\0\0", 2));
	return true;
}

static bool
retry_with_more(struct peer *p, uint8_t type, struct writer *m)
{
	if (type != SH || p->hellos != 1)
		return true;
	write_str(m, "\x02");
	peer_send(p, RECORD_HANDSHAKE, writer_span(m));
	return false;
}

static bool
retry_then_keys_of_the_first(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 2)
		m->base[HELLO_KEY_SHARE + 5] = 0x1d;
	return true;
}

static bool
compressed_point(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 2)
		m->base[HELLO_KEY_SHARE + 8] = 0x02;
	return true;
}

static bool
point_off_the_curve(struct peer *p, uint8_t type, struct writer *m)
{
	if (type == SH && p->hellos == 2)
		m->base[m->len - 1] ^= 1;
	return true;
}

static void
retries_that_are_wrong(void **state)
{
	static const struct rogue retries[] = {
		ROGUE(second_hello_is_a_retry, UNEXPECTED_MESSAGE),
		ROGUE(retry_other_suite, ILLEGAL_PARAMETER),
		ROGUE(retry_same_group, ILLEGAL_PARAMETER),
		ROGUE(retry_unknown_group, ILLEGAL_PARAMETER),
		ROGUE(retry_changes_nothing, ILLEGAL_PARAMETER),
		ROGUE(retry_long_share, DECODE_ERROR),
		ROGUE(retry_old_version, ILLEGAL_PARAMETER),
		ROGUE(retry_empty_cookie, DECODE_ERROR),
		ROGUE(retry_with_more, UNEXPECTED_MESSAGE),
		ROGUE(retry_then_keys_of_the_first, ILLEGAL_PARAMETER),
		ROGUE(compressed_point, ILLEGAL_PARAMETER),
		ROGUE(point_off_the_curve, ILLEGAL_PARAMETER),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(retries) / sizeof(retries[0]); i++) {
		begin();
		peer.group = KEYSHARE_SECP256R1;
		peer.change = retries[i].change;
		run();
		assert_refused(retries[i].name, retries[i].alert);
	}
}

/* Who the server is. */

static void
names_and_dates(void **state)
{
	static struct names_policy other = {.common_name = "my-project:other"};
	static struct names_policy none;

	(void)state;
	begin();
	config.names = &other;
	run();
	assert_refused("another name", ALERT_BAD_CERTIFICATE);
	assert_int_equal(tls13_error(&tls)->code, ERR_CERT);
	begin();
	config.names = &none;
	run();
	assert_refused("no name at all", ALERT_BAD_CERTIFICATE);
	begin();
	config.names = NULL;
	run();
	assert_refused("no policy", ALERT_BAD_CERTIFICATE);
	begin();
	config.anchors = NULL;
	run();
	assert_refused("no anchors", ALERT_BAD_CERTIFICATE);
	begin();
	config.now_s = INT64_C(4891363200); /* 2125 */
	run();
	assert_refused("expired", ALERT_CERTIFICATE_EXPIRED);
}

/* A good chain, name and date, of a leaf that is for clients. */
CHANGE(ct_of_a_client, CT, struct span leaf = pemvec_cert("eku_client");
	m->len = 5; write_u24(m, (uint32_t)leaf.len + 5);
	write_u24(m, (uint32_t)leaf.len); write_span(m, leaf); write_u16(m, 0);)

static void
usage_of_the_leaf(void **state)
{
	static struct names_policy name = {.common_name = "my-project:orders"};
	struct x509_anchors anchors;
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(x509_anchors_from_pem(
				 &anchors, span_str(pemvec_cert_pem("ca")), &e),
		ERR_OK);
	begin();
	config.anchors = &anchors;
	config.names = &name;
	peer.change = ct_of_a_client;
	run();
	x509_anchors_free(&anchors);
	assert_refused("ct_of_a_client", ALERT_UNSUPPORTED_CERTIFICATE);
}

/* What stands behind the certificate that an anchor signed is ignored. */
CHANGE(ct_more, CT, size_t len = m->len - 8 + 6; write_u24(m, 1);
	write_u8(m, 0); write_u16(m, 0); m->base[5] = (uint8_t)(len >> 16);
	m->base[6] = (uint8_t)(len >> 8); m->base[7] = (uint8_t)len;)

static void
leaf_comes_first(void **state)
{
	(void)state;
	begin();
	peer.change = ct_more;
	run();
	assert_int_equal(tls13_error(&tls)->code, ERR_OK);
	assert_true(peer.got_finished && peer.got_certificate);
}

/* server_name */

CHANGE(ee_name, EE, add_extension(m, 4, 0, span_of(NULL, 0));)
CHANGE(ee_full_name, EE, add_extension(m, 4, 0, span_of("x", 1));)

static void
answers_to_server_name(void **state)
{
	(void)state;
	begin();
	config.sni = "db.example.com";
	peer.change = ee_name;
	run();
	assert_int_equal(tls13_error(&tls)->code, ERR_OK);
	assert_true(peer.got_finished);
	begin();
	config.sni = "db.example.com";
	peer.change = ee_full_name;
	run();
	assert_refused("ee_full_name", ALERT_DECODE_ERROR);
}

static void
chain_without_a_key(void **state)
{
	(void)state;
	begin();
	config.key = NULL;
	run();
	assert_true(peer.got_finished);
	assert_false(peer.got_certificate || peer.got_verify);
}

/* After the handshake */

static void
established(void)
{
	begin();
	run();
	assert_true(tls13_handshake_done(&tls));
	assert_true(peer.got_certificate && peer.got_verify);
}

static void
assert_dies(int alert)
{
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->alert, alert);
	assert_int_equal(peer.got_alert, alert);
	assert_int_equal(peer.got_alerts, 1);
	/* For good: honest bytes change nothing. */
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("hello"));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
	assert_int_equal(peer.got_alerts, 1);
}

static void
late_message(uint8_t type, struct span body, int alert)
{
	established();
	insert(&peer, type, body);
	assert_dies(alert);
}

static void
messages_after_the_handshake(void **state)
{
	(void)state;
	late_message(HANDSHAKE_KEY_UPDATE, span_of("\2", 1),
		ALERT_ILLEGAL_PARAMETER);
	late_message(
		HANDSHAKE_KEY_UPDATE, span_of("\0\0", 2), ALERT_DECODE_ERROR);
	late_message(
		HANDSHAKE_KEY_UPDATE, span_of(NULL, 0), ALERT_DECODE_ERROR);
	/* We do not offer post_handshake_auth. */
	late_message(HANDSHAKE_CERTIFICATE_REQUEST,
		span_of("\1x\0\x8\0\xd\0\4\0\2\x8\4", 12),
		ALERT_UNEXPECTED_MESSAGE);
	late_message(HANDSHAKE_FINISHED, span_of(peer.secrets, 32),
		ALERT_UNEXPECTED_MESSAGE);
	late_message(HANDSHAKE_SERVER_HELLO, span_of("\3\3", 2),
		ALERT_UNEXPECTED_MESSAGE);
	late_message(0, span_of(NULL, 0), ALERT_UNEXPECTED_MESSAGE);
	/* Tickets: cut short, empty, an extension twice. */
	late_message(HANDSHAKE_NEW_SESSION_TICKET, span_of("\0\0\0\0", 4),
		ALERT_DECODE_ERROR);
	late_message(HANDSHAKE_NEW_SESSION_TICKET,
		span_of("\0\0\0\0\0\0\0\0\0\0\0\0\0", 13), ALERT_DECODE_ERROR);
	late_message(HANDSHAKE_NEW_SESSION_TICKET,
		span_of("\0\0\0\0\0\0\0\0\0\0\1x\0\x8\xfa\xfa\0\0\xfa\xfa\0\0",
			22),
		ALERT_ILLEGAL_PARAMETER);
	/* A KeyUpdate with more behind it in its record. */
	established();
	peer_send(&peer, RECORD_HANDSHAKE, span_of("\x18\0\0\1\0\x04", 6));
	assert_dies(ALERT_UNEXPECTED_MESSAGE);
}

static void
records_after_the_handshake(void **state)
{
	(void)state;
	established();
	peer_send_plain(&peer, RECORD_CHANGE_CIPHER_SPEC, span_of("\1", 1));
	assert_dies(ALERT_UNEXPECTED_MESSAGE);
	established();
	peer_send_plain(&peer, RECORD_ALERT, span_of("\1\0", 2));
	assert_dies(ALERT_UNEXPECTED_MESSAGE);
	established();
	peer.send.sequence++; /* a record is missing */
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("hello"));
	assert_dies(ALERT_BAD_RECORD_MAC);
	established();
	peer_update_keys(&peer); /* without a word */
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("hello"));
	assert_dies(ALERT_BAD_RECORD_MAC);
	established();
	insert(&peer, HANDSHAKE_KEY_UPDATE, span_of("\0", 1));
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("old key"));
	assert_dies(ALERT_BAD_RECORD_MAC);
}

/* A server that keeps us busy with nothing. */
static void
nothing_without_end(void **state)
{
	(void)state;
	established();
	for (int i = 0; i < 1000; i++)
		peer_send(&peer, RECORD_APPLICATION_DATA, span_of(NULL, 0));
	assert_dies(ALERT_UNEXPECTED_MESSAGE);
	established();
	for (int i = 0; i < 1000; i++)
		peer_send(&peer, RECORD_ALERT, span_of("\1\x5a", 2));
	assert_dies(ALERT_UNEXPECTED_MESSAGE);
	established();
	for (int i = 0; i < 1000; i++)
		peer_send_key_update(&peer, true);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->alert, ALERT_UNEXPECTED_MESSAGE);
	established();
	for (int i = 0; i < 1000; i++)
		insert(&peer, HANDSHAKE_NEW_SESSION_TICKET,
			span_of("\0\0\0\0\0\0\0\0\0\0\1x\0\0", 14));
	assert_dies(ALERT_UNEXPECTED_MESSAGE);
}

static void
assert_zero(const void *p, size_t len)
{
	const uint8_t *at = p;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(at[i], 0);
}

static void
secrets_do_not_outlive_a_failure(void **state)
{
	(void)state;
	begin();
	peer.change = fin_forged;
	run();
	assert_refused("fin_forged", ALERT_DECRYPT_ERROR);
	assert_zero(&buffers.handshake, offsetof(struct handshake, message));
	assert_zero(&buffers.seal, sizeof(buffers.seal));
	assert_zero(&buffers.open, sizeof(buffers.open));
	assert_zero(&tls.send, sizeof(tls.send));
	assert_zero(&tls.recv, sizeof(tls.recv));
}

/* Buffers that are given back may serve another connection. */
static void
buffers_are_given_back_clean(void **state)
{
	const uint8_t *flight = buffers.handshake.flight;
	struct span mine;
	const size_t part = 64; /* of the certificate's end */

	(void)state;
	established();
	mine = config.chain[0];
	assert_ptr_equal(tls13_detach(&tls), &buffers);
	assert_zero(&buffers.seal, sizeof(buffers.seal));
	assert_zero(&buffers.open, sizeof(buffers.open));
	for (size_t i = 0; i + part <= sizeof(buffers.handshake.flight); i++)
		assert_memory_not_equal(
			flight + i, mine.data + mine.len - part, part);
}

static void
nothing_follows_our_close(void **state)
{
	(void)state;
	established();
	tls13_close_send(&tls);
	peer_exchange(&peer, &tls, 0);
	assert_true(peer.got_close);
	peer.send.sequence++;
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("bad"));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->alert, ALERT_BAD_RECORD_MAC);
	assert_int_equal(peer.got_alerts, 1); /* close_notify itself */
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

/* Verified bytes before the fault are handed out, none after it. */
static void
data_before_a_fault_is_kept(void **state)
{
	size_t len;
	const uint8_t *p;

	(void)state;
	established();
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("good"));
	peer.send.sequence++;
	peer_send(&peer, RECORD_APPLICATION_DATA, span_str("bad"));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->alert, ALERT_BAD_RECORD_MAC);
	p = tls13_recvapp_buf(&tls, &len);
	assert_non_null(p);
	assert_int_equal(len, 4);
	assert_memory_equal(p, "good", 4);
	tls13_recvapp_ack(&tls, len);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

/* Alerts of the server */

static void
server_alert(int code, const char *detail)
{
	const uint8_t alert[] = {1, (uint8_t)code}; /* the level lies */

	established();
	peer_send(&peer, RECORD_ALERT, span_of(alert, 2));
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(tls13_error(&tls)->code, ERR_TLS_PEER_ALERT);
	assert_int_equal(tls13_error(&tls)->alert, code);
	assert_string_equal(tls13_error(&tls)->detail, detail);
	assert_int_equal(peer.got_alerts, 0); /* never answered */
	assert_false(tls13_server_spoke(&tls));
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

static void
alerts_of_the_server(void **state)
{
	(void)state;
	server_alert(42, "remote error: tls: bad certificate");
	server_alert(45, "remote error: tls: expired certificate");
	server_alert(48, "remote error: tls: unknown certificate authority");
	server_alert(116, "remote error: tls: certificate required");
	server_alert(49, "remote error: tls: access denied");
	server_alert(255, "remote error: tls: unknown alert");
}

static bool
plain_alert_first(struct peer *p, uint8_t type, struct writer *m)
{
	(void)m;
	if (type == SH)
		peer_send_plain(p, RECORD_ALERT, span_of("\2\x28", 2));
	return true;
}

static bool
close_in_the_middle(struct peer *p, uint8_t type, struct writer *m)
{
	(void)m;
	if (type == CT)
		peer_send(p, RECORD_ALERT, span_of("\1\0", 2));
	return true;
}

static void
alerts_in_the_handshake(void **state)
{
	(void)state;
	begin();
	peer.change = plain_alert_first;
	run();
	assert_int_equal(tls13_error(&tls)->code, ERR_TLS_PEER_ALERT);
	assert_string_equal(tls13_error(&tls)->detail,
		"remote error: tls: handshake failure");
	assert_int_equal(peer.got_alerts, 0);
	begin();
	peer.change = close_in_the_middle;
	run();
	assert_int_equal(tls13_error(&tls)->code, ERR_TLS_PEER_ALERT);
	assert_false(tls13_handshake_done(&tls));
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

static void
end_of_file_in_the_handshake(void **state)
{
	(void)state;
	begin();
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	tls13_recv_eof(&tls);
	assert_int_equal(tls13_error(&tls)->code, ERR_TLS);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

static void
no_application_bytes_before_the_end(void **state)
{
	size_t len;

	(void)state;
	begin();
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	assert_int_equal(tls13_state(&tls), TLS13_SENDREC | TLS13_RECVREC);
	assert_null(tls13_sendapp_buf(&tls, &len));
	tls13_sendapp_ack(&tls, 100);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(peer.data_len, 0);
	begin();
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	tls13_close_send(&tls);
	peer_exchange(&peer, &tls, 0);
	assert_int_equal(peer.got_alert, ALERT_CLOSE_NOTIFY);
	assert_false(peer.got_certificate);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
}

static void
configuration_that_does_not_fit(void **state)
{
	static uint8_t big[CHAIN_DER_MAX + 1];
	static char name[300];

	(void)state;
	begin();
	config.chain[0] = span_of(big, sizeof(big));
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_LIMIT);
	assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
	begin();
	memset(name, 'a', sizeof(name) - 1);
	config.sni = name;
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_LIMIT);
	begin();
	config.chain[0] = span_of(big, CHAIN_DER_MAX / 2 + 1);
	config.chain[1] = config.chain[0];
	config.chain_count = 2;
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_LIMIT);
	begin();
	config.chain_count = CHAIN_CERTS_MAX + 1;
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_LIMIT);
	/* The most that is allowed goes out. */
	begin();
	config.chain[0] = span_of(big, CHAIN_DER_MAX);
	run();
	assert_true(peer.got_certificate && peer.got_finished);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_broken_once),
		cmocka_unit_test(ecdsa_is_strict),
		cmocka_unit_test(ecdsa_integers_are_positive),
		cmocka_unit_test(retries_that_are_wrong),
		cmocka_unit_test(names_and_dates),
		cmocka_unit_test(usage_of_the_leaf),
		cmocka_unit_test(leaf_comes_first),
		cmocka_unit_test(answers_to_server_name),
		cmocka_unit_test(chain_without_a_key),
		cmocka_unit_test(messages_after_the_handshake),
		cmocka_unit_test(records_after_the_handshake),
		cmocka_unit_test(nothing_without_end),
		cmocka_unit_test(secrets_do_not_outlive_a_failure),
		cmocka_unit_test(buffers_are_given_back_clean),
		cmocka_unit_test(nothing_follows_our_close),
		cmocka_unit_test(data_before_a_fault_is_kept),
		cmocka_unit_test(alerts_of_the_server),
		cmocka_unit_test(alerts_in_the_handshake),
		cmocka_unit_test(end_of_file_in_the_handshake),
		cmocka_unit_test(no_application_bytes_before_the_end),
		cmocka_unit_test(configuration_that_does_not_fit),
	};

	return cmocka_run_group_tests_name("tls13_rogue", tests, NULL, NULL);
}
