/*
 * service.c - requests to whoever gives tokens. Knows no grant; must never put
 * a byte of a request into an error.
 */
#include "fetcher/service.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetcher/api.h"
#include "fetcher/dates.h"
#include "fetcher/plain.h"
#include "wire/http.h"

#include <string.h>

#define NAME_MAX_BYTES 128 /* of a further field */

/* SCHEME://AUTHORITY to endpoint, and what follows it. */
static enum err
split_url(const char *url, char *endpoint, size_t cap, const char **target)
{
	const char *authority = strstr(url, "://");
	size_t len;

	if (authority == NULL)
		return ERR_PARSE;
	len = (size_t)(authority - url) + 3;
	len += strcspn(url + len, "/?#");
	if (len >= cap || url[len] == '?' || strchr(url, '#') != NULL)
		return ERR_PARSE;
	memcpy(endpoint, url, len);
	endpoint[len] = '\0';
	*target = url[len] == '/' ? url + len : "/";
	return ERR_OK;
}

static void
write_fields(struct writer *w, const struct service_request *r)
{
	const struct json_token *t = r->fields;
	const struct json_token *end;

	if (t == NULL || t->type != JSON_OBJECT)
		return;
	end = r->doc->tokens + t->next;
	for (t++; t < end; t = r->doc->tokens + (t + 1)->next) {
		char name[NAME_MAX_BYTES];
		char value[CREDENTIALS_TEXT_MAX];

		if (json_text(r->doc, t, name, sizeof(name)) != ERR_OK ||
			json_text(r->doc, t + 1, value, sizeof(value)) !=
				ERR_OK ||
			name[0] == '\0' || strpbrk(name, ": \t\r\n") != NULL)
			w->failed = true;
		else
			http_write_field(w, name, span_str(value));
		mem_wipe(value, sizeof(value));
	}
}

static enum err
write_request(struct service *s, const struct service_request *r,
	const char *target, struct writer *w, struct error *e)
{
	http_write_begin(w, r->method, span_str(target));
	http_write_host(w, &s->https.url);
	http_write_field(
		w, "User-Agent", span_str("fairlead/" FAIRLEAD_VERSION));
	http_write_field(w, "Accept-Encoding", span_str("identity"));
	if (s->https.url.scheme == URL_HTTP)
		http_write_field(w, "Connection", span_str("close"));
	if (r->bearer != NULL)
		http_write_bearer(w, span_str(r->bearer));
	if (r->basic != NULL) {
		write_str(w, "Authorization: Basic ");
		write_str(w, r->basic);
		write_str(w, "\r\n");
	}
	write_fields(w, r);
	if (r->body.len > 0)
		http_write_field(w, "Content-Type", span_str(r->content_type));
	http_write_end(w, r->body);
	if (!writer_ok(w))
		return error_set(e, ERR_CONFIG,
			"the request to %s does not fit, or a part of it "
			"cannot stand in a request",
			s->https.url.host);
	return ERR_OK;
}

static void
note_skew(struct service *s)
{
	struct span date = http_field(&s->https.exchange.head, "Date");
	int64_t theirs;

	if (date.data != NULL && dates_http(date, &theirs) == ERR_OK)
		s->skew_s = clock_wall_s() - theirs;
}

static enum err
send_once(struct service *s, struct span request, struct error *e)
{
	enum err result;

	if (s->https.url.scheme == URL_HTTPS)
		result = https_call(&s->https, request, e);
	else
		result = plain_exchange(&s->https.exchange, &s->https.url,
			s->deadline_ms, request, e);
	s->status = 0;
	if (result != ERR_OK)
		return result;
	s->status = s->https.exchange.head.status;
	note_skew(s);
	return ERR_OK;
}

static bool
may_pass(const struct service *s, enum err result)
{
	if (result == ERR_OK)
		return s->status >= 500 || s->status == 429;
	return result == ERR_CONNECT || result == ERR_DNS ||
	       result == ERR_HTTP || result == ERR_SYS || result == ERR_TLS;
}

static enum err
send_with_retries(struct service *s, struct span request, struct error *e)
{
	for (unsigned attempt = 0;; attempt++) {
		enum err result;

		error_clear(e);
		result = send_once(s, request, e);
		if (!may_pass(s, result) || attempt + 1 >= API_TRIES ||
			!api_pause(s->deadline_ms, attempt))
			return result;
	}
}

enum err
service_call(
	struct service *s, const struct service_request *r, struct error *e)
{
	struct writer w = writer_over(s->request, sizeof(s->request));
	char endpoint[HOST_LEN_MAX + 32];
	const char *target;
	enum err result;

	https_clear(&s->https);
	if (split_url(r->url, endpoint, sizeof(endpoint), &target) != ERR_OK)
		return error_set(
			e, ERR_CONFIG, "\"%s\" is not a usable URL", r->url);
	if (r->plain &&
		url_parse(&s->https.url, span_str(endpoint)) == ERR_OK &&
		s->https.url.scheme == URL_HTTP)
		result = ERR_OK;
	else
		result = https_init(
			&s->https, endpoint, s->ca_file, s->deadline_ms, e);
	if (result == ERR_OK)
		result = write_request(s, r, target, &w, e);
	if (result == ERR_OK)
		result = send_with_retries(s, writer_span(&w), e);
	mem_wipe(s->request, w.len);
	return result;
}

enum err
service_json(struct service *s, struct error *e)
{
	enum err result = json_parse(&s->answer, s->https.exchange.body,
		s->tokens, CREDENTIALS_TOKENS);

	if (result == ERR_OK)
		return ERR_OK;
	return error_set(e, ERR_JSON,
		result == ERR_LIMIT ? "the answer of %s has too many values"
				    : "the answer of %s is not valid JSON",
		s->https.url.host);
}

void
service_clear(struct service *s)
{
	https_clear(&s->https);
	/* Not all of it: the requests are wiped where they are written, and
	 * untouched pages stay untouched. The texts as a whole: a short one
	 * may stand in front of the rest of a longer one. */
	mem_wipe(s->link, sizeof(s->link));
	mem_wipe(s->url, sizeof(s->url));
	mem_wipe(s->text, sizeof(s->text));
	mem_wipe(s->subject, sizeof(s->subject));
}
