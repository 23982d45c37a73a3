/*
 * credentials.c - the choice of a source, the table of sources, impersonation
 * on top. Keeps no token itself; what a file holds is wiped at the end.
 */
#include "fetcher/credentials.h"

#include "base/mem.h"
#include "fetcher/grants.h"
#include "fetcher/metadata.h"
#include "io/file.h"
#include "io/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIVERSE   "googleapis.com"
#define WELL_KNOWN "application_default_credentials.json"
#define ACCOUNTS   "/v1/projects/-/serviceAccounts/"

struct source {
	bool renewable;
	enum err (*fetch)(struct credentials *c, const char *scope,
		struct token *t, struct error *e);
};

static enum err
take_given(
	const char *given, const char *option, struct token *t, struct error *e)
{
	size_t len = strlen(given);

	if (!token_is_valid(given) || len >= sizeof(t->text))
		return error_set(e, ERR_CONFIG,
			"%s is empty, longer "
			"than %d bytes, or has characters no token has",
			option, TOKEN_MAX - 1);
	memcpy(t->text, given, len + 1);
	t->expires_s = INT64_MAX;
	return ERR_OK;
}

static enum err
fetch_given(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	(void)scope;
	return take_given(c->given, "--token", t, e);
}

static enum err
fetch_metadata(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	return metadata_token(
		c->metadata_host, scope, c->deadline_ms, c->scratch, t, e);
}

static bool
is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static const char *
universe(const struct credentials *c)
{
	const char *domain = c->config->universe_domain;

	return is_set(domain) ? domain : UNIVERSE;
}

static enum err
need_service(struct credentials *c, struct error *e)
{
	if (c->service != NULL)
		return ERR_OK;
	c->service = calloc(1, sizeof(*c->service));
	if (c->service == NULL)
		return error_set(e, ERR_NOMEM, "out of memory");
	c->service->ca_file = c->config->ca_file;
	c->service->deadline_ms = c->deadline_ms;
	c->service->universe = universe(c);
	return ERR_OK;
}

/* A token of credentials that impersonate nobody. */
static enum err
fetch_node(struct credentials *c, enum credfile_type type,
	const struct json_token *node, const char *scope, struct token *t,
	struct error *e)
{
	switch (type) {
	case CREDFILE_SERVICE_ACCOUNT:
		/* Elsewhere Google's clients never ask for a token for the
		 * API, and there may be nobody to ask. */
		if (strcmp(universe(c), UNIVERSE) != 0 &&
			strstr(scope, ".login") == NULL)
			return grants_self_signed(c->file, node, scope, t, e);
		return grants_service_account(
			c->service, c->file, node, scope, t, e);
	case CREDFILE_USER:
		return grants_user(c->service, c->file, node, t, e);
	case CREDFILE_EXTERNAL:
		return grants_external(c->service, c->file, node, scope, t, e);
	case CREDFILE_IMPERSONATED:
	case CREDFILE_TYPES:
		break;
	}
	return error_set(e, ERR_CONFIG,
		"its source_credentials impersonate somebody themselves: list "
		"the accounts in \"delegates\"");
}

/* impersonated_service_account: somebody else's token buys the account's. */
static enum err
fetch_impersonated(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	struct service *s = c->service;
	const struct json *doc = &c->file->doc;
	const struct json_token *root = json_root(doc);
	const struct json_token *from =
		json_member(doc, root, "source_credentials");
	const struct json_token *delegates =
		json_member(doc, root, "delegates");
	struct impersonation i = {.url = s->url,
		.lifetime_s = IMPERSONATION_LIFE_S,
		.caller = s->link[1].text};
	enum credfile_type type;
	enum err result = credfile_type(c->file, from, &type, e);

	if (result == ERR_OK)
		result = fetch_node(
			c, type, from, GRANTS_CLOUD_PLATFORM, &s->link[1], e);
	if (result == ERR_OK)
		result = credfile_text(c->file, root,
			"service_account_impersonation_url", s->url,
			sizeof(s->url), e);
	/* It is JSON already, and was checked to be. */
	if (json_first(doc, delegates) != NULL)
		i.delegates = span_of(doc->text.data + delegates->start,
			delegates->end - delegates->start);
	if (result == ERR_OK)
		result = grants_impersonate(s, &i, scope, t, e);
	token_clear(&s->link[1]);
	return result;
}

static enum err
fetch_file(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	if (need_service(c, e) != ERR_OK)
		return e->code;
	if (c->type == CREDFILE_IMPERSONATED)
		return fetch_impersonated(c, scope, t, e);
	return fetch_node(c, c->type, json_root(&c->file->doc), scope, t, e);
}

static const struct source sources[CREDENTIALS_SOURCES] = {
	[CREDENTIALS_GIVEN] = {.renewable = false, .fetch = fetch_given},
	[CREDENTIALS_FILE] = {.renewable = true, .fetch = fetch_file},
	[CREDENTIALS_METADATA] = {.renewable = true, .fetch = fetch_metadata},
};

/* gcloud's own file, if it is there: "" otherwise. */
static void
find_well_known(char path[PATH_LEN_MAX])
{
	const char *folder = getenv("CLOUDSDK_CONFIG");
	const char *home = getenv("HOME");
	int n = 0;

	if (is_set(folder))
		n = snprintf(path, PATH_LEN_MAX, "%s/" WELL_KNOWN, folder);
	else if (is_set(home))
		n = snprintf(path, PATH_LEN_MAX,
			"%s/.config/gcloud/" WELL_KNOWN, home);
	if (n <= 0 || n >= PATH_LEN_MAX || access(path, F_OK) != 0)
		path[0] = '\0';
}

static void
choose(struct credentials *c)
{
	const struct config *config = c->config;
	const char *path = config->credentials_file;

	if (is_set(config->token)) {
		c->source = CREDENTIALS_GIVEN;
		c->given = config->token;
		c->given_login = config->login_token;
		return;
	}
	c->source = CREDENTIALS_FILE;
	if (!is_set(path) && is_set(config->json_credentials)) {
		c->json = config->json_credentials;
		return;
	}
	if (!is_set(path))
		path = getenv("GOOGLE_APPLICATION_CREDENTIALS");
	if (is_set(path))
		/* Of a path that is cut, load tells. */
		(void)snprintf(c->path, sizeof(c->path), "%s", path);
	else
		find_well_known(c->path);
	if (c->path[0] == '\0')
		c->source = CREDENTIALS_METADATA;
}

void
credentials_init(struct credentials *c, const struct config *config,
	uint64_t deadline_ms, struct exchange *scratch)
{
	memset(c, 0, sizeof(*c));
	c->config = config;
	c->deadline_ms = deadline_ms;
	c->scratch = scratch;
	c->metadata_host = getenv("GCE_METADATA_HOST");
	if (is_set(config->impersonate_service_account))
		c->impersonate = config->impersonate_service_account;
	choose(c);
}

static enum err
read_text(struct credentials *c, struct error *e)
{
	struct credfile *f = c->file;
	struct error cause;

	if (c->json != NULL) {
		f->len = strlen(c->json);
		if (f->len > sizeof(f->text))
			return error_set(e, ERR_CONFIG, "longer than %d bytes",
				CREDENTIALS_MAX);
		memcpy(f->text, c->json, f->len);
		return ERR_OK;
	}
	error_clear(&cause);
	if (file_read(c->path, f->text, sizeof(f->text), &f->len, &cause) !=
		ERR_OK)
		return error_set(e, ERR_CONFIG, "%s", cause.detail);
	if (reach_can_read(&c->config->account, c->path))
		return error_set(e, ERR_CONFIG,
			"the app's user (uid %u) could read it, too, and so "
			"it is not used: take that user's right to read it "
			"away (chmod 600; Kubernetes: defaultMode 0400)",
			(unsigned)c->config->account.uid);
	return ERR_OK;
}

static enum err
check(struct credentials *c, struct error *e)
{
	const struct json_token *root = json_root(&c->file->doc);
	const struct json_token *project;
	char domain[HOST_LEN_MAX] = UNIVERSE;

	if (credfile_type(c->file, root, &c->type, e) != ERR_OK ||
		credfile_optional(c->file, root, "universe_domain", domain,
			sizeof(domain), e) != ERR_OK)
		return e->code;
	if (strcmp(domain, universe(c)) != 0)
		return error_set(e, ERR_CONFIG,
			"the configured universe domain (\"%s\") does not "
			"match the universe domain found in the credentials "
			"(\"%s\"); see --universe-domain",
			universe(c), domain);
	project = json_member(&c->file->doc, root, "quota_project_id");
	if (json_text(&c->file->doc, project, c->quota, sizeof(c->quota)) ==
			ERR_OK &&
		c->quota[0] != '\0')
		c->quota_project = c->quota;
	return e->code;
}

enum err
credentials_load(struct credentials *c, struct error *e)
{
	struct error cause;

	if (c->source != CREDENTIALS_FILE)
		return ERR_OK;
	c->file = calloc(1, sizeof(*c->file));
	if (c->file == NULL)
		return error_set(e, ERR_NOMEM, "out of memory");
	error_clear(&cause);
	if (read_text(c, &cause) == ERR_OK &&
		credfile_parse(c->file, &cause) == ERR_OK &&
		check(c, &cause) == ERR_OK)
		return ERR_OK;
	return error_set(e, cause.code, "%s%s: %s",
		c->json != NULL ? "--json-credentials" : "credentials file ",
		c->path, cause.detail);
}

static bool
is_account(struct span name)
{
	static const char marks[] = "@.-_";

	for (size_t i = 0; i < name.len; i++) {
		uint8_t b = name.data[i];

		if (!((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
			    (b >= '0' && b <= '9')) &&
			(b == 0 || strchr(marks, b) == NULL))
			return false;
	}
	return name.len > 0 && name.len < CREDENTIALS_TEXT_MAX / 2;
}

/*
 * TARGET,D1,D2: the caller becomes D2, D2 becomes D1, and that the target. The
 * API wants the delegates in that order: the list's other end first.
 */
static enum err
read_chain(struct credentials *c, struct span *target, struct writer *list,
	struct error *e)
{
	struct span rest = span_str(c->impersonate);

	write_u8(list, '[');
	for (;;) {
		size_t at = rest.len;
		struct span name;

		while (at > 0 && rest.data[at - 1] != ',')
			at--;
		name = span_of(rest.data + at, rest.len - at);
		if (!is_account(name))
			return error_set(e, ERR_CONFIG,
				"--impersonate-service-account is not a list "
				"of service accounts' e-mail addresses");
		if (at == 0) {
			*target = name;
			break;
		}
		if (list->len > 1)
			write_u8(list, ',');
		write_str(list, "\"projects/-/serviceAccounts/");
		write_span(list, name);
		write_u8(list, '"');
		rest.len = at - 1;
	}
	write_u8(list, ']');
	return ERR_OK;
}

static enum err
impersonate(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	struct service *s = c->service;
	char delegates[2 * CREDENTIALS_TEXT_MAX];
	struct writer list = writer_over(delegates, sizeof(delegates));
	struct writer url = writer_over(s->url, sizeof(s->url));
	struct span target = span_of(NULL, 0);
	struct impersonation i = {.url = s->url,
		.lifetime_s = IMPERSONATION_LIFE_S,
		.caller = s->link[2].text};

	if (read_chain(c, &target, &list, e) != ERR_OK)
		return e->code;
	write_str(&url, "https://iamcredentials.");
	write_str(&url, s->universe);
	write_str(&url, ACCOUNTS);
	write_span(&url, target);
	write_str(&url, ":generateAccessToken");
	write_u8(&url, 0);
	if (!writer_ok(&url) || !writer_ok(&list))
		return error_set(e, ERR_CONFIG,
			"--impersonate-service-account is too long");
	if (list.len > 2)
		i.delegates = writer_span(&list);
	return grants_impersonate(s, &i, scope, t, e);
}

enum err
credentials_token(struct credentials *c, const char *scope, struct token *t,
	struct error *e)
{
	enum err result;

	memset(t, 0, sizeof(*t));
	if (c->impersonate == NULL)
		return sources[c->source].fetch(c, scope, t, e);
	if (need_service(c, e) != ERR_OK)
		return e->code;
	result = sources[c->source].fetch(
		c, GRANTS_CLOUD_PLATFORM, &c->service->link[2], e);
	if (result == ERR_OK)
		result = impersonate(c, scope, t, e);
	token_clear(&c->service->link[2]);
	return result;
}

enum err
credentials_login_token(struct credentials *c, const char *scope,
	struct token *t, struct error *e)
{
	if (c->source != CREDENTIALS_GIVEN || c->impersonate != NULL)
		return credentials_token(c, scope, t, e);
	memset(t, 0, sizeof(*t));
	return take_given(c->given_login, "--login-token", t, e);
}

bool
credentials_renewable(const struct credentials *c)
{
	return sources[c->source].renewable || c->impersonate != NULL;
}

bool
credentials_have_login(const struct credentials *c)
{
	return c->source != CREDENTIALS_GIVEN || c->given_login != NULL ||
	       c->impersonate != NULL;
}

void
credentials_clear(struct credentials *c)
{
	if (c->file != NULL)
		mem_wipe(c->file, sizeof(*c->file));
	free(c->file);
	c->file = NULL;
	if (c->service != NULL)
		service_clear(c->service);
	free(c->service);
	c->service = NULL;
}
