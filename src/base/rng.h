/*
 * rng.h - randomness, from getrandom(2) and nowhere else.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Fill p with len unpredictable bytes. ERR_SYS: the kernel gave none; p is
 * then unspecified and the caller must give up what it was about to do.
 */
enum err rng_bytes(void *p, size_t len) NODISCARD;

/*
 * value changed by up to +-percent, for backoff; not for secrets. Without
 * randomness it is value itself.
 */
uint64_t rng_jitter(uint64_t value, unsigned percent);

#endif
