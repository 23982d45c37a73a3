/*
 * keypair_ec.c - private keys on P-256 and P-384, from DER (RFC 5915, RFC 5958
 * with RFC 5480). Owns the scalar as keypair.c owns RSA's numbers; must never
 * take one that is not between 1 and the order, nor a key whose public half,
 * where it is told, is another's.
 */
#include "tls/keypair.h"

#include "base/mem.h"
#include "wire/der.h"

#include <string.h>

struct curve {
	int id; /* BearSSL's */
	size_t len;
	uint8_t oid[8];
	size_t oid_len;
};

static const struct curve curves[] = {
	{BR_EC_secp256r1, 32, {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, 8},
	{BR_EC_secp384r1, 48, {0x2b, 0x81, 0x04, 0x00, 0x22}, 5},
};

/* 1.2.840.10045.2.1, id-ecPublicKey */
static const uint8_t ec_public_key[] = {
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};

struct parts {
	struct span oid; /* of the curve; empty: not told */
	struct span scalar;
	struct span public; /* empty: not told */
};

/* ECPrivateKey. Its curve must be that of the wrapping, if both are told. */
static bool
read_sec1(struct span der, struct parts *p)
{
	struct reader outer = reader_over(der);
	struct reader in = der_open(&outer, DER_SEQUENCE);
	struct reader part;
	struct span oid;
	bool good = der_read_small(&in) == 1;

	p->scalar = der_read(&in, DER_OCTET_STRING);
	if (der_next_is(&in, DER_CONTEXT_CONSTRUCTED(0))) {
		part = der_open(&in, DER_CONTEXT_CONSTRUCTED(0));
		oid = der_read(&part, DER_OID);
		good = good && reader_done(&part) &&
		       (p->oid.len == 0 || span_equal(p->oid, oid));
		p->oid = oid;
	}
	if (der_next_is(&in, DER_CONTEXT_CONSTRUCTED(1))) {
		part = der_open(&in, DER_CONTEXT_CONSTRUCTED(1));
		p->public = der_read_bit_string(&part);
		good = good && reader_done(&part) && p->public.len > 0;
	}
	return good && reader_done(&in) && reader_done(&outer);
}

/* PrivateKeyInfo around an ECPrivateKey, or that alone. */
static bool
read_parts(struct span der, struct parts *p)
{
	struct reader outer = reader_over(der);
	struct reader in = der_open(&outer, DER_SEQUENCE);
	uint32_t version = der_read_small(&in);
	struct reader algorithm;
	struct span key;

	memset(p, 0, sizeof(*p));
	if (!der_next_is(&in, DER_SEQUENCE))
		return read_sec1(der, p);
	algorithm = der_open(&in, DER_SEQUENCE);
	if (!span_equal(der_read(&algorithm, DER_OID),
		    span_of(ec_public_key, sizeof(ec_public_key))))
		return false;
	p->oid = der_read(&algorithm, DER_OID);
	key = der_read(&in, DER_OCTET_STRING);
	return version == 0 && reader_done(&algorithm) && reader_done(&in) &&
	       reader_done(&outer) && read_sec1(key, p);
}

/* Below the order and not zero; in a time that tells nothing of it. */
static bool
in_range(const struct curve *c, const uint8_t *scalar)
{
	size_t len;
	const uint8_t *order = br_ec_all_m31.order(c->id, &len);
	unsigned borrow = 0;
	unsigned any = 0;

	if (len != c->len)
		return false;
	for (size_t i = len; i-- > 0;) {
		borrow = ((unsigned)scalar[i] - order[i] - borrow) >> 8 & 1;
		any |= scalar[i];
	}
	return borrow == 1 && any != 0;
}

static bool
public_matches(const struct keypair *k, struct span public)
{
	uint8_t point[2 * KEYPAIR_EC_MAX + 1];
	size_t len =
		br_ec_all_m31.mulgen(point, k->scalar, k->scalar_len, k->curve);

	return public.len == 0 || span_equal(public, span_of(point, len));
}

enum err
keypair_ec_from_der(struct keypair *k, struct span der)
{
	struct parts p;

	memset(k, 0, sizeof(*k));
	if (!read_parts(der, &p))
		return ERR_KEY;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		const struct curve *c = &curves[i];

		if (!span_equal(p.oid, span_of(c->oid, c->oid_len)) ||
			p.scalar.len != c->len || !in_range(c, p.scalar.data))
			continue;
		k->curve = c->id;
		k->scalar_len = c->len;
		memcpy(k->scalar, p.scalar.data, c->len);
		if (public_matches(k, p.public))
			return ERR_OK;
	}
	keypair_clear(k);
	return ERR_KEY;
}
