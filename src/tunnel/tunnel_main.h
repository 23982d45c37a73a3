/*
 * tunnel_main.h - the tunnel's role.
 */
#ifndef TUNNEL_TUNNEL_MAIN_H
#define TUNNEL_TUNNEL_MAIN_H

#include "roles.h"

/* Serve until init says otherwise; returns the exit status (roles.h). */
int tunnel_main(const struct config *c, const struct tunnel_boot *boot);

#endif
