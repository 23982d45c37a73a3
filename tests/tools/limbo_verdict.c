/*
 * limbo_verdict.c - chains of x509-limbo, given as lines, before the judges
 * that src/tls/server_auth.c asks. Not part of the program; run by
 * tests/conformance/limbo/run, which makes the lines.
 *
 * Standard input, a word and its value per line, certificates in hexadecimal:
 *
 *   case ID          a new case
 *   now SECONDS      since 1970
 *   anchor DER       any number
 *   leaf DER
 *   other DER        any number, in any order
 *   dns NAME, ip HEX the expected name
 *   judge            the verdict: "ID accept", or "ID refuse REASON"
 *
 * The engine takes a chain in the order it is sent, and builds no paths. So
 * every order in which each certificate is issued in the name of the next is
 * tried, and one that is accepted is enough.
 */
#include "tls/certificate.h"
#include "tls/names.h"
#include "tls/x509.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES   (1 << 20)
#define CERTS        128
#define ANCHOR_BYTES (1 << 20)
#define ATTEMPTS     64 /* chains tried in one case */

struct limbo_case {
	char id[256];
	int64_t now_s;
	uint8_t *cert[CERTS]; /* the leaf first; each a block of its own */
	size_t len[CERTS];
	size_t certs;
	uint8_t anchor[ANCHOR_BYTES]; /* { u16, DER } */
	struct writer anchors;
	char name[1024];
	struct names_policy names;
};

/* The path tried now: indexes into cert. */
struct search {
	const struct limbo_case *c;
	const struct x509_anchors *anchors;
	size_t path[TLS_SERVER_CERTS_MAX];
	size_t depth;
	unsigned attempts;
	struct error why; /* of the first path */
};

static struct span
cert(const struct limbo_case *c, size_t i)
{
	return span_of(c->cert[i], c->len[i]);
}

static bool
accepted(struct search *s)
{
	static struct x509_chain chain;
	const br_x509_pkey *key;
	struct error e;
	struct span leaf = cert(s->c, 0);
	bool good;

	error_clear(&e);
	x509_chain_begin(&chain, s->anchors, s->c->now_s);
	for (size_t i = 0; i < s->depth; i++)
		x509_chain_append(&chain, cert(s->c, s->path[i]));
	good = x509_chain_end(&chain, &key, &e) == ERR_OK &&
	       x509_check_leaf(leaf, &e) == ERR_OK &&
	       names_check(leaf, &s->c->names, &e) == ERR_OK;
	if (s->attempts++ == 0)
		s->why = e;
	return good;
}

static bool
in_path(const struct search *s, size_t cert_index)
{
	for (size_t i = 0; i < s->depth; i++) {
		if (s->path[i] == cert_index)
			return true;
	}
	return false;
}

/* Tries every continuation of the path, and the path where there is none. */
static bool
search_from(struct search *s)
{
	struct certificate last;
	struct certificate next;
	bool longer = false;

	if (certificate_parse(cert(s->c, s->path[s->depth - 1]), &last) !=
		ERR_OK)
		return accepted(s);
	for (size_t i = 1; i < s->c->certs; i++) {
		if (s->depth == TLS_SERVER_CERTS_MAX ||
			s->attempts >= ATTEMPTS || in_path(s, i) ||
			certificate_parse(cert(s->c, i), &next) != ERR_OK ||
			!span_equal(last.issuer, next.subject))
			continue;
		longer = true;
		s->path[s->depth++] = i;
		if (search_from(s))
			return true;
		s->depth--;
	}
	return !longer && accepted(s);
}

static void
judge(const struct limbo_case *c)
{
	struct x509_anchors anchors;
	struct search s = {.c = c, .anchors = &anchors, .depth = 1};
	struct error e;
	bool good = false;

	error_clear(&e);
	if (c->certs == 0)
		abort();
	if (x509_anchors_from_der(
		    &anchors, writer_span(&c->anchors), false, &e) == ERR_OK) {
		good = search_from(&s);
		e = s.why;
		x509_anchors_free(&anchors);
	}
	if (good)
		printf("%s accept\n", c->id);
	else
		printf("%s refuse %s\n", c->id, e.detail);
}

static struct span
unhex(char *text)
{
	size_t len = strlen(text) / 2;
	uint8_t *out = (uint8_t *)text;

	for (size_t i = 0; i < len; i++) {
		char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return span_of(out, len);
}

static void
add_cert(struct limbo_case *c, struct span der)
{
	if (c->certs == CERTS || der.len == 0)
		abort();
	c->cert[c->certs] = malloc(der.len);
	if (c->cert[c->certs] == NULL)
		abort();
	memcpy(c->cert[c->certs], der.data, der.len);
	c->len[c->certs++] = der.len;
}

static void
begin(struct limbo_case *c, const char *id)
{
	for (size_t i = 0; i < c->certs; i++)
		free(c->cert[i]);
	memset(c, 0, sizeof(*c));
	c->anchors = writer_over(c->anchor, sizeof(c->anchor));
	(void)snprintf(c->id, sizeof(c->id), "%s", id);
}

static void
set_ip(struct limbo_case *c, struct span ip)
{
	if (ip.len > sizeof(c->names.ip))
		abort();
	memcpy(c->names.ip, ip.data, ip.len);
	c->names.ip_len = ip.len;
}

static void
add_anchor(struct limbo_case *c, struct span der)
{
	size_t mark = write_begin(&c->anchors, 2);

	write_span(&c->anchors, der);
	write_end(&c->anchors, mark, 2);
	if (!writer_ok(&c->anchors))
		abort();
}

static void
take_line(struct limbo_case *c, const char *word, char *value)
{
	if (strcmp(word, "case") == 0)
		begin(c, value);
	else if (strcmp(word, "now") == 0)
		c->now_s = strtoll(value, NULL, 10);
	else if (strcmp(word, "anchor") == 0)
		add_anchor(c, unhex(value));
	else if (strcmp(word, "leaf") == 0 || strcmp(word, "other") == 0)
		add_cert(c, unhex(value));
	else if (strcmp(word, "ip") == 0)
		set_ip(c, unhex(value));
	else if (strcmp(word, "dns") == 0) {
		(void)snprintf(c->name, sizeof(c->name), "%s", value);
		c->names.dns[0] = c->name;
		c->names.dns_count = 1;
	} else if (strcmp(word, "judge") == 0)
		judge(c);
	else
		abort();
}

int
main(void)
{
	static struct limbo_case c;
	static char line[LINE_BYTES];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *value;

		line[strcspn(line, "\n")] = '\0';
		value = line + strcspn(line, " ");
		if (*value != '\0')
			*value++ = '\0';
		take_line(&c, line, value);
	}
	begin(&c, "");
	return 0;
}
