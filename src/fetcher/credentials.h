/*
 * credentials.h - where access tokens come from. The source is chosen once, in
 * the proxies' order: --token, --credentials-file, --json-credentials, then
 * Application Default Credentials, which are the file that
 * GOOGLE_APPLICATION_CREDENTIALS names, gcloud's own, and the metadata server.
 * --impersonate-service-account goes on top of any of them.
 */
#ifndef FETCHER_CREDENTIALS_H
#define FETCHER_CREDENTIALS_H

#include "base/error.h"
#include "config.h"
#include "fetcher/credfile.h"
#include "fetcher/exchange.h"
#include "fetcher/service.h"
#include "fetcher/token.h"

#include <stdbool.h>
#include <stdint.h>

enum credentials_source {
	CREDENTIALS_GIVEN, /* --token: one token for all, never renewed */
	CREDENTIALS_FILE,  /* JSON: a file, or the option's own text */
	CREDENTIALS_METADATA,
	CREDENTIALS_SOURCES
};

struct credentials {
	const struct config *config;
	enum credentials_source source;
	const char *given;         /* CREDENTIALS_GIVEN; borrowed */
	const char *given_login;   /* the same for logins; NULL: none */
	const char *json;          /* CREDENTIALS_FILE: the text; or NULL */
	char path[PATH_LEN_MAX];   /* CREDENTIALS_FILE: where it lies; or "" */
	const char *impersonate;   /* TARGET[,DELEGATE...]; NULL: nobody */
	const char *metadata_host; /* NULL: the well-known address */
	const char *quota_project; /* of the file: quota; NULL: none */
	char quota[INSTANCE_NAME_MAX];
	uint64_t deadline_ms; /* clock_ms */
	struct exchange *scratch;
	struct credfile *file; /* on the heap, once loaded */
	enum credfile_type type;
	struct service *service; /* on the heap, where one is needed */
};

/* Choose the source from the configuration and the environment. */
void credentials_init(struct credentials *c, const struct config *config,
	uint64_t deadline_ms, struct exchange *scratch);

/*
 * Read the file, if the source is one; its account's universe must be ours,
 * and with --user the app must not be able to read it. ERR_CONFIG: e says
 * what is wrong with which file.
 */
enum err credentials_load(struct credentials *c, struct error *e) NODISCARD;

/* A token with exactly this scope, where the source can choose. */
enum err credentials_token(struct credentials *c, const char *scope,
	struct token *t, struct error *e) NODISCARD;

/* The same for database logins; only where credentials_have_login. */
enum err credentials_login_token(struct credentials *c, const char *scope,
	struct token *t, struct error *e) NODISCARD;

/* Asking again may give another token: worth a try after HTTP 401. */
bool credentials_renewable(const struct credentials *c);

/* The source can give a token for database logins only. */
bool credentials_have_login(const struct credentials *c);

/* Wipe, free. */
void credentials_clear(struct credentials *c);

#endif
