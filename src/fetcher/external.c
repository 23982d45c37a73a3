/*
 * external.c - workload identity federation: a token of another identity
 * provider is exchanged for Google's. Runs no program and signs nothing: only
 * files and URLs are sources.
 */
#include "base/encode.h"
#include "base/mem.h"
#include "fetcher/grants.h"
#include "fetcher/grants_form.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

#define URN "urn:ietf:params:oauth:"

static enum err
trim_subject(struct service *s, size_t len, struct error *e)
{
	size_t start = 0;

	while (start < len && (uint8_t)s->subject[start] <= ' ')
		start++;
	while (len > start && (uint8_t)s->subject[len - 1] <= ' ')
		len--;
	memmove(s->subject, s->subject + start, len - start);
	s->subject[len - start] = '\0';
	if (!token_is_valid(s->subject))
		return error_set(e, ERR_CREDENTIALS,
			"the identity provider's token is empty or has bytes "
			"that no token has");
	return ERR_OK;
}

/* The subject token out of s->subject[0..len), text or JSON. */
static enum err
read_format(struct service *s, const struct credfile *f,
	const struct json_token *source, size_t len, struct error *e)
{
	const struct json_token *format =
		json_member(&f->doc, source, "format");
	char name[128];
	struct json doc;
	enum err result;

	if (format == NULL ||
		!json_equal_str(
			&f->doc, json_member(&f->doc, format, "type"), "json"))
		return trim_subject(s, len, e);
	if (credfile_text(f, format, "subject_token_field_name", name,
		    sizeof(name), e) != ERR_OK)
		return e->code;
	memcpy(s->body, s->subject, len);
	result = json_parse(
		&doc, span_of(s->body, len), s->tokens, CREDENTIALS_TOKENS);
	if (result == ERR_OK)
		result = json_text(&doc, json_root_member(&doc, name),
			s->subject, sizeof(s->subject));
	mem_wipe(s->body, len);
	if (result != ERR_OK)
		return error_set(e, ERR_CREDENTIALS,
			"the identity provider's answer is not JSON with a "
			"\"%s\"",
			name);
	return trim_subject(s, strlen(s->subject), e);
}

static enum err
read_subject_file(struct service *s, size_t *len, struct error *e)
{
	struct error cause;
	uint8_t *room = (uint8_t *)s->subject;

	error_clear(&cause);
	if (file_read(s->url, room, sizeof(s->subject) - 1, len, &cause) !=
		ERR_OK)
		return error_set(e, ERR_CREDENTIALS,
			"the identity provider's token in %s: %s", s->url,
			cause.detail);
	return ERR_OK;
}

static enum err
get_subject(struct service *s, const struct credfile *f,
	const struct json_token *source, size_t *len, struct error *e)
{
	struct service_request r = {.method = "GET",
		.url = s->url,
		.doc = &f->doc,
		.fields = json_member(&f->doc, source, "headers"),
		.plain = true};
	struct span body;

	if (service_call(s, &r, e) != ERR_OK)
		return e->code;
	body = s->https.exchange.body;
	*len = body.len;
	if (s->status != 200 || body.len >= sizeof(s->subject)) {
		exchange_clear(&s->https.exchange);
		return error_set(e,
			s->status >= 500 ? ERR_HTTP : ERR_CREDENTIALS,
			"the identity provider at %s answered HTTP %u with "
			"%zu bytes",
			s->https.url.host, s->status, *len);
	}
	memcpy(s->subject, body.data, body.len);
	exchange_clear(&s->https.exchange);
	return ERR_OK;
}

static enum err
fetch_subject(struct service *s, const struct credfile *f,
	const struct json_token *node, struct error *e)
{
	const struct json_token *source =
		json_member(&f->doc, node, "credential_source");
	size_t len = 0;
	enum err result;

	if (json_member(&f->doc, source, "file") != NULL) {
		result = credfile_text(
			f, source, "file", s->url, sizeof(s->url), e);
		if (result == ERR_OK)
			result = read_subject_file(s, &len, e);
	} else if (json_member(&f->doc, source, "url") != NULL &&
		   json_member(&f->doc, source, "environment_id") == NULL) {
		result = credfile_text(
			f, source, "url", s->url, sizeof(s->url), e);
		if (result == ERR_OK)
			result = get_subject(s, f, source, &len, e);
	} else {
		return error_set(e, ERR_CONFIG,
			"its credential_source is neither a file nor a URL: "
			"AWS, executable and certificate sources are not "
			"supported; let something write the provider's token "
			"to a file, and name that as credential_source.file");
	}
	if (result == ERR_OK)
		result = read_format(s, f, source, len, e);
	return result;
}

/* USER:PASSWORD for the token service; *basic stays NULL where it asks for
 * none. */
static enum err
write_basic(struct service *s, const struct credfile *f,
	const struct json_token *node, const char **basic, struct error *e)
{
	struct writer plain = writer_over(s->text[0], sizeof(s->text[0]));
	struct writer w = writer_over(s->text[1], sizeof(s->text[1]) - 1);

	s->url[0] = '\0';
	if (credfile_optional(f, node, "client_secret", s->url, sizeof(s->url),
		    e) != ERR_OK)
		return e->code;
	if (s->url[0] == '\0')
		return ERR_OK;
	if (credfile_text(f, node, "client_id", s->text[1], sizeof(s->text[1]),
		    e) != ERR_OK)
		return e->code;
	encode_percent(&plain, span_str(s->text[1]));
	write_u8(&plain, ':');
	encode_percent(&plain, span_str(s->url));
	encode_base64(&w, writer_span(&plain), 0);
	s->text[1][w.len] = '\0';
	mem_wipe(s->url, sizeof(s->url));
	if (!writer_ok(&plain) || !writer_ok(&w))
		return error_set(e, ERR_CONFIG, "client_secret is too long");
	*basic = s->text[1];
	return ERR_OK;
}

static void
add_options(struct service *s, const struct credfile *f,
	const struct json_token *node, struct grants_form *form)
{
	const struct json_token *project =
		json_member(&f->doc, node, "workforce_pool_user_project");
	struct writer w = writer_over(s->text[0], sizeof(s->text[0]) - 1);
	char name[256];

	if (json_text(&f->doc, project, name, sizeof(name)) != ERR_OK ||
		name[0] == '\0')
		return;
	write_str(&w, "{\"userProject\":");
	json_write_string(&w, span_str(name));
	write_u8(&w, '}');
	s->text[0][w.len] = '\0';
	grants_field(form, "options", s->text[0]);
}

static enum err
exchange_subject(struct service *s, const struct credfile *f,
	const struct json_token *node, const char *scope, struct token *t,
	struct error *e)
{
	static const char members[2][24] = {"audience", "subject_token_type"};
	struct grants_form form = {.grant = OAUTH_STS,
		.url = s->url,
		.secret = s->subject,
		.body = writer_over(s->body, sizeof(s->body))};

	grants_field(&form, "grant_type", URN "grant-type:token-exchange");
	grants_field(
		&form, "requested_token_type", URN "token-type:access_token");
	grants_field(&form, "scope", scope);
	grants_field(&form, "subject_token", s->subject);
	for (size_t i = 0; i < 2 && e->code == ERR_OK; i++) {
		(void)!credfile_text(
			f, node, members[i], s->url, sizeof(s->url), e);
		grants_field(&form, members[i], s->url);
	}
	if (e->code == ERR_OK &&
		write_basic(s, f, node, &form.basic, e) == ERR_OK) {
		if (form.basic == NULL)
			add_options(s, f, node, &form);
		(void)snprintf(s->url, sizeof(s->url),
			"https://sts.%s/v1/token", s->universe);
		(void)!credfile_optional(
			f, node, "token_url", s->url, sizeof(s->url), e);
	}
	return grants_post_form(s, &form, t, e);
}

static unsigned
impersonation_life(const struct credfile *f, const struct json_token *node)
{
	const struct json_token *v = json_member(&f->doc,
		json_member(&f->doc, node, "service_account_impersonation"),
		"token_lifetime_seconds");
	int64_t seconds;

	/* What IAM allows is 600 to 43200. */
	if (json_integer(&f->doc, v, &seconds) != ERR_OK || seconds < 600 ||
		seconds > 43200)
		return IMPERSONATION_LIFE_S;
	return (unsigned)seconds;
}

enum err
grants_external(struct service *s, const struct credfile *f,
	const struct json_token *node, const char *scope, struct token *t,
	struct error *e)
{
	bool impersonate = json_member(&f->doc, node,
				   "service_account_impersonation_url") != NULL;
	struct token *direct = impersonate ? &s->link[0] : t;
	struct impersonation i = {.url = s->url,
		.lifetime_s = impersonation_life(f, node),
		.caller = direct->text};
	enum err result = fetch_subject(s, f, node, e);

	if (result == ERR_OK)
		result = exchange_subject(s, f, node,
			impersonate ? GRANTS_CLOUD_PLATFORM : scope, direct, e);
	mem_wipe(s->subject, strlen(s->subject));
	if (result != ERR_OK || !impersonate)
		return result;
	result = credfile_text(f, node, "service_account_impersonation_url",
		s->url, sizeof(s->url), e);
	if (result == ERR_OK)
		result = grants_impersonate(s, &i, scope, t, e);
	token_clear(direct);
	return result;
}
