/*
 * keyschedule.c - HKDF on BearSSL's HMAC. BearSSL's own HKDF always runs
 * Extract and Expand together and cannot be used here.
 *
 * Every intermediate secret is wiped before its function returns.
 */
#include "tls/keyschedule.h"

#include "base/mem.h"

#include <string.h>

#define LABEL_PREFIX "tls13 "
#define LABEL_MAX    12
#define CONTEXT_MAX  255 /* a hash, or a ticket's nonce */
/* HkdfLabel (7.1): uint16, label<7..255>, context<0..255>. */
#define HKDF_LABEL_MAX                                                         \
	(2 + 1 + sizeof(LABEL_PREFIX) - 1 + LABEL_MAX + 1 + CONTEXT_MAX)

/* The length of its output is part of a BearSSL hash's description. */
static size_t
hash_len(const br_hash_class *hash)
{
	return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

static void
hmac(const br_hash_class *hash, struct span key, struct span data, uint8_t *out,
	size_t out_len)
{
	br_hmac_key_context key_context;
	br_hmac_context context;

	br_hmac_key_init(&key_context, hash, key.data, key.len);
	br_hmac_init(&context, &key_context, out_len);
	br_hmac_update(&context, data.data, data.len);
	br_hmac_out(&context, out);
	mem_wipe(&context, sizeof(context));
	mem_wipe(&key_context, sizeof(key_context));
}

void
keyschedule_extract(const br_hash_class *hash, struct span salt,
	struct span ikm, uint8_t *out)
{
	hmac(hash, salt, ikm, out, hash_len(hash));
}

void
keyschedule_expand_label(const br_hash_class *hash, struct span secret,
	const char *label, struct span context, uint8_t *out, size_t out_len)
{
	uint8_t info[HKDF_LABEL_MAX + 1];
	struct writer w = writer_over(info, sizeof(info));
	size_t mark;

	write_u16(&w, (uint16_t)out_len);
	mark = write_begin(&w, 1);
	write_str(&w, LABEL_PREFIX);
	write_str(&w, label);
	write_end(&w, mark, 1);
	mark = write_begin(&w, 1);
	write_span(&w, context);
	write_end(&w, mark, 1);
	write_u8(&w, 1); /* HKDF-Expand's counter: T(1) is all we take */
	hmac(hash, secret, writer_span(&w), out, out_len);
}

void
keyschedule_begin(
	struct keyschedule *k, const br_hash_class *hash, struct span psk)
{
	static const uint8_t zeros[SUITE_HASH_MAX];

	k->hash = hash;
	k->hash_len = hash_len(hash);
	if (psk.len == 0)
		psk = span_of(zeros, k->hash_len);
	keyschedule_extract(hash, span_of(zeros, k->hash_len), psk, k->secret);
}

struct span
keyschedule_empty_hash(const br_hash_class *hash, uint8_t *out)
{
	br_hash_compat_context context;

	hash->init(&context.vtable);
	hash->out(&context.vtable, out);
	return span_of(out, hash_len(hash));
}

void
keyschedule_mix(struct keyschedule *k, struct span ikm)
{
	static const uint8_t zeros[SUITE_HASH_MAX];
	uint8_t salt[SUITE_HASH_MAX];
	uint8_t empty[SUITE_HASH_MAX];

	if (ikm.len == 0)
		ikm = span_of(zeros, k->hash_len);
	keyschedule_derive(
		k, "derived", keyschedule_empty_hash(k->hash, empty), salt);
	keyschedule_extract(
		k->hash, span_of(salt, k->hash_len), ikm, k->secret);
	mem_wipe(salt, sizeof(salt));
}

void
keyschedule_derive(const struct keyschedule *k, const char *label,
	struct span transcript_hash, uint8_t *out)
{
	keyschedule_expand_label(k->hash, span_of(k->secret, k->hash_len),
		label, transcript_hash, out, k->hash_len);
}

void
keyschedule_finished(const br_hash_class *hash, struct span secret,
	struct span transcript_hash, uint8_t *out)
{
	uint8_t key[SUITE_HASH_MAX];
	size_t len = hash_len(hash);

	keyschedule_expand_label(
		hash, secret, "finished", span_of(NULL, 0), key, len);
	hmac(hash, span_of(key, len), transcript_hash, out, len);
	mem_wipe(key, sizeof(key));
}

void
keyschedule_update(const br_hash_class *hash, uint8_t *secret)
{
	uint8_t next[SUITE_HASH_MAX];
	size_t len = hash_len(hash);

	keyschedule_expand_label(hash, span_of(secret, len), "traffic upd",
		span_of(NULL, 0), next, len);
	memcpy(secret, next, len);
	mem_wipe(next, sizeof(next));
}
