/*
 * plain.h - HTTP without TLS: ourselves on this machine, and metadata servers
 * of other clouds, which have none.
 */
#ifndef FETCHER_PLAIN_H
#define FETCHER_PLAIN_H

#include "base/error.h"
#include "base/span.h"
#include "fetcher/exchange.h"
#include "wire/url.h"

#include <stdint.h>

/*
 * exchange_run over a connection of its own to u. Its failures and those of
 * tcp_connect; a peer that closes at once is ERR_HTTP, too.
 */
enum err plain_exchange(struct exchange *x, const struct url *u,
	uint64_t deadline_ms, struct span request, struct error *e) NODISCARD;

#endif
