/*
 * buffers.h - the record buffers that connections share.
 *
 * A connection holds buffers only while bytes are on their way, so that the
 * number in use follows the load and not the number of connections. A few
 * free ones are kept, the last used first: their pages are warm.
 */
#ifndef TUNNEL_BUFFERS_H
#define TUNNEL_BUFFERS_H

#include "base/error.h"
#include "tls/tls13.h"

#include <stddef.h>

struct buffers {
	struct tls13_buffers *kept[BUFFERS_KEPT];
	size_t kept_count;
	size_t lent; /* in use by connections */
};

/* ERR_NOMEM: none to be had. */
enum err buffers_take(struct buffers *pool, struct tls13_buffers **b) NODISCARD;

/* Give back; NULL is allowed. The contents need not be wiped by the caller. */
void buffers_give(struct buffers *pool, struct tls13_buffers *b);

/* Return every kept buffer to the system. */
void buffers_clear(struct buffers *pool);

#endif
