/*
 * listener.c - accepting. Owns the tunnel's descriptors of the listening
 * sockets; must never spin on a condition that accept(2) cannot clear, and
 * never end the program because descriptors ran out.
 */
#include "tunnel/listener.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/socket.h"
#include "tunnel/tunnel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Descriptors or memory ran out: leave the rest in the backlog for a while. */
void
listeners_pause(struct tunnel *t)
{
	int reason = errno;
	uint64_t now_ms = clock_ms();

	/* One line for a shortage, not ten a second. */
	if (now_ms >= t->accept_from_ms + UINT64_C(10) * ACCEPT_PAUSE_MS)
		log_warn("tunnel: accept: %s: new connections wait",
			strerror(reason));
	t->accept_from_ms = now_ms + ACCEPT_PAUSE_MS;
	listeners_update(t, now_ms);
}

static bool
over_limit(const struct tunnel *t)
{
	uint64_t max = t->config->max_connections;

	return max > 0 && t->connections.open >= max;
}

static void
refuse(struct instance *i, int client)
{
	char why[96];

	(void)snprintf(why, sizeof(why),
		"max connections (%" PRIu64
		") exceeded, refusing new connection",
		i->tunnel->config->max_connections);
	log_error("[%s] %s", i->config->name, why);
	i->counters.refused[REFUSED_LIMIT]++;
	connection_refuse(i, client, REFUSAL_LIMIT, why);
}

static void
serve(struct instance *i, int client, const char *name)
{
	char why[96];

	if (!access_allows(&i->tunnel->access, client, why, sizeof(why))) {
		log_error("[%s] refused %s: %s", i->config->name, name, why);
		i->counters.refused[REFUSED_USER]++;
		connection_refuse(i, client, REFUSAL_USER, why);
	} else if (over_limit(i->tunnel)) {
		refuse(i, client);
	} else {
		connection_open(i, client, name);
	}
}

static void
on_ready(void *context, short revents)
{
	struct instance *i = context;
	struct tunnel *t = i->tunnel;
	int n;

	(void)revents;
	for (n = 0; n < ACCEPTS_PER_TURN; n++) {
		char name[SOCKET_NAME_MAX];
		enum err err;
		int client;

		if (t->connections.count == t->connections.capacity)
			break;
		err = socket_accept(i->listener, &client, name);
		if (err == ERR_AGAIN)
			return;
		if (err == ERR_LIMIT) {
			listeners_pause(t);
			return;
		}
		if (err != ERR_OK && errno == EINVAL) {
			/* Shut down by init, which says so: IPC_INSTANCE. */
			listener_close(i);
			return;
		}
		if (err != ERR_OK) {
			log_error("[%s] accept: %s", i->config->name,
				strerror(errno));
			listener_close(i);
			return;
		}
		serve(i, client, name);
	}
}

void
listener_open(struct instance *i, int fd)
{
	listener_close(i);
	if (loop_add(&i->tunnel->loop, &i->listener_watch, fd, on_ready, i) !=
		ERR_OK) {
		log_error(
			"[%s] too many descriptors to listen", i->config->name);
		socket_close(fd);
		return;
	}
	i->listener = fd;
	tunnel_listens(i->tunnel);
}

void
listener_close(struct instance *i)
{
	loop_remove(&i->tunnel->loop, &i->listener_watch);
	if (i->listener >= 0)
		socket_close(i->listener);
	i->listener = -1;
}

void
listeners_update(struct tunnel *t, uint64_t now_ms)
{
	bool full = t->connections.count == t->connections.capacity;
	bool open = !full && now_ms >= t->accept_from_ms;
	size_t n;

	if (full && !t->full_logged)
		log_warn("tunnel: all %zu connections are in use: new ones "
			 "wait",
			t->connections.capacity);
	t->full_logged = full;
	for (n = 0; n < t->instance_count; n++)
		loop_set(&t->loop, &t->instances[n].listener_watch,
			open ? POLLIN : LOOP_NOTHING);
	http_server_accept(&t->http, now_ms >= t->accept_from_ms);
}
