/*
 * alloydb.c - the AlloyDB row: the AlloyDB Admin API's connectionInfo and
 * generateClientCertificate. Must refuse an answer rather than fill in a
 * guess, and never take an address for one of another type.
 */
#include "fetcher/provider.h"

#include "base/encode.h"
#include "fetcher/addresses.h"
#include "fetcher/certificates.h"
#include "wire/url.h"

#include <string.h>

/* v1 does not tell the names of Private Service Connect. */
#define BASE "/v1beta/"

static const char *
endpoint(const struct config *config)
{
	return config->alloydbadmin_api_endpoint;
}

static void
write_cluster(const struct instance_config *instance, struct writer *w)
{
	write_str(w, BASE "projects/");
	encode_percent(w, span_str(instance->project));
	write_str(w, "/locations/");
	encode_percent(w, span_str(instance->region));
	write_str(w, "/clusters/");
	encode_percent(w, span_str(instance->cluster));
}

static void
full_name(const struct instance_config *instance, struct writer *w)
{
	write_str(w, "projects/");
	write_str(w, instance->project);
	write_str(w, "/locations/");
	write_str(w, instance->region);
	write_str(w, "/clusters/");
	write_str(w, instance->cluster);
	write_str(w, "/instances/");
	write_str(w, instance->instance);
}

static void
instance_target(const struct instance_config *instance, struct writer *w)
{
	write_cluster(instance, w);
	write_str(w, "/instances/");
	encode_percent(w, span_str(instance->instance));
	write_str(w, "/connectionInfo" PROVIDER_QUERY);
}

static void
certificate_target(const struct instance_config *instance, struct writer *w)
{
	write_cluster(instance, w);
	write_str(w, ":generateClientCertificate" PROVIDER_QUERY);
}

static void
certificate_body(const struct certificate_request *request, struct writer *w)
{
	write_str(w, "{\"publicKey\":");
	provider_write_key(w, request->public_key);
	write_str(w, ",\"certDuration\":\"3600s\","
		     "\"useMetadataExchange\":true}");
}

/* Where the API has it, or the file of --static-connection-info. */
static const struct json_token *
psc_name(const struct json *answer)
{
	const struct json_token *name = json_root_member(answer, "pscDnsName");

	if (name != NULL)
		return name;
	return json_member(answer,
		json_root_member(answer, "pscInstanceConfig"), "pscDnsName");
}

static enum err
read_instance(const struct instance_config *instance, const struct json *answer,
	struct ipc_identity *id, struct error *e)
{
	(void)instance;
	if (json_root_member(answer, "ipAddress") == NULL &&
		json_root_member(answer, "publicIpAddress") == NULL &&
		psc_name(answer) == NULL)
		return error_set(e, ERR_CONFIG,
			"cannot connect to instance - it has "
			"no supported IP addresses");
	id->engine = IPC_ENGINE_POSTGRES;
	id->mdx = IPC_EXCHANGE_TOKEN;
	return ERR_OK;
}

static bool
read_ip(const struct json *answer, const char *name, struct ipc_identity *id)
{
	char *text = id->addresses[0].text;
	uint8_t ip[16];

	if (json_text(answer, json_root_member(answer, name), text,
		    ADDRESS_MAX) != ERR_OK ||
		url_read_ip(text, ip) == 0)
		return false;
	id->name_is_address = true;
	return true;
}

static bool
read_psc(const struct json *answer, struct ipc_identity *id)
{
	char *name = id->names[0];

	if (addresses_read_name(answer, psc_name(answer), name) != ERR_OK)
		return false;
	memcpy(id->addresses[0].text, name, strlen(name) + 1);
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
	const struct json_token *ca = json_root_member(answer, "caCert");

	if (ca == NULL)
		return error_set(
			e, ERR_CERT, "the answer has no CA certificate");
	if (certificates_read_anchors(answer, ca, id, e) != ERR_OK)
		return e->code;
	return certificates_read_chain(
		answer, json_root_member(answer, "pemCertificateChain"), id, e);
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
