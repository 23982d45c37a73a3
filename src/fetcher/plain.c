/*
 * plain.c - a connection, one exchange, the end of the connection. Nothing that
 * asks for https:// may come here.
 */
#include "fetcher/plain.h"

#include "fetcher/tcp.h"

enum err
plain_exchange(struct exchange *x, const struct url *u, uint64_t deadline_ms,
	struct span request, struct error *e)
{
	struct tcp tcp;
	struct transport t;
	enum err result = tcp_connect(&tcp, u, deadline_ms, deadline_ms, e);

	if (result != ERR_OK)
		return result;
	t = tcp_transport(&tcp);
	result = exchange_run(x, &t, request, e);
	tcp_close(&tcp);
	if (result == ERR_EOF)
		return error_set(e, ERR_HTTP,
			"%s closed the connection without an answer", tcp.peer);
	return result;
}
