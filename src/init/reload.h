/*
 * reload.h - SIGHUP: the config file is read again, by a role of its own, since
 * PID 1 waits for no file. Instances that are the same stay as they are, those
 * that are gone lose their listeners (their connections go on), new ones are
 * added. Every other option holds from the start to the end.
 *
 * An instance's number is its place in config.instances. One that was taken out
 * keeps it, marked as gone, until the tunnel has said that its last connection
 * has ended (IPC_GONE); then a new instance may have the place.
 */
#ifndef INIT_RELOAD_H
#define INIT_RELOAD_H

#include "init/init.h"

#include <stdbool.h>
#include <sys/types.h>

void reload_init(struct reload *r);

/* SIGHUP has come. False: there is nothing to read again, or too late. */
bool reload_begin(struct init *in);

/* The reader has sent something, or has ended. */
void reload_receive(struct init *in);

/* A child has ended. True: it was the reader. */
bool reload_reaped(struct init *in, pid_t pid);

/* The tunnel has ended, and all connections with it. */
void reload_forget(struct init *in);

/* In the reader: send what was read. False: init is gone. */
bool reload_send(int channel, const struct config *fresh);

#endif
