/*
 * fuzz_proxy_handshake.c - any bytes as a proxy's answers, in pieces. The first
 * byte chooses kind, login and the pieces' size. What follows the answer must
 * never have been taken.
 */
#include "wire/proxy_handshake.h"

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
run(struct proxy_handshake *h, const uint8_t *data, size_t size, size_t piece)
{
	enum err result = ERR_AGAIN;
	struct error e;

	error_clear(&e);
	while (result == ERR_AGAIN && size > 0) {
		struct span out = proxy_handshake_output(h);
		size_t cap;
		uint8_t *in = proxy_handshake_input(h, &cap);
		size_t n = size < cap ? size : cap;

		require(cap > 0 && out.len <= sizeof(h->out_bytes));
		if (n > piece)
			n = piece;
		memcpy(in, data, n);
		data += n;
		size -= n;
		result = proxy_handshake_advance(h, n, &e);
	}
	require(result == ERR_AGAIN ||
		(result == ERR_OK) == (h->state == PROXY_OPEN));
	require(result == ERR_AGAIN || result == ERR_OK || e.detail[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proxy_handshake h;
	struct proxy p;
	struct url to;

	if (size == 0)
		return 0;
	if (proxy_parse(&p, span_str((data[0] & 1) != 0 ? "socks5://a:b@p"
							: "http://a:b@p")) !=
			ERR_OK ||
		url_parse_authority(&to, span_str("x.example.com"), 443) !=
			ERR_OK)
		abort();
	if ((data[0] & 2) != 0)
		p.user[0] = p.password[0] = '\0';
	proxy_handshake_begin(&h, &p, &to);
	run(&h, data + 1, size - 1, 1 + (size_t)(data[0] >> 2));
	proxy_handshake_clear(&h);
	return 0;
}
