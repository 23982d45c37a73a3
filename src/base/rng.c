/*
 * rng.c - getrandom(2), completed. It may return short above 256 bytes or be
 * interrupted before the pool is ready; both are finished here.
 */
#include "base/rng.h"

#include <errno.h>
#include <sys/random.h>

enum err
rng_bytes(void *p, size_t len)
{
	uint8_t *at = p;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_SYS;
		at += n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

uint64_t
rng_jitter(uint64_t value, unsigned percent)
{
	uint64_t reach = value * percent / 100;
	uint64_t r;

	if (reach == 0 || rng_bytes(&r, sizeof(r)) != ERR_OK)
		return value;
	return value - reach + r % (2 * reach + 1);
}
