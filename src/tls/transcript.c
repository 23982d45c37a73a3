/*
 * transcript.c - the hash over the handshake, on BearSSL's SHA-2. It sees
 * public bytes only.
 */
#include "tls/transcript.h"

#include "tls/handshake.h"

void
transcript_begin(struct transcript *t)
{
	br_sha256_init(&t->sha256);
	br_sha384_init(&t->sha384);
	t->suite = NULL;
}

void
transcript_append(struct transcript *t, struct span message)
{
	if (t->suite == NULL || t->suite->hash == &br_sha256_vtable)
		br_sha256_update(&t->sha256, message.data, message.len);
	if (t->suite == NULL || t->suite->hash == &br_sha384_vtable)
		br_sha384_update(&t->sha384, message.data, message.len);
}

void
transcript_choose(struct transcript *t, const struct suite *suite)
{
	t->suite = suite;
}

void
transcript_restart(struct transcript *t)
{
	const struct suite *suite = t->suite;
	uint8_t hash[SUITE_HASH_MAX];
	struct span hello = transcript_hash(t, hash);
	uint8_t header[HANDSHAKE_HEADER_LEN] = {
		HANDSHAKE_MESSAGE_HASH, 0, 0, (uint8_t)hello.len};

	transcript_begin(t);
	transcript_choose(t, suite);
	transcript_append(t, span_of(header, sizeof(header)));
	transcript_append(t, hello);
}

struct span
transcript_hash(const struct transcript *t, uint8_t *out)
{
	/* BearSSL's _out calls leave the context running. */
	if (t->suite->hash == &br_sha256_vtable)
		br_sha256_out(&t->sha256, out);
	else
		br_sha384_out(&t->sha384, out);
	return span_of(out, t->suite->hash_len);
}
