/*
 * fuzz_cloudsql.c - any bytes as an answer of the SQL Admin API: as
 * connectSettings, as a certificate, as an error, as a token. What is accepted
 * must be an identity that the tunnel would take.
 */
#include "fetcher/api_error.h"
#include "fetcher/provider.h"
#include "fetcher/token.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_token tokens[JSON_TOKENS_MAX];

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_instance(const struct json *doc, enum ip_type ip)
{
	static struct instance_config instance;
	static struct ipc_identity id;
	struct error e;

	memset(&id, 0, sizeof(id));
	error_clear(&e);
	(void)strcpy(instance.project, "p");
	(void)strcpy(instance.region, "r");
	(void)strcpy(instance.instance, "i");
	instance.ip = ip;
	if (provider_cloudsql.read_instance(&instance, doc, &id, &e) !=
		ERR_OK) {
		require(e.code != ERR_OK && e.detail[0] != '\0');
		return;
	}
	require(id.name_count <= NAMES_MAX && id.anchors_len > 2);
	require(strcmp(id.common_name, "p:i") == 0);
	if (provider_cloudsql.read_addresses(&instance, doc, &id, &e) != ERR_OK)
		return;
	require(id.address_count > 0 && id.address_count <= ADDRESSES_MAX);
	for (size_t i = 0; i < id.address_count; i++)
		require(id.addresses[i].text[0] != '\0' &&
			strlen(id.addresses[i].text) < ADDRESS_MAX);
}

static void
check_certificate(const struct json *doc)
{
	static struct ipc_identity id;
	struct error e;

	memset(&id, 0, sizeof(id));
	error_clear(&e);
	if (provider_cloudsql.read_certificate(doc, &id, &e) == ERR_OK)
		require(id.chain_len > 2);
}

static void
check_error(const uint8_t *data, size_t size)
{
	char out[ERROR_DETAIL_MAX];
	char reason[API_REASON_MAX];

	memset(reason, 'x', sizeof(reason));
	api_error_reason(reason, sizeof(reason), span_of(data, size), tokens,
		JSON_TOKENS_MAX);
	require(memchr(reason, 0, sizeof(reason)) != NULL);
	for (size_t i = 0; reason[i] != '\0'; i++)
		require((unsigned char)reason[i] >= ' ' || reason[i] == '\n');
	memset(out, 'x', sizeof(out));
	api_error_text(out, sizeof(out), 403, span_of(data, size), tokens,
		JSON_TOKENS_MAX);
	require(strncmp(out, "googleapi: ", 11) == 0);
	require(memchr(out, 0, sizeof(out)) != NULL);
	for (size_t i = 0; out[i] != '\0'; i++)
		require((unsigned char)out[i] >= ' ' || out[i] == '\n');
}

static void
check_token(const uint8_t *data, size_t size)
{
	static struct token t;
	struct error e;

	error_clear(&e);
	if (token_parse(&t, span_of(data, size), 1000, &e) == ERR_OK)
		require(token_is_valid(t.text) && t.expires_s > 1000);
	else
		require(t.text[0] == '\0' && e.code != ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json doc;

	check_error(data, size);
	check_token(data, size);
	if (json_parse(&doc, span_of(data, size), tokens, JSON_TOKENS_MAX) !=
		ERR_OK)
		return 0;
	for (enum ip_type ip = IP_PUBLIC; ip <= IP_AUTO; ip++)
		check_instance(&doc, ip);
	check_certificate(&doc);
	return 0;
}
