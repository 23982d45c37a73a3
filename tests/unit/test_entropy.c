/*
 * test_entropy.c - a kernel without randomness, or with little at a time: no
 * key, no hello and no signature may be made of anything else.
 */
#include "base/rng.h"
#include "tls/alert.h"
#include "tls/keypair.h"
#include "tls/keyshare.h"
#include "tls/pss.h"
#include "tls/tls13.h"

#include "peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* How many more calls the kernel answers; the one after fails with how. */
static unsigned good_calls;
static int how;
static size_t most; /* bytes per call */
static unsigned calls;
static bool once;     /* one call fails, and the kernel is well again */
static unsigned same; /* so many answers are all of same_byte */
static int same_byte;

/* Ahead of libc's. */
ssize_t
getrandom(void *p, size_t len, unsigned flags)
{
	calls++;
	if (good_calls == 0) {
		good_calls = once ? 1000 : 0;
		errno = how;
		return how == 0 ? 0 : -1;
	}
	good_calls--;
	if (same > 0) {
		same--;
		memset(p, same_byte, len);
		return (ssize_t)len;
	}
	return syscall(SYS_getrandom, p, len < most ? len : most, flags);
}

static void
kernel(unsigned answers, int then)
{
	good_calls = answers;
	how = then;
	most = 256;
	calls = 0;
	once = then == EINTR;
}

static void
bytes_are_completed(void **state)
{
	uint8_t a[1000] = {0};
	size_t zeros = 0;

	(void)state;
	kernel(1000, ENOSYS);
	most = 7;
	assert_int_equal(rng_bytes(a, sizeof(a)), ERR_OK);
	assert_int_equal(calls, (sizeof(a) + 6) / 7);
	/* 20 zeros in 100 random bytes at the end: never. */
	for (size_t i = 900; i < sizeof(a); i++)
		zeros += a[i] == 0;
	assert_true(zeros < 20);
	kernel(0, EINTR);
	assert_int_equal(rng_bytes(a, sizeof(a)), ERR_OK);
	assert_true(calls > 1);
}

static void
failure_is_told(void **state)
{
	uint8_t a[1000];

	(void)state;
	kernel(0, ENOSYS);
	assert_int_equal(rng_bytes(a, sizeof(a)), ERR_SYS);
	kernel(0, 0);
	assert_int_equal(rng_bytes(a, sizeof(a)), ERR_SYS);
	kernel(2, EIO);
	assert_int_equal(rng_bytes(a, sizeof(a)), ERR_SYS);
}

static void
no_hello_without_it(void **state)
{
	static struct tls13 tls;
	static struct tls13_buffers buffers;
	struct tls13_config config;
	unsigned needed = 0;
	size_t len;

	(void)state;
	config = *peer_client_config();
	for (;; needed++) {
		kernel(needed, ENOSYS);
		once = true;
		if (tls13_init(&tls, &buffers, &config) == ERR_OK)
			break;
		assert_int_equal(tls13_error(&tls)->code, ERR_SYS);
		assert_int_equal(tls13_state(&tls), TLS13_CLOSED);
		assert_null(tls13_sendrec_buf(&tls, &len));
	}
	/* Random, session id and key share. */
	assert_true(needed >= 3);
	tls13_clear(&tls);
}

static void
no_key_without_it(void **state)
{
	static struct keypair k;
	struct keyshare share;

	(void)state;
	kernel(0, ENOSYS);
	assert_int_equal(keypair_generate(&k), ERR_SYS);
	assert_int_equal(k.modulus_len, 0);
	for (size_t i = 0; i < KEYSHARE_GROUPS; i++) {
		kernel(0, ENOSYS);
		assert_int_equal(keyshare_generate(&share, keyshare_offered(i)),
			ERR_SYS);
	}
}

/* Nought and what is beyond the order are no keys: others are drawn. */
static void
no_key_out_of_range(void **state)
{
	struct keyshare share;

	(void)state;
	for (same_byte = 0; same_byte < 256; same_byte += 255) {
		for (uint16_t group = KEYSHARE_SECP256R1;
			group <= KEYSHARE_SECP384R1; group++) {
			kernel(1000, ENOSYS);
			same = 3;
			assert_int_equal(
				keyshare_generate(&share, group), ERR_OK);
			assert_int_equal(calls, 4);
			same = 1000;
			assert_int_equal(
				keyshare_generate(&share, group), ERR_SYS);
		}
	}
	same = 0;
}

/* The kernel fails after the first hello, and the server asks for a second. */
static void
no_second_hello_without_it(void **state)
{
	static struct peer peer;
	static struct tls13 tls;
	static struct tls13_buffers buffers;
	struct tls13_config config;
	const uint8_t *hello;
	uint8_t *in;
	size_t len;

	(void)state;
	kernel(1000, ENOSYS);
	config = *peer_client_config();
	peer_begin(&peer);
	peer.group = KEYSHARE_SECP256R1;
	assert_int_equal(tls13_init(&tls, &buffers, &config), ERR_OK);
	hello = tls13_sendrec_buf(&tls, &len);
	assert_non_null(hello);
	peer_receive(&peer, span_of(hello, len));
	tls13_sendrec_ack(&tls, len);
	in = tls13_recvrec_buf(&tls, &len);
	assert_true(peer.out_len > 0 && len >= peer.out_len);
	memcpy(in, peer.out, peer.out_len);
	kernel(0, ENOSYS);
	tls13_recvrec_ack(&tls, peer.out_len);
	assert_int_equal(tls13_error(&tls)->code, ERR_SYS);
	assert_int_equal(tls13_error(&tls)->alert, ALERT_INTERNAL_ERROR);
	tls13_clear(&tls);
}

static void
no_signature_without_it(void **state)
{
	static const uint8_t digest[32] = {1};
	const struct tls13_config *config = peer_client_config();
	uint8_t a[PSS_SIGNATURE_MAX];
	uint8_t b[PSS_SIGNATURE_MAX];
	struct span hash = span_of(digest, sizeof(digest));
	size_t len;

	(void)state;
	kernel(0, ENOSYS);
	assert_int_equal(pss_sign(config->key, 256, hash, a, &len), ERR_SYS);
	kernel(1000, ENOSYS);
	assert_int_equal(pss_sign(config->key, 256, hash, a, &len), ERR_OK);
	assert_int_equal(pss_sign(config->key, 256, hash, b, &len), ERR_OK);
	assert_memory_not_equal(a, b, len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_completed),
		cmocka_unit_test(failure_is_told),
		cmocka_unit_test(no_hello_without_it),
		cmocka_unit_test(no_key_without_it),
		cmocka_unit_test(no_key_out_of_range),
		cmocka_unit_test(no_second_hello_without_it),
		cmocka_unit_test(no_signature_without_it),
	};

	return cmocka_run_group_tests_name("entropy", tests, NULL, NULL);
}
