/*
 * handshake.h - the client's handshake (RFC 8446 4 and appendix A.1): one
 * function per message, a state that says which message may come, and what is
 * remembered from one to the next.
 *
 * Messages are taken whole, and what is to be sent is handed to the engine
 * (engine.h) whole; nothing here knows of records. Where a function fails, the
 * error holds the alert to be sent.
 */
#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "tls/extensions.h"
#include "tls/keyschedule.h"
#include "tls/keyshare.h"
#include "tls/psk.h"
#include "tls/suite.h"
#include "tls/transcript.h"
#include "tls/x509.h"

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls13;
struct tls13_config;

enum handshake_type {
	HANDSHAKE_CLIENT_HELLO = 1,
	HANDSHAKE_SERVER_HELLO = 2,
	HANDSHAKE_NEW_SESSION_TICKET = 4,
	HANDSHAKE_ENCRYPTED_EXTENSIONS = 8,
	HANDSHAKE_CERTIFICATE = 11,
	HANDSHAKE_CERTIFICATE_REQUEST = 13,
	HANDSHAKE_CERTIFICATE_VERIFY = 15,
	HANDSHAKE_FINISHED = 20,
	HANDSHAKE_KEY_UPDATE = 24,
	HANDSHAKE_MESSAGE_HASH = 254
};

/* What the server has to send next. */
enum handshake_state {
	EXPECT_SERVER_HELLO,        /* or a HelloRetryRequest */
	EXPECT_SECOND_SERVER_HELLO, /* after one */
	EXPECT_ENCRYPTED_EXTENSIONS,
	EXPECT_CERTIFICATE_OR_REQUEST,
	EXPECT_CERTIFICATE,
	EXPECT_CERTIFICATE_VERIFY,
	EXPECT_FINISHED,
	EXPECT_POST_HANDSHAKE, /* done: NewSessionTicket or KeyUpdate */
	HANDSHAKE_STATE_COUNT
};

#define HANDSHAKE_HEADER_LEN 4
#define HANDSHAKE_RANDOM_LEN 32

/* Needed until Finished, then wiped, but for the reassembly of messages. */
struct handshake {
	const struct tls13_config *config;
	struct transcript transcript;
	struct keyschedule schedule;
	struct keyshare share;
	const struct suite *suite; /* of HelloRetryRequest or ServerHello */
	uint8_t random[HANDSHAKE_RANDOM_LEN];
	uint8_t session_id[HANDSHAKE_RANDOM_LEN];
	uint8_t client_secret[SUITE_HASH_MAX]; /* handshake traffic */
	uint8_t server_secret[SUITE_HASH_MAX];
	unsigned asked; /* EXTENSION_ASKED_*: what our last ClientHello had */
	struct psk psk; /* that is offered, until the server has answered */
	bool resumed;   /* the server took it: no certificates, no signature */
	bool certificate_requested;
	uint16_t client_scheme; /* SignatureScheme we can serve, or 0 */
	struct x509_chain chain;
	const br_x509_pkey *leaf_key; /* in chain; NULL: not verified */

	/* The message that is being collected, header and body. */
	size_t message_len;
	uint8_t message[HANDSHAKE_HEADER_LEN + TLS_HANDSHAKE_MAX];
	/* The message that is being written. */
	uint8_t flight[TLS_FLIGHT_MAX];
	/* The ticket that is offered; its length is in psk. */
	uint8_t ticket[TLS_TICKET_MAX];
};

/* Write ClientHello and hand it to the engine. ERR_SYS: no randomness. */
enum err handshake_start(struct tls13 *t) NODISCARD;

/*
 * Take the next bytes of the handshake stream, as a record brought them. Every
 * message that they complete is processed. ERR_TLS and the like: the error of
 * t holds the alert.
 */
enum err handshake_feed(struct tls13 *t, struct span bytes) NODISCARD;

/* A message has begun and is not complete. */
bool handshake_partial(const struct tls13 *t);

/* Wipe everything that only the handshake needs. */
void handshake_clear(struct handshake *h);

/*
 * The messages (server_hello.c, server_auth.c, finished.c). body is without
 * the header; message with it. Each moves t->state on.
 */
enum err client_hello_send(struct tls13 *t, struct span cookie) NODISCARD;
enum err server_hello_receive(struct tls13 *t, struct span message) NODISCARD;
enum err server_auth_receive(struct tls13 *t, struct span message) NODISCARD;
enum err finished_receive(struct tls13 *t, struct span message) NODISCARD;

#endif
