/*
 * selftest.c - known answers, asked of the same functions that connections use.
 * Must never take two wrong answers that agree for a right one: what is sealed
 * is compared with what OpenSSL makes of it before it is opened again.
 */
#include "tls/selftest.h"

#include "tls/aead.h"
#include "tls/keyschedule.h"
#include "tls/keyshare.h"

#include <string.h>

#define ANSWER_LEN 16
/* Long enough for code that works on eight blocks at a time, and a rest. */
#define TEXT_LEN   317

struct known {
	const char *name;
	uint8_t answer[ANSWER_LEN];
};

/* The tag over bytes that count up, with key, nonce and data alike. */
static const struct known ciphers[] = {
	{"AES-128-GCM", {0x84, 0x23, 0x6e, 0x4a, 0x0a, 0xd7, 0xf9, 0x11, 0xdb,
				0xd0, 0xbb, 0x18, 0x9f, 0x88, 0x9e, 0x6a}},
	{"AES-256-GCM", {0xe4, 0x79, 0x54, 0xad, 0x3f, 0x26, 0x5f, 0x23, 0xc0,
				0x14, 0x4e, 0x50, 0x52, 0xd7, 0x81, 0xf8}},
	{"ChaCha20-Poly1305",
		{0x15, 0xe6, 0x2a, 0x72, 0xc2, 0x12, 0x4c, 0xa8, 0x58, 0x58,
			0xc2, 0x62, 0x2e, 0x68, 0x06, 0xc1}},
};

/* Early Secrets without a PSK (RFC 8448 3 has the first); their beginnings. */
static const struct known hashes[] = {
	{"HKDF with SHA-256",
		{0x33, 0xad, 0x0a, 0x1c, 0x60, 0x7e, 0xc0, 0x3b, 0x09, 0xe6,
			0xcd, 0x98, 0x93, 0x68, 0x0c, 0xe2}},
	{"HKDF with SHA-384",
		{0x7e, 0xe8, 0x20, 0x6f, 0x55, 0x70, 0x02, 0x3e, 0x6d, 0xc7,
			0x51, 0x9e, 0xb1, 0x07, 0x3b, 0xc4}},
};

/* The public key of the scalar 0, 1, 2... in RFC 7748's byte order. */
static const struct known x25519 = {
	"X25519", {0x8f, 0x40, 0xc5, 0xad, 0xb6, 0x8f, 0x25, 0x62, 0x4a, 0xe5,
			  0xb2, 0x14, 0xea, 0x76, 0x7a, 0x6e}};

static bool
is(const struct known *k, const uint8_t *data)
{
	return memcmp(k->answer, data, ANSWER_LEN) == 0;
}

static void
count_up(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)i;
}

/* Sealed, opened, and refused when one bit of the tag is another. */
static bool
cipher_works(const struct suite *s, const struct known *k)
{
	uint8_t counted[TEXT_LEN];
	uint8_t data[TEXT_LEN + AEAD_TAG_LEN];
	struct span aad;
	struct aead a;
	bool good;

	count_up(counted, sizeof(counted));
	aad = span_of(counted, 5);
	memcpy(data, counted, TEXT_LEN);
	aead_init(&a, s->aead, counted, s->key_len);
	aead_seal(&a, counted, aad, data, TEXT_LEN);
	good = is(k, data + TEXT_LEN) &&
	       aead_open(&a, counted, aad, data, TEXT_LEN) &&
	       memcmp(data, counted, TEXT_LEN) == 0;
	aead_seal(&a, counted, aad, data, TEXT_LEN);
	data[TEXT_LEN] ^= 1;
	return good && !aead_open(&a, counted, aad, data, TEXT_LEN);
}

static bool
hash_works(const struct suite *s, const struct known *k)
{
	struct keyschedule schedule;

	keyschedule_begin(&schedule, s->hash, span_of(NULL, 0));
	return is(k, schedule.secret);
}

static bool
x25519_works(void)
{
	struct keyshare share = {.group = KEYSHARE_X25519, .secret_len = 32};
	uint8_t base[32] = {9};
	uint8_t out[KEYSHARE_SECRET_MAX];
	size_t len;

	count_up(share.secret, share.secret_len);
	return keyshare_agree(&share, span_of(base, sizeof(base)), out, &len) ==
		       ERR_OK &&
	       is(&x25519, out);
}

static const char *
what_is_broken(void)
{
	/* In the order of their numbers, which is that of ciphers. */
	for (uint16_t i = 0; i < SUITE_COUNT; i++) {
		const struct suite *s = suite_find((uint16_t)(0x1301 + i));

		if (s == NULL || !cipher_works(s, &ciphers[i]))
			return ciphers[i].name;
		if (i < 2 && !hash_works(s, &hashes[i]))
			return hashes[i].name;
	}
	return x25519_works() ? NULL : x25519.name;
}

enum err
selftest_run(struct error *e)
{
	const char *broken = what_is_broken();

	if (broken == NULL)
		return ERR_OK;
	return error_set(e, ERR_INTERNAL,
		"tls: self-test failed: %s gives wrong answers here", broken);
}
