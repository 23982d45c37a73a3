/*
 * http_server.c - the HTTP server's sockets. Owns its clients' descriptors and
 * answers; must never let a slow client or a crowd of them cost more than its
 * fixed table, and never disturb the relays.
 */
#include "tunnel/http_server.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/socket.h"
#include "tunnel/listener.h"
#include "tunnel/pages.h"
#include "tunnel/probe.h"
#include "tunnel/tunnel.h"
#include "wire/http_request.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static void
drop_answer(struct http_client *c)
{
	if (c->answer != NULL)
		(void)munmap(c->answer, HTTP_ANSWER_MAX);
	c->answer = NULL;
}

static void
drop(struct http_client *c)
{
	loop_remove(&c->server->tunnel->loop, &c->watch);
	socket_close(c->fd);
	drop_answer(c);
	c->used = false;
}

/* All is sent. Closing with unread bytes would take it back with a reset. */
static void
finish(struct http_client *c)
{
	drop_answer(c);
	socket_finish(c->fd);
	c->finishing = true;
	loop_set(&c->server->tunnel->loop, &c->watch, POLLIN);
}

static void
send_answer(struct http_client *c)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && c->answer_at < c->answer_end) {
		struct iovec v = {.iov_base = c->answer + c->answer_at,
			.iov_len = c->answer_end - c->answer_at};
		size_t done;

		err = socket_write(c->fd, &v, 1, &done);
		c->answer_at += done;
	}
	if (err == ERR_OK)
		finish(c);
	else if (err == ERR_AGAIN)
		loop_set(&c->server->tunnel->loop, &c->watch, POLLOUT);
	else
		drop(c);
}

static void
answer(struct http_client *c, const struct http_request *r)
{
	void *room = mmap(NULL, HTTP_ANSWER_MAX, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED) {
		drop(c);
		return;
	}
	c->answer = room;
	pages_answer(c->server->tunnel, r, c->admin, c->answer, &c->answer_at,
		&c->answer_end);
	send_answer(c);
}

/* The answer comes when all instances were tried: http_server_checked. */
static void
check(struct http_client *c)
{
	struct tunnel *t = c->server->tunnel;

	c->checking = true;
	c->deadline_ms = clock_ms() + t->config->dial_timeout + HTTP_CLIENT_MS;
	loop_set(&t->loop, &c->watch, LOOP_NOTHING);
	probe_check(t);
}

static void
read_request(struct http_client *c)
{
	struct iovec v = {.iov_base = c->asked + c->asked_len,
		.iov_len = sizeof(c->asked) - c->asked_len};
	struct http_request r;
	size_t done;
	enum err err = socket_read(c->fd, &v, 1, &done);

	if (err == ERR_AGAIN)
		return;
	if (err != ERR_OK) {
		drop(c);
		return;
	}
	c->asked_len += done;
	err = http_request_parse(&r, span_of(c->asked, c->asked_len));
	if (err == ERR_OK && !c->admin &&
		pages_need_check(c->server->tunnel, &r))
		check(c);
	else if (err == ERR_OK)
		answer(c, &r);
	else if (err != ERR_AGAIN)
		answer(c, NULL);
}

void
http_server_checked(struct http_server *s)
{
	for (size_t n = 0; n < HTTP_CLIENTS_MAX; n++) {
		struct http_client *c = &s->clients[n];
		struct http_request r;

		if (!c->used || !c->checking)
			continue;
		c->checking = false;
		if (http_request_parse(&r, span_of(c->asked, c->asked_len)) ==
			ERR_OK)
			answer(c, &r);
	}
}

/* A body, or a further request: not wanted. */
static void
drop_bytes(struct http_client *c)
{
	struct iovec v = {.iov_base = c->asked, .iov_len = sizeof(c->asked)};
	size_t done;
	enum err err = socket_read(c->fd, &v, 1, &done);

	if (err != ERR_OK && err != ERR_AGAIN)
		drop(c);
}

static void
on_client(void *context, short revents)
{
	struct http_client *c = context;

	if ((revents & POLLERR) != 0)
		drop(c);
	else if (c->finishing)
		drop_bytes(c);
	else if (c->answer != NULL)
		send_answer(c);
	else
		read_request(c);
}

/* A free place, or the one whose time is over first. */
static struct http_client *
take_place(struct http_server *s)
{
	struct http_client *first = &s->clients[0];

	for (size_t n = 0; n < HTTP_CLIENTS_MAX; n++) {
		struct http_client *c = &s->clients[n];

		if (!c->used)
			return c;
		if (c->deadline_ms < first->deadline_ms)
			first = c;
	}
	drop(first);
	return first;
}

static void
close_door(struct http_door *d)
{
	loop_remove(&d->server->tunnel->loop, &d->watch);
	if (d->fd >= 0)
		socket_close(d->fd);
	d->fd = -1;
}

static void
on_door(void *context, short revents)
{
	struct http_door *d = context;
	char name[SOCKET_NAME_MAX];
	struct http_client *c;
	enum err err;
	int fd;

	(void)revents;
	err = socket_accept(d->fd, &fd, name);
	if (err == ERR_LIMIT) {
		listeners_pause(d->server->tunnel);
	} else if (err == ERR_SYS) {
		log_error("http: accept: %s", strerror(errno));
		close_door(d);
	}
	if (err != ERR_OK)
		return;
	c = take_place(d->server);
	c->server = d->server;
	c->admin = d->admin;
	c->fd = fd;
	c->finishing = false;
	c->checking = false;
	c->asked_len = 0;
	c->deadline_ms = clock_ms() + HTTP_CLIENT_MS;
	if (loop_add(&d->server->tunnel->loop, &c->watch, fd, on_client, c) !=
		ERR_OK) {
		socket_close(fd);
		return;
	}
	c->used = true;
	loop_set(&d->server->tunnel->loop, &c->watch, POLLIN);
}

static void
open_door(struct http_server *s, struct http_door *d, int fd, bool admin)
{
	struct loop *loop = &s->tunnel->loop;

	d->server = s;
	d->admin = admin;
	d->fd = fd;
	watch_init(&d->watch);
	if (fd >= 0 && loop_add(loop, &d->watch, fd, on_door, d) == ERR_OK)
		loop_set(loop, &d->watch, POLLIN);
}

void
http_server_open(struct http_server *s, struct tunnel *t, int http, int admin)
{
	s->tunnel = t;
	open_door(s, &s->doors[0], http, false);
	open_door(s, &s->doors[1], admin, true);
}

void
http_server_accept(struct http_server *s, bool open)
{
	for (size_t n = 0; n < 2; n++)
		loop_set(&s->tunnel->loop, &s->doors[n].watch,
			open ? POLLIN : LOOP_NOTHING);
}

void
http_server_expire(struct http_server *s, uint64_t now_ms)
{
	for (size_t n = 0; n < HTTP_CLIENTS_MAX; n++) {
		struct http_client *c = &s->clients[n];

		if (c->used && c->deadline_ms <= now_ms)
			drop(c);
	}
}

uint64_t
http_server_deadline_ms(const struct http_server *s)
{
	uint64_t earliest = CLOCK_NEVER;

	for (size_t n = 0; n < HTTP_CLIENTS_MAX; n++) {
		const struct http_client *c = &s->clients[n];

		if (c->used && c->deadline_ms < earliest)
			earliest = c->deadline_ms;
	}
	return earliest;
}

void
http_server_close(struct http_server *s)
{
	http_server_expire(s, CLOCK_NEVER);
	for (size_t n = 0; n < 2; n++)
		close_door(&s->doors[n]);
}
