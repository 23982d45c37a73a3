/*
 * test_cloudsql.c - the Cloud SQL row: what is asked, and what of the answers
 * is taken into an identity or refused, in the connectors' words.
 */
#include "fetcher/certificates.h"
#include "fetcher/provider.h"

#include "pemvec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER_MAX 65536

static const struct provider *const p = &provider_cloudsql;
static struct instance_config instance;
static struct ipc_identity id;
static struct error e;
static struct json_token tokens[JSON_TOKENS_MAX];
static struct json doc;
static uint8_t answer[ANSWER_MAX];

static int
setup(void **state)
{
	(void)state;
	memset(&instance, 0, sizeof(instance));
	memset(&id, 0, sizeof(id));
	error_clear(&e);
	strcpy(instance.name, "my-project:us-central1:orders");
	strcpy(instance.project, "my-project");
	strcpy(instance.region, "us-central1");
	strcpy(instance.instance, "orders");
	return 0;
}

static void
parse(const struct writer *w)
{
	assert_true(writer_ok(w));
	assert_int_equal(
		json_parse(&doc, writer_span(w), tokens, JSON_TOKENS_MAX),
		ERR_OK);
}

/*
 * connectSettings: fields, which come last and so replace the usual ones, and
 * certificates named in pems.
 */
static void
settings(const char *fields, const char *pems)
{
	struct writer w = writer_over(answer, sizeof(answer));
	static char pem[ANSWER_MAX / 2];
	char list[64];
	char *save = NULL;

	pem[0] = '\0';
	(void)snprintf(list, sizeof(list), "%s", pems);
	for (char *n = strtok_r(list, " ", &save); n != NULL;
		n = strtok_r(NULL, " ", &save))
		strcat(pem, pemvec_cert_pem(n));
	write_str(&w, "{\"serverCaCert\":{\"cert\":");
	json_write_string(&w, span_str(pem));
	write_str(&w, "},\"region\":\"us-central1\",\"backendType\":"
		      "\"SECOND_GEN\",\"databaseVersion\":\"POSTGRES_16\","
		      "\"ipAddresses\":[{\"type\":\"OUTGOING\",\"ipAddress\":"
		      "\"203.0.113.8\"},{\"type\":\"PRIMARY\",\"ipAddress\":"
		      "\"203.0.113.7\"},{\"type\":\"PRIVATE\",\"ipAddress\":"
		      "\"10.20.0.3\"}]");
	write_str(&w, fields);
	write_str(&w, "}");
	parse(&w);
}

static enum err
read_instance(void)
{
	enum err result = p->read_instance(&instance, &doc, &id, &e);

	if (result == ERR_OK)
		result = p->read_addresses(&instance, &doc, &id, &e);
	return result;
}

static void
expect(const char *fields, enum err result, const char *detail)
{
	(void)setup(NULL);
	settings(fields, "ca");
	assert_int_equal(read_instance(), result);
	assert_string_equal(e.detail, detail);
}

static void
writes_targets(void **state)
{
	char out[256];
	struct writer w = writer_over(out, sizeof(out));

	(void)state;
	strcpy(instance.project, "example.com:my-proj");
	p->instance_target(&instance, &w);
	assert_true(span_equal_str(writer_span(&w),
		"/sql/v1beta4/projects/example.com%3Amy-proj/instances/orders/"
		"connectSettings?alt=json&prettyPrint=false"));
	w = writer_over(out, sizeof(out));
	strcpy(instance.instance, "../x?y#z");
	p->certificate_target(&instance, &w);
	assert_true(span_equal_str(writer_span(&w),
		"/sql/v1beta4/projects/example.com%3Amy-proj/instances/"
		"..%2Fx%3Fy%23z:generateEphemeralCert"
		"?alt=json&prettyPrint=false"));
}

static void
writes_the_certificate_request(void **state)
{
	uint8_t key[PUBLIC_KEY_DER_MAX] = {0};
	struct certificate_request request = {
		.public_key = span_of(key, sizeof(key))};
	struct writer w = writer_over(answer, sizeof(answer));
	char text[1024];
	const struct json_token *root;

	(void)state;
	memset(key, 0xa5, sizeof(key));
	p->certificate_body(&request, &w);
	parse(&w);
	root = json_root(&doc);
	assert_int_equal(json_text(&doc, json_member(&doc, root, "public_key"),
				 text, sizeof(text)),
		ERR_OK);
	/* 294 bytes: six lines of 64 characters and one of 8. */
	assert_int_equal(strlen(text), 27 + 6 * 65 + 9 + 25);
	assert_memory_equal(text, "-----BEGIN PUBLIC KEY-----\npaWl", 31);
	assert_memory_equal(
		text + strlen(text) - 26, "\n-----END PUBLIC KEY-----\n", 26);
	assert_null(json_member(&doc, root, "access_token"));

	request.login_token = "ya29.L...";
	w = writer_over(answer, sizeof(answer));
	p->certificate_body(&request, &w);
	parse(&w);
	assert_true(json_equal_str(&doc,
		json_member(&doc, json_root(&doc), "access_token"),
		"ya29.L..."));
}

static void
reads_an_instance(void **state)
{
	(void)state;
	settings("", "ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.engine, IPC_ENGINE_POSTGRES);
	assert_string_equal(id.database_version, "POSTGRES_16");
	assert_string_equal(id.common_name, "my-project:orders");
	assert_int_equal(id.address_count, 1);
	assert_string_equal(id.addresses[0].text, "203.0.113.7");
	assert_int_equal(id.addresses[0].port, 3307);
	assert_int_equal(id.name_count, 0);
	assert_int_equal(id.mdx, 0);
	assert_int_equal(id.anchors_len, 2 + pemvec_cert("ca").len);
	assert_memory_equal(
		id.anchors + 2, pemvec_cert("ca").data, pemvec_cert("ca").len);
}

static void
keeps_the_colon_of_a_project_in_the_common_name(void **state)
{
	(void)state;
	strcpy(instance.project, "example.com:my-proj");
	settings("", "ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_string_equal(id.common_name, "example.com:my-proj:orders");
}

static void
knows_engines(void **state)
{
	static const struct {
		const char *fields;
		enum ipc_engine engine;
	} cases[] = {
		{",\"databaseVersion\":\"MYSQL_8_0\"", IPC_ENGINE_MYSQL},
		{",\"databaseVersion\":\"SQLSERVER_2022_WEB\"",
			IPC_ENGINE_SQLSERVER},
		{",\"databaseVersion\":\"ORACLE_1\"", IPC_ENGINE_UNKNOWN},
		{",\"databaseVersion\":null", IPC_ENGINE_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		settings(cases[i].fields, "ca");
		assert_int_equal(read_instance(), ERR_OK);
		assert_int_equal(id.engine, cases[i].engine);
	}
	instance.auto_iam_authn = true;
	settings(",\"databaseVersion\":\"SQLSERVER_2022_WEB\"", "ca");
	assert_int_equal(read_instance(), ERR_CONFIG);
	assert_string_equal(e.detail, "SQLSERVER_2022_WEB does not support "
				      "Auto IAM DB Authentication");
}

static void
reads_what_the_server_may_be_called(void **state)
{
	(void)state;
	settings(",\"dnsName\":\"Abc.Def.us-central1.sql.goog.\","
		 "\"mdxProtocolSupport\":[\"X\",\"CLIENT_PROTOCOL_TYPE\"],"
		 "\"dnsNames\":[{\"name\":\"psc.sql-psc.goog.\"},"
		 "{\"name\":\"not a name\"},{\"name\":7},{},3,"
		 "{\"name\":\"abc.def.us-central1.sql.goog\"}]",
		"ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.name_count, 2);
	assert_string_equal(id.names[0], "psc.sql-psc.goog");
	assert_string_equal(id.names[1], "abc.def.us-central1.sql.goog");
	assert_int_equal(id.mdx, 1);
}

static void
bounds_names(void **state)
{
	char fields[1024] = ",\"dnsNames\":[{}";

	(void)state;
	for (int i = 0; i < NAMES_MAX + 3; i++)
		(void)sprintf(fields + strlen(fields),
			",{\"name\":\"n%d.example\"}", i);
	strcat(fields, "]");
	settings(fields, "ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.name_count, NAMES_MAX);
}

static void
selects_addresses(void **state)
{
	static const char private[] =
		",\"ipAddresses\":[{\"type\":\"PRIVATE\",\"ipAddress\":"
		"\"10.0.0.9\"},{\"type\":\"PRIVATE\",\"ipAddress\":"
		"\"fd00::1\"}]";

	(void)state;
	instance.ip = IP_PRIVATE;
	settings("", "ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_string_equal(id.addresses[0].text, "10.20.0.3");
	instance.ip = IP_AUTO;
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.address_count, 1);
	assert_string_equal(id.addresses[0].text, "203.0.113.7");
	settings(private, "ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.address_count, 2);
	assert_string_equal(id.addresses[1].text, "fd00::1");
	instance.ip = IP_PUBLIC;
	assert_int_equal(read_instance(), ERR_CONFIG);
	assert_string_equal(
		e.detail, "instance does not have IP of type \"PUBLIC\"");
}

static void
takes_no_text_for_an_address(void **state)
{
	(void)state;
	expect(",\"ipAddresses\":[{\"type\":\"PRIMARY\",\"ipAddress\":"
	       "\"evil.example\"},{\"type\":\"PRIMARY\"}]",
		ERR_CONFIG, "instance does not have IP of type \"PUBLIC\"");
}

#define PSC(name)                                                              \
	"{\"name\":\"" name "\",\"connectionType\":"                           \
	"\"PRIVATE_SERVICE_CONNECT\",\"dnsScope\":\"INSTANCE\"}"

static void
orders_psc_names(void **state)
{
	(void)state;
	instance.ip = IP_PSC;
	settings(
		",\"pscEnabled\":true,\"dnsNames\":["
		"{\"name\":\"no.example\",\"connectionType\":\"PUBLIC\","
		"\"dnsScope\":\"INSTANCE\"},"
		"{\"name\":\"wide.example\",\"connectionType\":"
		"\"PRIVATE_SERVICE_CONNECT\",\"dnsScope\":\"CLUSTER\"}," PSC(
			"b"
			"."
			"e"
			"x"
			"a"
			"m"
			"p"
			"l"
			"e"
			".") "," PSC("z.sql-psc.goog.") "," PSC("a.example") "," PSC("a.sql-"
										     "psc."
										     "goog") "," PSC("0.example") "]",
		"ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.address_count, 4);
	assert_string_equal(id.addresses[0].text, "a.sql-psc.goog");
	assert_string_equal(id.addresses[1].text, "z.sql-psc.goog");
	assert_string_equal(id.addresses[2].text, "0.example");
	assert_string_equal(id.addresses[3].text, "a.example");
	assert_int_equal(id.addresses[3].port, 3307);

	settings(",\"pscEnabled\":true,\"dnsName\":\"old.example.\"", "ca");
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.address_count, 1);
	assert_string_equal(id.addresses[0].text, "old.example");

	settings(",\"pscEnabled\":false,\"dnsName\":\"old.example.\"", "ca");
	assert_int_equal(read_instance(), ERR_CONFIG);
	assert_string_equal(
		e.detail, "instance does not have IP of type \"PSC\"");
}

static void
refuses_instances_it_cannot_use(void **state)
{
	(void)state;
	expect(",\"region\":\"us-west1\"", ERR_CONFIG,
		"provided region was mismatched - got us-central1, want "
		"us-west1");
	expect(",\"region\":null", ERR_PARSE,
		"connectSettings has no usable region");
	expect(",\"backendType\":\"FIRST_GEN\"", ERR_CONFIG,
		"unsupported instance - only Second Generation instances are "
		"supported");
	expect(",\"ipAddresses\":null", ERR_CONFIG,
		"cannot connect to instance - it has no supported IP "
		"addresses");
	expect(",\"ipAddresses\":[{\"type\":\"OUTGOING\",\"ipAddress\":"
	       "\"203.0.113.8\"}]",
		ERR_CONFIG,
		"cannot connect to instance - it has no supported IP "
		"addresses");
	expect(",\"serverCaCert\":null", ERR_CERT,
		"instance does not have a server CA certificate");
	expect(",\"serverCaCert\":{\"cert\":\"nonsense\"}", ERR_CERT,
		"failed to decode valid PEM cert");
	expect(",\"serverCaCert\":{\"cert\":\"\"}", ERR_CERT,
		"failed to decode valid PEM cert");
	expect(",\"serverCaCert\":{\"cert\":7}", ERR_CERT,
		"failed to decode valid PEM cert");
	settings("", "ca");
	error_clear(&e);
	assert_int_equal(json_parse(&doc, span_str("[]"), tokens, 4), ERR_OK);
	assert_int_equal(read_instance(), ERR_PARSE);
}

static void
refuses_what_is_no_certificate(void **state)
{
	(void)state;
	settings(",\"serverCaCert\":{\"cert\":\"-----BEGIN CERTIFICATE-----\\n"
		 "MAA=\\n-----END CERTIFICATE-----\\n\"}",
		"ca");
	assert_int_equal(read_instance(), ERR_CERT);
	assert_non_null(
		strstr(e.detail, "failed to parse as X.509 certificate: "));
}

static void
takes_several_anchors(void **state)
{
	(void)state;
	settings("", "ca ca_sha1");
	assert_int_equal(read_instance(), ERR_OK);
	assert_int_equal(id.anchors_len,
		4 + pemvec_cert("ca").len + pemvec_cert("ca_sha1").len);
}

static enum err
read_certificate(const char *before, const char *pem, const char *more)
{
	static char text[ANSWER_MAX / 2];
	struct writer w = writer_over(answer, sizeof(answer));

	error_clear(&e);
	(void)snprintf(text, sizeof(text), "%s%s%s", before, pem, more);
	write_str(&w, "{\"ephemeralCert\":{\"cert\":");
	json_write_string(&w, span_str(text));
	write_str(&w, "}}");
	parse(&w);
	return p->read_certificate(&doc, &id, &e);
}

static void
reads_the_client_certificate(void **state)
{
	struct span leaf = pemvec_cert("ca");

	(void)state;
	/* One block counts, as in the connectors. */
	assert_int_equal(
		read_certificate("text before\r\n", pemvec_cert_pem("ca"),
			pemvec_cert_pem("ca_sha1")),
		ERR_OK);
	assert_int_equal(id.chain_len, 2 + leaf.len);
	assert_memory_equal(id.chain + 2, leaf.data, leaf.len);
	assert_true(id.expires_s > PEMVEC_NOW);
	assert_int_equal(read_certificate("", "", ""), ERR_CERT);
	assert_string_equal(e.detail, "failed to decode valid PEM cert");
	assert_int_equal(json_parse(&doc, span_str("{}"), tokens, 4), ERR_OK);
	error_clear(&e);
	assert_int_equal(p->read_certificate(&doc, &id, &e), ERR_CERT);
}

static void
checks_whose_key_was_certified(void **state)
{
	struct span leaf = pemvec_cert("ca");
	/* SubjectPublicKeyInfo of an RSA-2048 key is 294 bytes long. */
	static const uint8_t head[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d};
	const uint8_t *key = memmem(leaf.data, leaf.len, head, sizeof(head));
	uint8_t other[PUBLIC_KEY_DER_MAX];

	(void)state;
	assert_non_null(key);
	assert_int_equal(
		read_certificate("", pemvec_cert_pem("ca"), ""), ERR_OK);
	assert_int_equal(certificates_check_key(
				 &id, span_of(key, PUBLIC_KEY_DER_MAX), &e),
		ERR_OK);
	memcpy(other, key, sizeof(other));
	other[100] ^= 1;
	assert_int_equal(
		certificates_check_key(&id, span_of(other, sizeof(other)), &e),
		ERR_CERT);
	error_clear(&e);
	assert_int_equal(
		certificates_check_key(&id, span_of(key, 0), &e), ERR_CERT);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(writes_targets, setup),
		cmocka_unit_test_setup(writes_the_certificate_request, setup),
		cmocka_unit_test_setup(reads_an_instance, setup),
		cmocka_unit_test_setup(
			keeps_the_colon_of_a_project_in_the_common_name, setup),
		cmocka_unit_test_setup(knows_engines, setup),
		cmocka_unit_test_setup(
			reads_what_the_server_may_be_called, setup),
		cmocka_unit_test_setup(bounds_names, setup),
		cmocka_unit_test_setup(selects_addresses, setup),
		cmocka_unit_test_setup(takes_no_text_for_an_address, setup),
		cmocka_unit_test_setup(orders_psc_names, setup),
		cmocka_unit_test_setup(refuses_instances_it_cannot_use, setup),
		cmocka_unit_test_setup(refuses_what_is_no_certificate, setup),
		cmocka_unit_test_setup(takes_several_anchors, setup),
		cmocka_unit_test_setup(reads_the_client_certificate, setup),
		cmocka_unit_test_setup(checks_whose_key_was_certified, setup),
	};

	return cmocka_run_group_tests_name("cloudsql", tests, NULL, NULL);
}
