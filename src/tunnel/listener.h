/*
 * listener.h - taking connections from the instances' listening sockets.
 *
 * init has bound them and keeps them: closing ours refuses nobody, a
 * connection that comes meanwhile waits in the backlog.
 */
#ifndef TUNNEL_LISTENER_H
#define TUNNEL_LISTENER_H

#include "base/error.h"
#include "tunnel/instance.h"

#include <stdint.h>

/* Listen on fd for i; fd is then ours. An earlier socket is closed. */
void listener_open(struct instance *i, int fd);

void listener_close(struct instance *i);

/* accept(2) found no descriptor or memory, errno says which: none accepts for
 * ACCEPT_PAUSE_MS. */
void listeners_pause(struct tunnel *t);

/* Interest of all listeners, after the number of connections has changed. */
void listeners_update(struct tunnel *t, uint64_t now_ms);

#endif
