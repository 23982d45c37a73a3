/*
 * probe.c - the connection test. Owns the far ends of its connections; must
 * tell init how it ended, once.
 */
#include "tunnel/probe.h"

#include "base/log.h"
#include "io/socket.h"
#include "tunnel/connection.h"
#include "tunnel/tunnel.h"

#include <stdio.h>
#include <sys/socket.h>

static void
tell_init(struct tunnel *t)
{
	struct ipc_message m = {.kind = IPC_TESTED, .flags = t->tests_failed};

	if (t->tests_failed > 0)
		log_error("Connection test failed");
	else
		log_info("Connection test passed");
	if (ipc_send(t->control, &m, -1) != ERR_OK)
		log_warn("tunnel: init was not told of the connection test");
}

static void
one_over(struct tunnel *t)
{
	if (--t->tests_left > 0)
		return;
	if (t->test_asked)
		tell_init(t);
	t->test_asked = false;
	http_server_checked(&t->http);
}

void
probe_check(struct tunnel *t)
{
	if (t->tests_left > 0)
		return;
	t->tests_failed = 0;
	t->test_failure[0] = '\0';
	t->tests_left = 1; /* this loop */
	for (size_t n = 0; n < t->instance_count; n++) {
		struct instance *i = &t->instances[n];
		int ends[2];

		if (i->gone)
			continue;
		t->tests_left++;
		if (socketpair(AF_UNIX,
			    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			    ends) != 0) {
			probe_end(i, "no socket could be made");
			continue;
		}
		i->probe = ends[1];
		connection_probe(i, ends[0]);
	}
	one_over(t);
}

void
probe_begin(struct tunnel *t)
{
	log_info("Connection test started");
	t->test_asked = true;
	probe_check(t);
}

void
probe_end(struct instance *i, const char *why)
{
	struct tunnel *t = i->tunnel;

	if (i->probe >= 0)
		socket_close(i->probe);
	i->probe = -1;
	if (why == NULL && t->test_asked)
		log_info("[%s] connection test passed", i->config->name);
	if (why != NULL) {
		log_error("[%s] connection test failed: %s", i->config->name,
			why);
		if (t->tests_failed++ == 0)
			(void)snprintf(t->test_failure, sizeof(t->test_failure),
				"[%s] %s", i->config->name, why);
	}
	one_over(t);
}
