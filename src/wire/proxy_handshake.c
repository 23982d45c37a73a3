/*
 * proxy_handshake.c - CONNECT and SOCKS5 as a client. Pure. Must never take a
 * byte that belongs to the stream behind the proxy.
 */
#include "wire/proxy_handshake.h"

#include "base/encode.h"
#include "base/mem.h"
#include "wire/http.h"

#include <string.h>

#define SOCKS_VERSION     5
#define SOCKS_AUTH        1 /* version of RFC 1929's exchange */
#define SOCKS_NO_METHOD   0
#define SOCKS_PASSWORD    2
#define SOCKS_CONNECT     1
#define SOCKS_IPV4        1
#define SOCKS_NAME        3
#define SOCKS_IPV6        4
#define SOCKS_REPLY_SHORT 5 /* bytes up to the length of a name */

/* RFC 1928 section 6: reply 1 and the following. */
static const char replies[][24] = {"general failure",
	"not allowed by its rules", "network unreachable", "host unreachable",
	"connection refused", "TTL expired", "command not supported",
	"address not supported"};

static bool
has_user(const struct proxy_handshake *h)
{
	return h->proxy->user[0] != '\0' || h->proxy->password[0] != '\0';
}

static void
write_target(struct writer *w, const struct url *to)
{
	struct url u = *to;

	/* The port is always said: one that is no scheme's own. */
	u.scheme = to->port == 443 ? URL_HTTP : URL_HTTPS;
	url_write_host(w, &u);
}

static void
write_connect(struct proxy_handshake *h)
{
	char text[2 * PROXY_AUTH_MAX];
	struct writer plain = writer_over(text, sizeof(text));

	write_str(&h->out, "CONNECT ");
	write_target(&h->out, h->to);
	write_str(&h->out, " HTTP/1.1\r\nHost: ");
	write_target(&h->out, h->to);
	if (has_user(h)) {
		write_str(&plain, h->proxy->user);
		write_u8(&plain, ':');
		write_str(&plain, h->proxy->password);
		write_str(&h->out, "\r\nProxy-Authorization: Basic ");
		encode_base64(&h->out, writer_span(&plain), 0);
		mem_wipe(text, sizeof(text));
	}
	write_str(&h->out, "\r\n\r\n");
}

static void
begin_output(struct proxy_handshake *h, enum proxy_state next)
{
	h->out = writer_over(h->out_bytes, sizeof(h->out_bytes));
	h->filled = 0;
	h->state = next;
}

static void
write_request(struct proxy_handshake *h)
{
	const struct url *to = h->to;

	begin_output(h, PROXY_REPLY);
	write_u8(&h->out, SOCKS_VERSION);
	write_u8(&h->out, SOCKS_CONNECT);
	write_u8(&h->out, 0);
	if (to->ip_len > 0) {
		write_u8(&h->out, to->ip_len == 4 ? SOCKS_IPV4 : SOCKS_IPV6);
		write_bytes(&h->out, to->ip, to->ip_len);
	} else {
		write_u8(&h->out, SOCKS_NAME);
		write_u8(&h->out, (uint8_t)strlen(to->host));
		write_str(&h->out, to->host);
	}
	write_u16(&h->out, to->port);
}

void
proxy_handshake_begin(
	struct proxy_handshake *h, const struct proxy *p, const struct url *to)
{
	h->proxy = p;
	h->to = to;
	if (p->kind == PROXY_HTTP) {
		begin_output(h, PROXY_CONNECT);
		write_connect(h);
		return;
	}
	begin_output(h, PROXY_METHOD);
	write_u8(&h->out, SOCKS_VERSION);
	write_u8(&h->out, has_user(h) ? 2 : 1);
	write_u8(&h->out, SOCKS_NO_METHOD);
	if (has_user(h))
		write_u8(&h->out, SOCKS_PASSWORD);
}

struct span
proxy_handshake_output(const struct proxy_handshake *h)
{
	return writer_span(&h->out);
}

/* Bytes of the answer that is awaited, as far as it is known; exact. */
static size_t
expected(const struct proxy_handshake *h)
{
	if (h->state == PROXY_CONNECT)
		return sizeof(h->in);
	if (h->state != PROXY_REPLY)
		return 2;
	if (h->filled < SOCKS_REPLY_SHORT)
		return SOCKS_REPLY_SHORT;
	if (h->in[3] == SOCKS_IPV4)
		return 4 + 4 + 2;
	if (h->in[3] == SOCKS_IPV6)
		return 4 + 16 + 2;
	return SOCKS_REPLY_SHORT + (size_t)h->in[4] + 2;
}

uint8_t *
proxy_handshake_input(struct proxy_handshake *h, size_t *cap)
{
	*cap = expected(h) - h->filled;
	return h->in + h->filled;
}

static enum err
read_connect(struct proxy_handshake *h, struct error *e)
{
	struct http_head head;
	size_t used = 0;
	enum err result =
		http_parse_head(&head, span_of(h->in, h->filled), &used);

	if (result == ERR_AGAIN && h->filled < sizeof(h->in))
		return ERR_AGAIN;
	if (result != ERR_OK)
		return error_set(
			e, ERR_PARSE, "its answer to CONNECT is not HTTP");
	if (head.status == 407)
		return error_set(e, ERR_CREDENTIALS,
			"it wants a user and a password (HTTP 407)");
	if (head.status < 200 || head.status > 299)
		return error_set(e,
			head.status >= 500 ? ERR_CONNECT : ERR_DENIED,
			"it answered HTTP %u to CONNECT", head.status);
	if (used != h->filled)
		return error_set(e, ERR_PARSE, "it sent more than its answer");
	h->state = PROXY_OPEN;
	return ERR_OK;
}

static enum err
read_method(struct proxy_handshake *h, struct error *e)
{
	if (h->in[0] != SOCKS_VERSION)
		return error_set(e, ERR_PARSE, "it does not speak SOCKS5");
	if (h->in[1] == SOCKS_NO_METHOD) {
		write_request(h);
		return ERR_AGAIN;
	}
	if (h->in[1] != SOCKS_PASSWORD || !has_user(h))
		return error_set(
			e, ERR_CREDENTIALS, "it wants a user and a password");
	begin_output(h, PROXY_LOGIN);
	write_u8(&h->out, SOCKS_AUTH);
	write_u8(&h->out, (uint8_t)strlen(h->proxy->user));
	write_str(&h->out, h->proxy->user);
	write_u8(&h->out, (uint8_t)strlen(h->proxy->password));
	write_str(&h->out, h->proxy->password);
	return ERR_AGAIN;
}

static enum err
read_reply(struct proxy_handshake *h, struct error *e)
{
	uint8_t reply = h->in[1];

	if (h->in[0] != SOCKS_VERSION || h->in[2] != 0 ||
		(h->in[3] != SOCKS_IPV4 && h->in[3] != SOCKS_IPV6 &&
			h->in[3] != SOCKS_NAME))
		return error_set(e, ERR_PARSE, "its reply is not SOCKS5");
	if (reply != 0)
		return error_set(e, reply == 2 ? ERR_DENIED : ERR_CONNECT,
			"it could not connect: %s",
			reply <= sizeof(replies) / sizeof(replies[0])
				? replies[reply - 1]
				: "unknown reason");
	if (h->filled < expected(h))
		return ERR_AGAIN;
	h->state = PROXY_OPEN;
	return ERR_OK;
}

static enum err
read_answer(struct proxy_handshake *h, struct error *e)
{
	switch (h->state) {
	case PROXY_CONNECT:
		return read_connect(h, e);
	case PROXY_METHOD:
		return h->filled < 2 ? ERR_AGAIN : read_method(h, e);
	case PROXY_LOGIN:
		if (h->filled < 2)
			return ERR_AGAIN;
		if (h->in[0] != SOCKS_AUTH || h->in[1] != 0)
			return error_set(e, ERR_CREDENTIALS,
				"it refused the user or the password");
		write_request(h);
		return ERR_AGAIN;
	case PROXY_REPLY:
		return h->filled < SOCKS_REPLY_SHORT ? ERR_AGAIN
						     : read_reply(h, e);
	case PROXY_OPEN:
	case PROXY_FAILED:
		break;
	}
	return error_set(e, ERR_INTERNAL, "the handshake is over");
}

enum err
proxy_handshake_advance(struct proxy_handshake *h, size_t got, struct error *e)
{
	enum err result;

	if (!writer_ok(&h->out))
		return error_set(e, ERR_LIMIT, "name or password is too long");
	h->out.len = 0;
	if (got > expected(h) - h->filled)
		return error_set(e, ERR_INTERNAL, "too many bytes");
	h->filled += got;
	result = read_answer(h, e);
	if (result != ERR_OK && result != ERR_AGAIN)
		h->state = PROXY_FAILED;
	return result;
}

void
proxy_handshake_clear(struct proxy_handshake *h)
{
	mem_wipe(h, sizeof(*h));
}
