/*
 * early.h - what a client said before its server said anything.
 *
 * In TLS 1.3 a client certificate is judged after the client's side of the
 * handshake is done, so that the client's first bytes may go to a server that
 * answers with an alert. They are kept until its first byte, for one more try
 * with a new certificate (cloudsql.md 5.5).
 */
#ifndef TUNNEL_EARLY_H
#define TUNNEL_EARLY_H

#include "tls/tls13.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Zeroed: nothing kept. */
struct early {
	uint8_t *bytes; /* on the heap, len of them; may be secret */
	size_t len;
	bool lost;   /* more than EARLY_MAX, or no memory: not all is here */
	bool replay; /* the second try: send them, keep no more */
	size_t sent; /* ... so far */
};

/* Keep the first len bytes that the list v holds. */
void early_keep(struct early *e, const struct iovec *v, size_t len);

/* Bytes are left to be sent again, before any that the client sends now. */
bool early_pending(const struct early *e);

/* Send as many of them as there is room for: TLS13_SENDAPP is set. */
void early_send(struct early *e, struct tls13 *tls);

/* Wipe and forget. */
void early_clear(struct early *e);

#endif
