/*
 * service.h - one request to a token service or an identity provider, tried
 * again where that can help.
 */
#ifndef FETCHER_SERVICE_H
#define FETCHER_SERVICE_H

#include "base/error.h"
#include "base/limits.h"
#include "fetcher/https.h"
#include "fetcher/token.h"
#include "wire/json.h"

#include <stdbool.h>
#include <stdint.h>

/* Everything is borrowed. */
struct service_request {
	const char *method;
	const char *url;          /* with a query, if need be */
	const char *content_type; /* of body */
	struct span body;         /* empty: none */
	const char *bearer;       /* NULL: none */
	const char *basic;        /* base64 of USER:PASSWORD; NULL: none */
	const struct json *doc;   /* of fields */
	const struct json_token *fields; /* object of more fields; NULL: none */
	bool plain;                      /* http:// is good enough, too */
};

/*
 * Zeroed, on the heap, full of secrets. The room below is for those who use
 * it, one after the other; https.exchange.body is the last answer.
 */
struct service {
	const char *ca_file;
	uint64_t deadline_ms; /* clock_ms */
	const char *universe; /* "googleapis.com" or another */
	struct https https;
	unsigned status; /* of the last answer; 0: none came */
	int64_t skew_s;  /* our clock's lead over the server's */
	struct json answer;
	struct json_token tokens[CREDENTIALS_TOKENS];
	struct token link[3]; /* tokens that others are asked for with */
	char url[CREDENTIALS_TEXT_MAX];
	char text[2][CREDENTIALS_TEXT_MAX];
	char subject[SUBJECT_TOKEN_MAX];
	uint8_t body[SERVICE_REQUEST_MAX];
	uint8_t request[SERVICE_REQUEST_MAX + HTTP_HEAD_MAX];
};

/*
 * Send it, up to API_TRIES times: network errors, HTTP 429 and 5xx may pass.
 * On ERR_OK s->status is to be judged and may be any.
 */
enum err service_call(struct service *s, const struct service_request *r,
	struct error *e) NODISCARD;

/*
 * Read the answer's JSON to s->answer; ERR_JSON, ERR_LIMIT: e says so.
 */
enum err service_json(struct service *s, struct error *e) NODISCARD;

void service_clear(struct service *s);

#endif
