/*
 * fuzz_json.c - any bytes as JSON; what is accepted is walked through and each
 * value read in every way there is.
 */
#include "base/limits.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* What is written again must read back as the same bytes. */
static void
round_trip(const struct json *doc, const struct json_token *t)
{
	static uint8_t plain[4096];
	static uint8_t text[6 * sizeof(plain) + 2];
	static uint8_t again[sizeof(plain)];
	struct json_token one;
	struct json back;
	struct writer p = writer_over(plain, sizeof(plain));
	struct writer w = writer_over(text, sizeof(text));
	struct writer a = writer_over(again, sizeof(again));

	if (json_string(doc, t, &p) != ERR_OK)
		return;
	json_write_string(&w, writer_span(&p));
	require(writer_ok(&w));
	require(json_parse(&back, writer_span(&w), &one, 1) == ERR_OK);
	require(json_string(&back, &one, &a) == ERR_OK);
	require(span_equal(writer_span(&p), writer_span(&a)));
}

static void
visit(const struct json *doc, const struct json_token *t)
{
	const struct json_token *e = json_first(doc, t);
	char text[32];
	int64_t n;

	require(t->start <= t->end && t->end <= doc->text.len);
	require(t->next <= doc->count);
	(void)!json_text(doc, t, text, sizeof(text));
	(void)!json_integer(doc, t, &n);
	(void)json_member(doc, t, "a");
	(void)json_equal_str(doc, t, "error");
	for (; e != NULL; e = json_after(doc, t, e))
		require(e > t && e < doc->tokens + t->next);
	round_trip(doc, t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_token tokens[JSON_TOKENS_MAX];
	struct json doc;

	if (json_parse(&doc, span_of(data, size), tokens, JSON_TOKENS_MAX) !=
		ERR_OK) {
		require(json_root(&doc) == NULL && doc.error_at <= size);
		return 0;
	}
	require(doc.count > 0 && doc.tokens[0].next == doc.count);
	for (size_t i = 0; i < doc.count; i++)
		visit(&doc, &doc.tokens[i]);
	return 0;
}
