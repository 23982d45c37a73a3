/*
 * signature.c - the table of signature schemes, and the bytes that
 * CertificateVerify signs. ECDSA signatures are held to DER before BearSSL,
 * which is lenient, sees them.
 */
#include "tls/signature.h"

#include "tls/alert.h"
#include "tls/suite.h"
#include "wire/der.h"

#define PADDING_LEN 64
#define CONTEXT_LEN 34 /* "TLS 1.3, server CertificateVerify" and a zero */
#define CONTENT_MAX (PADDING_LEN + CONTEXT_LEN + SUITE_HASH_MAX)
#define HASH_MAX    64 /* SHA-512 */

enum use {
	FOR_VERIFY,
	FOR_CERTIFICATES_ONLY
};

struct scheme {
	uint16_t id;
	enum use use;
	uint8_t key_type; /* BearSSL's */
	int curve;        /* EC: the one curve that goes with it */
	unsigned hash_bits;
	const br_hash_class *hash;
};

/* In our order of preference. */
static const struct scheme schemes[] = {
	{0x0403, FOR_VERIFY, BR_KEYTYPE_EC, BR_EC_secp256r1, 256,
		&br_sha256_vtable},
	{0x0804, FOR_VERIFY, BR_KEYTYPE_RSA, 0, 256, &br_sha256_vtable},
	{0x0503, FOR_VERIFY, BR_KEYTYPE_EC, BR_EC_secp384r1, 384,
		&br_sha384_vtable},
	{0x0805, FOR_VERIFY, BR_KEYTYPE_RSA, 0, 384, &br_sha384_vtable},
	{0x0806, FOR_VERIFY, BR_KEYTYPE_RSA, 0, 512, &br_sha512_vtable},
	{0x0401, FOR_CERTIFICATES_ONLY, BR_KEYTYPE_RSA, 0, 256, NULL},
	{0x0501, FOR_CERTIFICATES_ONLY, BR_KEYTYPE_RSA, 0, 384, NULL},
	{0x0601, FOR_CERTIFICATES_ONLY, BR_KEYTYPE_RSA, 0, 512, NULL},
};

#define SCHEME_COUNT (sizeof(schemes) / sizeof(schemes[0]))

static const struct scheme *
find(uint16_t id)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++) {
		if (schemes[i].id == id && schemes[i].use == FOR_VERIFY)
			return &schemes[i];
	}
	return NULL;
}

void
signature_offer(struct writer *w)
{
	size_t mark = write_begin(w, 2);

	for (size_t i = 0; i < SCHEME_COUNT; i++)
		write_u16(w, schemes[i].id);
	write_end(w, mark, 2);
}

static bool
listed(struct span list, uint16_t id)
{
	struct reader r = reader_over(list);

	while (!reader_done(&r) && reader_ok(&r)) {
		if (read_u16(&r) == id && reader_ok(&r))
			return true;
	}
	return false;
}

/* Ours has a curve, or is RSA. */
static bool
serves(const struct scheme *s, const struct keypair *key)
{
	return s->curve == key->curve;
}

uint16_t
signature_choose(struct span list, const struct keypair *key)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++) {
		const struct scheme *s = &schemes[i];

		if (s->use == FOR_VERIFY && serves(s, key) &&
			listed(list, s->id))
			return s->id;
	}
	return 0;
}

/* The scheme's hash of what is signed (4.4.3), in out[0..HASH_MAX). */
static struct span
content_digest(const struct scheme *s, const char *context,
	struct span transcript, uint8_t *out)
{
	uint8_t content[CONTENT_MAX];
	struct writer w = writer_over(content, sizeof(content));
	br_hash_compat_context hash;

	for (size_t i = 0; i < PADDING_LEN; i++)
		write_u8(&w, ' ');
	write_str(&w, context);
	write_u8(&w, 0);
	write_span(&w, transcript);
	s->hash->init(&hash.vtable);
	s->hash->update(&hash.vtable, content, w.len);
	s->hash->out(&hash.vtable, out);
	return span_of(out, s->hash_bits / 8);
}

static bool
verifies(const struct scheme *s, const br_x509_pkey *key, struct span hash,
	struct span sig)
{
	if (s->key_type == BR_KEYTYPE_RSA)
		return pss_verify(&key->key.rsa, s->hash_bits, hash, sig) ==
		       ERR_OK;
	/* The order of each of these curves is as long as its scheme's hash. */
	return der_check_ecdsa(sig, hash.len) == ERR_OK &&
	       br_ecdsa_i31_vrfy_asn1(&br_ec_all_m31, hash.data, hash.len,
		       &key->key.ec, sig.data, sig.len) == 1;
}

static bool
belongs(const struct scheme *s, const br_x509_pkey *key)
{
	return s->key_type == key->key_type &&
	       (key->key_type != BR_KEYTYPE_EC ||
		       s->curve == key->key.ec.curve);
}

enum err
signature_verify_digest(uint16_t scheme, const br_x509_pkey *key,
	struct span digest, struct span sig)
{
	const struct scheme *s = find(scheme);

	if (s == NULL || !belongs(s, key) || digest.len != s->hash_bits / 8 ||
		!verifies(s, key, digest, sig))
		return ERR_TLS;
	return ERR_OK;
}

enum err
signature_verify(uint16_t scheme, const br_x509_pkey *key,
	struct span transcript_hash, struct span sig, struct error *e)
{
	const struct scheme *s = find(scheme);
	uint8_t hash[HASH_MAX];
	struct span signed_hash;

	if (s == NULL || !belongs(s, key))
		return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
			"tls: server used signature algorithm 0x%04x, which "
			"its certificate or TLS 1.3 does not allow",
			scheme);
	signed_hash = content_digest(
		s, "TLS 1.3, server CertificateVerify", transcript_hash, hash);
	if (signature_verify_digest(scheme, key, signed_hash, sig) != ERR_OK)
		return error_tls(e, ERR_TLS, ALERT_DECRYPT_ERROR,
			"tls: invalid signature by the server certificate");
	return ERR_OK;
}

enum err
signature_sign(uint16_t scheme, const struct keypair *key,
	struct span transcript_hash, uint8_t *sig, size_t *sig_len)
{
	const struct scheme *s = find(scheme);
	uint8_t hash[HASH_MAX];
	struct span digest;
	br_ec_private_key ec;

	if (s == NULL || !serves(s, key))
		return ERR_INTERNAL;
	digest = content_digest(
		s, "TLS 1.3, client CertificateVerify", transcript_hash, hash);
	if (key->curve == 0)
		return pss_sign(key, s->hash_bits, digest, sig, sig_len);
	ec.curve = key->curve;
	ec.x = (unsigned char *)(uintptr_t)key->scalar;
	ec.xlen = key->scalar_len;
	*sig_len = br_ecdsa_i31_sign_asn1(
		&br_ec_all_m31, s->hash, digest.data, &ec, sig);
	return *sig_len > 0 ? ERR_OK : ERR_KEY;
}
