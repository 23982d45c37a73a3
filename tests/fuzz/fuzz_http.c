/*
 * fuzz_http.c - any bytes as a response. The first byte chooses where the rest
 * is cut in two: a body decoded in two pieces must be the body decoded at
 * once.
 */
#include "wire/http.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	enum err result;
	size_t len;
	uint8_t *body;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static struct outcome
decode(const uint8_t *data, size_t size, size_t cut)
{
	struct outcome o = {.result = ERR_AGAIN, .len = 0};
	struct http_chunked c;
	size_t at = 0;

	o.body = malloc(size + 1);
	require(o.body != NULL);
	http_chunked_begin(&c);
	while (o.result == ERR_AGAIN && at < size) {
		size_t n = at < cut ? cut - at : size - at;
		size_t decoded;
		size_t used;

		memcpy(o.body + o.len, data + at, n);
		o.result = http_chunked_decode(
			&c, o.body + o.len, n, &decoded, &used);
		require(used <= n && decoded <= used);
		require(o.result != ERR_AGAIN || used == n);
		o.len += decoded;
		at += n;
	}
	return o;
}

static void
check_chunked(const uint8_t *data, size_t size, size_t cut)
{
	struct outcome whole = decode(data, size, size);
	struct outcome parts = decode(data, size, cut);

	require(whole.result == parts.result);
	require(whole.len == parts.len);
	require(memcmp(whole.body, parts.body, whole.len) == 0);
	free(whole.body);
	free(parts.body);
}

/* A prefix of a good head is incomplete, never wrong. */
static void
check_head(const uint8_t *data, size_t size, size_t cut)
{
	static struct http_head head;
	size_t used;
	enum err result = http_parse_head(&head, span_of(data, size), &used);

	if (result != ERR_OK)
		return;
	require(used > 0 && used <= size && used <= HTTP_HEAD_MAX);
	require(head.field_count <= HTTP_HEADERS_MAX);
	require(head.framing != HTTP_LENGTH || head.length <= HTTP_BODY_MAX);
	(void)http_field(&head, "Retry-After");
	cut %= used;
	require(http_parse_head(&head, span_of(data, cut), &used) == ERR_AGAIN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut;

	if (size < 1)
		return 0;
	cut = data[0];
	data++;
	size--;
	check_head(data, size, cut);
	if (size > 0)
		check_chunked(data, size, cut % size);
	return 0;
}
