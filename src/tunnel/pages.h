/*
 * pages.h - what the HTTP server says: the proxies' health pages, metrics, the
 * status page and its data, and the order to stop.
 */
#ifndef TUNNEL_PAGES_H
#define TUNNEL_PAGES_H

#include "base/error.h"
#include "base/span.h"
#include "wire/http_request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tunnel;

/*
 * The answer to r (NULL: the request was malformed), head and body, as
 * room[*at..*end) of its HTTP_ANSWER_MAX bytes. admin: asked at the admin
 * server's door.
 */
void pages_answer(struct tunnel *t, const struct http_request *r, bool admin,
	uint8_t *room, size_t *at, size_t *end);

/* Before r is answered, every instance is to be tried (probe_check). */
bool pages_need_check(const struct tunnel *t, const struct http_request *r);

/*
 * Why no new connection should be sent here, in the proxies' words, or NULL.
 * The text stands in why.
 */
const char *pages_not_ready(const struct tunnel *t, char *why, size_t cap);

/* As printf, at the end of w; what does not fit fails the writer. */
void pages_print(struct writer *w, const char *fmt, ...) PRINTF(2, 3);

#endif
