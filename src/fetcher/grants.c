/*
 * grants.c - the grants of keys and refresh tokens, and impersonation. Must
 * never leave a key or a form behind.
 */
#include "fetcher/grants.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "fetcher/api_error.h"
#include "fetcher/grants_form.h"
#include "fetcher/jwt.h"
#include "wire/pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_DER_MAX 3072 /* RSA-4096 in PKCS#8 has 2377 bytes */
#define FORM        "application/x-www-form-urlencoded"
#define JWT_BEARER  "urn:ietf:params:oauth:grant-type:jwt-bearer"

void
grants_field(struct grants_form *f, const char *name, const char *value)
{
	struct writer *w = &f->body;

	if (w->len > 0)
		write_u8(w, '&');
	write_str(w, name);
	write_u8(w, '=');
	encode_percent(w, span_str(value));
}

/* Keep the secret out of what is shown of the answer. */
static enum err
refused(struct service *s, enum oauth_grant grant, const char *secret,
	struct error *e)
{
	struct exchange *x = &s->https.exchange;
	struct oauth_refusal r = {.grant = grant,
		.status = s->status,
		.skew_s = s->skew_s,
		.body = s->status >= 400 ? x->body : span_str("(not shown)")};
	char text[ERROR_DETAIL_MAX];

	if (secret != NULL)
		api_error_scrub(x->bytes, x->filled, secret);
	oauth_error_text(text, sizeof(text), &r, s->tokens, CREDENTIALS_TOKENS);
	return error_set(e,
		s->status >= 500 || s->status == 429 ? ERR_HTTP
						     : ERR_CREDENTIALS,
		"%s: %s", s->https.url.host, text);
}

enum err
grants_post_form(struct service *s, struct grants_form *f, struct token *t,
	struct error *e)
{
	struct service_request r = {.method = "POST",
		.url = f->url,
		.content_type = FORM,
		.basic = f->basic,
		.body = writer_span(&f->body)};
	enum err result = e->code;

	if (result == ERR_OK && !writer_ok(&f->body))
		result = error_set(
			e, ERR_CONFIG, "the request for a token does not fit");
	if (result == ERR_OK)
		result = service_call(s, &r, e);
	mem_wipe(f->body.base, f->body.len);
	if (result == ERR_OK && s->status != 200)
		result = refused(s, f->grant, f->secret, e);
	if (result == ERR_OK)
		result = token_parse(
			t, s->https.exchange.body, clock_wall_s(), e);
	exchange_clear(&s->https.exchange);
	return result;
}

static enum err
decode_key(struct keypair *key, struct span pem, struct error *e)
{
	struct reader r = reader_over(pem);
	struct pem_block block;
	uint8_t der[KEY_DER_MAX];
	struct writer w = writer_over(der, sizeof(der));
	enum err result = pem_next(&r, &block);

	if (result == ERR_OK)
		result = pem_decode(&block, &w);
	if (result == ERR_OK)
		result = keypair_from_der(key, writer_span(&w));
	mem_wipe(der, sizeof(der));
	if (result != ERR_OK)
		return error_set(e, ERR_CONFIG,
			"its \"private_key\" is not an RSA key of 2048 to "
			"4096 bits in PEM: was the file cut or edited?");
	return ERR_OK;
}

/* On the heap: keys are large. Wiped and freed by sign. */
struct signer {
	char email[CREDENTIALS_TEXT_MAX];
	char key_id[CREDENTIALS_TEXT_MAX];
	char pem[CREDENTIALS_KEY_MAX];
	struct keypair key;
};

static enum err
sign_with(struct signer *g, const struct credfile *f,
	const struct json_token *node, struct jwt_claims *c, struct writer *w,
	struct error *e)
{
	if (credfile_text(f, node, "client_email", g->email, sizeof(g->email),
		    e) != ERR_OK ||
		credfile_optional(f, node, "private_key_id", g->key_id,
			sizeof(g->key_id), e) != ERR_OK ||
		credfile_text(f, node, "private_key", g->pem, sizeof(g->pem),
			e) != ERR_OK ||
		decode_key(&g->key, span_str(g->pem), e) != ERR_OK)
		return e->code;
	c->issuer = g->email;
	c->key_id = g->key_id;
	if (c->audience == NULL)
		c->subject = g->email;
	c->now_s = clock_wall_s();
	if (jwt_write(w, c, &g->key) != ERR_OK)
		return error_set(e, ERR_CONFIG, "could not sign with its key");
	return ERR_OK;
}

static enum err
sign(const struct credfile *f, const struct json_token *node,
	struct jwt_claims *c, struct writer *w, struct error *e)
{
	struct signer *g = calloc(1, sizeof(*g));
	enum err result;

	if (g == NULL)
		return error_set(e, ERR_NOMEM, "out of memory");
	result = sign_with(g, f, node, c, w, e);
	mem_wipe(g, sizeof(*g));
	free(g);
	return result;
}

enum err
grants_self_signed(const struct credfile *f, const struct json_token *node,
	const char *scope, struct token *t, struct error *e)
{
	struct jwt_claims c = {.scope = scope};
	struct writer w = writer_over(t->text, sizeof(t->text) - 1);
	enum err result = sign(f, node, &c, &w, e);

	t->text[result == ERR_OK ? w.len : 0] = '\0';
	t->expires_s = clock_wall_s() - JWT_BACKDATE_S + JWT_LIFE_S;
	return result;
}

static enum err
token_url(struct service *s, const struct credfile *f,
	const struct json_token *node, struct error *e)
{
	(void)snprintf(
		s->url, sizeof(s->url), "https://oauth2.%s/token", s->universe);
	return credfile_optional(
		f, node, "token_uri", s->url, sizeof(s->url), e);
}

enum err
grants_service_account(struct service *s, const struct credfile *f,
	const struct json_token *node, const char *scope, struct token *t,
	struct error *e)
{
	struct jwt_claims c = {.audience = s->url, .scope = scope};
	struct grants_form form = {.grant = OAUTH_JWT,
		.url = s->url,
		.body = writer_over(s->body, sizeof(s->body))};
	enum err result = token_url(s, f, node, e);

	grants_field(&form, "grant_type", JWT_BEARER);
	write_str(&form.body, "&assertion=");
	if (result == ERR_OK)
		result = sign(f, node, &c, &form.body, e);
	return result == ERR_OK ? grants_post_form(s, &form, t, e) : result;
}

enum err
grants_user(struct service *s, const struct credfile *f,
	const struct json_token *node, struct token *t, struct error *e)
{
	static const char members[3][16] = {
		"client_id", "client_secret", "refresh_token"};
	struct grants_form form = {.grant = OAUTH_REFRESH,
		.url = s->url,
		.secret = s->subject,
		.body = writer_over(s->body, sizeof(s->body))};
	enum err result = token_url(s, f, node, e);

	grants_field(&form, "grant_type", "refresh_token");
	for (size_t i = 0; i < 3 && result == ERR_OK; i++) {
		/* The last one, the longest, stays in s->subject. */
		result = credfile_text(f, node, members[i], s->subject,
			(size_t)CREDENTIALS_TEXT_MAX * 4, e);
		grants_field(&form, members[i], s->subject);
	}
	result = grants_post_form(s, &form, t, e);
	mem_wipe(s->subject, strlen(s->subject));
	return result;
}

enum err
grants_impersonate(struct service *s, const struct impersonation *i,
	const char *scope, struct token *t, struct error *e)
{
	struct writer body = writer_over(s->body, sizeof(s->body));
	struct service_request r = {.method = "POST",
		.url = i->url,
		.content_type = "application/json",
		.bearer = i->caller};
	char lifetime[32];
	enum err result;

	(void)snprintf(lifetime, sizeof(lifetime), ",\"lifetime\":\"%us\"",
		i->lifetime_s);
	write_str(&body, "{\"scope\":[");
	json_write_string(&body, span_str(scope));
	write_u8(&body, ']');
	write_str(&body, lifetime);
	if (i->delegates.len > 0) {
		write_str(&body, ",\"delegates\":");
		write_span(&body, i->delegates);
	}
	write_u8(&body, '}');
	r.body = writer_span(&body);
	result = writer_ok(&body)
			 ? service_call(s, &r, e)
			 : error_set(e, ERR_CONFIG, "too many delegates");
	if (result == ERR_OK && s->status != 200)
		result = refused(s, OAUTH_IMPERSONATION, i->caller, e);
	if (result == ERR_OK && service_json(s, e) == ERR_OK)
		result = token_parse_impersonated(t, &s->answer, e);
	else if (result == ERR_OK)
		result = e->code;
	exchange_clear(&s->https.exchange);
	return result;
}
