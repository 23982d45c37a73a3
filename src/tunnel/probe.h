/*
 * probe.h - the connection test: one connection to every instance, at the
 * start or for /startup, without a client, as far as the server's first word or
 * PROBE_QUIET_MS of its silence (a refused certificate is an alert before).
 */
#ifndef TUNNEL_PROBE_H
#define TUNNEL_PROBE_H

#include <stdbool.h>
#include <stddef.h>

struct tunnel;
struct instance;

/* Begin; init hears IPC_TESTED at the end. */
void probe_begin(struct tunnel *t);

/* Begin for http_server_checked, unless such a test is under way. */
void probe_check(struct tunnel *t);

/* How the one to i went, to be told once; why is NULL when it went well. */
void probe_end(struct instance *i, const char *why);

#endif
