/*
 * https.c - endpoint, roots and connection. Only https:// is ever spoken, and
 * only with a server that proved its name: there is no way to turn that off.
 */
#include "fetcher/https.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/variable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err
load_file(struct x509_anchors *anchors, const char *path, struct error *e)
{
	uint8_t *pem = malloc(CA_FILE_MAX);
	size_t len = 0;
	struct error cause;
	enum err result;

	if (pem == NULL)
		return error_set(e, ERR_NOMEM, "out of memory");
	error_clear(&cause);
	result = file_read(path, pem, CA_FILE_MAX, &len, &cause);
	if (result == ERR_OK)
		result = x509_anchors_from_pem(
			anchors, span_of(pem, len), &cause);
	free(pem);
	if (result != ERR_OK)
		return error_set(
			e, ERR_CONFIG, "CA file %s: %s", path, cause.detail);
	return ERR_OK;
}

static enum err
load_roots(struct x509_anchors *anchors, const char *ca_file, struct error *e)
{
	if (ca_file != NULL && ca_file[0] != '\0')
		return load_file(anchors, ca_file, e);
	return x509_anchors_builtin(anchors, e);
}

/* The endpoint's own name is what its certificate must hold. */
static void
set_names(struct https *h)
{
	memset(&h->names, 0, sizeof(h->names));
	if (h->url.ip_len > 0) {
		memcpy(h->names.ip, h->url.ip, h->url.ip_len);
		h->names.ip_len = h->url.ip_len;
		return;
	}
	h->names.dns[0] = h->url.host;
	h->names.dns_count = 1;
}

enum err
https_init(struct https *h, const char *endpoint, const char *ca_file,
	uint64_t deadline_ms, struct error *e)
{
	h->deadline_ms = deadline_ms;
	if (url_parse(&h->url, span_str(endpoint)) != ERR_OK)
		return error_set(e, ERR_CONFIG,
			"API endpoint \"%s\" is not of the form "
			"https://HOST[:PORT]",
			endpoint);
	if (h->url.scheme != URL_HTTPS)
		return error_set(e, ERR_CONFIG,
			"API endpoint \"%s\" is refused: tokens are sent over "
			"https:// only",
			endpoint);
	set_names(h);
	if (load_roots(&h->anchors, ca_file, e) != ERR_OK)
		return e->code;
	h->tls_config.anchors = &h->anchors;
	h->tls_config.names = &h->names;
	h->tls_config.sni = h->url.ip_len > 0 ? NULL : h->url.host;
	return ERR_OK;
}

static void
disconnect(struct https *h)
{
	tls_stream_close(&h->tls);
	tcp_close(&h->tcp);
	h->open = false;
}

/* Fill in h->proxy. *wanted: the way leads through it. */
static enum err
choose_proxy(struct https *h, bool *wanted, struct error *e)
{
	struct span text = variable_either("HTTPS_PROXY", "https_proxy");
	enum err result;

	*wanted = text.len > 0 &&
		  !proxy_is_bypassed(
			  variable_either("NO_PROXY", "no_proxy"), &h->url);
	if (!*wanted)
		return ERR_OK;
	result = proxy_parse(&h->proxy, text);
	/* Its value is not shown: it may hold a password. */
	if (result != ERR_OK)
		return error_set(e, ERR_CONFIG,
			result == ERR_CONFIG
				? "HTTPS_PROXY has a scheme that is not "
				  "supported: http://, socks5:// and "
				  "socks5h:// are"
				: "HTTPS_PROXY is not of the form "
				  "[SCHEME://][USER:PASSWORD@]HOST[:PORT]");
	return ERR_OK;
}

static enum err
shake_hands(struct https *h, struct error *e)
{
	struct transport t = tcp_transport(&h->tcp);
	enum err result = ERR_AGAIN;

	while (result == ERR_AGAIN) {
		struct span out = proxy_handshake_output(&h->handshake);
		size_t cap;
		size_t got = 0;
		uint8_t *in;

		result = t.write(t.self, out.data, out.len, e);
		in = proxy_handshake_input(&h->handshake, &cap);
		if (result == ERR_OK)
			result = t.read(t.self, in, cap, &got, e);
		if (result == ERR_EOF)
			return error_set(
				e, ERR_CONNECT, "it closed the connection");
		if (result == ERR_OK)
			result = proxy_handshake_advance(&h->handshake, got, e);
	}
	return result;
}

/* A TCP connection to the proxy that leads to the endpoint. */
static enum err
connect_through(struct https *h, struct error *e)
{
	struct error cause;

	error_clear(&cause);
	if (tcp_connect(&h->tcp, &h->proxy.at, h->deadline_ms, h->deadline_ms,
		    &cause) == ERR_OK) {
		h->tcp.awaited = "the proxy's answer";
		proxy_handshake_begin(&h->handshake, &h->proxy, &h->url);
		if (shake_hands(h, &cause) != ERR_OK)
			tcp_close(&h->tcp);
	}
	proxy_handshake_clear(&h->handshake);
	if (cause.code != ERR_OK)
		(void)error_set(e, cause.code,
			"%s:%u through the proxy %s:%u (HTTPS_PROXY): %s",
			h->url.host, (unsigned)h->url.port, h->proxy.at.host,
			(unsigned)h->proxy.at.port, cause.detail);
	mem_wipe(&h->proxy, sizeof(h->proxy));
	/* From here on what happens is the endpoint's. */
	(void)snprintf(h->tcp.peer, sizeof(h->tcp.peer), "%s:%u", h->url.host,
		(unsigned)h->url.port);
	return cause.code;
}

static enum err
connect_tcp(struct https *h, struct error *e)
{
	bool through = false;

	if (choose_proxy(h, &through, e) != ERR_OK)
		return e->code;
	if (through)
		return connect_through(h, e);
	return tcp_connect(&h->tcp, &h->url, h->deadline_ms, h->deadline_ms, e);
}

static enum err
connect_to(struct https *h, struct error *e)
{
	struct error cause;

	if (connect_tcp(h, e) != ERR_OK)
		return e->code;
	error_clear(&cause);
	h->tcp.awaited = "the TLS handshake";
	h->tls_config.now_s = clock_wall_s();
	if (tls_stream_open(&h->tls, &h->tls_config, tcp_transport(&h->tcp),
		    &cause) != ERR_OK) {
		disconnect(h);
		return error_tls(e, cause.code, cause.alert, "TLS with %s: %s",
			h->tcp.peer, cause.detail);
	}
	h->tcp.awaited = "the response";
	h->open = true;
	return ERR_OK;
}

/* Say who it was, where the layer that failed does not know. */
static enum err
explain(const struct https *h, const struct error *cause, struct error *e)
{
	/* tcp.c has put the peer into these. */
	if (cause->code == ERR_TIMEOUT || cause->code == ERR_SYS)
		return error_set(e, cause->code, "%s", cause->detail);
	return error_tls(e, cause->code, cause->alert, "%s: %s", h->tcp.peer,
		cause->detail);
}

static enum err
exchange(struct https *h, struct span request, struct error *e)
{
	struct transport t = tls_stream_transport(&h->tls);
	struct error cause;
	enum err result;

	error_clear(&cause);
	result = exchange_run(&h->exchange, &t, request, &cause);
	if (result != ERR_OK || !h->exchange.head.keep_alive)
		disconnect(h);
	if (result == ERR_OK)
		return ERR_OK;
	if (result == ERR_EOF)
		(void)error_set(&cause, ERR_HTTP,
			"closed the connection without a response");
	return explain(h, &cause, e);
}

enum err
https_call(struct https *h, struct span request, struct error *e)
{
	bool reused = h->open;
	enum err result;

	if (!h->open && connect_to(h, e) != ERR_OK)
		return e->code;
	result = exchange(h, request, e);
	if (result == ERR_OK || !reused || h->exchange.answered ||
		result == ERR_TIMEOUT)
		return result;
	error_clear(e);
	if (connect_to(h, e) != ERR_OK)
		return e->code;
	return exchange(h, request, e);
}

void
https_clear(struct https *h)
{
	disconnect(h);
	exchange_clear(&h->exchange);
	x509_anchors_free(&h->anchors);
}
