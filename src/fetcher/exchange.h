/*
 * exchange.h - one HTTP request and its whole response over a transport.
 */
#ifndef FETCHER_EXCHANGE_H
#define FETCHER_EXCHANGE_H

#include "base/error.h"
#include "base/limits.h"
#include "fetcher/transport.h"
#include "wire/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The last chunk and its trailers still need room behind a full body. */
#define EXCHANGE_SLACK       1024
/* More responses 1xx than this to one request are no answer. */
#define EXCHANGE_INTERIM_MAX 16

/*
 * Over a megabyte, so on the heap; untouched pages cost nothing. May hold
 * secrets: exchange_clear.
 */
struct exchange {
	struct http_head head;
	struct span body;
	bool answered;  /* at least one byte of a response came */
	size_t filled;  /* bytes received and kept so far */
	size_t touched; /* bytes to be wiped */
	uint8_t bytes[HTTP_HEAD_MAX + HTTP_BODY_MAX + EXCHANGE_SLACK];
};

/*
 * Send request and read the final response; interim ones (1xx) are skipped.
 * On ERR_OK head and body are set and good until the next call. ERR_EOF: the
 * peer closed before the first byte (answered is false). ERR_HTTP, ERR_LIMIT
 * and the transport's failures: e explains.
 */
enum err exchange_run(struct exchange *x, const struct transport *t,
	struct span request, struct error *e) NODISCARD;

/* Wipe what was received. */
void exchange_clear(struct exchange *x);

#endif
