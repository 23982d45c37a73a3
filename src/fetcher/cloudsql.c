/*
 * cloudsql.c - the Cloud SQL row: the SQL Admin API's connectSettings and
 * generateEphemeralCert. Checks and sentences are those of Google's Go
 * connector, so that users find them. Must refuse an answer rather than fill
 * in a guess.
 */
#include "fetcher/provider.h"

#include "base/encode.h"
#include "fetcher/addresses.h"
#include "fetcher/certificates.h"

#include <string.h>

#define BASE "/sql/v1beta4/projects/"

static const char *
endpoint(const struct config *config)
{
	return config->sqladmin_api_endpoint;
}

static void
write_instance(const struct instance_config *instance, struct writer *w)
{
	write_str(w, BASE);
	encode_percent(w, span_str(instance->project));
	write_str(w, "/instances/");
	encode_percent(w, span_str(instance->instance));
}

static void
full_name(const struct instance_config *instance, struct writer *w)
{
	write_str(w, instance->name);
}

static void
instance_target(const struct instance_config *instance, struct writer *w)
{
	write_instance(instance, w);
	write_str(w, "/connectSettings" PROVIDER_QUERY);
}

static void
dns_target(const struct instance_config *instance, const char *dns_name,
	struct writer *w)
{
	write_str(w, "/sql/v1beta4/locations/");
	encode_percent(w, span_str(instance->region));
	write_str(w, "/dns/");
	encode_percent(w, span_str(dns_name));
	write_str(w, ":resolveConnectSettings" PROVIDER_QUERY);
}

static void
certificate_target(const struct instance_config *instance, struct writer *w)
{
	write_instance(instance, w);
	write_str(w, ":generateEphemeralCert" PROVIDER_QUERY);
}

static void
certificate_body(const struct certificate_request *request, struct writer *w)
{
	write_str(w, "{\"public_key\":");
	provider_write_key(w, request->public_key);
	if (request->login_token != NULL) {
		write_str(w, ",\"access_token\":");
		json_write_string(w, span_str(request->login_token));
	}
	write_str(w, "}");
}

static enum err
check_kind(const struct instance_config *instance, const struct json *answer,
	struct error *e)
{
	char region[INSTANCE_NAME_MAX];

	if (json_text(answer, json_root_member(answer, "region"), region,
		    sizeof(region)) != ERR_OK)
		return error_set(
			e, ERR_PARSE, "connectSettings has no usable region");
	if (strcmp(region, instance->region) != 0)
		return error_set(e, ERR_CONFIG,
			"provided region was "
			"mismatched - got %s, want %s",
			instance->region, region);
	if (!json_equal_str(answer, json_root_member(answer, "backendType"),
		    "SECOND_GEN"))
		return error_set(e, ERR_CONFIG,
			"unsupported instance - only "
			"Second Generation instances are supported");
	return ERR_OK;
}

static bool
begins_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static enum err
read_engine(const struct instance_config *instance, const struct json *answer,
	struct ipc_identity *id, struct error *e)
{
	if (json_text(answer, json_root_member(answer, "databaseVersion"),
		    id->database_version,
		    sizeof(id->database_version)) != ERR_OK)
		id->database_version[0] = '\0';
	id->engine = IPC_ENGINE_UNKNOWN;
	if (begins_with(id->database_version, "POSTGRES"))
		id->engine = IPC_ENGINE_POSTGRES;
	else if (begins_with(id->database_version, "MYSQL"))
		id->engine = IPC_ENGINE_MYSQL;
	else if (begins_with(id->database_version, "SQLSERVER"))
		id->engine = IPC_ENGINE_SQLSERVER;
	if (instance->auto_iam_authn && id->engine != IPC_ENGINE_POSTGRES &&
		id->engine != IPC_ENGINE_MYSQL)
		return error_set(e, ERR_CONFIG,
			"%s does not support Auto IAM DB Authentication",
			id->database_version);
	return ERR_OK;
}

/* The server speaks the metadata exchange that names the client's protocol. */
static bool
has_mdx(const struct json *answer)
{
	const struct json_token *list =
		json_root_member(answer, "mdxProtocolSupport");
	const struct json_token *one = json_first(answer, list);

	for (; one != NULL; one = json_after(answer, list, one)) {
		if (json_equal_str(answer, one, "CLIENT_PROTOCOL_TYPE"))
			return true;
	}
	return false;
}

static enum err
read_anchors(
	const struct json *answer, struct ipc_identity *id, struct error *e)
{
	const struct json_token *pem = json_member(
		answer, json_root_member(answer, "serverCaCert"), "cert");

	if (pem == NULL)
		return error_set(e, ERR_CERT,
			"instance does not have a server CA certificate");
	return certificates_read_anchors(answer, pem, id, e);
}

static enum err
set_common_name(const struct instance_config *instance, struct ipc_identity *id,
	struct error *e)
{
	struct writer w = writer_over(id->common_name, sizeof(id->common_name));

	write_str(&w, instance->project);
	write_u8(&w, ':');
	write_str(&w, instance->instance);
	write_u8(&w, 0);
	if (!writer_ok(&w))
		return error_set(e, ERR_CONFIG, "instance name is too long");
	return ERR_OK;
}

static enum err
read_instance(const struct instance_config *instance, const struct json *answer,
	struct ipc_identity *id, struct error *e)
{
	enum err result = check_kind(instance, answer, e);

	if (result == ERR_OK)
		result = addresses_check(answer, e);
	if (result == ERR_OK)
		result = read_anchors(answer, id, e);
	if (result == ERR_OK)
		result = read_engine(instance, answer, id, e);
	if (result == ERR_OK)
		result = set_common_name(instance, id, e);
	addresses_read_names(answer, id);
	id->mdx = has_mdx(answer) ? IPC_EXCHANGE_ANNOUNCE : IPC_EXCHANGE_NONE;
	return result;
}

static enum err
read_addresses(const struct instance_config *instance,
	const struct json *answer, struct ipc_identity *id, struct error *e)
{
	return addresses_read(instance->ip, answer, id, e);
}

static enum err
read_certificate(
	const struct json *answer, struct ipc_identity *id, struct error *e)
{
	const struct json_token *pem = json_member(
		answer, json_root_member(answer, "ephemeralCert"), "cert");

	if (pem == NULL)
		return error_set(e, ERR_CERT, "the answer has no certificate");
	return certificates_read_leaf(answer, pem, id, e);
}

const struct provider provider_cloudsql = {
	.scope_api = "https://www.googleapis.com/auth/sqlservice.admin",
	.scope_login = "https://www.googleapis.com/auth/sqlservice.login",
	.login_in_certificate = true,
	.instance_stage = "failed to get instance",
	.instance_failed = "failed to get instance metadata",
	.certificate_stage = "fetch ephemeral cert failed",
	.certificate_failed = "create ephemeral cert failed",
	.name_label = "connection name",
	.roles = "roles/cloudsql.client",
	.endpoint = endpoint,
	.full_name = full_name,
	.instance_target = instance_target,
	.dns_target = dns_target,
	.certificate_target = certificate_target,
	.certificate_body = certificate_body,
	.read_instance = read_instance,
	.read_addresses = read_addresses,
	.read_certificate = read_certificate,
};
