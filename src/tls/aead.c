/*
 * aead.c - AES-GCM and ChaCha20-Poly1305 on BearSSL.
 *
 * br_gcm_context keeps a pointer to the AES keys beside it: a struct aead
 * stays where it was initialised.
 */
#include "tls/aead.h"

#include "base/mem.h"

#include <string.h>

/*
 * The best code for this processor. Chosen once: CPUID, which BearSSL's
 * getters execute, leaves a virtual machine each time it is asked.
 */
struct code {
	const br_block_ctr_class *aes; /* NULL: not chosen yet */
	br_ghash ghash;
	br_chacha20_run chacha20;
	br_poly1305_run poly1305;
	bool fast_aes;
};

static const struct code *
best(void)
{
	static struct code code;

	if (code.aes != NULL)
		return &code;
	code.ghash = br_ghash_pclmul_get();
	code.chacha20 = br_chacha20_sse2_get();
	code.poly1305 = br_poly1305_ctmulq_get();
	code.aes = br_aes_x86ni_ctr_get_vtable();
	code.fast_aes = code.aes != NULL && code.ghash != 0;
	if (code.ghash == 0)
		code.ghash = &br_ghash_ctmul64;
	if (code.chacha20 == 0)
		code.chacha20 = &br_chacha20_ct_run;
	if (code.poly1305 == 0)
		code.poly1305 = &br_poly1305_ctmul_run;
	if (code.aes == NULL)
		code.aes = &br_aes_ct64_ctr_vtable;
	return &code;
}

bool
aead_has_fast_aes(void)
{
	return best()->fast_aes;
}

static void
gcm_init(struct aead *a, const uint8_t *key, size_t key_len)
{
	const struct code *code = best();

	code->aes->init(&a->key.aes.vtable, key, key_len);
	br_gcm_init(&a->gcm, &a->key.aes.vtable, code->ghash);
}

void
aead_init(struct aead *a, enum aead_algorithm algorithm, const uint8_t *key,
	size_t key_len)
{
	a->algorithm = algorithm;
	switch (algorithm) {
	case AEAD_AES_GCM:
		gcm_init(a, key, key_len);
		break;
	case AEAD_CHACHA20_POLY1305:
		memcpy(a->key.chacha, key, AEAD_KEY_MAX);
		break;
	}
}

static void
gcm_run(struct aead *a, const uint8_t *nonce, struct span aad, uint8_t *data,
	size_t len, int encrypt)
{
	br_gcm_reset(&a->gcm, nonce, AEAD_NONCE_LEN);
	br_gcm_aad_inject(&a->gcm, aad.data, aad.len);
	br_gcm_flip(&a->gcm);
	br_gcm_run(&a->gcm, encrypt, data, len);
}

void
aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct span aad,
	uint8_t *data, size_t len)
{
	switch (a->algorithm) {
	case AEAD_AES_GCM:
		gcm_run(a, nonce, aad, data, len, 1);
		br_gcm_get_tag(&a->gcm, data + len);
		break;
	case AEAD_CHACHA20_POLY1305:
		best()->poly1305(a->key.chacha, nonce, data, len, aad.data,
			aad.len, data + len, best()->chacha20, 1);
		break;
	}
}

bool
aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct span aad,
	uint8_t *data, size_t len)
{
	uint8_t tag[AEAD_TAG_LEN];
	bool good;

	switch (a->algorithm) {
	case AEAD_AES_GCM:
		gcm_run(a, nonce, aad, data, len, 0);
		br_gcm_get_tag(&a->gcm, tag);
		break;
	case AEAD_CHACHA20_POLY1305:
		best()->poly1305(a->key.chacha, nonce, data, len, aad.data,
			aad.len, tag, best()->chacha20, 0);
		break;
	}
	good = mem_equal_ct(tag, data + len, AEAD_TAG_LEN);
	if (!good)
		mem_wipe(data, len);
	return good;
}

void
aead_clear(struct aead *a)
{
	mem_wipe(a, sizeof(*a));
}
