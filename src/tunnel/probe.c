/*
 * probe.c - the connection test. Owns the far ends of its connections; must
 * tell init how it ended, once.
 */
#include "tunnel/probe.h"

#include "base/log.h"
#include "io/socket.h"
#include "tunnel/connection.h"
#include "tunnel/tunnel.h"

#include <sys/socket.h>

static void
report(struct tunnel *t)
{
	struct ipc_message m = {.kind = IPC_TESTED, .flags = t->tests_failed};

	if (t->tests_failed > 0)
		log_error("Connection test failed");
	else
		log_info("Connection test passed");
	if (ipc_send(t->control, &m, -1) != ERR_OK)
		log_warn("tunnel: init was not told of the connection test");
}

void
probe_begin(struct tunnel *t)
{
	log_info("Connection test started");
	t->tests_left = t->instance_count;
	for (size_t n = 0; n < t->instance_count; n++) {
		struct instance *i = &t->instances[n];
		int ends[2];

		if (socketpair(AF_UNIX,
			    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			    ends) != 0) {
			probe_end(i, "no socket could be made");
			continue;
		}
		i->probe = ends[1];
		connection_probe(i, ends[0]);
	}
}

void
probe_end(struct instance *i, const char *why)
{
	struct tunnel *t = i->tunnel;

	if (i->probe >= 0)
		socket_close(i->probe);
	i->probe = -1;
	if (why == NULL)
		log_info("[%s] connection test passed", i->config->name);
	else
		log_error("[%s] connection test failed: %s", i->config->name,
			why);
	if (why != NULL)
		t->tests_failed++;
	if (--t->tests_left == 0)
		report(t);
}
