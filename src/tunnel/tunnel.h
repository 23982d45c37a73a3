/*
 * tunnel.h - the data plane's whole state.
 */
#ifndef TUNNEL_TUNNEL_H
#define TUNNEL_TUNNEL_H

#include "config.h"
#include "io/ipc.h"
#include "io/loop.h"
#include "tunnel/access.h"
#include "tunnel/buffers.h"
#include "tunnel/connection.h"
#include "tunnel/http_server.h"
#include "tunnel/instance.h"
#include "tunnel/refresh.h"
#include "tunnel/socks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Large; one per process, in static storage. */
struct tunnel {
	const struct config *config;
	struct loop loop;
	int control;
	int answers;
	struct watch control_watch;
	struct watch answers_watch;
	struct ipc_identity *answer; /* a mapping, empty between answers */
	struct instance instances[INSTANCES_MAX];
	size_t instance_count;
	bool ready; /* IPC_READY was sent */
	struct connections connections;
	struct buffers buffers;
	struct access access;
	struct socks_proxy socks;
	struct http_server http;
	struct history history;
	int64_t since_s;               /* wall clock of the start */
	char dialer_id[UUID_TEXT_MAX]; /* made at random */
	bool started;                  /* all listeners have been there */
	size_t tests_left;             /* connection tests under way */
	unsigned tests_failed;
	bool test_asked; /* by init, which is told how it ended */
	/* Of the first that failed. */
	char test_failure[INSTANCE_NAME_MAX + FAILURE_TEXT_MAX];
	bool leaving; /* the user's --max-sigterm-delay runs */
	uint64_t leave_deadline_ms;
	bool quit;               /* init was asked to end it all */
	uint64_t accept_from_ms; /* accepting pauses until then */
	bool full_logged;
	bool draining;
	uint64_t drain_deadline_ms;
	bool ended;
	int exit_status;
};

/* Both clocks, now. */
struct refresh_time tunnel_now(void);

/* Tell init something about an instance. */
void tunnel_tell(struct tunnel *t, enum ipc_kind kind, uint32_t instance,
	enum ipc_engine engine);

/* A listener was added: perhaps the last that was missing. */
void tunnel_listens(struct tunnel *t);

/* An instance has its first identity. */
void tunnel_first_identity(struct tunnel *t, const struct instance *i);

#endif
