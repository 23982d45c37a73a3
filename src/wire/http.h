/*
 * http.h - HTTP/1.1 as a client of few words needs it (RFC 9110, RFC 9112):
 * a strict response head parser, a chunked decoder, a request writer.
 *
 * Strict, since a response that two readers could frame differently is worth
 * nothing here: lines end in CRLF, folded lines, repeated or conflicting
 * lengths, transfer codings other than chunked, and stray control bytes are
 * refused.
 */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "wire/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_field {
	struct span name;
	struct span value; /* without white space around it */
};

/* How the body's end is found (RFC 9112 section 6.3). */
enum http_framing {
	HTTP_NO_BODY, /* 1xx, 204, 304 */
	HTTP_LENGTH,  /* length bytes */
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE
};

/* A response head. Spans point into the parsed bytes. */
struct http_head {
	unsigned status; /* 100 to 599 */
	struct span reason;
	struct http_field fields[HTTP_HEADERS_MAX];
	size_t field_count;
	enum http_framing framing;
	size_t length;   /* HTTP_LENGTH: bytes, at most HTTP_BODY_MAX */
	bool keep_alive; /* the connection may carry another request */
};

/*
 * Parse a response head to a request other than HEAD and CONNECT from the
 * start of in. On ERR_OK *used bytes were it. ERR_AGAIN: incomplete, call
 * again with more; h is unspecified. ERR_LIMIT: more than HTTP_HEAD_MAX bytes,
 * HTTP_HEADERS_MAX fields, or a body of more than HTTP_BODY_MAX announced.
 * ERR_HTTP: malformed; found as early as a whole line shows it.
 */
enum err http_parse_head(
	struct http_head *h, struct span in, size_t *used) NODISCARD;

/* Value of the first field of that name (any case); data NULL: none. */
struct span http_field(const struct http_head *h, const char *name);

enum http_chunk_state {
	HTTP_CHUNK_SIZE,      /* first digit of a size */
	HTTP_CHUNK_SIZE_MORE, /* further digits */
	HTTP_CHUNK_EXTENSION, /* ;name=value, skipped */
	HTTP_CHUNK_SIZE_LF,   /* CR seen */
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_DATA_CR, /* behind the data */
	HTTP_CHUNK_DATA_LF,
	HTTP_CHUNK_TRAILER,      /* start of a trailer line, or the last CR */
	HTTP_CHUNK_TRAILER_LINE, /* inside one, skipped */
	HTTP_CHUNK_TRAILER_LF,
	HTTP_CHUNK_LAST_LF,
	HTTP_CHUNK_DONE
};

/* A chunked body being decoded; may stop and go on at any byte. */
struct http_chunked {
	enum http_chunk_state state;
	size_t left;    /* bytes of data left in this chunk */
	size_t total;   /* bytes of data promised so far */
	size_t skipped; /* bytes of extensions, trailers and leading zeros */
};

void http_chunked_begin(struct http_chunked *c);

/*
 * Decode bytes[0..len) in place: afterwards bytes[0..*decoded) is data. On
 * ERR_OK the body is complete and *used of the len bytes belonged to it; on
 * ERR_AGAIN all were used and more are needed. ERR_LIMIT: more than
 * HTTP_BODY_MAX bytes of data, or HTTP_HEAD_MAX of anything else. ERR_HTTP:
 * malformed.
 */
enum err http_chunked_decode(struct http_chunked *c, uint8_t *bytes, size_t len,
	size_t *decoded, size_t *used) NODISCARD;

/*
 * Write a request: begin, fields, end. A method, target or field that would
 * break the framing (control bytes, a space in the target) fails the writer.
 * http_write_end adds Content-Length where there is a body.
 */
void http_write_begin(struct writer *w, const char *method, struct span target);
void http_write_field(struct writer *w, const char *name, struct span value);
/* The Host field of a request to u. */
void http_write_host(struct writer *w, const struct url *u);
/* Authorization: Bearer token. Nothing of the token is copied elsewhere. */
void http_write_bearer(struct writer *w, struct span token);
void http_write_end(struct writer *w, struct span body);

/* s may be the value of a field: printable ASCII, inner spaces and tabs. */
bool http_is_value(struct span s);

#endif
