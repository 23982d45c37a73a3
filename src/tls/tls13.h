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
 * Failures are sticky: tls13_error holds the first one and its alert; the
 * alert record, if one is due, is still handed out through sendrec, once.
 * No version but 1.3 is spoken, the server is always verified before the
 * first byte of ours leaves under application keys, and the client
 * certificate is sent only to a verified server.
 */
#ifndef TLS_TLS13_H
#define TLS_TLS13_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "tls/keypair.h"
#include "tls/names.h"
#include "tls/x509.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* tls13_state: a mask. */
#define TLS13_SENDREC 0x01u /* records are waiting to be written */
#define TLS13_RECVREC 0x02u /* records can be taken in */
#define TLS13_SENDAPP 0x04u /* application bytes can be taken in */
#define TLS13_RECVAPP 0x08u /* application bytes are waiting */
#define TLS13_CLOSED 0x10u  /* over: failed, or both directions closed */

/*
 * Whom to trust and who we are. Borrowed: must outlive the connection.
 * Either names or the fallback CN must be given; with neither, every server is
 * refused (fail closed).
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
};

struct tls13;

/* Bytes that a struct tls13 takes, for whoever keeps a pool of them. */
size_t tls13_size(void);

/*
 * Begin a connection in *t (tls13_size() bytes, aligned for any object) and
 * make the ClientHello ready in sendrec. ERR_SYS: no randomness.
 */
enum err tls13_init(struct tls13 *t, const struct tls13_config *config)
	NODISCARD;

/* Wipe every secret. t must be initialised again before further use. */
void tls13_clear(struct tls13 *t);

unsigned tls13_state(const struct tls13 *t);

/*
 * Each _buf gives the bytes or the room there are now, and *len; NULL and 0
 * when the state has not the bit. The pointer is good until the next call on
 * t. Each _ack says how many of them were written, filled in or consumed.
 */
const uint8_t *tls13_sendrec_buf(struct tls13 *t, size_t *len);
void tls13_sendrec_ack(struct tls13 *t, size_t len);
uint8_t *tls13_recvrec_buf(struct tls13 *t, size_t *len);
void tls13_recvrec_ack(struct tls13 *t, size_t len);
uint8_t *tls13_sendapp_buf(struct tls13 *t, size_t *len);
/* Encrypts: the bytes become records in sendrec. */
void tls13_sendapp_ack(struct tls13 *t, size_t len);
const uint8_t *tls13_recvapp_buf(struct tls13 *t, size_t *len);
void tls13_recvapp_ack(struct tls13 *t, size_t len);

/* The transport gave end of file: without close_notify a truncation. */
void tls13_recv_eof(struct tls13 *t);

/* No more application bytes will be sent: queue close_notify (6.1). */
void tls13_close_send(struct tls13 *t);

/* Both Finished messages are done; the server is verified. */
bool tls13_handshake_done(const struct tls13 *t);

/* close_notify was received: no more application bytes will come. */
bool tls13_recv_closed(const struct tls13 *t);

/*
 * Nothing is buffered in any direction and the handshake is done: the owner
 * may hold the connection without I/O buffers (tls13_park).
 */
bool tls13_idle(const struct tls13 *t);

/*
 * At least one byte of application data, or a NewSessionTicket, came from the
 * server. Before that, an alert means that the server judged our certificate
 * (RFC 8446 4.4.2.4: it arrives after our handshake is done).
 */
bool tls13_server_spoke(const struct tls13 *t);

/* The first failure; code ERR_OK when there was none. */
const struct error *tls13_error(const struct tls13 *t);

/* Name of an AlertDescription, for messages: "bad_certificate". */
const char *tls13_alert_name(int alert);

#endif
