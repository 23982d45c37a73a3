/*
 * keeper.c - owns the tunnel's pid and its channels. A tunnel that does
 * anything unexpected is killed: its successor starts in a known state, and
 * waiting connections stay in the backlog of the listeners.
 */
#include "init/keeper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/signame.h"
#include "io/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct tunnel_start {
	const struct config *config;
	const struct roles *roles;
	struct tunnel_boot boot;
};

void
keeper_init(struct keeper *k, const struct config *c, const struct roles *roles,
	const struct listeners *listeners)
{
	*k = (struct keeper){
		.config = c,
		.roles = roles,
		.listeners = listeners,
		.cwd = -1,
		.pid = -1,
		.control = -1,
		.answers = -1,
		.restart_at_ms = CLOCK_NEVER,
	};
	backoff_init(&k->backoff, 0);
}

static int
run_tunnel(const void *arg)
{
	const struct tunnel_start *start = arg;

	/* It talks to the database's network; questions carry no token. */
	config_forget_secrets(start->config, environ);
	return start->roles->tunnel(start->config, &start->boot);
}

static void
keep(struct spawn_role *role, int fd)
{
	if (fd >= 0 && role->keep_count < ROLE_KEEP_MAX)
		role->keep[role->keep_count++] = fd;
}

/*
 * With --user the app is somebody, and the tunnel is somebody else: it faces
 * the network, and the app's kill(-1) must not reach it. A fetcher keeps our
 * user, who may read the credentials.
 */
static const struct account *
tunnel_user(const struct config *c)
{
	static struct account user;

	if (!c->account.set || geteuid() != 0)
		return NULL;
	user.uid = TUNNEL_UID - (c->account.uid == TUNNEL_UID);
	user.gid = user.uid;
	return &user;
}

/* control[0] and answers[1] are ours, the other ends the tunnel's. */
static enum err
fork_tunnel(struct keeper *k, const int control[2], const int answers[2])
{
	struct tunnel_start start = {
		.config = k->config,
		.roles = k->roles,
		.boot = {.control = control[1],
			.answers = answers[0],
			.http = k->listeners->http,
			.admin = k->listeners->admin,
			.test = k->config->run_connection_test && !k->tested},
	};
	struct spawn_role role = {
		.name = "fairlead-tunnel",
		.run = run_tunnel,
		.arg = &start,
		.cwd = k->cwd,
		.keep_count = 0,
		.account = tunnel_user(k->config),
	};

	for (size_t i = 0; i < INSTANCES_MAX; i++) {
		start.boot.listeners[i] = k->listeners->fds[i];
		keep(&role, k->listeners->fds[i]);
	}
	keep(&role, k->listeners->http);
	keep(&role, k->listeners->admin);
	keep(&role, control[1]);
	keep(&role, answers[0]);
	keep(&role, log_fd_out());
	keep(&role, log_fd_err());
	return spawn_role(&role, &k->pid);
}

static void
close_pair(const int fds[2])
{
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static enum err
try_start(struct keeper *k)
{
	int control[2];
	int answers[2];

	if (ipc_pair(control) != ERR_OK)
		return ERR_AGAIN;
	if (ipc_pair(answers) != ERR_OK) {
		close_pair(control);
		return ERR_AGAIN;
	}
	if (fork_tunnel(k, control, answers) != ERR_OK) {
		close_pair(control);
		close_pair(answers);
		return ERR_AGAIN;
	}
	(void)close(control[1]);
	(void)close(answers[0]);
	k->control = control[0];
	k->answers = answers[1];
	return ERR_OK;
}

void
keeper_start(struct keeper *k, uint64_t now_ms)
{
	uint64_t delay;

	k->restart_at_ms = CLOCK_NEVER;
	if (try_start(k) == ERR_OK) {
		k->started_ms = now_ms;
		log_debug("init: the tunnel is process %d", (int)k->pid);
		return;
	}
	k->pid = -1;
	delay = backoff_next(&k->backoff, rng_jitter);
	k->restart_at_ms = now_ms + (delay > 0 ? delay : BACKOFF_BASE_MS);
	log_warn("init: cannot start the tunnel now: %s", strerror(errno));
}

static void
close_channels(struct keeper *k)
{
	if (k->control >= 0)
		(void)close(k->control);
	if (k->answers >= 0)
		(void)close(k->answers);
	k->control = -1;
	k->answers = -1;
}

void
keeper_reaped(struct keeper *k, int wait_status, uint64_t now_ms)
{
	char name[SIGNAL_NAME_MAX];
	uint64_t delay;

	k->pid = -1;
	close_channels(k);
	if (k->draining)
		return;
	if (now_ms - k->started_ms >= HEALTHY_AFTER_MS)
		backoff_reset(&k->backoff);
	delay = backoff_next(&k->backoff, rng_jitter);
	k->restart_at_ms = now_ms + delay;
	if (WIFSIGNALED(wait_status))
		log_error("init: the tunnel was killed by %s; its connections "
			  "are lost; starting it again in %u ms",
			signame_format(WTERMSIG(wait_status), name),
			(unsigned)delay);
	else
		log_error("init: the tunnel ended with code %d; its "
			  "connections are lost; starting it again in %u ms",
			WEXITSTATUS(wait_status), (unsigned)delay);
}

enum err
keeper_receive(struct keeper *k, struct ipc_message *m)
{
	int fd = -1;
	enum err e = ipc_receive(
		k->control, m, &fd, (uint32_t)k->config->instance_count);

	if (fd >= 0)
		(void)close(fd); /* nobody sends us one */
	if (e == ERR_OK || e == ERR_AGAIN)
		return e;
	if (e != ERR_EOF)
		log_error("init: bad message from the tunnel: %s; killing it",
			error_text(e));
	keeper_kill(k);
	return e;
}

void
keeper_send(struct keeper *k, const struct ipc_message *m, int fd)
{
	enum err e;

	if (k->control < 0)
		return;
	e = ipc_send(k->control, m, fd);
	if (e == ERR_OK)
		return;
	log_error("init: the tunnel does not read its messages (%s); killing "
		  "it",
		error_text(e));
	keeper_kill(k);
}

bool
keeper_drain(struct keeper *k, uint32_t patience_ms)
{
	struct ipc_message m = {
		.kind = IPC_DRAIN,
		.patience_ms = patience_ms,
	};

	k->draining = true;
	k->restart_at_ms = CLOCK_NEVER;
	if (k->pid < 0)
		return false;
	keeper_send(k, &m, -1);
	return true;
}

/* The channels go at once, so that nothing more is heard of it. */
void
keeper_kill(struct keeper *k)
{
	if (k->pid > 0)
		(void)kill(k->pid, SIGKILL);
	close_channels(k);
}
