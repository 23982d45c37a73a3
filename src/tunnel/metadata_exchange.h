/*
 * metadata_exchange.h - what some servers want to be told before the
 * database's own protocol begins, inside of TLS. No input or output here.
 *
 * AlloyDB: one request, one response, on every connection, before a byte is
 * relayed. A message is its length, 32 bits big-endian, and as many bytes of
 * protobuf (google.cloud.alloydb.connectors.v1):
 *
 *     request  { string user_agent = 1; enum auth_type = 2; string token = 3 }
 *     response { enum response_code = 1; string error = 2 }
 *
 * Cloud SQL: an announcement in front of the client's first bytes, where the
 * API says that the server takes one (google.cloud.sql.v1):
 *
 *     "CSQLMDEX", length, { string user_agent = 1; enum protocol = 2 }
 *
 * The server may answer it with a message of the same form, which is dropped.
 */
#ifndef TUNNEL_METADATA_EXCHANGE_H
#define TUNNEL_METADATA_EXCHANGE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of both protocols' enums. */
enum exchange_auth {
	EXCHANGE_NATIVE = 1, /* the client logs in as the database has it */
	EXCHANGE_AUTO_IAM = 2
};

enum exchange_protocol {
	EXCHANGE_NO_PROTOCOL, /* do not announce */
	EXCHANGE_TCP = 1,
	EXCHANGE_UNIX = 3
};

/* An AlloyDB exchange. Zeroed: at its beginning. */
struct metadata_exchange {
	bool sent;     /* the request is out: the caller's to set */
	bool postgres; /* the server answered with PostgreSQL's own error */
	bool auto_iam; /* what the request asked for */
	size_t filled;
	uint8_t bytes[4 + EXCHANGE_RESPONSE_MAX];
};

/* Write a whole request. The writer fails if the token does not fit. */
void metadata_exchange_request(
	struct writer *w, enum exchange_auth auth, struct span token);

/*
 * Take in bytes of the server; *used says how many of them were the
 * exchange's, and no more than that. ERR_AGAIN: more are needed. ERR_OK: the
 * server agrees. ERR_DENIED: it does not; ERR_PARSE: it speaks another
 * protocol. e explains. With x->postgres, x->bytes has x->filled bytes of an
 * error message for the client.
 */
enum err metadata_exchange_take(struct metadata_exchange *x, struct span in,
	size_t *used, struct error *e) NODISCARD;

/* Cloud SQL's announcement, EXCHANGE_ANNOUNCEMENT bytes. */
#define EXCHANGE_ANNOUNCEMENT 14

void metadata_exchange_announce(
	uint8_t out[EXCHANGE_ANNOUNCEMENT], enum exchange_protocol protocol);

/*
 * Looks for the answer to an announcement in the server's bytes. Zeroed: for
 * none.
 */
struct exchange_answer {
	bool due;        /* the next bytes may be the answer's */
	uint8_t matched; /* bytes of signature and length */
	uint8_t replay;  /* last bytes of those matched that are the client's */
	uint32_t left;   /* of the message itself */
};

enum exchange_verdict {
	EXCHANGE_MORE,    /* all bytes were, or may have been, the answer's */
	EXCHANGE_OVER,    /* the answer was there, and is over */
	EXCHANGE_ABSENT,  /* there is none: a->replay bytes of the signature,
			   * and what follows them, are the client's */
	EXCHANGE_TOO_LONG /* a length that no answer has */
};

/* The signature that an answer begins with, 8 bytes. */
extern const uint8_t exchange_signature[8];

/* From now on the next bytes of the server may be an answer. */
void exchange_answer_expect(struct exchange_answer *a);

/* Take in bytes of the server while a->due; *used as above. */
enum exchange_verdict exchange_answer_take(
	struct exchange_answer *a, struct span in, size_t *used);

#endif
