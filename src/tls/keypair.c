/*
 * keypair.c - RSA private keys in memory: generation, DER in and out. Owns the
 * only copy of a key's numbers until keypair_copy makes another. It must never
 * let a number reach BearSSL that is longer than BearSSL's buffers, and never
 * log or leave behind a part of a key; BearSSL's own decoder of private keys,
 * whose release 0.6 can be made to write past its end, is not used.
 */
#include "tls/keypair.h"

#include "base/mem.h"
#include "base/rng.h"
#include "wire/der.h"

#include <string.h>

#define SEED_LEN         48
#define PUBLIC_EXPONENT  65537
#define MODULUS_BITS_MIN 2048

/* AlgorithmIdentifier of rsaEncryption, parameters NULL (RFC 8017 A.1). */
static const uint8_t rsa_encryption[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
	0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

/* The integers of RSAPrivateKey (RFC 8017 A.1.2), in its order. */
struct private_numbers {
	struct span n;
	uint32_t e;
	struct span d;
	struct span p;
	struct span q;
	struct span dp;
	struct span dq;
	struct span iq;
};

static enum err
generate(struct keypair *k, br_hmac_drbg_context *rng)
{
	unsigned char public[BR_RSA_KBUF_PUB_SIZE(KEYPAIR_RSA_BITS)];
	br_rsa_public_key pk;
	size_t d_len;

	if (br_rsa_keygen_get_default()(&rng->vtable, &k->rsa, k->storage, &pk,
		    public, KEYPAIR_RSA_BITS, PUBLIC_EXPONENT) != 1)
		return ERR_INTERNAL;
	d_len = br_rsa_compute_privexp_get_default()(
		k->private_exponent, &k->rsa, PUBLIC_EXPONENT);
	if (d_len == 0 || pk.nlen != KEYPAIR_RSA_BITS / 8)
		return ERR_INTERNAL;
	memcpy(k->modulus, pk.n, pk.nlen);
	k->modulus_len = pk.nlen;
	k->private_exponent_len = d_len;
	k->exponent = PUBLIC_EXPONENT;
	return ERR_OK;
}

enum err
keypair_generate(struct keypair *k)
{
	uint8_t seed[SEED_LEN];
	br_hmac_drbg_context rng;
	enum err e;

	memset(k, 0, sizeof(*k));
	e = rng_bytes(seed, sizeof(seed));
	if (e != ERR_OK)
		return e;
	br_hmac_drbg_init(&rng, &br_sha256_vtable, seed, sizeof(seed));
	mem_wipe(seed, sizeof(seed));
	e = generate(k, &rng);
	mem_wipe(&rng, sizeof(rng));
	if (e != ERR_OK)
		keypair_clear(k);
	return e;
}

static bool
read_numbers(struct span der, struct private_numbers *v)
{
	struct reader outer = reader_over(der);
	struct reader in = der_open(&outer, DER_SEQUENCE);
	uint32_t version = der_read_small(&in);

	v->n = der_read_unsigned(&in);
	v->e = der_read_small(&in);
	v->d = der_read_unsigned(&in);
	v->p = der_read_unsigned(&in);
	v->q = der_read_unsigned(&in);
	v->dp = der_read_unsigned(&in);
	v->dq = der_read_unsigned(&in);
	v->iq = der_read_unsigned(&in);
	return reader_done(&outer) && reader_done(&in) && version == 0;
}

/*
 * The RSAPrivateKey inside a PrivateKeyInfo (RFC 5208 5), or der itself when
 * it does not look like one.
 */
static struct span
unwrap_pkcs8(struct span der)
{
	struct reader outer = reader_over(der);
	struct reader in = der_open(&outer, DER_SEQUENCE);
	uint32_t version = der_read_small(&in);
	struct span algorithm;
	struct span key;

	if (!der_next_is(&in, DER_SEQUENCE))
		return der;
	algorithm = der_read_any(&in).whole;
	key = der_read(&in, DER_OCTET_STRING);
	if (der_next_is(&in, DER_CONTEXT_CONSTRUCTED(0)))
		(void)der_read_any(&in); /* attributes */
	if (!reader_done(&outer) || !reader_done(&in) || version != 0 ||
		!span_equal(algorithm,
			span_of(rsa_encryption, sizeof(rsa_encryption))))
		return span_of(NULL, 0);
	return key;
}

static uint32_t
bit_length(struct span n)
{
	uint32_t bits = (uint32_t)n.len * 8;

	for (uint8_t mask = 0x80; bits > 0 && (n.data[0] & mask) == 0;
		mask >>= 1)
		bits--;
	return bits;
}

/*
 * Lengths that two primes of one modulus can have, neither of them small. That
 * the five parts of the key fit storage is seen when they are put there.
 */
static bool
numbers_fit(const struct private_numbers *v)
{
	size_t n = v->n.len;
	size_t primes = v->p.len + v->q.len;

	if (n > KEYPAIR_MODULUS_MAX || bit_length(v->n) < MODULUS_BITS_MIN)
		return false;
	if (v->p.len < n / 4 || v->q.len < n / 4)
		return false;
	if (primes < n || primes > n + 1)
		return false;
	/* An exponent of 1 would make halves that agree. */
	return v->d.len <= n && v->e >= 3;
}

static unsigned char *
store(struct writer *w, struct span number, size_t *len)
{
	unsigned char *at = w->base + w->len;

	write_span(w, number);
	*len = number.len;
	return at;
}

/* A private operation undone by the public one: the halves belong together. */
static bool
halves_match(const struct keypair *k)
{
	unsigned char x[KEYPAIR_MODULUS_MAX];
	unsigned char exponent[4];
	struct writer w = writer_over(exponent, sizeof(exponent));
	br_rsa_public_key pk;
	uint32_t ok;

	write_u32(&w, k->exponent);
	pk.n = (unsigned char *)(uintptr_t)k->modulus;
	pk.nlen = k->modulus_len;
	pk.e = exponent;
	pk.elen = sizeof(exponent);
	memset(x, 0x5a, k->modulus_len);
	x[0] = 0; /* below the modulus, whatever that is */
	ok = br_rsa_private_get_default()(x, &k->rsa);
	ok &= br_rsa_public_get_default()(x, k->modulus_len, &pk);
	ok &= x[0] == 0;
	for (size_t i = 1; i < k->modulus_len; i++)
		ok &= x[i] == 0x5a;
	return ok != 0;
}

enum err
keypair_from_der(struct keypair *k, struct span der)
{
	struct private_numbers v;
	struct writer w = writer_over(k->storage, sizeof(k->storage));

	memset(k, 0, sizeof(*k));
	if (!read_numbers(unwrap_pkcs8(der), &v) || !numbers_fit(&v))
		return ERR_KEY;
	k->rsa.n_bitlen = bit_length(v.n);
	k->rsa.p = store(&w, v.p, &k->rsa.plen);
	k->rsa.q = store(&w, v.q, &k->rsa.qlen);
	k->rsa.dp = store(&w, v.dp, &k->rsa.dplen);
	k->rsa.dq = store(&w, v.dq, &k->rsa.dqlen);
	k->rsa.iq = store(&w, v.iq, &k->rsa.iqlen);
	memcpy(k->modulus, v.n.data, v.n.len);
	k->modulus_len = v.n.len;
	memcpy(k->private_exponent, v.d.data, v.d.len);
	k->private_exponent_len = v.d.len;
	k->exponent = v.e;
	if (!writer_ok(&w) || !halves_match(k)) {
		keypair_clear(k);
		return ERR_KEY;
	}
	return ERR_OK;
}

void
keypair_private_der(const struct keypair *k, struct writer *w)
{
	static const uint8_t version[1] = {0};
	const uint8_t exponent[4] = {(uint8_t)(k->exponent >> 24),
		(uint8_t)(k->exponent >> 16), (uint8_t)(k->exponent >> 8),
		(uint8_t)k->exponent};
	const struct span number[] = {
		span_of(version, sizeof(version)),
		span_of(k->modulus, k->modulus_len),
		span_of(exponent, sizeof(exponent)),
		span_of(k->private_exponent, k->private_exponent_len),
		span_of(k->rsa.p, k->rsa.plen),
		span_of(k->rsa.q, k->rsa.qlen),
		span_of(k->rsa.dp, k->rsa.dplen),
		span_of(k->rsa.dq, k->rsa.dqlen),
		span_of(k->rsa.iq, k->rsa.iqlen),
	};
	const size_t count = sizeof(number) / sizeof(number[0]);
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += der_unsigned_len(number[i]);
	if (k->modulus_len == 0)
		w->failed = true;
	der_write_header(w, DER_SEQUENCE, len);
	for (size_t i = 0; i < count; i++)
		der_write_unsigned(w, number[i]);
}

/* SubjectPublicKeyInfo { rsaEncryption, BIT STRING { RSAPublicKey } }. */
void
keypair_public_der(const struct keypair *k, struct writer *w)
{
	const uint8_t exponent[4] = {(uint8_t)(k->exponent >> 24),
		(uint8_t)(k->exponent >> 16), (uint8_t)(k->exponent >> 8),
		(uint8_t)k->exponent};
	const struct span e = span_of(exponent, sizeof(exponent));
	const struct span n = span_of(k->modulus, k->modulus_len);
	size_t numbers = der_unsigned_len(n) + der_unsigned_len(e);
	size_t bits = 1 + der_header_len(numbers) + numbers;

	if (k->modulus_len == 0)
		w->failed = true;
	der_write_header(w, DER_SEQUENCE,
		sizeof(rsa_encryption) + der_header_len(bits) + bits);
	write_bytes(w, rsa_encryption, sizeof(rsa_encryption));
	der_write_header(w, DER_BIT_STRING, bits);
	write_u8(w, 0);
	der_write_header(w, DER_SEQUENCE, numbers);
	der_write_unsigned(w, n);
	der_write_unsigned(w, e);
}

static unsigned char *
moved(struct keypair *to, const struct keypair *from, const unsigned char *p)
{
	return p == NULL ? NULL : to->storage + (p - from->storage);
}

void
keypair_copy(struct keypair *to, const struct keypair *from)
{
	*to = *from;
	to->rsa.p = moved(to, from, from->rsa.p);
	to->rsa.q = moved(to, from, from->rsa.q);
	to->rsa.dp = moved(to, from, from->rsa.dp);
	to->rsa.dq = moved(to, from, from->rsa.dq);
	to->rsa.iq = moved(to, from, from->rsa.iq);
}

void
keypair_clear(struct keypair *k)
{
	mem_wipe(k, sizeof(*k));
}
