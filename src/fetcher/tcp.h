/*
 * tcp.h - a blocking TCP connection with one absolute deadline.
 */
#ifndef FETCHER_TCP_H
#define FETCHER_TCP_H

#include "base/error.h"
#include "fetcher/transport.h"
#include "wire/url.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: not connected. */
struct tcp {
	bool open;
	int fd;               /* when open */
	uint64_t deadline_ms; /* of every wait; clock_ms */
	const char *awaited;  /* "the response", for the timeout's sentence */
	char peer[HOST_LEN_MAX + 8]; /* "host:port", for messages */
};

/*
 * Resolve u's host where it is a name and connect to the first address that
 * answers; connect_deadline_ms bounds that, deadline_ms all that follows.
 * Looking a name up may block for longer: the process's alarm bounds it.
 * ERR_DNS, ERR_CONNECT, ERR_TIMEOUT: e says what was tried.
 */
enum err tcp_connect(struct tcp *t, const struct url *u,
	uint64_t connect_deadline_ms, uint64_t deadline_ms,
	struct error *e) NODISCARD;

/* Close, if open. */
void tcp_close(struct tcp *t);

/* Reads and writes on t; ERR_TIMEOUT names t->awaited and the peer. */
struct transport tcp_transport(struct tcp *t);

#endif
