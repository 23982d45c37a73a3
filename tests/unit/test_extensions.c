/*
 * test_extensions.c - the whole matrix of RFC 8446 4.2: each extension in each
 * message of the server, of a client that asked for it and of one that did not.
 */
#include "tls/extensions.h"

#include "tls/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SH  (1u << EXTENSION_IN_SERVER_HELLO)
#define HRR (1u << EXTENSION_IN_HELLO_RETRY)
#define EE  (1u << EXTENSION_IN_ENCRYPTED)
#define CT  (1u << EXTENSION_IN_CERTIFICATE)
#define CR  (1u << EXTENSION_IN_CERTIFICATE_REQUEST)
#define NST (1u << EXTENSION_IN_TICKET)

#define PLACES   6
#define ALL      (EXTENSION_ASKED_NAME | EXTENSION_ASKED_PSK | EXTENSION_ASKED_MODES)
#define NOT_SENT 0x80u

struct row {
	uint16_t type;
	unsigned places; /* of RFC 8446's table, ClientHello left out */
	bool known;      /* to this client, so that its place matters */
	unsigned sent;   /* 0: in each ClientHello of ours */
};

static const struct row matrix[] = {
	{0, EE, true, EXTENSION_ASKED_NAME},  /* server_name */
	{1, EE, false, NOT_SENT},             /* max_fragment_length */
	{5, CR | CT, false, NOT_SENT},        /* status_request */
	{10, EE, true, 0},                    /* supported_groups */
	{13, CR, true, 0},                    /* signature_algorithms */
	{14, EE, false, NOT_SENT},            /* use_srtp */
	{15, EE, false, NOT_SENT},            /* heartbeat */
	{16, EE, false, NOT_SENT},            /* ALPN */
	{18, CR | CT, false, NOT_SENT},       /* signed certificate timestamp */
	{19, EE, false, NOT_SENT},            /* client_certificate_type */
	{20, EE, false, NOT_SENT},            /* server_certificate_type */
	{21, 0, false, NOT_SENT},             /* padding */
	{41, SH, true, EXTENSION_ASKED_PSK},  /* pre_shared_key */
	{42, EE | NST, true, NOT_SENT},       /* early_data */
	{43, SH | HRR, true, 0},              /* supported_versions */
	{44, HRR, true, NOT_SENT},            /* cookie */
	{45, 0, true, EXTENSION_ASKED_MODES}, /* psk_key_exchange_modes */
	{47, CR, true, NOT_SENT},             /* certificate_authorities */
	{48, CR, true, NOT_SENT},             /* oid_filters */
	{49, 0, false, NOT_SENT},             /* post_handshake_auth */
	{50, CR, true, NOT_SENT},             /* signature_algorithms_cert */
	{51, SH | HRR, true, 0},              /* key_share */
	{0x1234, 0, false, NOT_SENT},         /* of somebody else */
	{0x7a7a, 0, false, NOT_SENT},         /* GREASE (RFC 8701) */
};

/* The alert that RFC 8446 4.2 asks for; 0: none. */
static int
verdict(const struct row *row, unsigned here, unsigned asked)
{
	bool sent = (row->sent & ~asked) == 0;

	if ((here & (CR | NST)) != 0)
		return (row->places & here) != 0 || !row->known
			       ? 0
			       : ALERT_ILLEGAL_PARAMETER;
	if (here == HRR && row->type == EXTENSION_COOKIE)
		return 0;
	if (!sent)
		return ALERT_UNSUPPORTED_EXTENSION;
	return (row->places & here) != 0 ? 0 : ALERT_ILLEGAL_PARAMETER;
}

static void
judge(const struct row *row, unsigned place, unsigned asked)
{
	const uint8_t block[] = {
		(uint8_t)(row->type >> 8), (uint8_t)row->type, 0, 1, 0};
	int want = verdict(row, 1u << place, asked);
	struct extensions x;
	struct error e;
	enum err got;

	error_clear(&e);
	got = extensions_read(&x, span_of(block, sizeof(block)),
		(enum extension_place)place, asked, &e);
	if (got != (want == 0 ? ERR_OK : ERR_TLS) ||
		(want != 0 && e.alert != want))
		fail_msg("extension %u in place %u, asked %u: alert %d, not %d",
			row->type, place, asked, got == ERR_OK ? 0 : e.alert,
			want);
}

static void
each_extension_in_each_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++) {
		for (unsigned place = 0; place < PLACES; place++) {
			for (unsigned asked = 0; asked <= ALL; asked++)
				judge(&matrix[i], place, asked);
		}
	}
}

/* Each alone is right there; a second one never is. */
static void
nothing_comes_twice(void **state)
{
	static const struct {
		enum extension_place place;
		uint8_t type;
	} twice[] = {
		{EXTENSION_IN_SERVER_HELLO, 43},
		{EXTENSION_IN_HELLO_RETRY, 44},
		{EXTENSION_IN_ENCRYPTED, 10},
		{EXTENSION_IN_CERTIFICATE_REQUEST, 13},
		{EXTENSION_IN_CERTIFICATE_REQUEST, 99}, /* unknown */
		{EXTENSION_IN_TICKET, 42},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		uint8_t block[] = {
			0, twice[i].type, 0, 0, 0, twice[i].type, 0, 0};
		struct extensions x;
		struct error e;

		error_clear(&e);
		assert_int_equal(extensions_read(&x, span_of(block, 4),
					 twice[i].place, ALL, &e),
			ERR_OK);
		assert_int_equal(
			extensions_read(&x, span_of(block, sizeof(block)),
				twice[i].place, ALL, &e),
			ERR_TLS);
		assert_int_equal(e.alert, ALERT_ILLEGAL_PARAMETER);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_extension_in_each_message),
		cmocka_unit_test(nothing_comes_twice),
	};

	return cmocka_run_group_tests_name("extensions", tests, NULL, NULL);
}
