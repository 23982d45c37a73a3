/*
 * engine.h - the inside of a connection: what struct tls13 and its buffers
 * are made of, and what the handshake asks of them. For src/tls alone; callers
 * use tls13.h.
 */
#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "tls/aead.h"
#include "tls/handshake.h"
#include "tls/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection at rest is this and nothing else. */
struct tls13 {
	struct tls13_buffers *b; /* NULL: detached */
	struct record_keys send;
	struct record_keys recv;
	/* Tickets: who takes them (NULL: nobody), and what their keys are of.
	 */
	void (*take_ticket)(void *owner, const struct tls13_ticket *ticket);
	void *ticket_owner;
	uint8_t resumption[SUITE_HASH_MAX];
	enum handshake_state state;
	unsigned quiet_records; /* received in a row that brought nothing on */
	unsigned tickets;       /* the same, NewSessionTicket */
	bool failed;
	bool send_closed; /* our close_notify was queued */
	bool recv_closed; /* the server's was received */
	bool server_spoke;
	bool key_update_due; /* asked for by the server, not queued yet */
	bool resumed;
	bool ccs_due; /* one change_cipher_spec goes before protected records */
};

/* Decrypted application data in recv, not yet taken by the caller. */
struct tls13_piece {
	size_t at;
	size_t len;
};

/*
 * What a connection needs while bytes are on their way. Invariants:
 * send[send_head, send_tail) are finished records. recv[recv_head, recv_tail)
 * are bytes not yet looked at; every piece lies before recv_head. The AEADs
 * are ready if the keys of their direction are set.
 */
struct tls13_buffers {
	struct error error;
	struct aead seal;
	struct aead open;
	struct tls13_piece piece[TLS_PIECES_MAX];
	size_t piece_count;
	size_t send_head;
	size_t send_tail;
	size_t recv_head;
	size_t recv_tail;
	struct handshake handshake;
	uint8_t send[TLS_BUFFER_MAX];
	uint8_t recv[TLS_BUFFER_MAX];
};

/* The failure in the error of t ends the connection: its alert, once. */
void engine_fail(struct tls13 *t);

/*
 * Hash a whole handshake message into the transcript and queue it, in as many
 * records as it takes. ERR_LIMIT: no room.
 */
enum err engine_send_handshake(struct tls13 *t, struct span message) NODISCARD;

/* Queue close_notify. */
void engine_send_close(struct tls13 *t);

/*
 * Bytes of the KeyUpdate that has to go before the next application data,
 * because the server asked for it or because of the number of records sent.
 * 0: none has to.
 */
size_t engine_key_update_len(const struct tls13 *t);

/* Queue that KeyUpdate, if there is room. */
void engine_flush_key_update(struct tls13 *t);

/* Change the keys of a direction; the secret is one hash of suite long. */
void engine_set_send_keys(
	struct tls13 *t, const struct suite *suite, const uint8_t *secret);
void engine_set_recv_keys(
	struct tls13 *t, const struct suite *suite, const uint8_t *secret);

/* A KeyUpdate was received: the server's next keys; an answer if asked. */
void engine_recv_key_update(struct tls13 *t, bool answer);

/*
 * Something came that is allowed and carries no data. ERR_TLS: too many of
 * them in a row, the server is keeping us busy.
 */
enum err engine_quiet_record(struct tls13 *t) NODISCARD;

/* Decrypt and process whole records until there is none or no place. */
void engine_pump(struct tls13 *t);

/*
 * How many application bytes a record that begins at send + at can take. Room
 * for an alert and a KeyUpdate is left. 0: not worth a record.
 */
size_t engine_send_room(size_t at);

#endif
