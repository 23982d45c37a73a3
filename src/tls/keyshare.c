/*
 * keyshare.c - (EC)DHE on BearSSL's elliptic curves.
 *
 * BearSSL 0.6 takes X25519 scalars in RFC 7748's little-endian order, later
 * versions do not; a random key works either way, so only a known answer can
 * tell (tests/unit/test_keyshare.c).
 */
#include "tls/keyshare.h"

#include "base/mem.h"
#include "base/rng.h"

#include <bearssl.h>
#include <string.h>

struct group {
	uint16_t id;
	int curve; /* BearSSL's number */
	const br_ec_impl *ec;
	size_t secret_len;
	size_t public_len;
	size_t shared_at; /* of the product: 1 where a point form comes first */
};

/*
 * In our order of preference. A hybrid group (X25519MLKEM768, 0x11ec) would be
 * a row here, with lengths of its own for its share, for the server's and for
 * the secret, and two functions instead of ec: all else goes by this table and
 * by KEYSHARE_PUBLIC_MAX and KEYSHARE_SECRET_MAX.
 */
static const struct group groups[KEYSHARE_GROUPS] = {
	{KEYSHARE_X25519, BR_EC_curve25519, &br_ec_c25519_m31, 32, 32, 0},
	{KEYSHARE_SECP256R1, BR_EC_secp256r1, &br_ec_p256_m31, 32, 65, 1},
	{KEYSHARE_SECP384R1, BR_EC_secp384r1, &br_ec_prime_i31, 48, 97, 1},
};

/* Draws of a scalar below the order; each fails once in 2^32 or less. */
#define SCALAR_TRIES 8

static const struct group *
find(uint16_t id)
{
	for (size_t i = 0; i < KEYSHARE_GROUPS; i++) {
		if (groups[i].id == id)
			return &groups[i];
	}
	return NULL;
}

uint16_t
keyshare_offered(size_t index)
{
	return groups[index].id;
}

bool
keyshare_is_offered(uint16_t group)
{
	return find(group) != NULL;
}

/*
 * A candidate that is rejected is never used, so a comparison that takes
 * variable time tells nothing about the key that is.
 */
static bool
scalar_in_range(const struct group *g, const uint8_t *scalar)
{
	static const uint8_t zero[KEYSHARE_SECRET_MAX];
	size_t order_len;
	const uint8_t *order;

	if (g->id == KEYSHARE_X25519)
		return true; /* every string of 32 bytes is a key */
	order = g->ec->order(g->curve, &order_len);
	return order_len == g->secret_len &&
	       memcmp(scalar, order, order_len) < 0 &&
	       memcmp(scalar, zero, order_len) != 0;
}

enum err
keyshare_generate(struct keyshare *k, uint16_t group)
{
	const struct group *g = find(group);
	enum err e;

	if (g == NULL)
		return ERR_INTERNAL;
	k->group = group;
	k->secret_len = g->secret_len;
	k->public_len = g->public_len;
	for (unsigned i = 0; i < SCALAR_TRIES; i++) {
		e = rng_bytes(k->secret, k->secret_len);
		if (e != ERR_OK)
			return e;
		if (!scalar_in_range(g, k->secret))
			continue;
		if (g->ec->mulgen(k->public, k->secret, k->secret_len,
			    g->curve) != g->public_len)
			return ERR_INTERNAL;
		return ERR_OK;
	}
	return ERR_SYS;
}

enum err
keyshare_agree(
	const struct keyshare *k, struct span peer, uint8_t *out, size_t *len)
{
	const struct group *g = find(k->group);
	static const uint8_t zero[KEYSHARE_SECRET_MAX];
	uint8_t point[KEYSHARE_PUBLIC_MAX];
	uint32_t good;

	if (g == NULL || peer.len != g->public_len)
		return ERR_PARSE;
	if (g->shared_at != 0 && peer.data[0] != 0x04) /* uncompressed */
		return ERR_PARSE;
	memcpy(point, peer.data, peer.len);
	good = g->ec->mul(point, peer.len, k->secret, k->secret_len, g->curve);
	*len = g->secret_len;
	memcpy(out, point + g->shared_at, *len);
	mem_wipe(point, sizeof(point));
	/* On the others, of prime order, (0, y) is a point like any. */
	if (good == 0 ||
		(g->id == KEYSHARE_X25519 && mem_equal_ct(out, zero, *len))) {
		mem_wipe(out, *len);
		return ERR_PARSE;
	}
	return ERR_OK;
}

void
keyshare_clear(struct keyshare *k)
{
	mem_wipe(k, sizeof(*k));
}
