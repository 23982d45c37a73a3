/*
 * identity.h - who we are to an instance and whom we expect there, decoded
 * from a fetcher's answer and ready for a TLS handshake.
 *
 * Shared by counting: the instance holds one reference and every connection
 * one until its handshake is done, so that a refresh frees nothing that is in
 * use. Not thread-safe; there are no threads here.
 */
#ifndef TUNNEL_IDENTITY_H
#define TUNNEL_IDENTITY_H

#include "base/error.h"
#include "base/limits.h"
#include "io/ipc.h"
#include "tls/keypair.h"
#include "tls/names.h"
#include "tls/tls13.h"
#include "tls/x509.h"

#include <stddef.h>
#include <stdint.h>

struct identity {
	unsigned references;
	enum ipc_engine engine;
	int64_t expires_s;
	enum ipc_exchange exchange;
	struct span login_token; /* secret; behind chain, empty: none */
	size_t address_count;
	struct ipc_address addresses[ADDRESSES_MAX];
	char proxy[ADDRESS_MAX]; /* of the name in ALL_PROXY; "": none */
	char dns[NAMES_MAX][HOST_LEN_MAX];
	char common_name[INSTANCE_NAME_MAX];
	struct names_policy names; /* points to dns and common_name */
	struct x509_anchors anchors;
	struct keypair key;
	struct tls13_config tls; /* points to all of the above and chain */
	size_t tail_len;
	uint8_t chain[]; /* the certificates of tls.chain, and the token */
};

/*
 * Decode an answer with result IPC_RESULT_OK. key is that of the identity
 * before, for answers without one of their own, or NULL. ERR_OK: *id has one
 * reference. ERR_CERT, ERR_KEY, ERR_PARSE, ERR_NOMEM: e says what is wrong.
 */
enum err identity_new(const struct ipc_identity *answer,
	const struct keypair *key, struct identity **id,
	struct error *e) NODISCARD;

struct identity *identity_hold(struct identity *id);

/* Drop a reference; the last one wipes and frees. NULL is allowed. */
void identity_drop(struct identity *id);

#endif
