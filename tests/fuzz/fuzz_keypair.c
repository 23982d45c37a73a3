/*
 * fuzz_keypair.c - any bytes as a private key, in DER and, as a file of
 * credentials has it, in PEM. One that is accepted signs, and can be written
 * and read again.
 */
#include "tls/keypair.h"
#include "tls/pss.h"
#include "wire/pem.h"

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
try_key(struct span text)
{
	static const uint8_t digest[32];
	static struct keypair k;
	static struct keypair again;
	static uint8_t der[4096];
	uint8_t sig[PSS_SIGNATURE_MAX];
	struct writer w = writer_over(der, sizeof(der));
	size_t len;
	enum err e = keypair_from_der(&k, text);

	require(e == ERR_OK || e == ERR_KEY);
	require((e == ERR_OK) == (k.modulus_len > 0));
	if (e != ERR_OK)
		return;
	require(pss_sign(&k, 256, span_of(digest, sizeof(digest)), sig, &len) ==
		ERR_OK);
	keypair_private_der(&k, &w);
	require(writer_ok(&w));
	require(keypair_from_der(&again, writer_span(&w)) == ERR_OK);
	require(memcmp(again.modulus, k.modulus, k.modulus_len) == 0);
	w = writer_over(der, sizeof(der));
	keypair_public_der(&k, &w);
	require(writer_ok(&w));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[4096];
	struct reader r = reader_over(span_of(data, size));
	struct pem_block b;
	unsigned tries = 0;

	try_key(span_of(data, size));
	/* A few blocks are as good as many, and sooner done. */
	while (tries++ < 3 && pem_next(&r, &b) == ERR_OK) {
		struct writer w = writer_over(out, sizeof(out));

		if (pem_decode(&b, &w) == ERR_OK)
			try_key(writer_span(&w));
	}
	return 0;
}
