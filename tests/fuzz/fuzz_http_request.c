/*
 * fuzz_http_request.c - any bytes as a request. A verdict is final: more bytes
 * behind it change nothing, and a prefix never contradicts the whole.
 */
#include "wire/http_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request whole;
	struct http_request part;
	enum err verdict = http_request_parse(&whole, span_of(data, size));
	size_t cut = size > 0 ? data[0] % size : 0;
	enum err early = http_request_parse(&part, span_of(data, cut));

	if (early != ERR_AGAIN && early != verdict)
		abort();
	if (verdict != ERR_OK)
		return 0;
	if (whole.method.len == 0 || whole.path.len == 0 ||
		whole.path.data[0] != '/' || whole.path.data < data ||
		whole.path.data + whole.path.len > data + size)
		abort();
	if (early == ERR_OK && !span_equal(part.path, whole.path))
		abort();
	return 0;
}
