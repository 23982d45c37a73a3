/*
 * api_error.c - Google's error object and everything that is sent in its
 * place. Pure.
 */
#include "fetcher/api_error.h"

#include "base/limits.h"
#include "fetcher/text.h"

#include <stdio.h>
#include <string.h>

/* Text that grows until it is full and is cut there. */
struct text {
	char *out;
	size_t cap;
	size_t len;
};

static void
add(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->cap == 0)
		return;
	if (n > t->cap - 1 - t->len)
		n = t->cap - 1 - t->len;
	memcpy(t->out + t->len, s, n);
	t->len += n;
	t->out[t->len] = '\0';
}

/* A string as far as it fits; "" where there is none. */
static void
text_of(const struct json *doc, const struct json_token *v, char *out,
	size_t cap)
{
	struct writer w = writer_over(out, cap - 1);

	out[0] = '\0';
	if (v == NULL || v->type != JSON_STRING)
		return;
	/* A full writer keeps what it has: a long message is cut, not lost. */
	(void)!json_string(doc, v, &w);
	out[w.len] = '\0';
	text_cut(out);
	for (size_t i = 0; out[i] != '\0'; i++) {
		if ((unsigned char)out[i] < 0x20 && out[i] != '\n')
			out[i] = ' ';
	}
}

static void
add_entries(
	struct text *t, const struct json *doc, const struct json_token *list)
{
	const struct json_token *entry = json_first(doc, list);

	add(t, "\nMore details:\n");
	for (; entry != NULL; entry = json_after(doc, list, entry)) {
		char reason[API_REASON_MAX];
		char message[API_MESSAGE_MAX];

		text_of(doc, json_member(doc, entry, "reason"), reason,
			sizeof(reason));
		text_of(doc, json_member(doc, entry, "message"), message,
			sizeof(message));
		add(t, "Reason: ");
		add(t, reason);
		add(t, ", Message: ");
		add(t, message);
		add(t, "\n");
	}
}

/* The first reason in a list of objects; "" where there is none. */
static const struct json_token *
next_reason(const struct json *doc, const struct json_token *list,
	const struct json_token *one, char out[API_REASON_MAX])
{
	for (; one != NULL; one = json_after(doc, list, one)) {
		text_of(doc, json_member(doc, one, "reason"), out,
			API_REASON_MAX);
		if (out[0] != '\0')
			return one;
	}
	return NULL;
}

/*
 * APIs that are served by gRPC as well have no "errors": the reason stands in
 * one of the details (google.rpc.ErrorInfo), if anywhere.
 */
static void
add_reason(
	struct text *t, const struct json *doc, const struct json_token *error)
{
	const struct json_token *list = json_member(doc, error, "details");
	char reason[API_REASON_MAX] = "";

	(void)next_reason(doc, list, json_first(doc, list), reason);
	if (reason[0] == '\0')
		text_of(doc, json_member(doc, error, "status"), reason,
			sizeof(reason));
	if (reason[0] == '\0')
		return;
	add(t, ", ");
	add(t, reason);
}

static bool
add_reasons(struct text *t, const struct json *doc, const char *member)
{
	const struct json_token *list =
		json_member(doc, json_root_member(doc, "error"), member);
	const struct json_token *one = json_first(doc, list);
	char reason[API_REASON_MAX] = "";

	while ((one = next_reason(doc, list, one, reason)) != NULL) {
		add(t, t->len > 0 ? "," : "");
		add(t, reason);
		one = json_after(doc, list, one);
	}
	return t->len > 0;
}

void
api_error_reason(char *out, size_t cap, struct span body,
	struct json_token *tokens, size_t token_cap)
{
	struct text t = {.out = out, .cap = cap, .len = 0};
	struct json doc;

	add(&t, "");
	if (json_parse(&doc, body, tokens, token_cap) == ERR_OK &&
		!add_reasons(&t, &doc, "errors"))
		(void)add_reasons(&t, &doc, "details");
	text_cut(out);
}

/* False: the document is not Google's error object. */
static bool
add_error_object(struct text *t, unsigned status, const struct json *doc)
{
	const struct json_token *error = json_root_member(doc, "error");
	const struct json_token *list = json_member(doc, error, "errors");
	const struct json_token *first = json_first(doc, list);
	char message[API_MESSAGE_MAX];
	char other[API_MESSAGE_MAX];
	char prefix[48];

	text_of(doc, json_member(doc, error, "message"), message,
		sizeof(message));
	if (message[0] == '\0' && first == NULL)
		return false;
	(void)snprintf(prefix, sizeof(prefix), "googleapi: Error %u: ", status);
	add(t, prefix);
	add(t, message);
	if (first == NULL) {
		add_reason(t, doc, error);
		return true;
	}
	text_of(doc, json_member(doc, first, "message"), other, sizeof(other));
	if (json_after(doc, list, first) != NULL ||
		strcmp(message, other) != 0) {
		add_entries(t, doc, list);
		return true;
	}
	text_of(doc, json_member(doc, first, "reason"), other, sizeof(other));
	add(t, ", ");
	add(t, other);
	return true;
}

void
api_error_text(char *out, size_t cap, unsigned status, struct span body,
	struct json_token *tokens, size_t token_cap)
{
	struct text t = {.out = out, .cap = cap, .len = 0};
	struct json doc;
	char prefix[64];
	char shown[API_ERROR_BODY_MAX + 1];

	add(&t, "");
	if (json_parse(&doc, body, tokens, token_cap) == ERR_OK &&
		add_error_object(&t, status, &doc)) {
		if (cap > 0)
			text_cut(out);
		return;
	}
	(void)snprintf(prefix, sizeof(prefix),
		"googleapi: got HTTP response code %u with body: ", status);
	add(&t, prefix);
	text_printable(shown, sizeof(shown), body);
	add(&t, shown);
}

void
api_error_scrub(uint8_t *bytes, size_t len, const char *secret)
{
	size_t n = strlen(secret);
	uint8_t *at = bytes;

	if (n == 0 || len == 0)
		return;
	while ((at = memmem(at, len - (size_t)(at - bytes), secret, n)) !=
		NULL) {
		memset(at, '*', n);
		at += n;
	}
}
