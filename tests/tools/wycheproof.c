/*
 * wycheproof.c - cases of project Wycheproof, given as lines, through the
 * primitives as src/tls calls them. Not part of the program; run by
 * tests/conformance/wycheproof/run, which makes the lines.
 *
 * Standard input, a case per line: kind, id, "accept" or "refuse", then the
 * fields of its kind in hexadecimal, "-" for an empty one. Each case that ends
 * otherwise is told on standard output, then "cases N, wrong N". Exit status 0
 * if none was wrong, 1 if one was, 2 for a line that can't be read.
 */
#include "tls/aead.h"
#include "tls/keyschedule.h"
#include "tls/keyshare.h"
#include "tls/pss.h"
#include "tls/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS     7
#define LINE_BYTES 32768
#define OKM_MAX    12240 /* 255 blocks of SHA-384 */

/* Parsed in place: the fields' bytes lie in line. */
struct test_case {
	const char *id;
	bool accept; /* what is expected */
	struct span field[FIELDS];
	size_t count;
};

/* What came out of a case; wrong: accepted with another result. */
enum verdict {
	ACCEPTED,
	REFUSED,
	WRONG
};

static bool
same(struct span a, const uint8_t *b, size_t b_len)
{
	return a.len == b_len && (b_len == 0 || memcmp(a.data, b, b_len) == 0);
}

/* The bytes that a field holds as one big-endian number. */
static size_t
number(struct span field)
{
	size_t n = 0;

	for (size_t i = 0; i < field.len; i++)
		n = n << 8 | field.data[i];
	return n;
}

static const br_hash_class *
hash_of(size_t bits)
{
	return bits == 256   ? &br_sha256_vtable
	       : bits == 384 ? &br_sha384_vtable
			     : &br_sha512_vtable;
}

static struct span
digest_of(size_t bits, struct span message, uint8_t *out)
{
	const br_hash_class *hash = hash_of(bits);
	br_hash_compat_context c;

	hash->init(&c.vtable);
	hash->update(&c.vtable, message.data, message.len);
	hash->out(&c.vtable, out);
	return span_of(out, bits / 8);
}

/* A copy in a block of its own size, so that an overrun is seen; to free. */
static uint8_t *
copy_of(struct span a, struct span b)
{
	uint8_t *copy = malloc(a.len + b.len + 1);

	if (copy == NULL)
		abort();
	if (a.len > 0)
		memcpy(copy, a.data, a.len);
	if (b.len > 0)
		memcpy(copy + a.len, b.data, b.len);
	return copy;
}

/* key, nonce, additional data, message, ciphertext, tag */
static enum verdict
check_aead(const struct test_case *t, enum aead_algorithm algorithm)
{
	const struct span *f = t->field;
	uint8_t *sealed = copy_of(f[4], f[5]);
	uint8_t *plain = copy_of(f[3], f[5]);
	enum verdict verdict = REFUSED;
	struct aead a;

	aead_init(&a, algorithm, f[0].data, f[0].len);
	if (aead_open(&a, f[1].data, f[2], sealed, f[4].len)) {
		aead_seal(&a, f[1].data, f[2], plain, f[3].len);
		verdict = same(f[3], sealed, f[4].len) &&
					  same(f[4], plain, f[3].len) &&
					  same(f[5], plain + f[3].len,
						  AEAD_TAG_LEN)
				  ? ACCEPTED
				  : WRONG;
	}
	aead_clear(&a);
	free(sealed);
	free(plain);
	return verdict;
}

static enum verdict
check_aes_gcm(const struct test_case *t)
{
	return check_aead(t, AEAD_AES_GCM);
}

static enum verdict
check_chacha20(const struct test_case *t)
{
	return check_aead(t, AEAD_CHACHA20_POLY1305);
}

/* group, private key, public key, shared secret */
static enum verdict
check_agreement(const struct test_case *t)
{
	const struct span *f = t->field;
	struct keyshare k = {
		.group = (uint16_t)number(f[0]), .secret_len = f[1].len};
	uint8_t out[KEYSHARE_SECRET_MAX];
	uint8_t *peer = copy_of(f[2], span_of(NULL, 0));
	size_t len;
	enum err e;

	if (f[1].len > sizeof(k.secret))
		abort();
	memcpy(k.secret, f[1].data, f[1].len);
	e = keyshare_agree(&k, span_of(peer, f[2].len), out, &len);
	free(peer);
	if (e != ERR_OK)
		return REFUSED;
	return same(f[3], out, len) ? ACCEPTED : WRONG;
}

/* scheme, public point, message, signature */
static enum verdict
check_ecdsa(const struct test_case *t)
{
	const struct span *f = t->field;
	uint8_t *point = copy_of(f[1], span_of(NULL, 0));
	uint8_t *sig = copy_of(f[3], span_of(NULL, 0));
	uint16_t scheme = (uint16_t)number(f[0]);
	bool p256 = scheme == 0x0403;
	br_x509_pkey key = {.key_type = BR_KEYTYPE_EC};
	uint8_t digest[64];
	enum err e;

	key.key.ec.curve = p256 ? BR_EC_secp256r1 : BR_EC_secp384r1;
	key.key.ec.q = point;
	key.key.ec.qlen = f[1].len;
	e = signature_verify_digest(scheme, &key,
		digest_of(p256 ? 256 : 384, f[2], digest),
		span_of(sig, f[3].len));
	free(point);
	free(sig);
	return e == ERR_OK ? ACCEPTED : REFUSED;
}

/* scheme, modulus, exponent, message, signature */
static enum verdict
check_pss(const struct test_case *t)
{
	const struct span *f = t->field;
	uint8_t *n = copy_of(f[1], span_of(NULL, 0));
	uint8_t *e = copy_of(f[2], span_of(NULL, 0));
	uint8_t *sig = copy_of(f[4], span_of(NULL, 0));
	uint16_t scheme = (uint16_t)number(f[0]);
	size_t bits = scheme == 0x0804 ? 256 : scheme == 0x0805 ? 384 : 512;
	br_x509_pkey key = {.key_type = BR_KEYTYPE_RSA};
	uint8_t digest[64];
	enum err code;

	key.key.rsa = (br_rsa_public_key){
		.n = n, .nlen = f[1].len, .e = e, .elen = f[2].len};
	code = signature_verify_digest(scheme, &key,
		digest_of(bits, f[3], digest), span_of(sig, f[4].len));
	free(n);
	free(e);
	free(sig);
	return code == ERR_OK ? ACCEPTED : REFUSED;
}

/* hash, modulus, exponent, message, signature: as certificates are checked */
static enum verdict
check_pkcs1(const struct test_case *t)
{
	const struct span *f = t->field;
	size_t bits = number(f[0]);
	const unsigned char *oid = bits == 256   ? BR_HASH_OID_SHA256
				   : bits == 384 ? BR_HASH_OID_SHA384
						 : BR_HASH_OID_SHA512;
	uint8_t *n = copy_of(f[1], span_of(NULL, 0));
	uint8_t *e = copy_of(f[2], span_of(NULL, 0));
	uint8_t *sig = copy_of(f[4], span_of(NULL, 0));
	br_rsa_public_key key = {
		.n = n, .nlen = f[1].len, .e = e, .elen = f[2].len};
	uint8_t digest[64];
	uint8_t signed_digest[64];
	struct span d = digest_of(bits, f[3], digest);
	bool good = br_rsa_pkcs1_vrfy_get_default()(sig, f[4].len, oid, d.len,
			    &key, signed_digest) == 1 &&
		    same(d, signed_digest, d.len);

	free(n);
	free(e);
	free(sig);
	return good ? ACCEPTED : REFUSED;
}

/* hash, key, message, tag, which may be cut short */
static enum verdict
check_hmac(const struct test_case *t)
{
	const struct span *f = t->field;
	br_hmac_key_context key;
	br_hmac_context c;
	uint8_t out[64];

	br_hmac_key_init(&key, hash_of(number(f[0])), f[1].data, f[1].len);
	br_hmac_init(&c, &key, f[3].len);
	br_hmac_update(&c, f[2].data, f[2].len);
	return same(f[3], out, br_hmac_out(&c, out)) ? ACCEPTED : REFUSED;
}

/*
 * hash, input keying material, salt, info, output. Extract is the key
 * schedule's; its Expand makes one block and takes labels only, so that Expand
 * is done here, of the HMAC that it is made of.
 */
static enum verdict
check_hkdf(const struct test_case *t)
{
	const struct span *f = t->field;
	const br_hash_class *hash = hash_of(number(f[0]));
	size_t hash_len = number(f[0]) / 8;
	br_hmac_key_context key;
	br_hmac_context c;
	uint8_t prk[SUITE_HASH_MAX];
	uint8_t okm[OKM_MAX + SUITE_HASH_MAX];
	size_t len = 0;

	if (f[4].len > OKM_MAX)
		abort();
	keyschedule_extract(hash, f[2], f[1], prk);
	br_hmac_key_init(&key, hash, prk, hash_len);
	for (uint8_t i = 1; len < f[4].len; i++) {
		br_hmac_init(&c, &key, 0);
		if (i > 1)
			br_hmac_update(&c, okm + len - hash_len, hash_len);
		br_hmac_update(&c, f[3].data, f[3].len);
		br_hmac_update(&c, &i, 1);
		len += br_hmac_out(&c, okm + len);
	}
	return same(f[4], okm, f[4].len) ? ACCEPTED : REFUSED;
}

static const struct kind {
	const char *name;
	size_t fields;
	enum verdict (*check)(const struct test_case *t);
} kinds[] = {
	{"aes_gcm", 6, check_aes_gcm},
	{"chacha20_poly1305", 6, check_chacha20},
	{"agreement", 4, check_agreement},
	{"ecdsa", 4, check_ecdsa},
	{"pss", 5, check_pss},
	{"pkcs1", 5, check_pkcs1},
	{"hmac", 4, check_hmac},
	{"hkdf", 5, check_hkdf},
};

/* Hexadecimal digits become bytes in place. */
static struct span
unhex(char *text)
{
	size_t len = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
	uint8_t *out = (uint8_t *)text;

	for (size_t i = 0; i < len; i++) {
		char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return span_of(out, len);
}

static const struct kind *
read_case(char *line, struct test_case *t)
{
	char *rest;
	const char *name = strtok_r(line, " \n", &rest);
	const char *expected;
	char *field;

	t->id = strtok_r(NULL, " \n", &rest);
	expected = strtok_r(NULL, " \n", &rest);
	if (name == NULL || t->id == NULL || expected == NULL)
		return NULL;
	t->accept = strcmp(expected, "accept") == 0;
	t->count = 0;
	while ((field = strtok_r(NULL, " \n", &rest)) != NULL) {
		if (t->count == FIELDS)
			return NULL;
		t->field[t->count++] = unhex(field);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].fields == t->count ? &kinds[i] : NULL;
	}
	return NULL;
}

int
main(void)
{
	static const char *const words[] = {
		[ACCEPTED] = "accepted",
		[REFUSED] = "refused",
		[WRONG] = "accepted with a wrong result",
	};
	static char line[LINE_BYTES];
	unsigned cases = 0;
	unsigned wrong = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct test_case t;
		const struct kind *kind = read_case(line, &t);
		enum verdict v;

		if (kind == NULL) {
			fprintf(stderr, "line %u: not a case\n", cases + 1);
			return 2;
		}
		cases++;
		v = kind->check(&t);
		if (v == (t.accept ? ACCEPTED : REFUSED))
			continue;
		wrong++;
		printf("%s: %s\n", t.id, words[v]);
	}
	printf("cases %u, wrong %u\n", cases, wrong);
	return wrong == 0 ? 0 : 1;
}
