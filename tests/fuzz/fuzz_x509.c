/*
 * fuzz_x509.c - any bytes as a chain of { u16 length, certificate } entries,
 * under the built-in roots, which signed none of them, and as anchors.
 */
#include "tls/x509.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1767225600) /* 2026-01-01 */

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static enum err
judge(struct span entries, const struct x509_anchors *a)
{
	struct reader r = reader_over(entries);
	static struct x509_chain c;
	struct error e;
	const br_x509_pkey *key;
	enum err code;

	error_clear(&e);
	x509_chain_begin(&c, a, NOW);
	while (r.left > 0 && reader_ok(&r)) {
		struct span der = read_block16(&r);

		if (reader_ok(&r))
			x509_chain_append(&c, der);
	}
	code = x509_chain_end(&c, &key, &e);
	require((code == ERR_OK) == (key != NULL));
	require(code == e.code);
	require(code == ERR_OK || (code == ERR_CERT && e.alert > 0));
	return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct x509_anchors roots;
	struct span entries = span_of(data, size);
	struct x509_anchors own;
	struct error e;

	error_clear(&e);
	if (roots.count == 0)
		require(x509_anchors_builtin(&roots, &e) == ERR_OK);
	/* A forged chain would be a sensation, and a failure. */
	require(judge(entries, &roots) == ERR_CERT);
	if (x509_anchors_from_der(&own, entries, true, &e) == ERR_OK) {
		require(own.count > 0);
		(void)judge(entries, &own);
		x509_anchors_free(&own);
	}
	return 0;
}
