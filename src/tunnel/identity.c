/*
 * identity.c - fetchers' answers made into what a handshake takes. Owns the
 * ephemeral key in this process; must never let it outlive its last user.
 */
#include "tunnel/identity.h"

#include "base/span.h"

#include <stdlib.h>
#include <string.h>

/* ipc_receive_identity has checked that every string ends in its field. */
static void
copy_names(struct identity *id, const struct ipc_identity *answer)
{
	size_t i;

	memcpy(id->dns, answer->names, sizeof(id->dns));
	memcpy(id->common_name, answer->common_name, sizeof(id->common_name));
	for (i = 0; i < answer->name_count; i++)
		id->names.dns[i] = id->dns[i];
	id->names.dns_count = answer->name_count;
	id->names.common_name = id->common_name;
	id->tls.names = &id->names;
	/* As the connectors do: a name if the API gave one, else no SNI. */
	if (answer->name_count > 0)
		id->tls.sni = id->dns[0];
}

static enum err
copy_chain(
	struct identity *id, const struct ipc_identity *answer, struct error *e)
{
	struct reader in;

	memcpy(id->chain, answer->chain, answer->chain_len);
	in = reader_over(span_of(id->chain, answer->chain_len));
	while (in.left > 0 && reader_ok(&in)) {
		if (id->tls.chain_count == CHAIN_CERTS_MAX)
			return error_set(e, ERR_LIMIT,
				"the client certificate chain is too long");
		id->tls.chain[id->tls.chain_count++] = read_block16(&in);
	}
	if (!reader_done(&in) || id->tls.chain_count == 0)
		return error_set(e, ERR_PARSE,
			"the client certificate chain is malformed");
	return ERR_OK;
}

static enum err
copy_key(struct identity *id, const struct ipc_identity *answer,
	const struct keypair *key, struct error *e)
{
	struct span der = span_of(answer->private_key, answer->private_key_len);

	id->tls.key = &id->key;
	if (der.len == 0 && key == NULL)
		return error_set(e, ERR_KEY, "the answer has no private key");
	if (der.len == 0) {
		keypair_copy(&id->key, key);
		return ERR_OK;
	}
	if (keypair_from_der(&id->key, der) != ERR_OK)
		return error_set(
			e, ERR_KEY, "the ephemeral key cannot be read");
	return ERR_OK;
}

static enum err
fill(struct identity *id, const struct ipc_identity *answer,
	const struct keypair *key, struct error *e)
{
	struct span anchors = span_of(answer->anchors, answer->anchors_len);

	id->engine = (enum ipc_engine)answer->engine;
	id->expires_s = answer->expires_s;
	id->address_count = answer->address_count;
	memcpy(id->addresses, answer->addresses, sizeof(id->addresses));
	copy_names(id, answer);
	if (copy_chain(id, answer, e) != ERR_OK)
		return e->code;
	if (copy_key(id, answer, key, e) != ERR_OK)
		return e->code;
	/* The API names these certificates as the instance's CAs. */
	if (x509_anchors_from_der(&id->anchors, anchors, true, e) != ERR_OK)
		return e->code;
	id->tls.anchors = &id->anchors;
	return ERR_OK;
}

enum err
identity_new(const struct ipc_identity *answer, const struct keypair *key,
	struct identity **id, struct error *e)
{
	*id = calloc(1, sizeof(**id) + answer->chain_len);
	if (*id == NULL)
		return error_set(e, ERR_NOMEM, "no memory for an identity");
	(*id)->references = 1;
	if (fill(*id, answer, key, e) == ERR_OK)
		return ERR_OK;
	identity_drop(*id);
	*id = NULL;
	return e->code;
}

struct identity *
identity_hold(struct identity *id)
{
	id->references++;
	return id;
}

void
identity_drop(struct identity *id)
{
	if (id == NULL || --id->references > 0)
		return;
	x509_anchors_free(&id->anchors);
	keypair_clear(&id->key);
	free(id);
}
