/*
 * early.c - a copy of a client's first bytes. Owns that memory, for as long as
 * a server has not spoken; must never hand out a part of them as the whole.
 */
#include "tunnel/early.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The old copy is wiped, which realloc(3) would not do. */
static bool
grow(struct early *e, size_t more)
{
	uint8_t *bytes;

	if (more > EARLY_MAX - e->len)
		return false;
	bytes = malloc(e->len + more);
	if (bytes == NULL)
		return false;
	if (e->len > 0) {
		memcpy(bytes, e->bytes, e->len);
		mem_wipe(e->bytes, e->len);
		free(e->bytes);
	}
	e->bytes = bytes;
	return true;
}

void
early_keep(struct early *e, const struct iovec *v, size_t len)
{
	if (e->lost || e->replay || len == 0)
		return;
	if (!grow(e, len)) {
		early_clear(e);
		e->lost = true;
		return;
	}
	while (len > 0) {
		size_t part = v->iov_len < len ? v->iov_len : len;

		memcpy(e->bytes + e->len, v->iov_base, part);
		e->len += part;
		len -= part;
		v++;
	}
}

bool
early_pending(const struct early *e)
{
	return e->replay && e->sent < e->len;
}

void
early_send(struct early *e, struct tls13 *tls)
{
	struct iovec room;
	size_t len = e->len - e->sent;

	if (tls13_sendapp_vec(tls, &room, 1) == 0)
		return;
	if (len > room.iov_len)
		len = room.iov_len;
	memcpy(room.iov_base, e->bytes + e->sent, len);
	e->sent += len;
	tls13_sendapp_ack(tls, len);
}

void
early_clear(struct early *e)
{
	if (e->bytes != NULL)
		mem_wipe(e->bytes, e->len);
	free(e->bytes);
	memset(e, 0, sizeof(*e));
}
