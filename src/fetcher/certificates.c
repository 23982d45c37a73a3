/*
 * certificates.c - the certificates of an identity, from PEM to entries of
 * { u16 length, DER }. Certificates are public: nothing here is a secret.
 */
#include "fetcher/certificates.h"

#include "tls/x509.h"

#include <stdlib.h>
#include <string.h>

/* Headroom for PEM over DER: base64, line ends, armour. */
#define PEM_MAX (2 * (size_t)ANCHORS_DER_MAX)

static enum err
read_entries(const struct json *answer, const struct json_token *v,
	struct writer *entries, size_t *count)
{
	uint8_t *pem = malloc(PEM_MAX);
	struct writer w = writer_over(pem, PEM_MAX);
	enum err result;

	if (pem == NULL)
		return ERR_NOMEM;
	result = json_string(answer, v, &w);
	if (result == ERR_OK)
		result = x509_pem_to_entries(writer_span(&w), entries, count);
	free(pem);
	return result;
}

enum err
certificates_read_anchors(const struct json *answer, const struct json_token *v,
	struct ipc_identity *id, struct error *e)
{
	struct writer entries = writer_over(id->anchors, sizeof(id->anchors));
	struct x509_anchors tried;
	struct error cause;
	size_t count = 0;
	enum err result = read_entries(answer, v, &entries, &count);

	if (result == ERR_LIMIT)
		return error_set(e, ERR_CERT,
			"instance has server CA certificates of more than %d "
			"bytes",
			ANCHORS_DER_MAX);
	if (result != ERR_OK || count == 0)
		return error_set(
			e, ERR_CERT, "failed to decode valid PEM cert");
	if (count > ANCHORS_MAX)
		return error_set(e, ERR_CERT,
			"instance has %zu server CA certificates, more than %d",
			count, ANCHORS_MAX);
	id->anchors_len = (uint16_t)entries.len;
	memset(&tried, 0, sizeof(tried));
	error_clear(&cause);
	if (x509_anchors_from_der(
		    &tried, writer_span(&entries), true, &cause) != ERR_OK)
		return error_set(e, ERR_CERT,
			"failed to parse as X.509 certificate: %s",
			cause.detail);
	x509_anchors_free(&tried);
	return ERR_OK;
}

static struct span
leaf_of(const struct ipc_identity *id)
{
	struct reader r = reader_over(span_of(id->chain, id->chain_len));

	return read_block16(&r);
}

static enum err
read_expiry(struct ipc_identity *id, struct error *e)
{
	if (x509_not_after(leaf_of(id), &id->expires_s) != ERR_OK)
		return error_set(e, ERR_CERT,
			"failed to parse as X.509 certificate: no validity");
	return ERR_OK;
}

enum err
certificates_read_leaf(const struct json *answer, const struct json_token *v,
	struct ipc_identity *id, struct error *e)
{
	struct writer entries = writer_over(id->chain, sizeof(id->chain));
	struct span leaf;
	size_t count = 0;

	if (read_entries(answer, v, &entries, &count) != ERR_OK || count == 0)
		return error_set(
			e, ERR_CERT, "failed to decode valid PEM cert");
	id->chain_len = (uint16_t)entries.len;
	leaf = leaf_of(id);
	/* Only the first block is used, as the connectors do. */
	id->chain_len = (uint16_t)(2 + leaf.len);
	return read_expiry(id, e);
}

enum err
certificates_read_chain(const struct json *answer, const struct json_token *v,
	struct ipc_identity *id, struct error *e)
{
	struct writer entries = writer_over(id->chain, sizeof(id->chain));
	const struct json_token *one = json_first(answer, v);
	size_t total = 0;

	for (; one != NULL && total < CHAIN_CERTS_MAX;
		one = json_after(answer, v, one)) {
		size_t count = 0;

		if (read_entries(answer, one, &entries, &count) != ERR_OK ||
			count == 0)
			return error_set(e, ERR_CERT,
				"failed to decode valid PEM cert chain");
		total += count;
	}
	if (total == 0 || total > CHAIN_CERTS_MAX)
		return error_set(e, ERR_CERT,
			"the answer has a client certificate chain of %zu",
			total);
	id->chain_len = (uint16_t)entries.len;
	return read_expiry(id, e);
}

enum err
certificates_check_key(
	const struct ipc_identity *id, struct span public_key, struct error *e)
{
	struct span leaf = leaf_of(id);

	if (public_key.len == 0 || leaf.len < public_key.len ||
		memmem(leaf.data, leaf.len, public_key.data, public_key.len) ==
			NULL)
		return error_set(e, ERR_CERT,
			"the certificate is not for the key it was asked for");
	return ERR_OK;
}
