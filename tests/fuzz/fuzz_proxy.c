/*
 * fuzz_proxy.c - any bytes as a proxy's URL and as a NO_PROXY list.
 */
#include "wire/proxy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static bool
is_bypassed(const uint8_t *data, size_t size, const char *where)
{
	struct url to;

	require(url_parse_authority(&to, span_str(where), 443) == ERR_OK);
	return proxy_is_bypassed(span_of(data, size), &to);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy p;

	if (proxy_parse(&p, span_of(data, size)) == ERR_OK) {
		require(p.at.port != 0 && p.at.host[0] != '\0');
		require(strlen(p.user) < PROXY_AUTH_MAX);
		require(strlen(p.password) < PROXY_AUTH_MAX);
	}
	(void)is_bypassed(data, size, "oauth2.googleapis.com");
	(void)is_bypassed(data, size, "10.1.2.3");
	(void)is_bypassed(data, size, "[2001:db8::1]:8443");
	require(is_bypassed(data, size, "127.0.0.9"));
	return 0;
}
