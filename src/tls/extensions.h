/*
 * extensions.h - extension blocks of the server's messages, against the
 * matrix of RFC 8446 4.2: what may stand where, what we asked for, and
 * nothing twice.
 */
#ifndef TLS_EXTENSIONS_H
#define TLS_EXTENSIONS_H

#include "base/error.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum extension_type {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_SUPPORTED_GROUPS = 10,
	EXTENSION_SIGNATURE_ALGORITHMS = 13,
	EXTENSION_PRE_SHARED_KEY = 41,
	EXTENSION_EARLY_DATA = 42,
	EXTENSION_SUPPORTED_VERSIONS = 43,
	EXTENSION_COOKIE = 44,
	EXTENSION_PSK_KEY_EXCHANGE_MODES = 45,
	EXTENSION_CERTIFICATE_AUTHORITIES = 47,
	EXTENSION_OID_FILTERS = 48,
	EXTENSION_SIGNATURE_ALGORITHMS_CERT = 50,
	EXTENSION_KEY_SHARE = 51
};

/* The message that a block stands in. */
enum extension_place {
	EXTENSION_IN_SERVER_HELLO,
	EXTENSION_IN_HELLO_RETRY,
	EXTENSION_IN_ENCRYPTED,
	EXTENSION_IN_CERTIFICATE,
	EXTENSION_IN_CERTIFICATE_REQUEST,
	EXTENSION_IN_TICKET
};

/* One extension that was there; data NULL: it was not. */
struct extension {
	bool present;
	struct span body;
};

/* Those whose bodies the client reads. */
struct extensions {
	struct extension supported_versions;
	struct extension key_share;
	struct extension cookie;
	struct extension signature_algorithms;
	struct extension certificate_authorities;
	struct extension server_name;
	struct extension supported_groups;
	struct extension pre_shared_key;
};

/* What not every ClientHello of ours has. */
#define EXTENSION_ASKED_NAME  0x1u /* server_name */
#define EXTENSION_ASKED_PSK   0x2u /* pre_shared_key */
#define EXTENSION_ASKED_MODES 0x4u /* psk_key_exchange_modes */

/*
 * Read a block (without its length). asked: a mask, what our ClientHello had.
 * ERR_TLS, with the alert in e: malformed, an extension twice, one that we
 * did not ask for (110), or one that we did, or know, in the wrong message
 * (47). Unknown ones are skipped where the server may speak first:
 * CertificateRequest and NewSessionTicket.
 */
enum err extensions_read(struct extensions *x, struct span block,
	enum extension_place place, unsigned asked, struct error *e) NODISCARD;

#endif
