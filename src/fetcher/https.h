/*
 * https.h - requests to one HTTPS endpoint, over one connection as long as the
 * server keeps it.
 */
#ifndef FETCHER_HTTPS_H
#define FETCHER_HTTPS_H

#include "base/error.h"
#include "base/span.h"
#include "fetcher/exchange.h"
#include "fetcher/tcp.h"
#include "fetcher/tls_stream.h"
#include "tls/names.h"
#include "tls/x509.h"
#include "wire/proxy_handshake.h"
#include "wire/url.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed before first use. Points inward: not copyable, and on the heap. */
struct https {
	struct url url;
	uint64_t deadline_ms; /* of everything; clock_ms */
	struct x509_anchors anchors;
	struct names_policy names;
	struct tls13_config tls_config;
	struct tcp tcp;
	struct proxy proxy; /* where there is one on the way */
	struct proxy_handshake handshake;
	struct tls_stream tls;
	bool open;
	struct exchange exchange;
};

/*
 * endpoint is https://HOST[:PORT][/PATH] and borrowed. ca_file: PEM roots
 * instead of those built in; NULL or "": those. ERR_CONFIG: e says what is
 * wrong with which.
 */
enum err https_init(struct https *h, const char *endpoint, const char *ca_file,
	uint64_t deadline_ms, struct error *e) NODISCARD;

/*
 * HTTPS_PROXY and NO_PROXY (or in lower case) say whether the endpoint is
 * reached through a proxy.
 *
 * Send a whole request and read its response into h->exchange. Connects where
 * there is no connection. A kept connection that the server has closed in the
 * meantime is made anew, once: so requests must bear being sent twice.
 */
enum err https_call(
	struct https *h, struct span request, struct error *e) NODISCARD;

/* Close the connection, wipe, free. */
void https_clear(struct https *h);

#endif
