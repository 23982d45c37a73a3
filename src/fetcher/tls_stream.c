/*
 * tls_stream.c - moves bytes between the sans-I/O engine and a transport,
 * until the engine has what the caller waits for. Decides nothing about trust.
 */
#include "fetcher/tls_stream.h"

#include <string.h>

static enum err
engine_error(const struct tls_stream *s, struct error *e)
{
	const struct error *cause = tls13_error(&s->engine);

	if (cause->code == ERR_OK)
		return ERR_EOF;
	/* A truncation must not look like an orderly end. */
	if (cause->code == ERR_EOF)
		return error_tls(e, ERR_TLS, cause->alert,
			"cut off without close_notify");
	return error_tls(e, cause->code, cause->alert, "%s", cause->detail);
}

/* Write what the engine has ready. */
static enum err
flush(struct tls_stream *s, struct error *e)
{
	while ((tls13_state(&s->engine) & TLS13_SENDREC) != 0) {
		size_t len;
		const uint8_t *buf = tls13_sendrec_buf(&s->engine, &len);
		enum err result = s->below.write(s->below.self, buf, len, e);

		if (result != ERR_OK)
			return result;
		tls13_sendrec_ack(&s->engine, len);
	}
	return ERR_OK;
}

static enum err
take_in(struct tls_stream *s, struct error *e)
{
	size_t cap;
	size_t got = 0;
	uint8_t *buf = tls13_recvrec_buf(&s->engine, &cap);
	enum err result = s->below.read(s->below.self, buf, cap, &got, e);

	if (result == ERR_EOF) {
		tls13_recv_eof(&s->engine);
		return ERR_OK;
	}
	if (result != ERR_OK)
		return result;
	tls13_recvrec_ack(&s->engine, got);
	return ERR_OK;
}

static bool
handshake_is_done(const struct tls_stream *s)
{
	return tls13_handshake_done(&s->engine);
}

static bool
can_send(const struct tls_stream *s)
{
	return (tls13_state(&s->engine) & TLS13_SENDAPP) != 0;
}

static bool
can_receive(const struct tls_stream *s)
{
	return (tls13_state(&s->engine) & TLS13_RECVAPP) != 0 ||
	       tls13_recv_closed(&s->engine);
}

/* The engine failed and has nothing verified to hand out any more. */
static bool
has_failed(const struct tls_stream *s)
{
	return tls13_error(&s->engine)->code != ERR_OK &&
	       (tls13_state(&s->engine) & TLS13_RECVAPP) == 0;
}

/* Move records until ready says so, or the connection is over. */
static enum err
pump(struct tls_stream *s, bool (*ready)(const struct tls_stream *s),
	struct error *e)
{
	for (;;) {
		enum err result = flush(s, e);

		/* That the alert could not be written matters less than why
		 * it was due. */
		if (has_failed(s)) {
			error_clear(e);
			return engine_error(s, e);
		}
		if (result != ERR_OK)
			return result;
		if (ready(s))
			return ERR_OK;
		if ((tls13_state(&s->engine) & TLS13_RECVREC) == 0)
			return engine_error(s, e);
		result = take_in(s, e);
		if (result != ERR_OK)
			return result;
	}
}

enum err
tls_stream_open(struct tls_stream *s, const struct tls13_config *config,
	struct transport below, struct error *e)
{
	enum err result;

	s->below = below;
	s->begun = true;
	result = tls13_init(&s->engine, &s->buffers, config);
	if (result != ERR_OK)
		return error_set(e, result, "%s", error_text(result));
	result = pump(s, handshake_is_done, e);
	if (result == ERR_EOF)
		return error_set(e, ERR_TLS, "closed during the handshake");
	if (result != ERR_OK)
		return result;
	return flush(s, e);
}

static enum err
stream_read(void *self, uint8_t *buf, size_t cap, size_t *got, struct error *e)
{
	struct tls_stream *s = self;
	enum err result = pump(s, can_receive, e);
	const uint8_t *data;
	size_t len;

	*got = 0;
	if (result != ERR_OK)
		return result;
	data = tls13_recvapp_buf(&s->engine, &len);
	if (len == 0)
		return ERR_EOF;
	*got = len < cap ? len : cap;
	memcpy(buf, data, *got);
	tls13_recvapp_ack(&s->engine, *got);
	return ERR_OK;
}

static enum err
stream_write(void *self, const uint8_t *buf, size_t len, struct error *e)
{
	struct tls_stream *s = self;

	while (len > 0) {
		enum err result = pump(s, can_send, e);
		uint8_t *room;
		size_t n;

		if (result == ERR_EOF)
			return error_set(e, ERR_TLS, "closed by the peer");
		if (result != ERR_OK)
			return result;
		room = tls13_sendapp_buf(&s->engine, &n);
		if (n > len)
			n = len;
		memcpy(room, buf, n);
		tls13_sendapp_ack(&s->engine, n);
		buf += n;
		len -= n;
	}
	return flush(s, e);
}

struct transport
tls_stream_transport(struct tls_stream *s)
{
	struct transport transport = {
		.self = s, .read = stream_read, .write = stream_write};

	return transport;
}

void
tls_stream_close(struct tls_stream *s)
{
	if (s->begun)
		tls13_clear(&s->engine);
	s->begun = false;
}
