/*
 * api_error.h - what an API said when it refused, in the words that users of
 * the proxies know and search for.
 */
#ifndef FETCHER_API_ERROR_H
#define FETCHER_API_ERROR_H

#include "base/span.h"
#include "wire/json.h"

#include <stddef.h>

/*
 * Render a response of an error status as text in out[0..cap):
 *
 *   googleapi: Error 403: MESSAGE, REASON
 *   googleapi: Error 400: MESSAGE\nMore details:\nReason: R, Message: M\n...
 *   googleapi: got HTTP response code 502 with body: FIRST BYTES
 *
 * The last where the body is not Google's error object: at most
 * API_ERROR_BODY_MAX bytes of it, printable. tokens is scratch space.
 */
void api_error_text(char *out, size_t cap, unsigned status, struct span body,
	struct json_token *tokens, size_t token_cap);

/*
 * The reasons that an error object gives, with commas between; "" where it
 * gives none or is none.
 */
void api_error_reason(char *out, size_t cap, struct span body,
	struct json_token *tokens, size_t token_cap);

/*
 * Overwrite every occurrence of secret in the len bytes with asterisks: a
 * server may quote our request back at us.
 */
void api_error_scrub(uint8_t *bytes, size_t len, const char *secret);

#endif
