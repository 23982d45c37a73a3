/*
 * tcp.c - names to addresses, addresses to a connection, and transport over
 * it. Owns one descriptor; every wait but the name look-up has a deadline.
 */
#include "fetcher/tcp.h"

#include "base/clock.h"
#include "io/socket.h"
#include "io/wait.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct addresses {
	char text[RESOLVED_MAX][INET6_ADDRSTRLEN];
	size_t count;
};

static void
add_address(struct addresses *a, const struct addrinfo *info)
{
	struct sockaddr_storage storage;
	const void *ip;

	if (a->count >= RESOLVED_MAX || info->ai_addrlen > sizeof(storage))
		return;
	memcpy(&storage, info->ai_addr, info->ai_addrlen);
	if (info->ai_family == AF_INET)
		ip = &((const struct sockaddr_in *)&storage)->sin_addr;
	else if (info->ai_family == AF_INET6)
		ip = &((const struct sockaddr_in6 *)&storage)->sin6_addr;
	else
		return;
	if (inet_ntop(info->ai_family, ip, a->text[a->count],
		    INET6_ADDRSTRLEN) != NULL)
		a->count++;
}

static enum err
resolve(struct addresses *a, const struct url *u, struct error *e)
{
	struct addrinfo hints;
	struct addrinfo *list = NULL;
	int failure;

	memset(a, 0, sizeof(*a));
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = u->ip_len > 0 ? AI_NUMERICHOST : AI_ADDRCONFIG;
	failure = getaddrinfo(u->host, NULL, &hints, &list);
	if (failure != 0)
		return error_set(e, ERR_DNS, "could not look up %s: %s",
			u->host, gai_strerror(failure));
	for (const struct addrinfo *i = list; i != NULL; i = i->ai_next)
		add_address(a, i);
	freeaddrinfo(list);
	if (a->count == 0)
		return error_set(e, ERR_DNS, "%s has no IP address", u->host);
	return ERR_OK;
}

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
	struct addresses a;
	struct error one;

	t->open = false;
	t->deadline_ms = deadline_ms;
	t->awaited = "the response";
	(void)snprintf(t->peer, sizeof(t->peer),
		u->ip_len == 16 ? "[%s]:%u" : "%s:%u", u->host,
		(unsigned)u->port);
	if (resolve(&a, u, e) != ERR_OK)
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
