/*
 * socks.c - between a dial's socket and proxy_handshake. Owns the memory of
 * that talk; must never wait, nor let the password into a message.
 */
#include "tunnel/socks.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/socket.h"
#include "io/variable.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
socks_configure(struct socks_proxy *p)
{
	struct span text = variable_either("ALL_PROXY", "all_proxy");
	enum err result;

	p->except = variable_either("NO_PROXY", "no_proxy");
	if (text.len == 0)
		return;
	result = proxy_parse(&p->proxy, text);
	p->on = result == ERR_OK && p->proxy.kind == PROXY_SOCKS5;
	if (p->on)
		return;
	/* Its value is not shown: it may hold a password. */
	if (result == ERR_OK || result == ERR_CONFIG)
		log_info("ALL_PROXY is no socks5:// proxy: instances are "
			 "dialed without it");
	else
		log_warn("ALL_PROXY is not of the form "
			 "socks5://[USER:PASSWORD@]HOST[:PORT]: instances are "
			 "dialed without it");
	mem_wipe(&p->proxy, sizeof(p->proxy));
}

static void
set_target(struct url *to, const struct ipc_address *a)
{
	memset(to, 0, sizeof(*to));
	(void)snprintf(to->host, sizeof(to->host), "%s", a->text);
	to->ip_len = url_read_ip(a->text, to->ip);
	to->port = a->port;
}

bool
socks_wanted(const struct socks_proxy *p, const struct ipc_address *a)
{
	struct url to;

	if (!p->on)
		return false;
	set_target(&to, a);
	return !proxy_is_listed(p->except, &to);
}

enum err
socks_begin(struct socks **s, const struct socks_proxy *p,
	const struct ipc_address *a)
{
	*s = calloc(1, sizeof(**s));
	if (*s == NULL)
		return ERR_NOMEM;
	set_target(&(*s)->to, a);
	proxy_handshake_begin(&(*s)->handshake, &p->proxy, &(*s)->to);
	return ERR_OK;
}

static enum err
send_output(struct socks *s, int fd)
{
	struct span out = proxy_handshake_output(&s->handshake);
	enum err result = ERR_OK;

	while (result == ERR_OK && s->sent < out.len) {
		const uint8_t *from = out.data + s->sent;
		struct iovec v = {.iov_len = out.len - s->sent};
		size_t done = 0;

		/* struct iovec has no const; writing does not need it. */
		memcpy(&v.iov_base, &from, sizeof(from));
		result = socket_write(fd, &v, 1, &done);
		if (result == ERR_OK)
			s->sent += done;
	}
	return result;
}

static enum err
receive_input(struct socks *s, int fd, struct error *e)
{
	size_t got = 0;
	struct iovec v;
	enum err result;

	v.iov_base = proxy_handshake_input(&s->handshake, &v.iov_len);
	result = socket_read(fd, &v, 1, &got);
	if (result != ERR_OK)
		return result;
	s->sent = 0;
	result = proxy_handshake_advance(&s->handshake, got, e);
	/* More of its answer, or the next question: look again. */
	return result == ERR_AGAIN ? ERR_OK : result;
}

enum err
socks_step(struct socks *s, int fd, int *events, struct error *e)
{
	enum err result = ERR_OK;

	while (result == ERR_OK) {
		*events = POLLOUT;
		result = send_output(s, fd);
		if (result != ERR_OK)
			break;
		*events = POLLIN;
		result = receive_input(s, fd, e);
		if (s->handshake.state == PROXY_OPEN)
			return ERR_OK;
	}
	if (result == ERR_EOF || result == ERR_SYS)
		return error_set(e, ERR_CONNECT, "it closed the connection");
	return result;
}

void
socks_end(struct socks **s)
{
	if (*s == NULL)
		return;
	mem_wipe(*s, sizeof(**s));
	free(*s);
	*s = NULL;
}
