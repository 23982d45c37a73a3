/*
 * tls_stream.h - the TLS client of tls/tls13.h as a blocking transport.
 */
#ifndef FETCHER_TLS_STREAM_H
#define FETCHER_TLS_STREAM_H

#include "base/error.h"
#include "fetcher/transport.h"
#include "tls/tls13.h"

#include <stdbool.h>

/* Over 200 kB, so on the heap; untouched pages cost nothing. */
struct tls_stream {
	bool begun; /* there may be secrets in engine and buffers */
	struct transport below;
	struct tls13 engine;
	struct tls13_buffers buffers;
};

/*
 * Shake hands over below. On ERR_OK the server is verified. config and what it
 * points to must outlive the stream.
 */
enum err tls_stream_open(struct tls_stream *s,
	const struct tls13_config *config, struct transport below,
	struct error *e) NODISCARD;

/*
 * Application bytes. Reading gives ERR_EOF only after close_notify: a
 * connection cut off by somebody else is an error.
 */
struct transport tls_stream_transport(struct tls_stream *s);

/* Wipe. Nothing is sent: a response was complete or worthless. */
void tls_stream_close(struct tls_stream *s);

#endif
