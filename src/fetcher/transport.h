/*
 * transport.h - a byte stream one may block on: TCP, TLS over it, or a test's
 * own. The deadline is the concern of whoever made it.
 */
#ifndef FETCHER_TRANSPORT_H
#define FETCHER_TRANSPORT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct transport {
	void *self;
	/*
	 * Wait for at least one byte, give up to cap of them. ERR_EOF: the
	 * peer has finished properly; e is untouched. Other failures are in e.
	 */
	enum err (*read)(void *self, uint8_t *buf, size_t cap, size_t *got,
		struct error *e);
	/* Write all of it. */
	enum err (*write)(
		void *self, const uint8_t *buf, size_t len, struct error *e);
};

#endif
