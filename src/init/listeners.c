/*
 * listeners.c - owns the listening sockets. Decides addresses; how a socket is
 * made is io/socket.h's. Never accepts a connection.
 */
#include "init/listeners.h"

#include "base/log.h"
#include "io/socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POSTGRES_SOCKET "/.s.PGSQL.5432"
#define LONG_PATH_MAX   (PATH_LEN_MAX + INSTANCE_NAME_MAX + 32)

static enum err
add_unix(struct listeners *l, uint32_t i, const char *path, struct error *e)
{
	size_t len;

	const struct account *owner = &l->config->socket_account;

	if (socket_listen_unix(path, l->config->socket_mode,
		    owner->set ? owner->uid : SOCKET_OWNER_AS_IT_IS,
		    owner->set ? owner->gid : SOCKET_OWNER_AS_IT_IS, &l->fds[i],
		    e) != ERR_OK)
		return e->code;
	/* It fits: the kernel took it. */
	len = strnlen(path, UNIX_PATH_MAX - 1);
	memcpy(l->files[i], path, len);
	l->files[i][len] = '\0';
	l->missing--;
	log_info("[%s] Listening on %s", l->config->instances[i].name, path);
	return ERR_OK;
}

static enum err
add_tcp(struct listeners *l, uint32_t i, uint16_t port, struct error *e)
{
	const struct instance_config *ic = &l->config->instances[i];
	bool v6 = strchr(ic->address, ':') != NULL;
	uint16_t bound;

	if (socket_listen_tcp(ic->address, port, &l->fds[i], &bound, e) !=
		ERR_OK)
		return e->code;
	l->missing--;
	log_info("[%s] Listening on %s%s%s:%u", ic->name, v6 ? "[" : "",
		ic->address, v6 ? "]" : "", (unsigned)bound);
	return ERR_OK;
}

/* folder/.s.PGSQL.5432, which is where PostgreSQL's clients look. */
static enum err
add_postgres(
	struct listeners *l, uint32_t i, const char *folder, struct error *e)
{
	char path[LONG_PATH_MAX];

	/* Where not everybody may connect nobody else may put a socket. */
	if (socket_make_folder(folder,
		    l->config->socket_mode == 0777 ? 0777 : 0755, e) != ERR_OK)
		return e->code;
	(void)snprintf(path, sizeof(path), "%s%s", folder, POSTGRES_SOCKET);
	return add_unix(l, i, path, e);
}

/* True: path is the PostgreSQL socket itself; *len is its folder's length. */
static bool
names_postgres(const char *path, size_t *len)
{
	size_t tail = strlen(POSTGRES_SOCKET);

	*len = strlen(path);
	if (*len <= tail || strcmp(path + *len - tail, POSTGRES_SOCKET) != 0)
		return false;
	*len -= tail;
	return true;
}

/* As alloydb-auth-proxy names its folders. */
static void
flatten(char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == ':')
			*name = '_';
		else if (*name >= 'A' && *name <= 'Z')
			*name = (char)(*name - 'A' + 'a');
	}
}

static enum err
open_engine_port(struct listeners *l, uint32_t i, enum ipc_engine engine,
	struct error *e)
{
	uint32_t port = l->next_port[engine];

	if (port == 0 || port > UINT16_MAX)
		return error_set(e, ERR_CONFIG,
			"the instance's engine has no usual port; give one "
			"with --port or ?port=");
	l->next_port[engine]++;
	return add_tcp(l, i, (uint16_t)port, e);
}

static enum err
open_engine_path(struct listeners *l, uint32_t i, enum ipc_engine engine,
	struct error *e)
{
	const struct instance_config *ic = &l->config->instances[i];
	char path[LONG_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s%s", ic->path,
		ic->listen == LISTEN_UNIX_DIR ? "/" : "",
		ic->listen == LISTEN_UNIX_DIR ? ic->name : "");
	if (ic->product == PRODUCT_ALLOYDB && ic->listen == LISTEN_UNIX_DIR)
		flatten(path + strlen(ic->path));
	if (engine == IPC_ENGINE_POSTGRES)
		return add_postgres(l, i, path, e);
	return add_unix(l, i, path, e);
}

static enum err
open_known(struct listeners *l, uint32_t i, struct error *e)
{
	const struct instance_config *ic = &l->config->instances[i];
	char folder[PATH_LEN_MAX];
	size_t len;

	if (ic->listen == LISTEN_TCP && ic->port != 0)
		return add_tcp(l, i, ic->port, e);
	if (ic->listen == LISTEN_UNIX_PATH && names_postgres(ic->path, &len)) {
		memcpy(folder, ic->path, len);
		folder[len] = '\0';
		return add_postgres(l, i, folder, e);
	}
	if (ic->product != PRODUCT_ALLOYDB)
		return ERR_OK; /* the engine decides: later */
	if (ic->listen == LISTEN_TCP)
		return open_engine_port(l, i, IPC_ENGINE_POSTGRES, e);
	return open_engine_path(l, i, IPC_ENGINE_POSTGRES, e);
}

/* Say which instance it was about, in the proxies' words. */
static enum err
explain(const struct listeners *l, uint32_t i, struct error *e)
{
	char detail[ERROR_DETAIL_MAX];
	enum err code = e->code;

	memcpy(detail, e->detail, sizeof(detail));
	error_clear(e);
	return error_set(e, code, "[%s] Unable to mount socket: %s",
		l->config->instances[i].name, detail);
}

bool
listeners_skip(struct listeners *l, uint32_t i, struct error *e)
{
	if (!l->config->skip_failed_instance_config && !l->late[i])
		return false;
	log_error("[%s] Unable to mount socket: %s%s",
		l->config->instances[i].name, e->detail,
		l->late[i] ? ""
			   : " (skipped due to skip-failed-instance-config "
			     "flag)");
	error_clear(e);
	l->fds[i] = LISTENER_NONE;
	l->missing--;
	return true;
}

/* A server's socket, in the proxies' words. */
static enum err
open_server(int *fd, const char *name, const char *address, uint16_t port,
	struct error *e)
{
	struct error why;
	uint16_t bound;

	error_clear(&why);
	if (socket_listen_tcp(address, port, fd, &bound, &why) != ERR_OK)
		return error_set(e, why.code, "failed to start %s server: %s",
			name, why.detail);
	return ERR_OK;
}

static enum err
open_servers(struct listeners *l, struct error *e)
{
	const struct config *c = l->config;
	unsigned port = c->admin_port;

	if (c->http) {
		if (open_server(&l->http, "HTTP", c->http_address, c->http_port,
			    e) != ERR_OK)
			return e->code;
		log_info("Starting health check server at %s:%u",
			strcmp(c->http_address, "127.0.0.1") == 0
				? "localhost"
				: c->http_address,
			(unsigned)c->http_port);
	}
	if (!c->quitquitquit && !c->debug)
		return ERR_OK;
	if (open_server(&l->admin, "admin", "127.0.0.1", c->admin_port, e) !=
		ERR_OK)
		return e->code;
	if (c->quitquitquit)
		log_info(
			"Enabling quitquitquit endpoint at localhost:%u", port);
	if (c->debug)
		log_info("Enabling pprof endpoints at localhost:%u", port);
	return ERR_OK;
}

enum err
listeners_open(struct listeners *l, const struct config *c, struct error *e)
{
	l->config = c;
	memset(l->next_port, 0, sizeof(l->next_port));
	l->next_port[IPC_ENGINE_POSTGRES] = 5432;
	l->next_port[IPC_ENGINE_MYSQL] = 3306;
	l->next_port[IPC_ENGINE_SQLSERVER] = 1433;
	/* For "check" none: a proxy may be running at these very ports. */
	l->missing = c->check_only ? 0 : c->instance_count;
	memset(l->engines, IPC_ENGINE_END, sizeof(l->engines));
	for (size_t i = 0; i < INSTANCES_MAX; i++)
		l->fds[i] = c->check_only ? LISTENER_NONE : LISTENER_LATER;
	l->http = -1;
	l->admin = -1;
	for (uint32_t i = 0; i < c->instance_count; i++)
		l->files[i][0] = '\0';
	if (c->check_only)
		return ERR_OK;
	for (uint32_t i = 0; i < c->instance_count; i++) {
		if (open_known(l, i, e) != ERR_OK && !listeners_skip(l, i, e))
			return explain(l, i, e);
	}
	return c->instance_count > 0 ? open_servers(l, e) : ERR_OK;
}

enum err
listeners_add(struct listeners *l, uint32_t i, struct error *e)
{
	l->fds[i] = LISTENER_LATER;
	l->files[i][0] = '\0';
	l->engines[i] = IPC_ENGINE_END;
	l->late[i] = true;
	l->missing++;
	if (open_known(l, i, e) == ERR_OK)
		return ERR_OK;
	l->fds[i] = LISTENER_NONE;
	l->missing--;
	return explain(l, i, e);
}

void
listeners_close(struct listeners *l, uint32_t i)
{
	if (l->fds[i] == LISTENER_LATER)
		l->missing--;
	/* The tunnel has it, too, and the port is to be free at once. */
	if (l->fds[i] >= 0) {
		(void)shutdown(l->fds[i], SHUT_RDWR);
		(void)close(l->fds[i]);
	}
	if (l->files[i][0] != '\0')
		(void)unlink(l->files[i]);
	l->files[i][0] = '\0';
	l->fds[i] = LISTENER_NONE;
}

bool
listeners_turn(const struct listeners *l, uint32_t instance)
{
	const struct instance_config *all = l->config->instances;

	if (l->fds[instance] != LISTENER_LATER ||
		l->engines[instance] == IPC_ENGINE_END)
		return false;
	for (uint32_t i = 0; i < instance; i++) {
		if (all[instance].listen == LISTEN_TCP &&
			all[i].listen == LISTEN_TCP &&
			l->fds[i] == LISTENER_LATER)
			return false;
	}
	return true;
}

enum err
listeners_open_engine(struct listeners *l, uint32_t instance, struct error *e)
{
	enum ipc_engine engine = (enum ipc_engine)l->engines[instance];
	enum err r;

	if (l->config->instances[instance].listen == LISTEN_TCP)
		r = open_engine_port(l, instance, engine, e);
	else
		r = open_engine_path(l, instance, engine, e);
	if (r == ERR_OK || listeners_skip(l, instance, e))
		return ERR_OK;
	return explain(l, instance, e);
}

void
listeners_remove_files(const struct listeners *l)
{
	for (size_t i = 0; l->config != NULL && i < l->config->instance_count;
		i++) {
		if (l->files[i][0] != '\0')
			(void)unlink(l->files[i]);
	}
}
