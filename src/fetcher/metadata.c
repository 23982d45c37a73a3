/*
 * metadata.c - the metadata server's protocol: one request per connection,
 * the Metadata-Flavor header in both directions as the guard against talking
 * to something else. Must never go through a proxy or follow a redirect.
 */
#include "fetcher/metadata.h"

#include "base/clock.h"
#include "base/rng.h"
#include "fetcher/tcp.h"
#include "fetcher/text.h"
#include "io/wait.h"
#include "wire/http.h"

#include <string.h>

#define METADATA_ADDRESS     "169.254.169.254"
#define METADATA_REQUEST_MAX 1024
#define TOKEN_PATH                                                             \
	"/computeMetadata/v1/instance/service-accounts/default/token?scopes="

struct metadata {
	struct url url;
	uint64_t deadline_ms;
	struct exchange *x;
	bool passing; /* the last failure may be gone at the next try */
};

static enum err
write_request(const struct metadata *m, const char *scope, struct writer *w,
	struct error *e)
{
	char target[256];
	struct writer to = writer_over(target, sizeof(target));

	write_str(&to, TOKEN_PATH);
	write_str(&to, scope);
	http_write_begin(w, "GET", writer_span(&to));
	http_write_host(w, &m->url);
	http_write_field(w, "Metadata-Flavor", span_str("Google"));
	http_write_field(
		w, "User-Agent", span_str("fairlead/" FAIRLEAD_VERSION));
	http_write_field(w, "Connection", span_str("close"));
	http_write_end(w, span_of(NULL, 0));
	if (!writer_ok(w) || !writer_ok(&to))
		return error_set(e, ERR_INTERNAL,
			"the metadata request could not be written");
	return ERR_OK;
}

static enum err
judge(struct metadata *m, const char *peer, struct token *t, struct error *e)
{
	const struct http_head *h = &m->x->head;
	char shown[API_ERROR_BODY_MAX + 1];

	m->passing = h->status >= 500 || h->status == 429;
	if (!span_equal_str(http_field(h, "Metadata-Flavor"), "Google"))
		return error_set(e, ERR_CREDENTIALS,
			"%s is not Google's "
			"metadata server: its answer (HTTP %u) lacks "
			"\"Metadata-Flavor: Google\"",
			peer, h->status);
	if (h->status == 404)
		return error_set(e, ERR_CREDENTIALS,
			"the metadata server has "
			"no default service account (HTTP 404): attach one, "
			"or check Workload Identity");
	if (h->status == 200)
		return token_parse(t, m->x->body, clock_wall_s(), e);
	/* A success of another kind may hold a token. */
	text_printable(shown, sizeof(shown),
		h->status >= 400 ? m->x->body : span_str("(not shown)"));
	return error_set(e, m->passing ? ERR_HTTP : ERR_CREDENTIALS,
		"the metadata server answered HTTP %u: %s", h->status, shown);
}

static enum err
try_once(struct metadata *m, struct span request, struct token *t,
	struct error *e)
{
	uint64_t connect_by = clock_ms() + METADATA_CONNECT_MS;
	struct tcp tcp;
	struct transport transport;
	struct error cause;
	enum err result;

	m->passing = true;
	if (connect_by > m->deadline_ms)
		connect_by = m->deadline_ms;
	error_clear(&cause);
	result = tcp_connect(&tcp, &m->url, connect_by, m->deadline_ms, &cause);
	if (result != ERR_OK)
		return error_set(e, result,
			"no metadata server (%s); outside Google Cloud give "
			"--credentials-file or set "
			"GOOGLE_APPLICATION_CREDENTIALS",
			cause.detail);
	transport = tcp_transport(&tcp);
	result = exchange_run(m->x, &transport, request, e);
	tcp_close(&tcp);
	if (result == ERR_OK)
		result = judge(m, tcp.peer, t, e);
	else if (result == ERR_EOF)
		result = error_set(e, ERR_HTTP,
			"the metadata server at %s "
			"closed the connection without an answer",
			tcp.peer);
	exchange_clear(m->x);
	return result;
}

/* A random pause of up to METADATA_BACKOFF_MS * 2^attempt. */
static bool
pause_before_retry(const struct metadata *m, unsigned attempt)
{
	uint64_t most = (uint64_t)METADATA_BACKOFF_MS << attempt;
	uint64_t until = clock_ms() + rng_jitter(most / 2, 100);

	if (until >= m->deadline_ms)
		return false;
	wait_until(until);
	return true;
}

enum err
metadata_token(const char *host, const char *scope, uint64_t deadline_ms,
	struct exchange *x, struct token *t, struct error *e)
{
	uint8_t request[METADATA_REQUEST_MAX];
	struct writer w = writer_over(request, sizeof(request));
	struct metadata m = {.deadline_ms = deadline_ms, .x = x};
	enum err result = ERR_INTERNAL;

	if (host == NULL || host[0] == '\0')
		host = METADATA_ADDRESS;
	if (url_parse_authority(&m.url, span_str(host), 80) != ERR_OK)
		return error_set(e, ERR_CONFIG,
			"GCE_METADATA_HOST \"%s\" is not of the form "
			"HOST[:PORT]",
			host);
	if (write_request(&m, scope, &w, e) != ERR_OK)
		return e->code;
	for (unsigned i = 0; i < METADATA_TRIES; i++) {
		if (i > 0 && !pause_before_retry(&m, i - 1))
			break;
		error_clear(e);
		result = try_once(&m, writer_span(&w), t, e);
		if (result == ERR_OK || !m.passing)
			break;
	}
	return result;
}
