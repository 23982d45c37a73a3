/*
 * metadata.h - tokens of the service account this machine, service or pod
 * runs as, from Google's metadata server. Plain HTTP by its protocol: the
 * address is link-local.
 */
#ifndef FETCHER_METADATA_H
#define FETCHER_METADATA_H

#include "base/error.h"
#include "fetcher/exchange.h"
#include "fetcher/token.h"

#include <stdint.h>

/*
 * Get a token with scope. host is HOST[:PORT] or NULL for 169.254.169.254:
 * never a name by default, since slow DNS would delay the start. What may pass
 * (refused, reset, no answer, 5xx) is tried METADATA_TRIES times before
 * deadline_ms. x is scratch space and is wiped. ERR_CREDENTIALS: the server
 * has none for us; ERR_CONNECT, ERR_TIMEOUT, ERR_HTTP: it could not be asked.
 */
enum err metadata_token(const char *host, const char *scope,
	uint64_t deadline_ms, struct exchange *x, struct token *t,
	struct error *e) NODISCARD;

#endif
