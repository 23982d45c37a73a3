/*
 * changes.h - instances that come and go while the tunnel runs (IPC_INSTANCE).
 */
#ifndef TUNNEL_CHANGES_H
#define TUNNEL_CHANGES_H

#include "tunnel/tunnel.h"

#include <stdint.h>

/*
 * Instance n, of those that there are or the next one, is now what can be read
 * from fd; fd stays the caller's.
 */
void changes_take(struct tunnel *t, uint32_t n, int fd);

/* i is gone: tell init when its last connection has ended. */
void changes_look(struct instance *i);

#endif
