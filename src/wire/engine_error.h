/*
 * engine_error.h - telling a database client why it cannot be served, in its
 * own protocol: what a client says first, and the error packet it understands.
 *
 * PostgreSQL's client speaks first (its protocol, 55.2.1): perhaps a wish for
 * encryption, which is declined, then a startup message, which is answered.
 * MySQL's client is told before it says a word.
 */
#ifndef WIRE_ENGINE_ERROR_H
#define WIRE_ENGINE_ERROR_H

#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/* What is to be done after some bytes of a PostgreSQL client. */
enum startup_step {
	STARTUP_MORE,    /* wait for more bytes */
	STARTUP_DECLINE, /* say STARTUP_NO, then wait for more */
	STARTUP_ANSWER,  /* the error packet may be sent now */
	STARTUP_STRANGE  /* no client of PostgreSQL, or one that wants no answer
			  */
};

#define STARTUP_NO "N"

/* Zeroed: nothing read yet. */
struct startup {
	uint8_t head[8];
	size_t have;  /* bytes of head */
	size_t left;  /* bytes of the message behind it */
	uint8_t wish; /* wishes that were declined */
};

/*
 * Take bytes from in, as far as one step goes; *in is then what is left. Only
 * STARTUP_MORE means that all of it was taken.
 */
enum startup_step startup_feed(struct startup *s, struct span *in);

/* PostgreSQL's ErrorResponse; sqlstate has five characters. */
void postgres_error_write(
	struct writer *w, const char *sqlstate, const char *message);

/* MySQL's ERR packet in the place of the greeting. */
void mysql_error_write(struct writer *w, uint16_t code, const char *message);

#endif
