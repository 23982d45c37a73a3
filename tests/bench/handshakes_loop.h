/*
 * handshakes_loop.h - what the loops of handshakes.py have in common: a program
 * that makes one full handshake and then COUNT more.
 *
 *     PROGRAM PORT CA CHAIN KEY COUNT full|resumed
 *
 * Certificates are PEM, the key is DER. Each connection is kept until a ticket
 * has come and then closed properly. Because of the one before them, a COUNT of
 * 0 does all that is done once. "resumed": each takes the last ticket of the
 * one before.
 */
#ifndef BENCH_HANDSHAKES_LOOP_H
#define BENCH_HANDSHAKES_LOOP_H

#include <stdbool.h>

#define NAME "server.test"

/* End the program with what, unless good. */
void must(bool good, const char *what);

/* A connection to that port of this machine. */
int dial(const char *port);

/* The library's part: read argv[2] to argv[4]. */
void load(char **argv);

/* The library's part: one connection, from dial to close. */
void one(const char *port, bool resume);

#endif
