/*
 * messages.h - what the tunnel tells init, and what waits for that: listeners
 * of instances whose engine was unknown, and the gate in front of the app.
 */
#ifndef INIT_MESSAGES_H
#define INIT_MESSAGES_H

#include "init/init.h"

#include <stdbool.h>

/* Take what is there, at most CONTROL_PER_TURN messages. */
void messages_take(struct init *in);

/* The app may start. */
bool messages_gate_is_open(const struct init *in);

/* What the app waits for may be there now. */
void messages_look(struct init *in);

/* All listeners are bound: say so. */
void messages_say_ready(struct init *in);

#endif
