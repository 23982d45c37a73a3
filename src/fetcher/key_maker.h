/*
 * key_maker.h - an RSA key made in a thread, while the network is waited for.
 * The only thread of the program.
 */
#ifndef FETCHER_KEY_MAKER_H
#define FETCHER_KEY_MAKER_H

#include "base/error.h"
#include "tls/keypair.h"

#include <pthread.h>
#include <stdbool.h>

/* Zeroed before first use; must stay in place while the thread runs. */
struct key_maker {
	pthread_t thread;
	bool running;
	enum err result;
	struct keypair key;
};

/* Begin. Where no thread can be had, the key is made by key_maker_finish. */
void key_maker_begin(struct key_maker *m);

/* Wait for the key; m->key is good on ERR_OK. */
enum err key_maker_finish(struct key_maker *m, struct error *e) NODISCARD;

#endif
