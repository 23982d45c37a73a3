/*
 * relay.c - moving bytes between two sockets through TLS. Owns no descriptor,
 * and no buffer for longer than bytes are on their way; must never copy them,
 * never wait, and never hand the client a byte that TLS has not verified.
 *
 * One round is: read from the server, write to the client, read from the
 * client, write to the server. Sockets are read only when poll said so, which
 * spares a recv(2) that finds nothing for every query. Reading from the server
 * comes first and goes on when writing to it fails: the alert that says why it
 * hung up may be waiting there, and a reset would destroy it.
 */
#include "tunnel/relay.h"

#include "base/clock.h"
#include "io/loop.h"
#include "io/socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum err
relay_start(struct relay *r, struct buffers *pool, int client, int server,
	const struct tls13_config *config)
{
	enum err err;

	memset(r, 0, sizeof(*r));
	r->client = client;
	r->server = server;
	err = buffers_take(pool, &r->buffers);
	if (err != ERR_OK)
		return err;
	return tls13_init(&r->tls, r->buffers, config);
}

void
relay_end(struct relay *r, struct buffers *pool)
{
	tls13_clear(&r->tls);
	buffers_give(pool, r->buffers);
	r->buffers = NULL;
}

static bool
has(const struct relay *r, unsigned bit)
{
	return (tls13_state(&r->tls) & bit) != 0;
}

/* The server will send nothing more, and what it sent is delivered. */
static bool
delivered(const struct relay *r)
{
	return (tls13_recv_closed(&r->tls) || r->server_eof) &&
	       !has(r, TLS13_RECVAPP);
}

static bool
replaying(const struct relay *r)
{
	return r->early != NULL && early_pending(r->early);
}

static bool
wants_client_bytes(const struct relay *r)
{
	return !r->held && !r->client_eof && !r->server_deaf &&
	       has(r, TLS13_SENDAPP);
}

static bool
wants_server_bytes(const struct relay *r)
{
	return !r->server_eof && has(r, TLS13_RECVREC);
}

void
relay_interest(const struct relay *r, int *client, int *server)
{
	*client = wants_client_bytes(r) ? POLLIN : 0;
	if (!r->held && has(r, TLS13_RECVAPP))
		*client |= POLLOUT;
	/* The last bytes may have been read at the end of a turn: then only
	 * another look finds out that they were the last. */
	if (r->draining && r->client_ready && wants_client_bytes(r))
		*client |= POLLOUT;
	if (*client == 0 && r->client_hup)
		*client = LOOP_NOTHING;
	*server = wants_server_bytes(r) ? POLLIN : 0;
	if (has(r, TLS13_SENDREC) && !r->server_deaf)
		*server |= POLLOUT;
	if (replaying(r) && wants_client_bytes(r))
		*server |= POLLOUT;
	if (*server == 0 && r->server_hup)
		*server = LOOP_NOTHING;
}

uint64_t
relay_patience_ms(const struct relay *r)
{
	/* Hung up after its end: it closed its socket and reads no answer. */
	if (r->client_finished || (r->client_eof && r->client_hup))
		return HALF_CLOSE_LINGER_MS;
	return r->client_eof ? HALF_CLOSE_ANSWER_MS : CLOCK_NEVER;
}

void
relay_client_event(struct relay *r, short revents)
{
	if ((revents & (POLLIN | POLLOUT)) == 0) {
		r->client_hup = true;
		r->client_error = (revents & (POLLERR | POLLNVAL)) != 0;
	}
	if ((revents & ~POLLOUT) != 0)
		r->client_ready = true;
}

void
relay_server_event(struct relay *r, short revents)
{
	if ((revents & (POLLIN | POLLOUT)) == 0) {
		r->server_hup = true;
		if ((revents & (POLLERR | POLLNVAL)) != 0)
			r->server_deaf = true;
	}
	if ((revents & ~POLLOUT) != 0)
		r->server_ready = true;
}

void
relay_announce(struct relay *r, enum exchange_protocol protocol)
{
	r->announce = protocol;
	exchange_answer_expect(&r->answer);
}

void
relay_drain(struct relay *r)
{
	r->draining = true;
	r->client_ready = true;
}

/* errno has the reason. */
static bool
broken(struct relay_report *report, const char *doing, bool client)
{
	(void)error_sys(
		&report->error, ERR_SYS, "%s", client ? "client" : "instance");
	report->doing = doing;
	report->client = client;
	return false;
}

/* Take the answer to the announcement out of the server's bytes. */
static bool
take_answer(struct relay *r, struct relay_report *report)
{
	while (r->answer.due && has(r, TLS13_RECVAPP)) {
		size_t len;
		size_t used;
		const uint8_t *at = tls13_recvapp_buf(&r->tls, &len);
		enum exchange_verdict verdict = exchange_answer_take(
			&r->answer, span_of(at, len), &used);

		tls13_recvapp_ack(&r->tls, used);
		if (verdict == EXCHANGE_TOO_LONG) {
			(void)error_set(&report->error, ERR_PARSE,
				"protocol error: bad metadata exchange length");
			report->doing = "reading from instance";
			return false;
		}
	}
	return true;
}

/* What looked like an answer's beginning. False: the client is busy, or gone:
 * the write that follows finds out. */
static bool
replay_signature(struct relay *r)
{
	while (r->answer.replay > 0) {
		struct iovec v = {.iov_len = r->answer.replay};
		size_t done;

		/* sendmsg(2) reads only. */
		v.iov_base = (void *)(uintptr_t)(exchange_signature +
						 r->answer.matched -
						 r->answer.replay);
		if (socket_write(r->client, &v, 1, &done) != ERR_OK)
			return false;
		r->answer.replay = (uint8_t)(r->answer.replay - done);
	}
	return true;
}

static bool
write_client(struct relay *r, bool *moved, struct relay_report *report)
{
	if (r->held)
		return true;
	if (!take_answer(r, report))
		return false;
	if (!replay_signature(r))
		return true;
	while (has(r, TLS13_RECVAPP)) {
		struct iovec v[TLS_PIECES_MAX];
		int count = tls13_recvapp_vec(&r->tls, v, TLS_PIECES_MAX);
		size_t done;
		enum err err = socket_write(r->client, v, count, &done);

		if (err == ERR_AGAIN)
			return true;
		if (err != ERR_OK)
			return broken(report, "writing to client", true);
		tls13_recvapp_ack(&r->tls, done);
		r->received += done;
		*moved = true;
	}
	return true;
}

static bool
server_broke(struct relay *r, const char *doing, struct relay_report *report)
{
	bool moved;

	r->server_eof = true;
	(void)broken(report, doing, false);
	/* What had come before is still the client's; if it cannot take it
	 * now, it is lost with the connection. */
	(void)write_client(r, &moved, report);
	return false;
}

static bool
read_server(struct relay *r, bool *moved, struct relay_report *report)
{
	struct iovec v;
	size_t done;
	enum err err;

	if (!r->server_ready || !wants_server_bytes(r))
		return true;
	v.iov_base = tls13_recvrec_buf(&r->tls, &v.iov_len);
	err = socket_read(r->server, &v, 1, &done);
	if (err == ERR_SYS)
		return server_broke(r, "reading from instance", report);
	if (err == ERR_EOF && r->server_errno != 0 &&
		!tls13_recv_closed(&r->tls)) {
		errno = r->server_errno;
		return server_broke(r, "writing to instance", report);
	}
	if (err != ERR_OK || done < v.iov_len)
		r->server_ready = false;
	if (err == ERR_AGAIN)
		return true;
	*moved = true;
	if (err == ERR_OK) {
		tls13_recvrec_ack(&r->tls, done);
		return true;
	}
	r->server_eof = true;
	if (!tls13_recv_closed(&r->tls))
		tls13_recv_eof(&r->tls);
	return true;
}

/*
 * The announcement goes into the same record as the client's first bytes: v is
 * the room for these, and what is left of it afterwards. False: not enough.
 */
static bool
put_announcement(const struct relay *r, struct iovec *v, size_t *len)
{
	*len = 0;
	if (r->announce == EXCHANGE_NO_PROTOCOL)
		return true;
	if (v->iov_len <= EXCHANGE_ANNOUNCEMENT)
		return false;
	metadata_exchange_announce(v->iov_base, r->announce);
	v->iov_base = (uint8_t *)v->iov_base + EXCHANGE_ANNOUNCEMENT;
	v->iov_len -= EXCHANGE_ANNOUNCEMENT;
	*len = EXCHANGE_ANNOUNCEMENT;
	return true;
}

static void
announced(struct relay *r)
{
	if (r->announce != EXCHANGE_NO_PROTOCOL)
		exchange_answer_expect(&r->answer);
	r->announce = EXCHANGE_NO_PROTOCOL;
}

/* The bytes of the first try, behind an announcement like the first one. */
static void
replay_client(struct relay *r)
{
	struct iovec v;
	size_t head;

	if (tls13_sendapp_vec(&r->tls, &v, 1) == 0 ||
		!put_announcement(r, &v, &head))
		return;
	tls13_sendapp_ack(&r->tls, head);
	announced(r);
	early_send(r->early, &r->tls);
}

static void
end_client_bytes(struct relay *r)
{
	r->client_eof = true;
	tls13_close_send(&r->tls);
}

static bool
read_client(struct relay *r, bool *moved, struct relay_report *report)
{
	struct iovec v[TLS_PIECES_MAX];
	size_t room = 0;
	size_t head;
	size_t done;
	enum err err;
	int count;
	int i;

	if (r->client_error) {
		socket_error(r->client, &report->error);
		report->doing = "reading from client";
		report->client = true;
		return false;
	}
	if (!wants_client_bytes(r))
		return true;
	if (replaying(r)) {
		replay_client(r);
		*moved = true;
		return true;
	}
	if (!r->client_ready)
		return true;
	count = tls13_sendapp_vec(&r->tls, v, TLS_PIECES_MAX);
	if (!put_announcement(r, v, &head))
		return true;
	for (i = 0; i < count; i++)
		room += v[i].iov_len;
	err = socket_read(r->client, v, count, &done);
	if (err == ERR_SYS)
		return broken(report, "reading from client", true);
	if (err == ERR_OK) {
		/* Encryption is in place: afterwards it is too late. */
		if (r->early != NULL)
			early_keep(r->early, v, done);
		tls13_sendapp_ack(&r->tls, head + done);
		announced(r);
		r->sent += done;
		/* While draining only "none there" is a reason to stop. */
		if (done < room && !r->draining)
			r->client_ready = false;
	} else {
		r->client_ready = false;
		if (err == ERR_AGAIN && !r->draining)
			return true;
		end_client_bytes(r);
	}
	*moved = true;
	return true;
}

static void
write_server(struct relay *r, bool *moved)
{
	while (has(r, TLS13_SENDREC) && !r->server_deaf) {
		struct iovec v;
		const uint8_t *records;
		size_t done;
		enum err err;

		records = tls13_sendrec_buf(&r->tls, &v.iov_len);
		/* sendmsg(2) reads only. */
		v.iov_base = (void *)(uintptr_t)records;
		err = socket_write(r->server, &v, 1, &done);
		if (err == ERR_AGAIN)
			return;
		*moved = true;
		if (err != ERR_OK) {
			/* The kernel tells an error once: reading will now
			 * find an end of file where the reset was. */
			r->server_errno = errno;
			r->server_deaf = true;
			r->server_ready = true;
			return;
		}
		tls13_sendrec_ack(&r->tls, done);
	}
}

static bool
one_round(struct relay *r, bool *moved, struct relay_report *report)
{
	*moved = false;
	if (!read_server(r, moved, report))
		return false;
	if (!write_client(r, moved, report))
		return false;
	if (!read_client(r, moved, report))
		return false;
	write_server(r, moved);
	return true;
}

static enum relay_status
judge(struct relay *r, struct relay_report *report)
{
	const struct error *e = tls13_error(&r->tls);

	if (e->code != ERR_OK && e->code != ERR_EOF) {
		report->error = *e;
		report->doing = "reading from instance";
		/* An end of file in the handshake is the network's doing. */
		report->tls = !r->server_eof;
		return RELAY_BROKEN;
	}
	if (!delivered(r))
		return RELAY_RUNNING;
	if (r->held)
		return RELAY_TRUNCATED;
	if (!r->client_finished) {
		socket_finish(r->client);
		r->client_finished = true;
	}
	if (e->code == ERR_EOF)
		return RELAY_TRUNCATED;
	if (r->server_deaf || (r->client_eof && !has(r, TLS13_SENDREC)))
		return RELAY_FINISHED;
	return RELAY_RUNNING;
}

enum relay_status
relay_pump(struct relay *r, struct buffers *pool, struct relay_report *report)
{
	enum relay_status status;
	bool moved = true;
	int round;

	memset(report, 0, sizeof(*report));
	error_clear(&report->error);
	if (r->buffers == NULL) {
		enum err err = buffers_take(pool, &r->buffers);

		if (err != ERR_OK) {
			(void)error_set(&report->error, err, "record buffers");
			report->doing = "reading from client";
			return RELAY_BROKEN;
		}
		tls13_attach(&r->tls, r->buffers);
	}
	for (round = 0; moved && round < RELAY_ROUNDS_MAX; round++)
		if (!one_round(r, &moved, report))
			return RELAY_BROKEN;
	status = judge(r, report);
	if (status == RELAY_RUNNING && !r->held && tls13_idle(&r->tls)) {
		buffers_give(pool, tls13_detach(&r->tls));
		r->buffers = NULL;
	}
	return status;
}
