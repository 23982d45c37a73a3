/*
 * pages.c - which page is asked for, and the small ones. Owns nothing; must
 * never show a token, a key or a certificate.
 */
#include "tunnel/pages.h"

#include "base/log.h"
#include "status_html.h"
#include "tunnel/metrics.h"
#include "tunnel/status.h"
#include "tunnel/tunnel.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const uint8_t status_page[] = {STATUS_PAGE};

/* A page under way: its status, how it is shown, and its body. */
struct page {
	unsigned status;
	const char *type;
	const char *more; /* further header lines */
	struct writer body;
};

#define PLAIN "text/plain; charset=utf-8"

/* Nothing of it comes from or goes to anywhere else. */
#define STATUS_HEADERS                                                         \
	"Content-Encoding: gzip\r\n"                                           \
	"Content-Security-Policy: default-src 'none'; connect-src 'self'; "    \
	"style-src " STATUS_STYLE "; script-src " STATUS_SCRIPT "; "           \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"

void
pages_print(struct writer *w, const char *fmt, ...)
{
	size_t room = w->cap - w->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf((char *)w->base + w->len, room, fmt, ap);
	va_end(ap);
	if (w->failed || n < 0 || (size_t)n >= room)
		w->failed = true;
	else
		w->len += (size_t)n;
}

static void
say(struct page *p, unsigned status, const char *text)
{
	p->status = status;
	write_str(&p->body, text);
}

const char *
pages_not_ready(const struct tunnel *t, char *why, size_t cap)
{
	uint64_t max = t->config->max_connections;
	size_t open = t->connections.open;

	if (t->draining || t->leaving)
		return "proxy has stopped";
	if (!t->started)
		return "proxy is not started";
	if (max == 0 || open < max)
		return NULL;
	(void)snprintf(why, cap,
		"max connections reached (open = %zu, max = %" PRIu64 ")", open,
		max);
	return why;
}

static void
readiness(struct tunnel *t, struct page *p)
{
	char room[96];
	const char *why = pages_not_ready(t, room, sizeof(room));

	if (why != NULL)
		log_error("[Health Check] Readiness failed: %s", why);
	say(p, why == NULL ? 200 : 503, why == NULL ? "ok" : why);
}

static void
quit(struct tunnel *t, const struct http_request *r, struct page *p)
{
	if (!span_equal_str(r->method, "GET") &&
		!span_equal_str(r->method, "POST")) {
		p->status = 400;
		return;
	}
	if (r->cross_site) {
		say(p, 403, "asked by a page of another site\n");
		return;
	}
	p->status = 200;
	if (!t->quit)
		tunnel_tell(t, IPC_QUIT, 0, IPC_ENGINE_UNKNOWN);
	t->quit = true;
}

static bool
begins_with(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

static bool
admin_page(struct tunnel *t, const struct http_request *r, struct page *p)
{
	if (t->config->quitquitquit && span_equal_str(r->path, "/quitquitquit"))
		quit(t, r, p);
	else if (t->config->debug && begins_with(r->path, "/debug/pprof"))
		say(p, 404,
			"there is no pprof here, which is for programs in Go: "
			"see /metrics, /status and --debug-logs\n");
	else
		return false;
	return true;
}

bool
pages_need_check(const struct tunnel *t, const struct http_request *r)
{
	return t->config->health_check && t->config->with_backend_check &&
	       t->started && span_equal_str(r->path, "/startup");
}

static void
startup(const struct tunnel *t, struct page *p)
{
	if (!t->started)
		say(p, 503, "error");
	else if (t->config->with_backend_check && t->tests_failed > 0)
		say(p, 503, t->test_failure);
	else
		say(p, 200, "ok");
}

static bool
health_page(struct tunnel *t, const struct http_request *r, struct page *p)
{
	if (!t->config->health_check)
		return false;
	if (span_equal_str(r->path, "/startup"))
		startup(t, p);
	else if (span_equal_str(r->path, "/liveness"))
		say(p, 200, "ok");
	else if (span_equal_str(r->path, "/readiness"))
		readiness(t, p);
	else
		return false;
	return true;
}

static bool
status_pages(struct tunnel *t, const struct http_request *r, struct page *p)
{
	if (span_equal_str(r->path, "/")) {
		p->type = "text/html; charset=utf-8";
		p->more = STATUS_HEADERS;
		write_bytes(&p->body, status_page, sizeof(status_page));
	} else if (span_equal_str(r->path, "/status")) {
		p->type = "application/json";
		status_write(t, &p->body);
	} else if (t->config->prometheus &&
		   span_equal_str(r->path, "/metrics")) {
		p->type = "text/plain; version=0.0.4; charset=utf-8";
		metrics_write(t, &p->body);
	} else {
		return false;
	}
	p->status = 200;
	return true;
}

static void
fill(struct tunnel *t, const struct http_request *r, bool admin, struct page *p)
{
	bool known;

	if (r == NULL) {
		say(p, 400, "400 Bad Request");
		return;
	}
	if (admin)
		known = admin_page(t, r, p);
	else
		known = health_page(t, r, p) || status_pages(t, r, p);
	if (!known)
		say(p, 404, "404 page not found\n");
	if (writer_ok(&p->body))
		return;
	p->body.failed = false;
	p->body.len = 0;
	p->type = PLAIN;
	say(p, 500, "the answer has no room\n");
}

static const char *
reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

void
pages_answer(struct tunnel *t, const struct http_request *r, bool admin,
	uint8_t *room, size_t *at, size_t *end)
{
	uint8_t *body = room + HTTP_ANSWER_HEAD;
	struct page p = {
		.type = PLAIN,
		.more = "",
		.body = writer_over(body, HTTP_ANSWER_MAX - HTTP_ANSWER_HEAD),
	};
	struct writer head = writer_over(room, HTTP_ANSWER_HEAD);

	fill(t, r, admin, &p);
	pages_print(&head,
		"HTTP/1.1 %u %s\r\n"
		"Content-Type: %s\r\n"
		"Content-Length: %zu\r\n"
		"%s"
		"Cache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"Referrer-Policy: no-referrer\r\n"
		"Connection: close\r\n\r\n",
		p.status, reason(p.status), p.type, p.body.len, p.more);
	*at = HTTP_ANSWER_HEAD - head.len;
	*end = HTTP_ANSWER_HEAD + p.body.len;
	memmove(room + *at, room, head.len);
	if (r != NULL && span_equal_str(r->method, "HEAD"))
		*end = HTTP_ANSWER_HEAD;
}
