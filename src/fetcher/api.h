/*
 * api.h - calls to a Google API: JSON over HTTPS with a bearer token, retried
 * where a retry can help, and failures sorted by what they are worth.
 */
#ifndef FETCHER_API_H
#define FETCHER_API_H

#include "base/error.h"
#include "base/limits.h"
#include "config.h"
#include "fetcher/credentials.h"
#include "fetcher/https.h"
#include "fetcher/token.h"
#include "io/ipc.h"
#include "wire/json.h"

#include <stdbool.h>
#include <stdint.h>

/* A request; everything is borrowed. */
struct api_request {
	const char *method;
	struct span target; /* behind the endpoint's own path: "/sql/..." */
	struct span body;   /* JSON; empty: none */
};

/* Zeroed before first use; large and not copyable. Holds secrets. */
struct api {
	struct https https;
	struct credentials *credentials;
	const char *scope;
	const char *quota_project; /* NULL: none */
	const char *user_agent;    /* appended to ours; NULL: none */
	struct token token;
	const char *login_token; /* to be kept out of messages; NULL: none */
	uint64_t deadline_ms;
	unsigned status;             /* of the last response; 0: none came */
	char reason[API_REASON_MAX]; /* of the last failure: api_error_reason */
	uint32_t retry_after_s; /* of the last response; 0: it said nothing */
	struct json answer;
	struct json_token tokens[JSON_TOKENS_MAX];
	uint8_t request[HTTP_REQUEST_MAX];
};

/*
 * endpoint and scope are borrowed, as are c and config. Nothing is sent yet.
 * ERR_CONFIG: e says what is wrong.
 */
enum err api_init(struct api *a, const char *endpoint, const char *scope,
	struct credentials *c, const struct config *config,
	struct error *e) NODISCARD;

/* Get the token, if there is none yet. */
enum err api_authorize(struct api *a, struct error *e) NODISCARD;

/*
 * Call and parse the answer into a->answer, good until the next call. A
 * status of 500 and more is tried API_TRIES times, 401 once more with a new
 * token where there can be one; nothing else is retried here. ERR_API: e has
 * api_error_text. ERR_JSON: status 200 without JSON. Else the transport's.
 */
enum err api_call(struct api *a, const struct api_request *request,
	struct error *e) NODISCARD;

/* What the failure result of the last call or of api_authorize is worth. */
enum ipc_result api_classify(const struct api *a, enum err result);

/*
 * Milliseconds to wait behind try number attempt (from 0) that ended with a
 * status of 500 and more: 200 * 1.618^(attempt + 1) and up to a factor 1.618
 * more, as random (any value) decides. attempt < API_TRIES - 1.
 */
uint64_t api_backoff_ms(unsigned attempt, uint64_t random);

/* Wait so long. False: that would end behind deadline_ms, so do not retry. */
bool api_pause(uint64_t deadline_ms, unsigned attempt);

/* Seconds of a Retry-After field; 0 for a date or none. */
uint32_t api_retry_after(struct span value);

/* Wipe. */
void api_clear(struct api *a);

#endif
