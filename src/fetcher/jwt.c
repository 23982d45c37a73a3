/*
 * jwt.c - header, claims, signature. Pure.
 */
#include "fetcher/jwt.h"

#include "base/encode.h"
#include "base/limits.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>

/* Room for all claims: five texts, of which JSON may double each byte. */
#define PART_MAX 2048

static void
member(struct writer *w, const char *name, const char *value)
{
	if (value == NULL)
		return;
	write_u8(w, w->len == 0 ? '{' : ',');
	json_write_string(w, span_str(name));
	write_u8(w, ':');
	json_write_string(w, span_str(value));
}

static void
write_part(struct writer *w, struct writer *part)
{
	write_u8(part, '}');
	if (!writer_ok(part))
		w->failed = true;
	encode_base64url(w, writer_span(part));
}

static void
write_claims(struct writer *w, const struct jwt_claims *c, char text[PART_MAX])
{
	char times[80];
	struct writer part = writer_over(text, PART_MAX);
	int64_t issued_s = c->now_s - JWT_BACKDATE_S;

	(void)snprintf(times, sizeof(times),
		",\"iat\":%" PRId64 ",\"exp\":%" PRId64, issued_s,
		issued_s + JWT_LIFE_S);
	member(&part, "iss", c->issuer);
	member(&part, "sub", c->subject);
	member(&part, "aud", c->audience);
	member(&part, "scope", c->scope);
	write_str(&part, times);
	write_part(w, &part);
}

static enum err
write_signature(
	struct writer *w, struct span signed_part, const struct keypair *key)
{
	unsigned char digest[br_sha256_SIZE];
	unsigned char signature[KEYPAIR_MODULUS_MAX];
	br_sha256_context hash;

	br_sha256_init(&hash);
	br_sha256_update(&hash, signed_part.data, signed_part.len);
	br_sha256_out(&hash, digest);
	if (br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, digest,
		    sizeof(digest), &key->rsa, signature) != 1)
		return ERR_KEY;
	write_u8(w, '.');
	encode_base64url(w, span_of(signature, key->modulus_len));
	return writer_ok(w) ? ERR_OK : ERR_LIMIT;
}

enum err
jwt_write(
	struct writer *w, const struct jwt_claims *c, const struct keypair *key)
{
	size_t start = w->len;
	char text[PART_MAX];
	struct writer part = writer_over(text, sizeof(text));

	member(&part, "alg", "RS256");
	member(&part, "typ", "JWT");
	member(&part, "kid", c->key_id[0] != '\0' ? c->key_id : NULL);
	write_part(w, &part);
	write_u8(w, '.');
	write_claims(w, c, text);
	if (!writer_ok(w))
		return ERR_LIMIT;
	return write_signature(
		w, span_of(w->base + start, w->len - start), key);
}
