/*
 * fuzz_url.c - any bytes as an endpoint; what is accepted is written as a Host
 * field and must be understood again as the same.
 */
#include "wire/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct url *u)
{
	char host[HOST_LEN_MAX + 8];
	struct writer w = writer_over(host, sizeof(host));
	struct url again;

	require(strlen(u->host) > 0 && u->port != 0);
	url_write_host(&w, u);
	require(writer_ok(&w));
	require(url_parse_authority(&again, writer_span(&w),
			u->scheme == URL_HTTPS ? 443 : 80) == ERR_OK);
	require(strcmp(again.host, u->host) == 0 && again.port == u->port);
	require(again.ip_len == u->ip_len &&
		memcmp(again.ip, u->ip, u->ip_len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct url u;

	if (url_parse(&u, span_of(data, size)) == ERR_OK)
		check(&u);
	if (url_parse_authority(&u, span_of(data, size), 80) == ERR_OK)
		check(&u);
	(void)url_is_name(span_of(data, size));
	return 0;
}
