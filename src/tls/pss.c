/*
 * pss.c - EMSA-PSS over BearSSL's raw RSA. The salt is fresh for each
 * signature and as long as the hash; nothing here branches on secret bytes.
 * Must never accept a signature whose encoding differs in a single bit from
 * RFC 8017 9.1.2, nor sign with a salt that did not come from the kernel.
 */
#include "tls/pss.h"

#include "base/mem.h"
#include "base/rng.h"

#include <string.h>

#define HASH_LEN_MAX 64
#define TRAILER      0xbc

/* EM, the encoded message, in the terms of RFC 8017 9.1. */
struct encoding {
	const br_hash_class *hash;
	size_t hash_len;  /* hLen, and sLen */
	size_t mod_len;   /* k */
	size_t em_len;    /* k, or k - 1 when the modulus has 8i + 1 bits */
	uint8_t top_mask; /* the bits that maskedDB's first byte may have */
};

static const br_hash_class *
hash_of(unsigned hash_bits)
{
	switch (hash_bits) {
	case 256:
		return &br_sha256_vtable;
	case 384:
		return &br_sha384_vtable;
	case 512:
		return &br_sha512_vtable;
	default:
		return NULL;
	}
}

/* Fails where hash, digest and modulus cannot go together (RFC 8017 9.1.1). */
static enum err
shape(struct encoding *c, struct span modulus, unsigned hash_bits,
	struct span digest)
{
	unsigned top_bits = 8;

	while (modulus.len > 0 && modulus.data[0] == 0)
		modulus = span_of(modulus.data + 1, modulus.len - 1);
	c->hash = hash_of(hash_bits);
	c->hash_len = hash_bits / 8;
	c->mod_len = modulus.len;
	if (c->hash == NULL || digest.len != c->hash_len || modulus.len == 0 ||
		modulus.len > PSS_SIGNATURE_MAX)
		return ERR_KEY;
	while ((modulus.data[0] >> (top_bits - 1)) == 0)
		top_bits--;
	/* emBits is one less than the bits of the modulus. */
	c->em_len = modulus.len;
	c->top_mask = (uint8_t)((1u << (top_bits - 1)) - 1);
	if (top_bits == 1) {
		c->em_len--;
		c->top_mask = 0xff;
	}
	return c->em_len >= 2 * c->hash_len + 2 ? ERR_OK : ERR_KEY;
}

/* data[0..len) ^= MGF1(seed), with the same hash (RFC 8017 B.2.1). */
static void
mgf1_xor(const struct encoding *c, uint8_t *data, size_t len,
	const uint8_t *seed)
{
	br_hash_compat_context context;
	uint8_t block[HASH_LEN_MAX];
	uint8_t counter[4] = {0};

	for (size_t done = 0; done < len; done += c->hash_len) {
		c->hash->init(&context.vtable);
		c->hash->update(&context.vtable, seed, c->hash_len);
		c->hash->update(&context.vtable, counter, sizeof(counter));
		c->hash->out(&context.vtable, block);
		for (size_t i = 0; i < c->hash_len && done + i < len; i++)
			data[done + i] ^= block[i];
		/* 512 / 32 blocks at most: one byte is enough. */
		counter[3]++;
	}
}

/* H = Hash(eight zero bytes, mHash, salt). */
static void
hash_salted(const struct encoding *c, struct span digest, const uint8_t *salt,
	uint8_t *out)
{
	static const uint8_t zeros[8];
	br_hash_compat_context context;

	c->hash->init(&context.vtable);
	c->hash->update(&context.vtable, zeros, sizeof(zeros));
	c->hash->update(&context.vtable, digest.data, digest.len);
	c->hash->update(&context.vtable, salt, c->hash_len);
	c->hash->out(&context.vtable, out);
}

/* RFC 8017 9.1.1 into em[0..em_len). */
static void
encode(const struct encoding *c, struct span digest, const uint8_t *salt,
	uint8_t *em)
{
	size_t db_len = c->em_len - c->hash_len - 1;
	uint8_t *h = em + db_len;

	hash_salted(c, digest, salt, h);
	memset(em, 0, db_len);
	em[db_len - c->hash_len - 1] = 1;
	memcpy(em + db_len - c->hash_len, salt, c->hash_len);
	mgf1_xor(c, em, db_len, h);
	em[0] &= c->top_mask;
	em[c->em_len - 1] = TRAILER;
}

/* RFC 8017 9.1.2; em is unmasked in place. */
static bool
decode(const struct encoding *c, struct span digest, uint8_t *em)
{
	size_t db_len = c->em_len - c->hash_len - 1;
	size_t zeros = db_len - c->hash_len - 1;
	uint8_t h[HASH_LEN_MAX];
	uint8_t wrong = 0;

	wrong |= em[c->em_len - 1] ^ TRAILER;
	wrong |= em[0] & (uint8_t)~c->top_mask;
	mgf1_xor(c, em, db_len, em + db_len);
	em[0] &= c->top_mask;
	for (size_t i = 0; i < zeros; i++)
		wrong |= em[i];
	wrong |= em[zeros] ^ 1;
	hash_salted(c, digest, em + zeros + 1, h);
	return mem_equal_ct(h, em + db_len, c->hash_len) && wrong == 0;
}

enum err
pss_sign(const struct keypair *k, unsigned hash_bits, struct span digest,
	uint8_t *sig, size_t *sig_len)
{
	struct encoding c;
	uint8_t salt[HASH_LEN_MAX];
	enum err e = shape(
		&c, span_of(k->modulus, k->modulus_len), hash_bits, digest);

	if (e != ERR_OK)
		return e;
	e = rng_bytes(salt, c.hash_len);
	if (e != ERR_OK)
		return e;
	sig[0] = 0;
	encode(&c, digest, salt, sig + (c.mod_len - c.em_len));
	if (br_rsa_private_get_default()(sig, &k->rsa) != 1) {
		mem_wipe(sig, c.mod_len);
		return ERR_KEY;
	}
	*sig_len = c.mod_len;
	return ERR_OK;
}

enum err
pss_verify(const br_rsa_public_key *pk, unsigned hash_bits, struct span digest,
	struct span sig)
{
	struct encoding c;
	uint8_t em[PSS_SIGNATURE_MAX];
	enum err e = shape(&c, span_of(pk->n, pk->nlen), hash_bits, digest);

	if (e != ERR_OK)
		return e;
	if (sig.len != c.mod_len)
		return ERR_TLS;
	memcpy(em, sig.data, sig.len);
	if (br_rsa_public_get_default()(em, sig.len, pk) != 1)
		return ERR_TLS;
	/* Where em is shorter than the modulus, the byte above it is zero. */
	if (c.em_len < c.mod_len && em[0] != 0)
		return ERR_TLS;
	if (!decode(&c, digest, em + (c.mod_len - c.em_len)))
		return ERR_TLS;
	return ERR_OK;
}
