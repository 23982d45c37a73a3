/*
 * peer.h - a TLS 1.3 server in memory, for tests: it makes every message of an
 * honest server and lets its user change each before it leaves. It is built on
 * the client's own key schedule and records, which are held against RFC 8448
 * elsewhere.
 */
#ifndef PEER_H
#define PEER_H

#include "base/span.h"
#include "tls/tls13.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_NOW         INT64_C(1767225600) /* 2026-01-01 00:00:00 UTC */
#define PEER_NAME        "my-project:orders"
#define PEER_AGE_ADD     UINT32_C(0xfffffff0)
#define PEER_OUT_MAX     (4 * 1024 * 1024)
#define PEER_MESSAGE_MAX (256 * 1024)

enum peer_identity {
	PEER_RSA,
	PEER_P256,
	PEER_P384
};

/* What the server has of a session; the ticket says which it is. */
struct peer_session {
	const struct suite *suite;
	uint8_t psk[SUITE_HASH_MAX];
};

struct peer {
	/* What the server is to do; set after peer_begin. */
	uint16_t suite;
	uint16_t group;     /* a retry, if the client has no share in it */
	const char *cookie; /* NULL: none */
	enum peer_identity identity;
	uint16_t scheme;         /* of CertificateVerify; 0: what fits */
	bool request;            /* a client certificate */
	uint16_t request_scheme; /* the one it lists */
	/* Resumed if the client offers a PSK; NULL: PSKs are declined. */
	const struct peer_session *session;
	bool blind; /* takes any binder, and skips what it cannot open */

	/*
	 * Called with each message before it is hashed and sent; may change it,
	 * or return false: nothing of it is hashed or sent.
	 */
	bool (*change)(struct peer *p, uint8_t type, struct writer *message);

	/* Of the client. */
	unsigned hellos;
	uint8_t session_id[32];
	uint8_t client_share[KEYSHARE_PUBLIC_MAX];
	size_t client_share_len;
	uint16_t client_group;
	struct span hello_cookie;
	bool got_modes;    /* psk_key_exchange_modes: psk_dhe_ke alone */
	unsigned got_psks; /* identities in the last hello */
	uint32_t got_age;  /* obfuscated, of the last */
	uint8_t identity_seen[TLS_TICKET_MAX]; /* the last one */
	size_t identity_seen_len;
	uint8_t got_randoms[2][32]; /* of the hellos */
	bool got_finished;
	bool got_certificate; /* one that is not empty */
	bool got_verify;
	bool got_close;
	int got_alert; /* -1: none */
	unsigned got_alerts;
	unsigned got_key_updates;
	unsigned got_ccs;
	uint8_t data[1 << 17]; /* application data received */
	size_t data_len;

	/* Inside. */
	bool retried;
	bool answered;
	bool resuming;
	uint8_t resumption[SUITE_HASH_MAX];
	struct transcript transcript;
	struct keyschedule schedule;
	struct keyshare share;
	struct record_keys send;
	struct record_keys recv;
	struct aead seal;
	struct aead open;
	uint8_t secrets[4][SUITE_HASH_MAX]; /* c hs, s hs, c ap, s ap */
	struct writer message;
	uint8_t message_buf[PEER_MESSAGE_MAX];
	uint8_t in[1 << 17]; /* records of the client, unread */
	size_t in_len;
	uint8_t hands[1 << 16]; /* handshake bytes of the client */
	size_t hands_len;
	size_t out_len;
	uint8_t out[PEER_OUT_MAX]; /* records for the client */
};

void peer_begin(struct peer *p);

/*
 * Move bytes both ways until nothing moves. chunk: most bytes at a time that
 * the client is given; 0: no limit.
 */
void peer_exchange(struct peer *p, struct tls13 *t, size_t chunk);

/* Take the client's records; answers to its hello are put in p->out. */
void peer_receive(struct peer *p, struct span records);

/* A record as it is, under the keys there are (or without any). */
void peer_send(struct peer *p, uint8_t type, struct span content);
void peer_send_plain(struct peer *p, uint8_t type, struct span content);
/* Any bytes. */
void peer_send_raw(struct peer *p, struct span bytes);
/* Sealed: content, type byte and padding as given. */
void peer_send_inner(struct peer *p, struct span inner);
/* The server's next keys, without a word to the client. */
void peer_update_keys(struct peer *p);
void peer_send_key_update(struct peer *p, bool request);

/*
 * NewSessionTicket, after the handshake: what the client must make of it is
 * put in s.
 */
void peer_send_ticket(struct peer *p, struct peer_session *s,
	uint32_t lifetime_s, struct span nonce, struct span ticket);

/* A private key on P-256 or P-384, out of its DER. */
void peer_client_ec_key(struct keypair *key, bool p384);

/* A configuration that trusts the peer, with a client certificate. */
const struct tls13_config *peer_client_config(void);

#endif
