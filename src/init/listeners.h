/*
 * listeners.h - the local sockets that the app connects to. init makes them
 * and keeps them for as long as it runs, so that a connection made while there
 * is no tunnel waits in the backlog.
 */
#ifndef INIT_LISTENERS_H
#define INIT_LISTENERS_H

#include "base/error.h"
#include "config.h"
#include "io/ipc.h"
#include "roles.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIX_PATH_MAX 108 /* bytes of sun_path */

struct listeners {
	const struct config *config;
	int fds[INSTANCES_MAX]; /* or LISTENER_LATER, LISTENER_NONE */
	char files[INSTANCES_MAX][UNIX_PATH_MAX]; /* to be removed; or "" */
	uint32_t next_port[IPC_ENGINE_END];       /* where none was given */
	size_t missing;                           /* LISTENER_LATER */
	uint8_t engines[INSTANCES_MAX]; /* enum ipc_engine; IPC_ENGINE_END: it
					 * is still to be asked for */
	/* Added since the start: what fails is logged, and no more. */
	bool late[INSTANCES_MAX];
	int http;  /* -1: nobody asks for the HTTP server */
	int admin; /* the same of the admin server */
};

/*
 * Bind all that the configuration alone decides. On failure e names the
 * instance and the address; nothing is to be started then.
 */
enum err listeners_open(
	struct listeners *l, const struct config *c, struct error *e) NODISCARD;

/*
 * Whether it can be decided now where an instance listens: its engine is known
 * and, where that gives it the next free port, those in front of it are served
 * first. Otherwise the answers' order would decide who gets which port.
 */
bool listeners_turn(const struct listeners *l, uint32_t instance);

/*
 * An instance was added: bind its listener where its configuration alone
 * decides that. On failure it has none.
 */
enum err listeners_add(
	struct listeners *l, uint32_t instance, struct error *e) NODISCARD;

/* Nobody listens for it any more. */
void listeners_close(struct listeners *l, uint32_t instance);

/* Bind the listener of an instance whose turn it is. */
enum err listeners_open_engine(
	struct listeners *l, uint32_t instance, struct error *e) NODISCARD;

/*
 * With --skip-failed-instance-config, and of an instance that was added: log
 * why it does not listen, and let the others be served. False: without.
 */
bool listeners_skip(struct listeners *l, uint32_t instance, struct error *e);

/* Remove the files of Unix sockets. */
void listeners_remove_files(const struct listeners *l);

#endif
