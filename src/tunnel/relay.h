/*
 * relay.h - one client socket, one TLS connection, and the bytes between.
 *
 * The relay reads straight into record buffers, encrypts and decrypts there,
 * and writes from them. It neither polls nor closes: its owner says which
 * socket is ready, calls relay_pump, and asks relay_interest what to wait for.
 * Each direction ends by itself (half-close), and back-pressure is nothing but
 * interest that is not there.
 */
#ifndef TUNNEL_RELAY_H
#define TUNNEL_RELAY_H

#include "base/error.h"
#include "tls/tls13.h"
#include "tunnel/buffers.h"
#include "tunnel/early.h"
#include "tunnel/metadata_exchange.h"

#include <stdbool.h>
#include <stdint.h>

enum relay_status {
	RELAY_RUNNING,
	RELAY_FINISHED,  /* both directions ended in order */
	RELAY_TRUNCATED, /* the server's side ended without close_notify */
	RELAY_BROKEN     /* report says which side, and why */
};

/* Why a relay broke, for the log. */
struct relay_report {
	struct error error;
	const char *doing; /* "reading from client" and so on */
	bool tls;          /* TLS failed, not a socket */
	bool client;       /* the client's socket failed */
};

struct relay {
	struct tls13 tls;
	struct tls13_buffers *buffers; /* lent to tls; NULL while at rest */
	struct early *early; /* keeps the client's bytes, or has some to be
			      * sent first; NULL: neither */
	int client;
	int server;
	/* What poll said and no short read has taken back yet. */
	bool client_ready;
	bool server_ready;
	/* Hung up while nothing else was waited for: would wake us for ever. */
	bool client_hup;
	bool server_hup;
	bool client_error;    /* ... and poll said that it is an error */
	bool client_eof;      /* no more bytes from the client */
	bool client_finished; /* the client was told that no more will come */
	bool server_eof;      /* end of file, or no reading after an error */
	bool server_deaf;     /* writing failed: only reading is left ... */
	int server_errno;     /* ... for this reason; 0: not known */
	bool draining;        /* end of the client's bytes at the first pause */
	size_t sent;     /* bytes of the client, until the owner takes ... */
	size_t received; /* ... these numbers */
	bool held; /* application bytes are the owner's to give and take */
	/* To be sent in front of the client's first bytes; 0: nothing is. */
	enum exchange_protocol announce;
	struct exchange_answer answer;
};

/*
 * Begin the handshake over a connected server socket, with buffers from pool.
 * The descriptors stay the caller's. ERR_NOMEM, ERR_SYS, ERR_LIMIT.
 */
enum err relay_start(struct relay *r, struct buffers *pool, int client,
	int server, const struct tls13_config *config) NODISCARD;

/*
 * Move what can be moved now. Unless the status is RELAY_RUNNING the relay is
 * over and only relay_end is left to call; *report is filled in when it is
 * RELAY_BROKEN.
 */
enum relay_status relay_pump(struct relay *r, struct buffers *pool,
	struct relay_report *report) NODISCARD;

/* What to wait for on either socket (io/loop.h's interest). */
void relay_interest(const struct relay *r, int *client, int *server);

/*
 * How long the relay may go on without a byte in any direction, CLOCK_NEVER
 * while both are open. A client that ended its half waits for an answer that
 * can take as long as a query does; keepalive finds those that are gone. A
 * server that ended its half leaves nothing to wait for but the client's end.
 */
uint64_t relay_patience_ms(const struct relay *r);

/* What poll reported; to be told before relay_pump. */
void relay_client_event(struct relay *r, short revents);
void relay_server_event(struct relay *r, short revents);

/* End the client's direction as soon as nothing more is there to be read. */
void relay_drain(struct relay *r);

/* Tell the server how the client is connected; before the first relay_pump
 * that relays. */
void relay_announce(struct relay *r, enum exchange_protocol protocol);

/* Wipe the keys and give the buffers back. Also after a failed start. */
void relay_end(struct relay *r, struct buffers *pool);

#endif
