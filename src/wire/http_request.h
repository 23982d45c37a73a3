/*
 * http_request.h - the head of an HTTP/1.x request (RFC 9112), as a server of
 * a few small pages needs it: which page, asked how, and from where.
 */
#ifndef WIRE_HTTP_REQUEST_H
#define WIRE_HTTP_REQUEST_H

#include "base/error.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

/* Spans point into the parsed bytes. */
struct http_request {
	struct span method;
	struct span path; /* of the target, without its query */
	/* A browser says that another site's page asks (Fetch Metadata). */
	bool cross_site;
};

/*
 * Parse a request head from the start of in. ERR_AGAIN: incomplete, call again
 * with more. ERR_LIMIT: longer than HTTP_ASKED_MAX bytes. ERR_HTTP: malformed;
 * found as early as a whole line shows it. What follows the head is ignored.
 */
enum err http_request_parse(struct http_request *r, struct span in) NODISCARD;

#endif
