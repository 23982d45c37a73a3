/*
 * tls13.h - a TLS 1.3 client that does no input or output (RFC 8446).
 *
 * One struct tls13 is one connection. It owns no socket, never allocates and
 * never blocks: bytes go in and come out through four pairs of _buf and _ack
 * calls, and tls13_state says which of them make sense now. A caller moves
 * bytes between these buffers and its sockets until the state is
 * TLS13_CLOSED.
 *
 *   sendrec  records to be written to the server
 *   recvrec  room for records read from the server
 *   sendapp  room for application bytes to be encrypted
 *   recvapp  application bytes that were decrypted and verified
 *
 * A connection is two objects. struct tls13 (about 250 bytes) lives as long as
 * the connection; struct tls13_buffers (about 220 kB, of which only the pages
 * that are used ever become memory) is lent to it by the caller while bytes
 * are on their way. When tls13_idle says so, tls13_detach gives the buffers
 * back, for the next connection; tls13_attach lends some again.
 *
 * Bytes are encrypted and decrypted where they are. Both buffers hold four
 * full records: one read(2) takes in several, one write(2) sends several, and
 * the _vec calls do the same on the application's side (readv, writev).
 *
 * Failures are sticky: tls13_error holds the first one and its alert; the
 * alert record, if one is due, is still handed out through sendrec, once, and
 * application bytes that had been verified before are still handed out.
 * No version but 1.3 is spoken, the server is always verified before the
 * first byte of ours leaves under application keys, and the client
 * certificate is sent only to a verified server.
 */
#ifndef TLS_TLS13_H
#define TLS_TLS13_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "tls/alert.h"
#include "tls/engine.h" /* what the two structs are made of: not for callers */
#include "tls/keypair.h"
#include "tls/names.h"
#include "tls/psk.h"
#include "tls/x509.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* tls13_state: a mask. */
#define TLS13_SENDREC 0x01u /* records are waiting to be written */
#define TLS13_RECVREC 0x02u /* records can be taken in */
#define TLS13_SENDAPP 0x04u /* application bytes can be taken in */
#define TLS13_RECVAPP 0x08u /* application bytes are waiting */
/*
 * Over: failed, or closed in both directions, and nothing is left to be
 * handed out. Then no other bit is set. (After a failure that is
 * not yet over only SENDREC and RECVAPP can be set; a caller who does not
 * care for the rest may ask tls13_error at any time and leave.)
 */
#define TLS13_CLOSED  0x10u

/*
 * Tickets (psk.h): ask the server for some, and offer one to it.
 */
struct tls13_resumption {
	/*
	 * Called for each ticket, from tls13_recvrec_ack or recvapp_ack, for as
	 * long as the connection lives. It must copy what it keeps, and make no
	 * call on the connection.
	 */
	void (*take_ticket)(void *owner, const struct tls13_ticket *ticket);
	void *owner;
	/*
	 * One from a server with the same names and anchors, to be used once;
	 * NULL: none. A server that declines it does a full handshake.
	 */
	const struct tls13_ticket *ticket;
	uint64_t age_ms; /* since the ticket was taken */
};

/*
 * Whom to trust and who we are. Borrowed, with all it points to, until
 * tls13_handshake_done or a failure. A NULL or empty names policy refuses
 * every server (fail closed).
 */
struct tls13_config {
	const struct x509_anchors *anchors;
	const struct names_policy *names;
	/* Sent as server_name (RFC 6066); NULL: no extension. Never an IP. */
	const char *sni;
	/* Client chain (RFC 8446 4.4.2), leaf first, DER; count 0: none. */
	struct span chain[CHAIN_CERTS_MAX];
	size_t chain_count;
	/* Key of the leaf; NULL when chain_count is 0. */
	const struct keypair *key;
	/* Wall clock for validity checks, seconds since 1970. */
	int64_t now_s;
	/*
	 * NULL: tickets are neither asked for nor offered. Borrowed, with the
	 * ticket, until tls13_init returns.
	 */
	const struct tls13_resumption *resumption;
};

/*
 * Begin a connection and make the ClientHello ready in sendrec. buffers need
 * no initialisation and stay the caller's. ERR_SYS: no randomness.
 * ERR_LIMIT: config does not fit.
 */
enum err tls13_init(struct tls13 *t, struct tls13_buffers *buffers,
	const struct tls13_config *config) NODISCARD;

/*
 * Wipe every secret, also in the buffers that are attached, if any; these are
 * free for another connection. Application bytes that passed through them are
 * not wiped, here or in tls13_detach. t must be initialised again before
 * further use.
 */
void tls13_clear(struct tls13 *t);

/*
 * True if the connection needs no buffers: the handshake is done and nothing
 * is on its way in any direction.
 */
bool tls13_idle(const struct tls13 *t);

/* Take the buffers away; only when tls13_idle. Keys made ready are wiped. */
struct tls13_buffers *tls13_detach(struct tls13 *t);

/*
 * Lend buffers to a detached connection, before any _buf, _vec, recv_eof or
 * close_send.
 */
void tls13_attach(struct tls13 *t, struct tls13_buffers *buffers);

/* Also for a detached connection: what it could do if it had buffers. */
unsigned tls13_state(const struct tls13 *t);

/*
 * Each _buf gives the bytes or the room there are now, and *len; NULL and 0
 * when the state has not the bit, or the connection is detached. The pointer
 * is good until the next call on t. Each _ack says how many of them were
 * written, filled in or consumed.
 */
const uint8_t *tls13_sendrec_buf(struct tls13 *t, size_t *len);
void tls13_sendrec_ack(struct tls13 *t, size_t len);
uint8_t *tls13_recvrec_buf(struct tls13 *t, size_t *len);
/* Decrypts and processes every whole record. */
void tls13_recvrec_ack(struct tls13 *t, size_t len);
uint8_t *tls13_sendapp_buf(struct tls13 *t, size_t *len);
/* Encrypts: the bytes become records in sendrec. */
void tls13_sendapp_ack(struct tls13 *t, size_t len);
const uint8_t *tls13_recvapp_buf(struct tls13 *t, size_t *len);
void tls13_recvapp_ack(struct tls13 *t, size_t len);

/*
 * The same room, or bytes, as a list for readv(2) or writev(2): what _buf
 * gives is its first entry. At most max entries are written to v; their number
 * is returned. The _ack that follows counts over all of them, in order.
 */
int tls13_sendapp_vec(struct tls13 *t, struct iovec *v, int max);
int tls13_recvapp_vec(struct tls13 *t, struct iovec *v, int max);

/*
 * The transport gave end of file. Before the handshake is done: ERR_TLS; after
 * it, without close_notify, a truncation: ERR_EOF.
 */
void tls13_recv_eof(struct tls13 *t);

/*
 * No more application bytes will be sent: queue close_notify (6.1). Receiving
 * goes on. Before the handshake is done it ends the connection: ERR_TLS.
 */
void tls13_close_send(struct tls13 *t);

/* Both Finished messages are done; the server is verified. */
bool tls13_handshake_done(const struct tls13 *t);

/* close_notify was received: no more application bytes will come. */
bool tls13_recv_closed(const struct tls13 *t);

/* The handshake resumed a session: the server took our ticket. */
bool tls13_resumed(const struct tls13 *t);

/*
 * At least one byte of application data, or a NewSessionTicket, came from the
 * server. Before that, an alert means that the server judged our certificate
 * (RFC 8446 4.4.2.4: it arrives after our handshake is done).
 */
bool tls13_server_spoke(const struct tls13 *t);

/*
 * The first failure; code ERR_OK when there was none. ERR_TLS_PEER_ALERT: the
 * server's alert, "remote error: tls: bad certificate". ERR_CERT: the server
 * is not whom it should be. ERR_EOF: truncated. ERR_TLS: anything else the
 * server did wrong. ERR_SYS, ERR_LIMIT, ERR_KEY, ERR_INTERNAL: ours.
 */
const struct error *tls13_error(const struct tls13 *t);

#endif
