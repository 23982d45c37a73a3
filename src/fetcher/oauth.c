/*
 * oauth.c - reading refusals. Pure.
 */
#include "fetcher/oauth.h"

#include "base/limits.h"
#include "fetcher/api_error.h"
#include "fetcher/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 96
#define SAID_MAX 400

/* What to do when a refusal has these words; the first one counts. */
static const struct {
	uint8_t grant;
	char words[24];
	char advice[120];
} advices[] = {
	{OAUTH_JWT, "ignature",
		"the key was deleted, or is not this account's: make a new "
		"key"},
	{OAUTH_JWT, "ccount not found",
		"the service account was deleted, or its name has changed"},
	{OAUTH_JWT, "short-lived", "set this machine's clock"},
	{OAUTH_REFRESH, "invalid_",
		"log in again: gcloud auth application-default login"},
	{OAUTH_STS, "invalid_target",
		"is the audience that of a workload identity pool's provider?"},
	{OAUTH_STS, "invalid_grant",
		"the provider's token was refused: is it expired, or for "
		"another audience?"},
	{OAUTH_STS, "unauthorized_client",
		"the pool's attribute condition refuses this token"},
	{OAUTH_IMPERSONATION, "Error 403",
		"the caller needs roles/iam.serviceAccountTokenCreator on the "
		"account, and the IAM Credentials API must be enabled"},
	{OAUTH_IMPERSONATION, "Error 404",
		"is the service account's name right?"},
};

static void
read_word(const struct json *doc, const char *member, char *out, size_t cap)
{
	const struct json_token *v = json_root_member(doc, member);
	uint8_t raw[SAID_MAX];
	struct writer w = writer_over(raw, sizeof(raw));

	out[0] = '\0';
	if (v == NULL || v->type != JSON_STRING)
		return;
	/* A full writer keeps what it has. */
	(void)!json_string(doc, v, &w);
	text_printable(out, cap, writer_span(&w));
}

/* Append what fits. */
static void
add(char *out, size_t cap, const char *text)
{
	size_t len = strlen(out);
	size_t n = strlen(text);

	if (n > cap - 1 - len)
		n = cap - 1 - len;
	memcpy(out + len, text, n);
	out[len + n] = '\0';
}

static void
add_advice(char *out, size_t cap, enum oauth_grant grant)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (advices[i].grant == (uint8_t)grant &&
			strstr(out, advices[i].words) != NULL) {
			add(out, cap, "; ");
			add(out, cap, advices[i].advice);
			return;
		}
	}
}

static void
add_skew(char *out, size_t cap, int64_t skew_s)
{
	char text[96];

	if (skew_s < CLOCK_SKEW_S && skew_s > -CLOCK_SKEW_S)
		return;
	(void)snprintf(text, sizeof(text),
		"; this machine's clock is %" PRId64 " s %s the server's",
		skew_s < 0 ? -skew_s : skew_s,
		skew_s < 0 ? "behind" : "ahead of");
	add(out, cap, text);
}

void
oauth_error_text(char *out, size_t cap, const struct oauth_refusal *r,
	struct json_token *tokens, size_t token_cap)
{
	struct json doc;
	char error[WORD_MAX] = "";
	char said[SAID_MAX] = "";

	if (json_parse(&doc, r->body, tokens, token_cap) == ERR_OK) {
		read_word(&doc, "error", error, sizeof(error));
		read_word(&doc, "error_description", said, sizeof(said));
	}
	if (error[0] == '\0')
		api_error_text(out, cap, r->status, r->body, tokens, token_cap);
	else
		(void)snprintf(out, cap, "oauth2: \"%s\" \"%s\" (HTTP %u)",
			error, said, r->status);
	add_advice(out, cap, r->grant);
	if (r->status < 500)
		add_skew(out, cap, r->skew_s);
}
