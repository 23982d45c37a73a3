/*
 * alloydb.c - the AlloyDB row: the AlloyDB Admin API's connectionInfo and
 * generateClientCertificate. Must refuse an answer rather than fill in a
 * guess, and never take an address for one of another type.
 */
#include "fetcher/provider.h"

#include "base/encode.h"
#include "fetcher/certificates.h"
#include "wire/url.h"

#include <arpa/inet.h>
#include <string.h>

/* v1 does not tell the names of Private Service Connect. */
#define BASE     "/v1beta/"
#define QUERY    "?alt=json&prettyPrint=false"
#define PEM_LINE 64

static const char *
endpoint(const struct config *config)
{
	return config->alloydbadmin_api_endpoint;
}

static void
write_cluster(const struct instance_config *instance, struct writer *w)
{
	write_str(w, "projects/");
	encode_percent(w, span_str(instance->project));
	write_str(w, "/locations/");
	encode_percent(w, span_str(instance->region));
	write_str(w, "/clusters/");
	encode_percent(w, span_str(instance->cluster));
}

static void
full_name(const struct instance_config *instance, struct writer *w)
{
	write_cluster(instance, w);
	write_str(w, "/instances/");
	encode_percent(w, span_str(instance->instance));
}

static void
instance_target(const struct instance_config *instance, struct writer *w)
{
	write_str(w, BASE);
	full_name(instance, w);
	write_str(w, "/connectionInfo" QUERY);
}

static void
certificate_target(const struct instance_config *instance, struct writer *w)
{
	write_str(w, BASE);
	write_cluster(instance, w);
	write_str(w, ":generateClientCertificate" QUERY);
}

static void
certificate_body(const struct certificate_request *request, struct writer *w)
{
	uint8_t pem[2 * PUBLIC_KEY_DER_MAX];
	struct writer p = writer_over(pem, sizeof(pem));

	write_str(&p, "-----BEGIN PUBLIC KEY-----\n");
	encode_base64(&p, request->public_key, PEM_LINE);
	write_str(&p, "-----END PUBLIC KEY-----\n");
	if (!writer_ok(&p))
		w->failed = true;
	write_str(w, "{\"publicKey\":");
	json_write_string(w, writer_span(&p));
	write_str(w, ",\"certDuration\":\"3600s\","
		     "\"useMetadataExchange\":true}");
}

static const struct json_token *
member(const struct json *answer, const char *name)
{
	return json_member(answer, json_root(answer), name);
}

static enum err
read_instance(const struct instance_config *instance, const struct json *answer,
	struct ipc_identity *id, struct error *e)
{
	(void)instance;
	if (member(answer, "ipAddress") == NULL &&
		member(answer, "publicIpAddress") == NULL &&
		member(answer, "pscDnsName") == NULL)
		return error_set(e, ERR_CONFIG,
			"cannot connect to instance - it has "
			"no supported IP addresses");
	id->engine = IPC_ENGINE_POSTGRES;
	id->mdx = IPC_EXCHANGE_TOKEN;
	return ERR_OK;
}

static bool
is_ip(const char *text)
{
	unsigned char ip[16];

	return inet_pton(AF_INET, text, ip) == 1 ||
	       inet_pton(AF_INET6, text, ip) == 1;
}

static bool
read_ip(const struct json *answer, const char *name, struct ipc_identity *id)
{
	char *text = id->addresses[0].text;

	if (json_text(answer, member(answer, name), text, ADDRESS_MAX) !=
			ERR_OK ||
		!is_ip(text))
		return false;
	id->name_is_address = true;
	return true;
}

/* The name has a final dot, which neither resolver nor certificate want. */
static bool
read_psc(const struct json *answer, struct ipc_identity *id)
{
	char *text = id->addresses[0].text;
	size_t len;

	if (json_text(answer, member(answer, "pscDnsName"), text,
		    ADDRESS_MAX) != ERR_OK ||
		!url_is_name(span_str(text)))
		return false;
	len = strlen(text);
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
	memcpy(id->names[0], text, len + 1);
	id->name_count = 1;
	return true;
}

static enum err
read_addresses(const struct instance_config *instance,
	const struct json *answer, struct ipc_identity *id, struct error *e)
{
	const char *type = "PRIVATE";
	bool found = false;

	switch (instance->ip) {
	case IP_PSC:
		type = "PSC";
		found = read_psc(answer, id);
		break;
	case IP_PUBLIC:
		type = "PUBLIC";
		found = read_ip(answer, "publicIpAddress", id);
		break;
	case IP_PRIVATE:
	case IP_AUTO:
		found = read_ip(answer, "ipAddress", id);
		break;
	}
	if (!found)
		return error_set(e, ERR_CONFIG,
			"instance does not have IP of type \"%s\"", type);
	id->addresses[0].port = ALLOYDB_PROXY_PORT;
	id->address_count = 1;
	return ERR_OK;
}

static enum err
read_certificate(
	const struct json *answer, struct ipc_identity *id, struct error *e)
{
	const struct json_token *ca = member(answer, "caCert");

	if (ca == NULL)
		return error_set(
			e, ERR_CERT, "the answer has no CA certificate");
	if (certificates_read_anchors(answer, ca, id, e) != ERR_OK)
		return e->code;
	return certificates_read_chain(
		answer, member(answer, "pemCertificateChain"), id, e);
}

const struct provider provider_alloydb = {
	.scope_api = "https://www.googleapis.com/auth/cloud-platform",
	.scope_login = "https://www.googleapis.com/auth/alloydb.login",
	.login_always = true,
	.instance_stage = "failed to get instance IP address",
	.instance_failed = "failed to get instance metadata",
	.certificate_stage = "fetch ephemeral cert failed",
	.certificate_failed = "create ephemeral cert failed",
	.name_label = "instance URI",
	.roles = "roles/alloydb.client and "
		 "roles/serviceusage.serviceUsageConsumer",
	.endpoint = endpoint,
	.full_name = full_name,
	.instance_target = instance_target,
	.certificate_target = certificate_target,
	.certificate_body = certificate_body,
	.read_instance = read_instance,
	.read_addresses = read_addresses,
	.read_certificate = read_certificate,
};
