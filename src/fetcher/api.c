/*
 * api.c - one API over one https connection. Must not retry what the refresh
 * loop paces (4xx, 429, network), or a quota would go up in seconds.
 */
#include "fetcher/api.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "fetcher/api_error.h"
#include "fetcher/text.h"
#include "io/wait.h"
#include "wire/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER_AGENT_MAX 512

static const char *
quota_project(const struct config *config, const struct credentials *c)
{
	const char *project = config->quota_project;

	if (project == NULL || project[0] == '\0')
		project = c->quota_project;
	return project != NULL && project[0] != '\0' ? project : NULL;
}

enum err
api_init(struct api *a, const char *endpoint, const char *scope,
	struct credentials *c, const struct config *config, struct error *e)
{
	a->credentials = c;
	a->scope = scope;
	a->deadline_ms = c->deadline_ms;
	a->quota_project = quota_project(config, c);
	a->user_agent = config->user_agent;
	if (a->quota_project != NULL &&
		!http_is_value(span_str(a->quota_project)))
		return error_set(e, ERR_CONFIG,
			"the quota project has "
			"characters that a header cannot hold");
	if (a->user_agent != NULL && !http_is_value(span_str(a->user_agent)))
		return error_set(e, ERR_CONFIG,
			"--user-agent has characters "
			"that a header cannot hold");
	return https_init(
		&a->https, endpoint, config->ca_file, a->deadline_ms, e);
}

enum err
api_authorize(struct api *a, struct error *e)
{
	struct error cause;
	enum err result;

	if (a->token.text[0] != '\0')
		return ERR_OK;
	error_clear(&cause);
	result = credentials_token(a->credentials, a->scope, &a->token, &cause);
	if (result != ERR_OK)
		return error_set(
			e, result, "no access token: %s", cause.detail);
	return ERR_OK;
}

static void
write_user_agent(struct writer *w, const char *more)
{
	char text[USER_AGENT_MAX];
	int n = snprintf(text, sizeof(text), "fairlead/%s%s%s",
		FAIRLEAD_VERSION, more != NULL && more[0] != '\0' ? " " : "",
		more != NULL ? more : "");

	if (n < 0 || (size_t)n >= sizeof(text))
		w->failed = true;
	http_write_field(w, "User-Agent", span_str(text));
}

static enum err
write_request(struct api *a, const struct api_request *r, struct writer *w,
	struct error *e)
{
	uint8_t target[API_TARGET_MAX];
	struct writer to = writer_over(target, sizeof(target));

	write_span(&to, a->https.url.path);
	write_span(&to, r->target);
	http_write_begin(w, r->method, writer_span(&to));
	http_write_host(w, &a->https.url);
	http_write_bearer(w, span_str(a->token.text));
	write_user_agent(w, a->user_agent);
	http_write_field(w, "Accept", span_str("application/json"));
	http_write_field(w, "Accept-Encoding", span_str("identity"));
	if (a->quota_project != NULL)
		http_write_field(
			w, "X-Goog-User-Project", span_str(a->quota_project));
	if (r->body.len > 0)
		http_write_field(
			w, "Content-Type", span_str("application/json"));
	http_write_end(w, r->body);
	if (!writer_ok(w) || !writer_ok(&to))
		return error_set(e, ERR_LIMIT,
			"the request does not fit: "
			"instance name, token or user agent too long");
	return ERR_OK;
}

uint32_t
api_retry_after(struct span value)
{
	uint32_t seconds = 0;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];

		if (c < '0' || c > '9')
			return 0;
		seconds = seconds * 10 + (uint32_t)(c - '0');
		if (seconds > REFRESH_RETRY_AFTER_MAX_S)
			return REFRESH_RETRY_AFTER_MAX_S;
	}
	return seconds;
}

/* One request, one response; the status is not judged yet. */
static enum err
send_once(struct api *a, const struct api_request *r, struct error *e)
{
	struct writer w = writer_over(a->request, sizeof(a->request));
	enum err result = write_request(a, r, &w, e);
	const struct http_head *head = &a->https.exchange.head;

	a->status = 0;
	a->retry_after_s = 0;
	if (result == ERR_OK)
		result = https_call(&a->https, writer_span(&w), e);
	mem_wipe(a->request, sizeof(a->request));
	if (result != ERR_OK)
		return result;
	a->status = head->status;
	a->retry_after_s = api_retry_after(http_field(head, "Retry-After"));
	log_debug("fetcher: %s answered HTTP %u", a->https.url.host, a->status);
	return ERR_OK;
}

uint64_t
api_backoff_ms(unsigned attempt, uint64_t random)
{
	/* 200 ms * 1.618^n for n = 1 to 6, rounded: the connectors' bounds. */
	static const uint64_t bound[API_TRIES + 1] = {
		324, 524, 847, 1371, 2218, 3588};

	if (attempt >= API_TRIES)
		attempt = API_TRIES - 1;
	return bound[attempt] + random % (bound[attempt + 1] - bound[attempt]);
}

bool
api_pause(uint64_t deadline_ms, unsigned attempt)
{
	uint64_t random;
	uint64_t until;

	if (rng_bytes(&random, sizeof(random)) != ERR_OK)
		return false;
	until = clock_ms() + api_backoff_ms(attempt, random);
	if (until >= deadline_ms)
		return false;
	wait_until(until);
	return true;
}

static enum err
send_with_retries(struct api *a, const struct api_request *r, struct error *e)
{
	enum err result = send_once(a, r, e);

	for (unsigned attempt = 0; attempt + 1 < API_TRIES; attempt++) {
		if (result != ERR_OK || a->status < 500 ||
			!api_pause(a->deadline_ms, attempt))
			break;
		result = send_once(a, r, e);
	}
	return result;
}

static enum err
renew_token(struct api *a, struct error *e)
{
	log_debug("fetcher: the token was refused, asking for another");
	token_clear(&a->token);
	return api_authorize(a, e);
}

/* The body lies in our own buffer and is only read once more. */
static void
scrub(struct api *a, const char *secret)
{
	struct exchange *x = &a->https.exchange;

	if (secret != NULL)
		api_error_scrub(x->bytes, x->filled, secret);
}

static enum err
read_answer(struct api *a, struct error *e)
{
	struct span body = a->https.exchange.body;
	char text[ERROR_DETAIL_MAX];

	enum err parsed = ERR_API;

	if (a->status == 200)
		parsed = json_parse(
			&a->answer, body, a->tokens, JSON_TOKENS_MAX);
	if (parsed == ERR_OK)
		return ERR_OK;
	if (parsed == ERR_LIMIT)
		return error_set(e, ERR_LIMIT,
			"the answer of %s has more than %d values, or is "
			"nested too deep",
			a->https.url.host, JSON_TOKENS_MAX);
	scrub(a, a->token.text);
	scrub(a, a->login_token);
	if (a->status == 200) {
		/* What began as JSON may be a certificate, with a token in it;
		 * a page of somebody in between tells who that is. */
		text_printable(text, API_ERROR_BODY_MAX + 1,
			a->answer.error_at == 0 ? body : span_str("not shown"));
		return error_set(e, ERR_JSON,
			"the answer of %s (HTTP 200) is "
			"not valid JSON at byte %zu of %zu: %s",
			a->https.url.host, a->answer.error_at, body.len, text);
	}
	api_error_text(text, sizeof(text), a->status, body, a->tokens,
		JSON_TOKENS_MAX);
	api_error_reason(
		a->reason, sizeof(a->reason), body, a->tokens, JSON_TOKENS_MAX);
	return error_set(e, ERR_API, "%s", text);
}

enum err
api_call(struct api *a, const struct api_request *request, struct error *e)
{
	enum err result;

	memset(&a->answer, 0, sizeof(a->answer));
	a->reason[0] = '\0';
	result = send_with_retries(a, request, e);
	if (result == ERR_OK && a->status == 401 &&
		credentials_renewable(a->credentials)) {
		result = renew_token(a, e);
		if (result == ERR_OK)
			result = send_with_retries(a, request, e);
	}
	if (result == ERR_OK)
		result = read_answer(a, e);
	return result;
}

enum ipc_result
api_classify(const struct api *a, enum err result)
{
	if (result == ERR_OK)
		return IPC_RESULT_OK;
	if (result == ERR_CONFIG)
		return IPC_RESULT_CONFIG;
	if (result == ERR_CREDENTIALS)
		return IPC_RESULT_DENIED;
	if (result != ERR_API)
		return IPC_RESULT_TEMPORARY;
	if (a->status == 429)
		return IPC_RESULT_THROTTLED;
	if (a->status >= 400 && a->status < 500 && a->status != 408)
		return IPC_RESULT_DENIED;
	return IPC_RESULT_TEMPORARY;
}

void
api_clear(struct api *a)
{
	https_clear(&a->https);
	token_clear(&a->token);
	mem_wipe(a->request, sizeof(a->request));
}
