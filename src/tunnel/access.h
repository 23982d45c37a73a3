/*
 * access.h - who may connect: --allow-uid.
 *
 * Without the option everybody may, unless fairlead runs its app as another
 * user (--user): then that user. root and fairlead's own user always may; they
 * could take the connection's secrets anyway.
 */
#ifndef TUNNEL_ACCESS_H
#define TUNNEL_ACCESS_H

#include "config.h"
#include "io/peer.h"

#include <stdbool.h>
#include <stdint.h>

struct access {
	const struct uid_set *uids;
	uint32_t own;
	struct peer_lists lists;
};

/* Before the sandbox closes. */
void access_open(struct access *a, const struct config *c);

/*
 * Whether the client at the other end of fd may be served; if not, why has the
 * reason.
 */
bool access_allows(const struct access *a, int fd, char *why, size_t cap);

void access_close(struct access *a);

#endif
