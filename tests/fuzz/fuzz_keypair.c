/*
 * fuzz_keypair.c - any bytes as a private key. One that is accepted signs, and
 * can be written and read again.
 */
#include "tls/keypair.h"
#include "tls/pss.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t digest[32];
	static struct keypair k;
	static struct keypair again;
	static uint8_t der[4096];
	uint8_t sig[PSS_SIGNATURE_MAX];
	struct writer w = writer_over(der, sizeof(der));
	size_t len;
	enum err e = keypair_from_der(&k, span_of(data, size));

	require(e == ERR_OK || e == ERR_KEY);
	require((e == ERR_OK) == (k.modulus_len > 0));
	if (e != ERR_OK)
		return 0;
	require(pss_sign(&k, 256, span_of(digest, sizeof(digest)), sig, &len) ==
		ERR_OK);
	keypair_private_der(&k, &w);
	require(writer_ok(&w));
	require(keypair_from_der(&again, writer_span(&w)) == ERR_OK);
	require(memcmp(again.modulus, k.modulus, k.modulus_len) == 0);
	w = writer_over(der, sizeof(der));
	keypair_public_der(&k, &w);
	require(writer_ok(&w));
	return 0;
}
