/*
 * suite.c - the table of cipher suites and our order of preference.
 */
#include "tls/suite.h"

/* AES-128 before AES-256: no weaker in practice, and faster. */
static const struct suite suites[SUITE_COUNT] = {
	{.id = 0x1301,
		.aead = AEAD_AES_GCM,
		.key_len = 16,
		.hash = &br_sha256_vtable,
		.hash_len = 32,
		.name = "TLS_AES_128_GCM_SHA256"},
	{.id = 0x1302,
		.aead = AEAD_AES_GCM,
		.key_len = 32,
		.hash = &br_sha384_vtable,
		.hash_len = 48,
		.name = "TLS_AES_256_GCM_SHA384"},
	{.id = 0x1303,
		.aead = AEAD_CHACHA20_POLY1305,
		.key_len = 32,
		.hash = &br_sha256_vtable,
		.hash_len = 32,
		.name = "TLS_CHACHA20_POLY1305_SHA256"},
};

const struct suite *
suite_offered(size_t index)
{
	/* Without AES in hardware the last of the table comes first. */
	if (!aead_has_fast_aes())
		index += SUITE_COUNT - 1;
	return &suites[index % SUITE_COUNT];
}

const struct suite *
suite_find(uint16_t id)
{
	for (size_t i = 0; i < SUITE_COUNT; i++) {
		if (suites[i].id == id)
			return &suites[i];
	}
	return NULL;
}
