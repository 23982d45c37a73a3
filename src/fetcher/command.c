/*
 * command.c - the client side of our own HTTP server. Sends no credentials, and
 * trusts an answer only to be printed.
 */
#include "fetcher/command.h"

#include "base/clock.h"
#include "fetcher/plain.h"
#include "fetcher/text.h"
#include "io/wait.h"
#include "wire/json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 512
#define ROW_MAX     8 /* values of a list on one line */

/* One request to one of our servers. */
struct asking {
	char url[HOST_LEN_MAX + 32]; /* http://ADDRESS:PORT */
	const char *method;
	const char *path;
	struct exchange *x;
};

static enum err
write_request(const struct asking *a, const struct url *u, struct writer *w,
	struct error *e)
{
	http_write_begin(w, a->method, span_str(a->path));
	http_write_host(w, u);
	http_write_field(
		w, "User-Agent", span_str("fairlead/" FAIRLEAD_VERSION));
	http_write_field(w, "Connection", span_str("close"));
	if (strcmp(a->method, "POST") == 0)
		http_write_field(w, "Content-Length", span_str("0"));
	http_write_end(w, span_of(NULL, 0));
	if (!writer_ok(w))
		return error_set(
			e, ERR_INTERNAL, "the request could not be written");
	return ERR_OK;
}

static enum err
ask(struct asking *a, struct error *e)
{
	uint64_t until = clock_ms() + COMMAND_TIMEOUT_MS;
	uint8_t request[REQUEST_MAX];
	struct writer w = writer_over(request, sizeof(request));
	struct url u;

	if (url_parse(&u, span_str(a->url)) != ERR_OK)
		return error_set(e, ERR_USAGE, "%s is not an address", a->url);
	if (write_request(a, &u, &w, e) != ERR_OK)
		return e->code;
	return plain_exchange(a->x, &u, until, writer_span(&w), e);
}

static void
set_server(struct asking *a, const char *address, uint16_t port)
{
	bool v6 = strchr(address, ':') != NULL;

	/* Who listens on all addresses listens on this one. */
	if (strcmp(address, "0.0.0.0") == 0)
		address = "127.0.0.1";
	else if (strcmp(address, "::") == 0)
		address = "::1";
	(void)snprintf(a->url, sizeof(a->url), "http://%s%s%s:%u",
		v6 ? "[" : "", address, v6 ? "]" : "", (unsigned)port);
}

static int
wait_started(const struct config *c, struct asking *a)
{
	uint64_t until = clock_ms() + c->max;
	struct error e;

	a->method = "GET";
	a->path = "/startup";
	set_server(a, c->http_address, c->http_port);
	for (;;) {
		uint64_t next = clock_ms() + COMMAND_POLL_MS;

		error_clear(&e);
		if (ask(a, &e) == ERR_OK) {
			if (a->x->head.status == 200)
				return 0;
			(void)error_set(&e, ERR_HTTP, "%s/startup: HTTP %u",
				a->url, a->x->head.status);
		}
		if (next > until)
			break;
		wait_until(next);
	}
	(void)fprintf(stderr,
		"Error: command failed to complete successfully\n"
		"last try: %s\n",
		e.detail);
	if (a->x->answered && a->x->head.status == 404)
		(void)fputs(
			"The server runs without --health-check.\n", stderr);
	return 1;
}

static int
shut_down(const struct config *c, struct asking *a)
{
	struct error e;

	a->method = "POST";
	a->path = "/quitquitquit";
	set_server(a, "127.0.0.1", c->admin_port);
	error_clear(&e);
	if (ask(a, &e) == ERR_OK) {
		if (a->x->head.status == 200)
			return 0;
		(void)error_set(&e, ERR_HTTP, "HTTP %u", a->x->head.status);
	}
	(void)fprintf(stderr,
		"Error: failed to send shutdown request: Post "
		"\"%s/quitquitquit\": %s\n"
		"A fairlead ends this way when it runs with --quitquitquit.\n",
		a->url, e.detail);
	return 1;
}

static void
print_scalar(const struct json *doc, const struct json_token *v)
{
	char shown[256];

	text_printable(shown, sizeof(shown),
		span_of(doc->text.data + v->start, v->end - v->start));
	(void)fputs(shown, stdout);
}

static bool
is_scalar(const struct json_token *v)
{
	return v->type != JSON_OBJECT && v->type != JSON_ARRAY;
}

/* A list of scalars on one line, its last ones where it is long. */
static void
print_row(const struct json *doc, const struct json_token *array)
{
	const struct json_token *v = array + 1;
	size_t count = array->next - (size_t)(v - doc->tokens);

	if (count > ROW_MAX) {
		(void)printf("(%zu values) ...", count);
		v += count - ROW_MAX;
		count = ROW_MAX;
	}
	for (size_t i = 0; i < count; i++) {
		(void)fputs(
			i > 0 || v[-1].type != JSON_ARRAY ? " " : "", stdout);
		print_scalar(doc, &v[i]);
	}
}

/* What the value of a line is; true: it goes on below. */
static bool
print_value(const struct json *doc, const struct json_token *v)
{
	bool more = false;

	if (is_scalar(v))
		print_scalar(doc, v);
	else if (v->type == JSON_ARRAY && json_first(doc, v) != NULL &&
		 is_scalar(json_first(doc, v)))
		print_row(doc, v);
	else
		more = true;
	(void)putchar('\n');
	return more;
}

/*
 * The tokens in their order, without recursion: a member on a line, what is in
 * it two columns further right; the elements of a list begin with a dash.
 */
static void
print_tokens(const struct json *doc)
{
	const struct json_token *in[JSON_DEPTH_MAX + 1];
	size_t depth = 0;
	size_t i = 1;

	in[depth++] = json_root(doc);
	while (i < doc->count) {
		const struct json_token *v = &doc->tokens[i];

		while (depth > 1 && i >= in[depth - 1]->next)
			depth--;
		(void)printf("%*s", (int)(2 * (depth - 1)), "");
		if (in[depth - 1]->type == JSON_OBJECT) {
			print_scalar(doc, v);
			(void)fputs(": ", stdout);
			v++;
		} else {
			(void)fputs("- ", stdout);
		}
		i = v->next;
		if (print_value(doc, v) && depth <= JSON_DEPTH_MAX) {
			i = (size_t)(v - doc->tokens) + 1;
			in[depth++] = v;
		}
	}
}

static enum err
print_status(const struct asking *a, struct error *e)
{
	struct json_token *tokens = malloc(STATUS_TOKENS_MAX * sizeof(*tokens));
	struct json doc;
	enum err r;

	if (tokens == NULL)
		return error_set(e, ERR_NOMEM, "out of memory");
	r = json_parse(&doc, a->x->body, tokens, STATUS_TOKENS_MAX);
	if (r == ERR_OK && is_scalar(json_root(&doc)))
		r = ERR_JSON;
	if (r == ERR_OK)
		print_tokens(&doc);
	else
		(void)error_set(e, r, "the answer is not what /status gives");
	free(tokens);
	return r;
}

static int
show_status(const struct config *c, struct asking *a)
{
	struct error e;

	a->method = "GET";
	a->path = "/status";
	set_server(a, c->http_address, c->http_port);
	error_clear(&e);
	if (ask(a, &e) == ERR_OK) {
		if (a->x->head.status != 200)
			(void)error_set(
				&e, ERR_HTTP, "HTTP %u", a->x->head.status);
		else if (print_status(a, &e) == ERR_OK)
			return 0;
	}
	(void)fprintf(stderr,
		"Error: %s/status: %s\n"
		"A fairlead answers there when it runs with --health-check, "
		"--prometheus or\n--http-port.\n",
		a->url, e.detail);
	return 1;
}

int
command_main(const struct config *c, enum config_action action)
{
	struct asking a;
	sigset_t all;
	int status = 1;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&a, 0, sizeof(a));
	a.x = calloc(1, sizeof(*a.x));
	if (a.x == NULL) {
		(void)fputs("Error: out of memory\n", stderr);
		return 1;
	}
	if (action == CONFIG_WAIT)
		status = wait_started(c, &a);
	else if (action == CONFIG_SHUTDOWN)
		status = shut_down(c, &a);
	else if (action == CONFIG_STATUS)
		status = show_status(c, &a);
	free(a.x);
	if (fflush(stdout) != 0)
		status = 1;
	return status;
}
