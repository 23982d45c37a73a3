/*
 * key_maker.c - one thread, one key. The thread touches nothing but its own
 * struct, and that belongs to it until it is joined.
 */
#include "fetcher/key_maker.h"

#include "base/limits.h"

static void *
make(void *arg)
{
	struct key_maker *m = arg;

	m->result = keypair_generate(&m->key);
	return NULL;
}

void
key_maker_begin(struct key_maker *m)
{
	pthread_attr_t attributes;

	m->running = false;
	if (pthread_attr_init(&attributes) != 0)
		return;
	if (pthread_attr_setstacksize(&attributes, KEY_THREAD_STACK) == 0)
		m->running =
			pthread_create(&m->thread, &attributes, make, m) == 0;
	(void)pthread_attr_destroy(&attributes);
}

enum err
key_maker_finish(struct key_maker *m, struct error *e)
{
	if (!m->running)
		(void)make(m);
	else if (pthread_join(m->thread, NULL) != 0)
		m->result = ERR_INTERNAL;
	m->running = false;
	if (m->result != ERR_OK)
		return error_set(e, m->result,
			"could not make a private key: %s",
			error_text(m->result));
	return ERR_OK;
}
