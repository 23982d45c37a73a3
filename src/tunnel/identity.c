/*
 * identity.c - fetchers' answers made into what a handshake takes. Owns the
 * ephemeral key in this process; must never let it outlive its last user.
 */
#include "tunnel/identity.h"

#include "base/mem.h"
#include "base/span.h"

#include <arpa/inet.h>
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

/* The token stands behind the chain. */
static void
copy_token(struct identity *id, const struct ipc_identity *answer)
{
	uint8_t *at = id->chain + answer->chain_len;

	memcpy(at, answer->login_token, answer->login_token_len);
	id->login_token = span_of(at, answer->login_token_len);
	id->exchange = (enum ipc_exchange)answer->mdx;
}

/*
 * The one address is the server's name. With a second one it would not be
 * certain which of them a certificate is to be for.
 */
static enum err
copy_address_name(
	struct identity *id, const struct ipc_identity *answer, struct error *e)
{
	struct names_policy *names = &id->names;
	const char *text = answer->addresses[0].text;

	if (!answer->name_is_address)
		return ERR_OK;
	if (answer->address_count != 1)
		return error_set(
			e, ERR_PARSE, "the server has no single address");
	if (inet_pton(AF_INET, text, names->ip) == 1)
		names->ip_len = 4;
	else if (inet_pton(AF_INET6, text, names->ip) == 1)
		names->ip_len = 16;
	return ERR_OK;
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
	memcpy(id->proxy, answer->proxy, sizeof(id->proxy));
	copy_names(id, answer);
	copy_token(id, answer);
	if (copy_address_name(id, answer, e) != ERR_OK)
		return e->code;
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
	size_t tail = (size_t)answer->chain_len + answer->login_token_len;

	*id = calloc(1, sizeof(**id) + tail);
	if (*id == NULL)
		return error_set(e, ERR_NOMEM, "no memory for an identity");
	(*id)->references = 1;
	(*id)->tail_len = tail;
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
	mem_wipe(id->chain, id->tail_len);
	free(id);
}
