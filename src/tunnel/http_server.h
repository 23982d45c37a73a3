/*
 * http_server.h - the small HTTP server for probes, metrics, the status page
 * and the order to stop, in the tunnel's own loop.
 *
 * A few clients at once, one request each, a deadline for all of it: who comes
 * when all places are taken gets that of the slowest. Two doors, each a
 * listening socket that init has bound: the public one and the admin server's.
 */
#ifndef TUNNEL_HTTP_SERVER_H
#define TUNNEL_HTTP_SERVER_H

#include "base/limits.h"
#include "io/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tunnel;

struct http_door {
	struct http_server *server;
	int fd; /* -1: closed */
	bool admin;
	struct watch watch;
};

struct http_client {
	struct http_server *server;
	bool used;
	bool admin;
	bool checking;  /* waits for http_server_checked */
	bool finishing; /* answered; waits for the client's end */
	int fd;
	struct watch watch;
	uint64_t deadline_ms;
	uint8_t asked[HTTP_ASKED_MAX];
	size_t asked_len;
	uint8_t *answer; /* a mapping of HTTP_ANSWER_MAX bytes, or NULL */
	size_t answer_at;
	size_t answer_end;
};

struct http_server {
	struct tunnel *tunnel;
	struct http_door doors[2];
	struct http_client clients[HTTP_CLIENTS_MAX];
};

/* Serve on the descriptors, which are then ours; -1: not wanted. */
void http_server_open(
	struct http_server *s, struct tunnel *t, int http, int admin);

/* Take clients, or leave them in the backlog for now. */
void http_server_accept(struct http_server *s, bool open);

/* Drop clients whose time is over. */
void http_server_expire(struct http_server *s, uint64_t now_ms);

/* The earliest deadline; CLOCK_NEVER: none. */
uint64_t http_server_deadline_ms(const struct http_server *s);

/* All instances were tried: answer those who wait for that. */
void http_server_checked(struct http_server *s);

void http_server_close(struct http_server *s);

#endif
