/*
 * tcp.c - a connection to one of a host's addresses, and transport over it.
 * Owns one descriptor; every wait but the name look-up has a deadline.
 */
#include "fetcher/tcp.h"

#include "base/clock.h"
#include "fetcher/dns.h"
#include "io/socket.h"
#include "io/wait.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

static enum err
connect_one(struct tcp *t, const char *address, uint16_t port,
	uint64_t deadline_ms, struct error *e)
{
	enum err result = socket_connect(address, port, &t->fd, e);

	if (result != ERR_OK)
		return result;
	t->open = true;
	result = wait_fd(t->fd, WAIT_WRITE, deadline_ms);
	if (result == ERR_OK)
		result = socket_connected(t->fd, e);
	else if (result == ERR_TIMEOUT)
		(void)error_set(e, result, "no answer");
	else
		(void)error_sys(e, result, "poll");
	if (result != ERR_OK)
		tcp_close(t);
	return result;
}

enum err
tcp_connect(struct tcp *t, const struct url *u, uint64_t connect_deadline_ms,
	uint64_t deadline_ms, struct error *e)
{
	struct dns_addresses a;
	struct error one;

	t->open = false;
	t->deadline_ms = deadline_ms;
	t->awaited = "the response";
	(void)snprintf(t->peer, sizeof(t->peer),
		u->ip_len == 16 ? "[%s]:%u" : "%s:%u", u->host,
		(unsigned)u->port);
	if (dns_look_up(&a, u->host, e) != ERR_OK)
		return e->code;
	error_clear(&one);
	for (size_t i = 0; i < a.count; i++) {
		uint64_t now = clock_ms();
		uint64_t left = connect_deadline_ms > now
					? connect_deadline_ms - now
					: 0;

		error_clear(&one);
		/* A dead first address must not use up the others' time. */
		if (connect_one(t, a.text[i], u->port,
			    now + left / (a.count - i), &one) == ERR_OK)
			return ERR_OK;
	}
	return error_set(e, one.code, "could not connect to %s: %s", t->peer,
		one.detail);
}

void
tcp_close(struct tcp *t)
{
	if (t->open)
		socket_close(t->fd);
	t->open = false;
}

static enum err
await(struct tcp *t, enum wait_direction direction, struct error *e)
{
	enum err result = wait_fd(t->fd, direction, t->deadline_ms);

	if (result == ERR_TIMEOUT)
		return error_set(e, result, "timed out waiting for %s of %s",
			t->awaited, t->peer);
	if (result != ERR_OK)
		return error_sys(e, result, "%s: poll", t->peer);
	return ERR_OK;
}

static enum err
tcp_read(void *self, uint8_t *buf, size_t cap, size_t *got, struct error *e)
{
	struct tcp *t = self;
	struct iovec to = {.iov_base = buf, .iov_len = cap};

	for (;;) {
		enum err result = socket_read(t->fd, &to, 1, got);

		if (result == ERR_SYS)
			return error_sys(
				e, result, "connection to %s broke", t->peer);
		if (result != ERR_AGAIN)
			return result;
		if (await(t, WAIT_READ, e) != ERR_OK)
			return e->code;
	}
}

static enum err
tcp_write(void *self, const uint8_t *buf, size_t len, struct error *e)
{
	struct tcp *t = self;

	while (len > 0) {
		struct iovec from = {.iov_len = len};
		size_t done = 0;
		enum err result;

		/* struct iovec has no const; writing does not need it. */
		memcpy(&from.iov_base, &buf, sizeof(buf));
		result = socket_write(t->fd, &from, 1, &done);

		if (result == ERR_AGAIN)
			result = await(t, WAIT_WRITE, e);
		else if (result != ERR_OK)
			(void)error_sys(
				e, result, "connection to %s broke", t->peer);
		if (result != ERR_OK)
			return result;
		buf += done;
		len -= done;
	}
	return ERR_OK;
}

struct transport
tcp_transport(struct tcp *t)
{
	struct transport transport = {
		.self = t, .read = tcp_read, .write = tcp_write};

	return transport;
}
