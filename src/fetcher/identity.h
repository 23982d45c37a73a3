/*
 * identity.h - from an instance's name to everything a dial needs: token,
 * instance metadata, key, certificate. Top to bottom, blocking.
 */
#ifndef FETCHER_IDENTITY_H
#define FETCHER_IDENTITY_H

#include "base/error.h"
#include "config.h"
#include "fetcher/api.h"
#include "fetcher/credentials.h"
#include "fetcher/key_maker.h"
#include "fetcher/provider.h"
#include "fetcher/resolve.h"
#include "fetcher/token.h"
#include "io/ipc.h"

#include <stdbool.h>
#include <stdint.h>

/* One fetch. Zeroed, on the heap, large, full of secrets. */
struct fetch {
	const struct config *config;
	const struct instance_config *instance;
	const struct provider *provider;
	struct resolved resolved; /* for an instance given by its DNS name */
	struct credentials credentials;
	struct api api;
	struct token login;
	struct key_maker key_maker;
	uint8_t public_key[PUBLIC_KEY_DER_MAX];
	uint16_t public_key_len; /* 0: a key is to be made */
	bool from_file;          /* --static-connection-info */
	struct error error;      /* the whole sentence, once failed */
	struct ipc_identity *id;
};

/*
 * Answer question into *id, whatever happens: id->result says how it went,
 * id->detail why it failed, in the words that follow "failed to connect to
 * instance: " in the proxies' log. f is zeroed; identity_clear afterwards.
 */
void identity_fetch(struct fetch *f, const struct config *config,
	const struct ipc_message *question, struct ipc_identity *id);

/*
 * Wipe and close. A key still being made is left alone: its thread ends with
 * the process, which is why f must not be freed before that.
 */
void identity_clear(struct fetch *f);

#endif
