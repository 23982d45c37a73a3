/*
 * fuzz_keypair.c - any bytes as a private key, in DER and, as a file of
 * credentials has it, in PEM. One that is accepted signs, and an RSA key can be
 * written and read again; nothing is a key of both kinds.
 */
#include "tls/keypair.h"
#include "tls/pss.h"
#include "tls/signature.h"
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

static bool
try_ec(struct span text)
{
	static const uint8_t hash[32];
	static struct keypair k;
	uint8_t sig[SIGNATURE_MAX];
	size_t len;
	bool p256;
	enum err e = keypair_ec_from_der(&k, text);

	require(e == ERR_OK || e == ERR_KEY);
	require((e == ERR_OK) == (k.scalar_len > 0));
	require(k.modulus_len == 0);
	if (e != ERR_OK)
		return false;
	p256 = k.curve == BR_EC_secp256r1;
	require(p256 || k.curve == BR_EC_secp384r1);
	require(k.scalar_len == (p256 ? 32 : 48));
	require(signature_sign(p256 ? 0x0403 : 0x0503, &k,
			span_of(hash, sizeof(hash)), sig, &len) == ERR_OK);
	require(len > 8 && sig[0] == 0x30);
	return true;
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
	bool ec = try_ec(text);
	enum err e = keypair_from_der(&k, text);

	require(e == ERR_OK || e == ERR_KEY);
	require((e == ERR_OK) == (k.modulus_len > 0));
	require(e != ERR_OK || !ec);
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
