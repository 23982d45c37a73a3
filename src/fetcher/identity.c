/*
 * identity.c - the one straight line: token, instance, login token, key,
 * certificate. Owns the words around each failure. Must never let a secret
 * into them, and must leave no half-filled identity behind.
 */
#include "fetcher/identity.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fetcher/certificates.h"
#include "fetcher/dns.h"
#include "fetcher/static_info.h"
#include "fetcher/text.h"
#include "tls/selftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Room for a request body: two keys' worth of PEM and an escaped token. */
#define BODY_MAX (HTTP_REQUEST_MAX - TOKEN_MAX - API_TARGET_MAX)

static const struct provider *const providers[] = {
	[PRODUCT_CLOUDSQL] = &provider_cloudsql,
	[PRODUCT_ALLOYDB] = &provider_alloydb,
};

/* The instance's name as the user wrote it, for a message. */
static void
full_name(const struct fetch *f, char *out, size_t cap)
{
	struct writer w = writer_over(out, cap - 1);

	f->provider->full_name(f->instance, &w);
	out[w.len] = '\0';
}

/* What would help where the API forbids; "" where that is not known. */
static const char *
needed(const struct fetch *f, const struct error *cause)
{
	const char *reason = f->api.reason;

	if (cause->code != ERR_API || f->api.status != 403)
		return "";
	if (strcmp(reason, "accessNotConfigured") == 0 ||
		strcmp(reason, "SERVICE_DISABLED") == 0)
		return "this API, enabled in the project of the credentials "
		       "or of --quota-project";
	return f->provider->roles;
}

/*
 * Put the proxies' words around a failure:
 * [STAGE: ]KIND error: MESSAGE (connection name = "P:R:I")[: CAUSE]
 */
static enum err
fail(struct fetch *f, const char *stage, const char *message,
	const struct error *cause)
{
	bool config = cause->code == ERR_CONFIG;
	const char *need = needed(f, cause);
	char name[4 * INSTANCE_NAME_MAX];
	char waited[48] = "";

	if (cause->code == ERR_TIMEOUT)
		(void)snprintf(waited, sizeof(waited),
			" (refresh timeout %" PRIu64 "s)",
			f->config->refresh_timeout / 1000);
	full_name(f, name, sizeof(name));
	return error_set(&f->error, cause->code,
		"%s%s%s error: %s (%s = \"%s\")%s%s%s%s%s", stage,
		stage[0] != '\0' ? ": " : "", config ? "config" : "refresh",
		message != NULL ? message : cause->detail,
		f->provider->name_label, name, message != NULL ? ": " : "",
		message != NULL ? cause->detail : "", waited,
		need[0] != '\0' ? "; needed: " : "", need);
}

static enum err
prepare(struct fetch *f, struct error *e)
{
	uint64_t deadline_ms = clock_ms() + f->config->refresh_timeout;

	credentials_init(&f->credentials, f->config, deadline_ms,
		&f->api.https.exchange);
	if (credentials_load(&f->credentials, e) != ERR_OK)
		return e->code;
	if (f->instance->auto_iam_authn && !f->provider->login_always &&
		!credentials_have_login(&f->credentials))
		return error_set(e, ERR_CONFIG,
			"with --token, auto-iam-authn needs a token for the "
			"login too: give --login-token");
	return api_init(&f->api, f->provider->endpoint(f->config),
		f->provider->scope_api, &f->credentials, f->config, e);
}

/* Google's own DNS name: the answer itself says which instance it is about. */
static enum err
learn_instance(struct fetch *f, struct error *e)
{
	const struct json *answer = &f->api.answer;
	char name[INSTANCE_NAME_MAX];

	if (!f->resolved.google)
		return ERR_OK;
	if (json_text(answer, json_root_member(answer, "connectionName"), name,
		    sizeof(name)) != ERR_OK ||
		!resolve_connection_name(&f->resolved.instance, name))
		return error_set(e, ERR_PARSE,
			"the answer has no usable connectionName");
	return ERR_OK;
}

/* The name that was given goes first: it is the server name to ask for. */
static enum err
put_domain_first(struct fetch *f, struct error *e)
{
	struct ipc_identity *id = f->id;
	const struct instance_config *in = f->instance;
	struct writer w =
		writer_over(id->connection_name, sizeof(id->connection_name));

	if (in->domain[0] == '\0')
		return ERR_OK;
	if (id->name_count < NAMES_MAX)
		id->name_count++;
	memmove(id->names[1], id->names[0],
		sizeof(id->names[0]) * ((size_t)id->name_count - 1));
	memcpy(id->names[0], in->domain, sizeof(id->names[0]));
	write_str(&w, in->project);
	write_u8(&w, ':');
	write_str(&w, in->region);
	write_u8(&w, ':');
	write_str(&w, in->instance);
	write_u8(&w, 0);
	if (!writer_ok(&w))
		return error_set(
			e, ERR_CONFIG, "the instance name is too long");
	id->name_may_move = !f->resolved.google;
	return ERR_OK;
}

/* The addresses of the name that was given, if it has any, go first, too. */
static enum err
find_addresses(struct fetch *f, struct error *e)
{
	struct ipc_identity *id = f->id;
	size_t rest;

	if (f->instance->domain[0] != '\0' && !f->resolved.google) {
		rest = id->address_count < ADDRESSES_MAX ? id->address_count
							 : ADDRESSES_MAX - 1;
		memmove(&id->addresses[1], &id->addresses[0],
			rest * sizeof(id->addresses[0]));
		memcpy(id->addresses[0].text, f->instance->domain,
			sizeof(id->addresses[0].text));
		id->address_count = (uint16_t)(rest + 1);
	}
	dns_find_proxy(id);
	return dns_replace_names(id, e);
}

static void
set_port(struct fetch *f)
{
	for (size_t i = 0; i < f->id->address_count; i++) {
		if (f->config->server_port != 0)
			f->id->addresses[i].port = f->config->server_port;
	}
}

static enum err
get_instance(struct fetch *f)
{
	const struct provider *p = f->provider;
	uint8_t target[API_TARGET_MAX];
	struct writer w = writer_over(target, sizeof(target));
	struct api_request request = {.method = "GET"};
	struct error e;

	error_clear(&e);
	if (prepare(f, &e) != ERR_OK || api_authorize(&f->api, &e) != ERR_OK)
		return fail(f, p->instance_stage, p->instance_failed, &e);
	if (f->resolved.google)
		p->dns_target(f->instance, f->resolved.google_name, &w);
	else
		p->instance_target(f->instance, &w);
	request.target = writer_span(&w);
	if (api_call(&f->api, &request, &e) != ERR_OK)
		return fail(f, p->instance_stage, p->instance_failed, &e);
	if (learn_instance(f, &e) != ERR_OK ||
		p->read_instance(f->instance, &f->api.answer, f->id, &e) !=
			ERR_OK ||
		put_domain_first(f, &e) != ERR_OK)
		return fail(f, p->instance_stage, NULL, &e);
	if (p->read_addresses(f->instance, &f->api.answer, f->id, &e) !=
			ERR_OK ||
		find_addresses(f, &e) != ERR_OK)
		return fail(f, "", NULL, &e);
	set_port(f);
	return ERR_OK;
}

/*
 * A token for logins alone; the API's where there is none: a server that
 * wants one on every connection takes either.
 */
static enum err
login_token(struct fetch *f, struct error *e)
{
	const struct provider *p = f->provider;
	enum err result = ERR_CREDENTIALS;

	if (credentials_have_login(&f->credentials))
		result = credentials_login_token(
			&f->credentials, p->scope_login, &f->login, e);
	if (result != ERR_CREDENTIALS || !p->login_always)
		return result;
	log_debug("fetcher: no token of scope %s: the API's is used",
		p->scope_login);
	f->login = f->api.token;
	return ERR_OK;
}

static enum err
get_login_token(struct fetch *f)
{
	const struct provider *p = f->provider;
	struct error e;

	if (!f->instance->auto_iam_authn && !p->login_always)
		return ERR_OK;
	error_clear(&e);
	if (login_token(f, &e) != ERR_OK)
		return fail(f, p->certificate_stage,
			"failed to retrieve Oauth2 token", &e);
	f->api.login_token = f->login.text;
	return ERR_OK;
}

/* The public key to be certified: the tunnel's, or that of the new key. */
static enum err
get_key(struct fetch *f)
{
	struct writer pub = writer_over(f->public_key, sizeof(f->public_key));
	struct writer priv =
		writer_over(f->id->private_key, sizeof(f->id->private_key));
	struct error e;

	if (f->public_key_len > 0)
		return ERR_OK;
	error_clear(&e);
	if (key_maker_finish(&f->key_maker, &e) != ERR_OK)
		return fail(f, f->provider->certificate_stage, NULL, &e);
	keypair_public_der(&f->key_maker.key, &pub);
	keypair_private_der(&f->key_maker.key, &priv);
	keypair_clear(&f->key_maker.key);
	if (!writer_ok(&pub) || !writer_ok(&priv)) {
		(void)error_set(&e, ERR_INTERNAL, "the key does not fit");
		return fail(f, f->provider->certificate_stage, NULL, &e);
	}
	f->public_key_len = (uint16_t)pub.len;
	f->id->private_key_len = (uint16_t)priv.len;
	return ERR_OK;
}

static enum err
call_for_certificate(struct fetch *f, struct span public_key, struct error *e)
{
	uint8_t target[API_TARGET_MAX];
	static uint8_t body[BODY_MAX]; /* too large for the stack */
	struct writer to = writer_over(target, sizeof(target));
	struct writer w = writer_over(body, sizeof(body));
	struct certificate_request wanted = {.public_key = public_key};
	struct api_request request = {.method = "POST"};
	enum err result;

	if (f->provider->login_in_certificate && f->login.text[0] != '\0')
		wanted.login_token = f->login.text;
	f->provider->certificate_target(f->instance, &to);
	f->provider->certificate_body(&wanted, &w);
	request.target = writer_span(&to);
	request.body = writer_span(&w);
	if (!writer_ok(&w) || !writer_ok(&to))
		result = error_set(e, ERR_LIMIT,
			"the request does not fit: "
			"instance name or login token too long");
	else
		result = api_call(&f->api, &request, e);
	mem_wipe(body, sizeof(body));
	return result;
}

/* The certificate is here: until when is it good, and with which token? */
static enum err
take_certificate(struct fetch *f)
{
	const struct provider *p = f->provider;
	struct error e;

	error_clear(&e);
	/* Both kinds of login token end what the identity is good for. */
	if (f->login.text[0] != '\0' && f->login.expires_s < f->id->expires_s)
		f->id->expires_s = f->login.expires_s;
	if (p->login_always) {
		f->id->login_token_len = (uint16_t)strlen(f->login.text);
		memcpy(f->id->login_token, f->login.text,
			f->id->login_token_len);
	}
	if (f->id->expires_s <= clock_wall_s()) {
		(void)error_set(&e, ERR_CERT,
			"the new certificate has already "
			"expired: is this machine's clock right?");
		return fail(f, p->certificate_stage, NULL, &e);
	}
	return ERR_OK;
}

static enum err
get_certificate(struct fetch *f)
{
	const struct provider *p = f->provider;
	struct span key = span_of(f->public_key, f->public_key_len);
	struct error e;

	error_clear(&e);
	if (call_for_certificate(f, key, &e) != ERR_OK)
		return fail(f, p->certificate_stage, p->certificate_failed, &e);
	if (p->read_certificate(&f->api.answer, f->id, &e) != ERR_OK ||
		certificates_check_key(f->id, key, &e) != ERR_OK)
		return fail(f, p->certificate_stage, NULL, &e);
	return take_certificate(f);
}

/* --static-connection-info: of Google's services tokens alone are asked for. */
static enum err
get_from_file(struct fetch *f)
{
	const struct provider *p = f->provider;
	struct json *answer = &f->api.answer;
	char name[4 * INSTANCE_NAME_MAX];
	struct error e;

	full_name(f, name, sizeof(name));
	error_clear(&e);
	if (prepare(f, &e) != ERR_OK || api_authorize(&f->api, &e) != ERR_OK)
		return fail(f, p->instance_stage, p->instance_failed, &e);
	if (static_info_read(f->config->static_connection_info, name, answer,
		    f->id, &e) != ERR_OK ||
		p->read_instance(f->instance, answer, f->id, &e) != ERR_OK ||
		p->read_addresses(f->instance, answer, f->id, &e) != ERR_OK ||
		find_addresses(f, &e) != ERR_OK ||
		p->read_certificate(answer, f->id, &e) != ERR_OK)
		return fail(f, "", NULL, &e);
	set_port(f);
	if (get_login_token(f) != ERR_OK)
		return f->error.code;
	return take_certificate(f);
}

/* Wipe everything but the question's index and say why there is no identity. */
static void
answer_failure(struct fetch *f, enum err result)
{
	struct ipc_identity *id = f->id;
	uint32_t instance = id->instance;

	mem_wipe(id, sizeof(*id));
	id->magic = IPC_IDENTITY_MAGIC;
	id->instance = instance;
	id->result = api_classify(&f->api, result);
	id->fresh_token_needed =
		f->api.status == 401 && credentials_renewable(&f->credentials);
	id->retry_after_s = f->api.retry_after_s;
	if (id->result == IPC_RESULT_THROTTLED &&
		id->retry_after_s < REFRESH_RETRY_AFTER_MIN_S)
		id->retry_after_s = REFRESH_RETRY_AFTER_MIN_S;
	(void)snprintf(id->detail, sizeof(id->detail), "%s", f->error.detail);
	text_cut(id->detail);
	memcpy(id->reason, f->api.reason, sizeof(id->reason));
}

static enum err
get_from_api(struct fetch *f)
{
	enum err result = get_instance(f);

	if (result == ERR_OK)
		result = get_login_token(f);
	if (result == ERR_OK)
		result = get_key(f);
	return result == ERR_OK ? get_certificate(f) : result;
}

/* From the DNS name that was given, if it was one, to an instance. */
static enum err
find_instance(struct fetch *f)
{
	struct error e;

	if (f->instance->domain[0] == '\0')
		return ERR_OK;
	error_clear(&e);
	if (resolve_domain(f->instance, &f->resolved, &e) != ERR_OK)
		return fail(f, "", NULL, &e);
	f->instance = &f->resolved.instance;
	return ERR_OK;
}

static void
answer_name(struct fetch *f, enum err result)
{
	struct error e;

	error_clear(&e);
	if (result == ERR_OK && put_domain_first(f, &e) != ERR_OK)
		result = fail(f, "", NULL, &e);
	if (result != ERR_OK)
		answer_failure(f, result);
	f->id->name_only = true;
}

void
identity_fetch(struct fetch *f, const struct config *config,
	const struct ipc_message *question, struct ipc_identity *id)
{
	enum err result;

	memset(id, 0, sizeof(*id));
	id->magic = IPC_IDENTITY_MAGIC;
	id->instance = question->instance;
	f->config = config;
	f->instance = &config->instances[question->instance];
	f->provider = providers[f->instance->product];
	f->id = id;
	error_clear(&f->error);
	f->public_key_len = (uint16_t)question->public_key_len;
	memcpy(f->public_key, question->public_key, f->public_key_len);
	f->from_file = config->static_connection_info != NULL &&
		       f->instance->product == PRODUCT_ALLOYDB;
	if (f->public_key_len == 0 && !f->from_file &&
		(question->flags & IPC_ASK_NAME) == 0)
		key_maker_begin(&f->key_maker);
	/* IPC_ASK_FRESH_TOKEN needs nothing: no token outlives its fetcher. */
	result = selftest_run(&f->error);
	if (result == ERR_OK)
		result = find_instance(f);
	if ((question->flags & IPC_ASK_NAME) != 0) {
		answer_name(f, result);
		return;
	}
	if (result == ERR_OK && f->from_file)
		result = get_from_file(f);
	else if (result == ERR_OK)
		result = get_from_api(f);
	if (result != ERR_OK)
		answer_failure(f, result);
}

void
identity_clear(struct fetch *f)
{
	api_clear(&f->api);
	credentials_clear(&f->credentials);
	token_clear(&f->login);
	if (!f->key_maker.running)
		keypair_clear(&f->key_maker.key);
}
