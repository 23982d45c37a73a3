/*
 * reload.c - owns the reader's pid and channel, and which places of
 * config.instances are free. Must never touch an instance that the new
 * configuration has, too, nor end the program: what cannot be added is logged.
 */
#include "init/reload.h"

#include "base/log.h"
#include "init/messages.h"
#include "io/ipc.h"
#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(struct instance_config) <= PIPE_BUF,
	"an instance goes through a pipe in one piece");

/* What the reader has sent; one more, for the count at its end. */
static struct instance_config fresh[INSTANCES_MAX + 1];

void
reload_init(struct reload *r)
{
	r->channel = -1;
}

static void
hang_up(struct reload *r)
{
	(void)close(r->channel);
	r->channel = -1;
}

struct reader_start {
	const struct roles *roles;
	int channel;
};

static int
run_reader(const void *arg)
{
	const struct reader_start *start = arg;

	(void)alarm(READER_ALARM_S);
	return start->roles->reader(start->channel);
}

static void
start_reader(struct init *in)
{
	struct reload *r = &in->reload;
	struct reader_start start = {.roles = in->keeper.roles};
	struct spawn_role role = {
		.name = "fairlead-reader",
		.run = run_reader,
		.arg = &start,
		.cwd = in->cwd,
		.keep = {-1, log_fd_out(), log_fd_err()},
		.keep_count = 3,
	};
	int pair[2];

	r->again = false;
	if (ipc_pair(pair) != ERR_OK) {
		log_error("SIGHUP: nothing is read: %s", strerror(errno));
		return;
	}
	start.channel = pair[1];
	role.keep[0] = pair[1];
	if (spawn_role(&role, &r->reader) != ERR_OK) {
		log_error("SIGHUP: nothing is read: %s", strerror(errno));
		r->reader = 0;
		(void)close(pair[0]);
	} else {
		r->channel = pair[0];
		r->count = 0;
	}
	(void)close(pair[1]);
}

static void
refresh_all(struct init *in)
{
	struct ipc_message m = {.kind = IPC_REFRESH};

	keeper_send(&in->keeper, &m, -1);
}

static bool
is_serving(enum state s)
{
	return s == ST_GATED || s == ST_RUNNING || s == ST_BACKOFF ||
	       s == ST_SERVING;
}

bool
reload_begin(struct init *in)
{
	const struct config *c = in->config;

	if (c->instance_count == 0 || !is_serving(in->supervisor.state) ||
		(c->config_file == NULL && c->credentials_file == NULL))
		return false;
	if (c->run_connection_test && !in->keeper.tested) {
		log_warn("SIGHUP: too early: the connection test goes on");
		return true;
	}
	log_info("SIGHUP: reading the configuration again");
	if (c->config_file == NULL)
		refresh_all(in);
	else if (in->reload.reader > 0)
		in->reload.again = true;
	else
		start_reader(in);
	return true;
}

/* What config.instances says of n now is what the tunnel is to know. */
static void
tell(struct init *in, uint32_t n)
{
	struct ipc_message m = {.kind = IPC_INSTANCE, .instance = n};
	const struct instance_config *one = &in->config->instances[n];
	int ends[2];

	if (in->keeper.control < 0)
		return; /* the next one starts with it */
	/* It has room for this much: nobody waits. */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
		if (write(ends[1], one, sizeof(*one)) == sizeof(*one)) {
			(void)close(ends[1]);
			keeper_send(&in->keeper, &m, ends[0]);
			(void)close(ends[0]);
			return;
		}
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
	log_error("[%s] the tunnel cannot be told: %s; killing it", one->name,
		strerror(errno));
	keeper_kill(&in->keeper);
}

static void
take_out(struct init *in, uint32_t n)
{
	struct instance_config *one = &in->config->instances[n];

	log_info("[%s] Removed from the configuration", one->name);
	one->gone = true;
	in->reload.free[n] = in->keeper.pid <= 0;
	listeners_close(&in->listeners, n);
	questions_drop(&in->questions, n);
	tell(in, n);
}

/* INSTANCES_MAX: none. */
static uint32_t
free_place(const struct init *in)
{
	uint32_t n;

	for (n = 0; n < in->config->instance_count; n++) {
		if (in->config->instances[n].gone && in->reload.free[n] &&
			in->questions.list[n].fetcher <= 0)
			return n;
	}
	return n;
}

static bool
add(struct init *in, const struct instance_config *one)
{
	struct ipc_message m = {.kind = IPC_LISTENER};
	uint32_t n = free_place(in);
	struct error e;

	if (n == INSTANCES_MAX) {
		log_error("[%s] Not added: there may be %d instances, with "
			  "those whose connections have not ended",
			one->name, INSTANCES_MAX);
		return false;
	}
	error_clear(&e);
	memcpy(&in->config->instances[n], one, sizeof(*one));
	if (n == in->config->instance_count)
		in->config->instance_count++;
	questions_add(&in->questions, n);
	if (listeners_add(&in->listeners, n, &e) != ERR_OK) {
		log_error("%s", e.detail);
		in->config->instances[n].gone = true;
		in->reload.free[n] = true;
		if (n + 1 == in->config->instance_count)
			in->config->instance_count--;
		return false;
	}
	tell(in, n);
	m.instance = n;
	if (in->listeners.fds[n] >= 0)
		keeper_send(&in->keeper, &m, in->listeners.fds[n]);
	return true;
}

static bool
is_same(const struct instance_config *a, const struct instance_config *b)
{
	return a->product == b->product && a->listen == b->listen &&
	       a->port == b->port && a->counts_port == b->counts_port &&
	       a->ip == b->ip && a->auto_iam_authn == b->auto_iam_authn &&
	       strcmp(a->name, b->name) == 0 &&
	       strcmp(a->domain, b->domain) == 0 &&
	       strcmp(a->project, b->project) == 0 &&
	       strcmp(a->region, b->region) == 0 &&
	       strcmp(a->cluster, b->cluster) == 0 &&
	       strcmp(a->instance, b->instance) == 0 &&
	       strcmp(a->address, b->address) == 0 &&
	       strcmp(a->path, b->path) == 0;
}

/* It is among those that were read; that one is taken then. */
static bool
take(const struct instance_config *one, bool taken[INSTANCES_MAX], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (taken[i] || !is_same(&fresh[i], one))
			continue;
		taken[i] = true;
		return true;
	}
	return false;
}

/* Old listeners first: a new one may have the port of one of them. */
static void
apply(struct init *in)
{
	struct config *c = in->config;
	bool taken[INSTANCES_MAX] = {false};
	size_t count = in->reload.count;
	unsigned kept = 0;
	unsigned added = 0;
	unsigned removed = 0;

	for (uint32_t n = 0; n < c->instance_count; n++) {
		if (c->instances[n].gone)
			continue;
		if (take(&c->instances[n], taken, count)) {
			kept++;
			continue;
		}
		take_out(in, n);
		removed++;
	}
	/* Sockets are where they were at the start. */
	if (in->let_go && in->cwd >= 0 && fchdir(in->cwd) != 0)
		log_warn("SIGHUP: fchdir: %s", strerror(errno));
	for (size_t i = 0; i < count; i++) {
		if (!taken[i] && add(in, &fresh[i]))
			added++;
	}
	if (in->let_go && in->cwd >= 0 && chdir("/") != 0)
		log_debug("init: chdir /: %s", strerror(errno));
	refresh_all(in);
	log_info("SIGHUP: instances: %u kept, %u removed, %u added", kept,
		removed, added);
	messages_look(in);
}

void
reload_receive(struct init *in)
{
	struct reload *r = &in->reload;
	uint32_t count;
	ssize_t n;

	for (;;) {
		n = recv(r->channel, &fresh[r->count], sizeof(fresh[0]),
			MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n != sizeof(fresh[0]) || r->count == INSTANCES_MAX)
			break;
		r->count++;
	}
	hang_up(r);
	/* Without its count it was not read to its end; the reader says why. */
	memcpy(&count, &fresh[r->count], sizeof(count));
	if (n == sizeof(count) && count == r->count &&
		is_serving(in->supervisor.state))
		apply(in);
}

bool
reload_reaped(struct init *in, pid_t pid)
{
	struct reload *r = &in->reload;

	if (pid != r->reader)
		return false;
	r->reader = 0;
	if (r->channel >= 0)
		reload_receive(in);
	if (r->again)
		start_reader(in);
	return true;
}

void
reload_forget(struct init *in)
{
	for (size_t n = 0; n < in->config->instance_count; n++)
		in->reload.free[n] = in->config->instances[n].gone;
}

bool
reload_send(int channel, const struct config *c)
{
	uint32_t count = (uint32_t)c->instance_count;

	for (size_t i = 0; i < c->instance_count; i++) {
		if (send(channel, &c->instances[i], sizeof(c->instances[i]),
			    MSG_NOSIGNAL) < 0)
			return false;
	}
	return send(channel, &count, sizeof(count), MSG_NOSIGNAL) >= 0;
}
