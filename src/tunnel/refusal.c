/*
 * refusal.c - last words to a client. Owns nothing; must never wait for a
 * client to take them: they fit into any socket's buffer, or are not said.
 */
#include "tunnel/refusal.h"

#include "io/socket.h"

#include <stdio.h>

/* too_many_connections, invalid_authorization_specification,
 * connection_failure; and what MySQL's server has that is nearest. A number
 * from 2000 on is a client's own: libmariadb takes such a packet for broken. */
static const struct {
	char sqlstate[6];
	uint16_t mysql;
} codes[REFUSAL_COUNT] = {
	[REFUSAL_LIMIT] = {"53300", 1040},
	[REFUSAL_USER] = {"28000", 1045},
	[REFUSAL_DIAL] = {"08006", 1105},
};

static enum refusal_step
say(int client, struct span words)
{
	struct iovec v = {.iov_base = (void *)(uintptr_t)words.data,
		.iov_len = words.len};
	size_t done;

	if (socket_write(client, &v, 1, &done) != ERR_OK || done != words.len)
		return REFUSAL_CLOSE;
	return REFUSAL_TOLD;
}

static enum refusal_step
tell(const struct refusal *r, int client, enum ipc_engine engine)
{
	uint8_t packet[REFUSAL_TEXT_MAX + 64];
	struct writer w = writer_over(packet, sizeof(packet));

	if (engine == IPC_ENGINE_MYSQL)
		mysql_error_write(&w, codes[r->kind].mysql, r->why);
	else
		postgres_error_write(&w, codes[r->kind].sqlstate, r->why);
	return writer_ok(&w) ? say(client, writer_span(&w)) : REFUSAL_CLOSE;
}

enum refusal_step
refusal_begin(struct refusal *r, int client, enum refusal_kind kind,
	enum ipc_engine engine, const char *why)
{
	struct startup nothing = {.have = 0};

	r->kind = kind;
	r->engine = engine;
	r->startup = nothing;
	(void)snprintf(r->why, sizeof(r->why), "fairlead: %s", why);
	if (engine == IPC_ENGINE_MYSQL)
		return tell(r, client, engine);
	/* TDS has no place for it before the client has logged in. */
	if (engine == IPC_ENGINE_SQLSERVER)
		return REFUSAL_CLOSE;
	return REFUSAL_WAIT;
}

enum refusal_step
refusal_feed(struct refusal *r, int client, struct span in)
{
	while (in.len > 0) {
		switch (startup_feed(&r->startup, &in)) {
		case STARTUP_MORE:
			break;
		case STARTUP_DECLINE:
			r->engine = IPC_ENGINE_POSTGRES;
			if (say(client, span_str(STARTUP_NO)) != REFUSAL_TOLD)
				return REFUSAL_CLOSE;
			break;
		case STARTUP_ANSWER:
			return tell(r, client, IPC_ENGINE_POSTGRES);
		case STARTUP_STRANGE:
			return REFUSAL_CLOSE;
		}
	}
	return REFUSAL_WAIT;
}

uint64_t
refusal_patience_ms(const struct refusal *r)
{
	return r->engine == IPC_ENGINE_POSTGRES ? REFUSAL_WAIT_MS
						: REFUSAL_GUESS_MS;
}

/* A client that waits for a greeting is one of MySQL. */
enum refusal_step
refusal_timed_out(struct refusal *r, int client)
{
	if (r->engine == IPC_ENGINE_UNKNOWN && r->startup.have == 0)
		return tell(r, client, IPC_ENGINE_MYSQL);
	return REFUSAL_CLOSE;
}
