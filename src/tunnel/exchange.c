/*
 * exchange.c - between a connection's TLS and metadata_exchange. Owns the
 * memory of an exchange, for as long as that lasts; must never let a byte of
 * the client's out before the server has agreed.
 */
#include "tunnel/exchange.h"

#include "base/mem.h"

#include <stdlib.h>

enum err
exchange_begin(struct metadata_exchange **x, struct relay *r,
	const struct identity *id, bool auto_iam)
{
	if (id->exchange != IPC_EXCHANGE_TOKEN)
		return ERR_OK;
	*x = calloc(1, sizeof(**x));
	if (*x == NULL)
		return ERR_NOMEM;
	(*x)->auto_iam = auto_iam;
	r->held = true;
	return ERR_OK;
}

static enum err
send_request(struct metadata_exchange *x, struct relay *r,
	const struct identity *id, struct error *e)
{
	size_t room;
	uint8_t *at = tls13_sendapp_buf(&r->tls, &room);
	struct writer w = writer_over(at, room);

	/* Failed or closed already: relay_pump has said why. */
	if (at == NULL)
		return ERR_AGAIN;
	metadata_exchange_request(&w,
		x->auto_iam ? EXCHANGE_AUTO_IAM : EXCHANGE_NATIVE,
		id->login_token);
	if (!writer_ok(&w))
		return error_set(e, ERR_LIMIT,
			"the metadata exchange request does not fit: the "
			"login token is too long");
	tls13_sendapp_ack(&r->tls, w.len);
	x->sent = true;
	return ERR_AGAIN;
}

enum err
exchange_step(struct metadata_exchange *x, struct relay *r,
	const struct identity *id, struct error *e)
{
	enum err result = ERR_AGAIN;
	const uint8_t *at;
	size_t len;

	if (!x->sent)
		return send_request(x, r, id, e);
	while (result == ERR_AGAIN &&
		(at = tls13_recvapp_buf(&r->tls, &len)) != NULL) {
		size_t used;

		result = metadata_exchange_take(x, span_of(at, len), &used, e);
		tls13_recvapp_ack(&r->tls, used);
	}
	return result;
}

void
exchange_end(struct metadata_exchange **x, struct relay *r)
{
	if (*x == NULL)
		return;
	mem_wipe(*x, sizeof(**x));
	free(*x);
	*x = NULL;
	r->held = false;
}
