/*
 * constant_time.c - a handshake, a resumed one and records under valgrind's
 * memcheck with every secret of the client marked undefined: a branch or an
 * address that depends on one is reported. tests/integration runs it.
 *
 * Linked with --wrap for the functions below, each of which is where a secret
 * becomes public: what leaves in a record, whether a tag or a Finished is
 * right, and the plaintext (the engine has to read messages; of application
 * bytes it looks at padding alone, RFC 8446 5.4).
 */
#include "base/mem.h"
#include "base/rng.h"
#include "tls/aead.h"
#include "tls/signature.h"
#include "tls/tls13.h"

#include "../unit/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#define SECRET(p, n) (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n)
#define PUBLIC(p, n) (void)VALGRIND_MAKE_MEM_DEFINED(p, n)

static struct peer peer;
static struct tls13 tls;
static struct tls13_buffers buffers;
static struct keypair key;
static struct tls13_config config;
static struct tls13_resumption resumption;
static struct tls13_ticket kept;
static uint8_t kept_identity[TLS_TICKET_MAX];
static struct peer_session session;
static unsigned draws; /* of randomness by the client, once it is counted */
static bool counting;
static bool signing;

enum err __real_rng_bytes(void *p, size_t len);
enum err __wrap_rng_bytes(void *p, size_t len);
bool __real_mem_equal_ct(const void *a, const void *b, size_t len);
bool __wrap_mem_equal_ct(const void *a, const void *b, size_t len);
bool __real_aead_open(struct aead *a, const uint8_t *nonce, struct span aad,
	uint8_t *data, size_t len);
bool __wrap_aead_open(struct aead *a, const uint8_t *nonce, struct span aad,
	uint8_t *data, size_t len);
void __real_aead_seal(struct aead *a, const uint8_t *nonce, struct span aad,
	uint8_t *data, size_t len);
void __wrap_aead_seal(struct aead *a, const uint8_t *nonce, struct span aad,
	uint8_t *data, size_t len);
enum err __real_signature_sign(uint16_t scheme, const struct keypair *k,
	struct span hash, uint8_t *sig, size_t *sig_len);
enum err __wrap_signature_sign(uint16_t scheme, const struct keypair *k,
	struct span hash, uint8_t *sig, size_t *sig_len);
br_rsa_private __real_br_rsa_private_get_default(void);
br_rsa_private __wrap_br_rsa_private_get_default(void);

/*
 * The hello's random and session id are public; the scalar is not, nor is the
 * salt of a signature before the key was used.
 */
enum err
__wrap_rng_bytes(void *p, size_t len)
{
	enum err err = __real_rng_bytes(p, len);

	if (signing || (counting && ++draws > 2))
		SECRET(p, len);
	return err;
}

bool
__wrap_mem_equal_ct(const void *a, const void *b, size_t len)
{
	bool equal = __real_mem_equal_ct(a, b, len);

	PUBLIC(&equal, sizeof(equal));
	return equal;
}

bool
__wrap_aead_open(struct aead *a, const uint8_t *nonce, struct span aad,
	uint8_t *data, size_t len)
{
	bool good = __real_aead_open(a, nonce, aad, data, len);

	PUBLIC(&good, sizeof(good));
	PUBLIC(data, len);
	return good;
}

void
__wrap_aead_seal(struct aead *a, const uint8_t *nonce, struct span aad,
	uint8_t *data, size_t len)
{
	__real_aead_seal(a, nonce, aad, data, len);
	PUBLIC(data, len + AEAD_TAG_LEN);
}

/* Whether BearSSL could: it can, unless the key is broken. */
static uint32_t
rsa_private(unsigned char *x, const br_rsa_private_key *sk)
{
	uint32_t good = __real_br_rsa_private_get_default()(x, sk);

	PUBLIC(&good, sizeof(good));
	return good;
}

br_rsa_private
__wrap_br_rsa_private_get_default(void)
{
	return &rsa_private;
}

enum err
__wrap_signature_sign(uint16_t scheme, const struct keypair *k,
	struct span hash, uint8_t *sig, size_t *sig_len)
{
	enum err err;

	signing = true;
	err = __real_signature_sign(scheme, k, hash, sig, sig_len);
	signing = false;
	PUBLIC(&err, sizeof(err));
	PUBLIC(sig_len, sizeof(*sig_len));
	PUBLIC(sig, *sig_len);
	return err;
}

static void
take(void *owner, const struct tls13_ticket *t)
{
	(void)owner;
	kept = *t;
	memcpy(kept_identity, t->identity.data, t->identity.len);
	kept.identity.data = kept_identity;
}

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "constant_time: %s\n", what);
	exit(1);
}

/*
 * The lengths of RSA's two primes are public to BearSSL, which reads them off
 * their first bits: these, PRIME_TOP bytes of 128, are not marked.
 */
#define PRIME_TOP 8

static void
mark_key(void)
{
	SECRET(key.scalar, sizeof(key.scalar));
	SECRET(key.private_exponent, sizeof(key.private_exponent));
	SECRET(key.storage, sizeof(key.storage));
	if (key.curve != 0)
		return;
	PUBLIC(key.rsa.p, PRIME_TOP);
	PUBLIC(key.rsa.q, PRIME_TOP);
}

static void
connect(uint16_t suite, uint16_t group, bool resume)
{
	static uint8_t data[4096];
	size_t len;
	uint8_t *to;

	peer_begin(&peer);
	peer.suite = suite;
	peer.group = group;
	peer.request = true;
	peer.request_scheme = key.curve == 0 ? 0x0804 : 0x0403;
	peer.session = resume ? &session : NULL;
	resumption.ticket = resume ? &kept : NULL;
	draws = 0;
	counting = true;
	must(tls13_init(&tls, &buffers, &config) == ERR_OK, "no hello");
	counting = false;
	/* The share, the binder and so the hello are for everybody to see. */
	PUBLIC(buffers.send, sizeof(buffers.send));
	PUBLIC(&buffers.handshake.transcript,
		sizeof(buffers.handshake.transcript));
	peer_exchange(&peer, &tls, 0);
	must(tls13_handshake_done(&tls), tls13_error(&tls)->detail);
	must(tls13_resumed(&tls) == resume, "resumed or not");
	to = tls13_sendapp_buf(&tls, &len);
	must(to != NULL, "no room");
	memcpy(to, data, sizeof(data));
	tls13_sendapp_ack(&tls, sizeof(data));
	peer_send(&peer, RECORD_APPLICATION_DATA, span_of(data, sizeof(data)));
	peer_send_key_update(&peer, true);
	peer_send_ticket(
		&peer, &session, 60, span_str("nonce"), span_str("ticket"));
	peer_exchange(&peer, &tls, 0);
	must(tls13_error(&tls)->code == ERR_OK, tls13_error(&tls)->detail);
	must(peer.data_len == sizeof(data), "no data");
	tls13_clear(&tls);
}

/* What this processor may not need: AES and hashes without its help. */
static void
plain_code(void)
{
	static uint8_t bytes[1024];
	uint8_t k[32];
	uint8_t nonce[12] = {0};
	uint8_t tag[AEAD_TAG_LEN];
	br_aes_ct64_ctr_keys aes;
	br_gcm_context gcm;

	must(__real_rng_bytes(k, sizeof(k)) == ERR_OK, "no key");
	SECRET(k, sizeof(k));
	SECRET(bytes, sizeof(bytes));
	br_aes_ct64_ctr_init(&aes, k, sizeof(k));
	br_gcm_init(&gcm, &aes.vtable, &br_ghash_ctmul64);
	br_gcm_reset(&gcm, nonce, sizeof(nonce));
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, 1, bytes, sizeof(bytes) - 1);
	br_gcm_get_tag(&gcm, tag);
	br_poly1305_ctmul_run(k, nonce, bytes, sizeof(bytes) - 1, nonce,
		sizeof(nonce), tag, &br_chacha20_ct_run, 0);
}

int
main(int argc, char **argv)
{
	config = *peer_client_config();
	keypair_copy(&key, config.key);
	config.key = &key;
	resumption.take_ticket = take;
	config.resumption = &resumption;
	mark_key();
	/* What a program that leaks looks like. */
	if (argc > 1 && strcmp(argv[1], "leak") == 0 &&
		key.private_exponent[9] == 7)
		puts("constant_time: a bit of a secret");
	plain_code();
	for (uint16_t suite = 0x1301; suite <= 0x1303; suite++) {
		connect(suite, KEYSHARE_X25519, false);
		connect(suite, KEYSHARE_X25519, true);
	}
	PUBLIC(&key, sizeof(key));
	peer_client_ec_key(&key, false);
	mark_key();
	connect(0x1301, KEYSHARE_X25519, false);
	puts("constant_time: done");
	return 0;
}
