/*
 * tickets.h - the TLS tickets of one instance (tls/psk.h). They belong to one
 * identity: a ticket stands for a certificate of ours that the server judged
 * and for one of the server's that our names and anchors judged. With a new
 * identity all are wiped.
 */
#ifndef TUNNEL_TICKETS_H
#define TUNNEL_TICKETS_H

#include "base/limits.h"
#include "tls/psk.h"
#include "tunnel/refresh.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ticket; /* one that is kept, on the heap */

/* All zeros is an empty store; the newest ticket is the last. */
struct tickets {
	bool off; /* a server that took one could not go on with it */
	size_t count;
	struct ticket *kept[TICKETS_KEPT];
};

/* Keep a copy; the oldest makes room. Without memory it is dropped. */
void tickets_add(struct tickets *t, const struct tls13_ticket *ticket,
	struct refresh_time now);

/*
 * Take out the newest that has not run out, to be used once and then freed;
 * *age_ms is its age. NULL: there is none.
 */
struct ticket *tickets_take(
	struct tickets *t, struct refresh_time now, uint64_t *age_ms);

const struct tls13_ticket *ticket_tls(const struct ticket *ticket);

/* Wipe and free. NULL is allowed. */
void ticket_free(struct ticket *ticket);

/* Wipe and free all. */
void tickets_clear(struct tickets *t);

#endif
