/*
 * dial.h - WAITING and CONNECTING of a connection: an identity, then TCP to
 * one of its addresses.
 */
#ifndef TUNNEL_DIAL_H
#define TUNNEL_DIAL_H

#include "tunnel/connection.h"

/* Dial if there is an identity, wait for the answer, or refuse. */
void dial_begin(struct connection *c);

/* CONNECTING: the server's socket is connected, or has failed. */
void dial_ready(struct connection *c);

/* WAITING or CONNECTING: the deadline has passed. */
void dial_timed_out(struct connection *c);

#endif
