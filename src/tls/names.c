/*
 * names.c - compares the names in a certificate with the ones we expect. Pure.
 * Fails closed: no policy, no name and no understanding are each a refusal.
 * What a certificate says goes into messages only as printable ASCII.
 */
#include "tls/names.h"

#include "tls/alert.h"
#include "tls/certificate.h"
#include "wire/der.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX  160 /* bytes of names in a message, NUL included */
#define DNS_NAME   DER_CONTEXT(2) /* GeneralName (RFC 5280 4.2.1.6) */
#define IP_ADDRESS DER_CONTEXT(7)

static const uint8_t oid_subject_alt_name[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};

/* What the walk of a certificate found. */
struct found {
	bool match;     /* a SAN is one of those expected */
	struct span cn; /* the last CN */
	uint8_t cn_tag;
	size_t cn_count;
	char sans[SHOWN_MAX]; /* "a, b": the SANs, for a message */
};

static enum err
refuse(struct error *e, const char *why)
{
	return error_tls(
		e, ERR_CERT, ALERT_BAD_CERTIFICATE, "certificate %s", why);
}

/* Append s to text[0..cap), a NUL-terminated string, with "?" for what should
 * not be printed; cut where it does not fit. */
static void
show(char *text, size_t cap, struct span s)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < s.len && len + 1 < cap; i++) {
		uint8_t c = s.data[i];

		text[len++] = (char)(c > ' ' - 1 && c < 0x7f ? c : '?');
	}
	text[len] = '\0';
}

static void
show_san(struct found *f, struct span name, uint8_t tag)
{
	char ip[16];

	if (f->sans[0] != '\0')
		show(f->sans, sizeof(f->sans), span_str(", "));
	if (tag == DNS_NAME) {
		show(f->sans, sizeof(f->sans), name);
	} else if (name.len == 4) {
		(void)snprintf(ip, sizeof(ip), "%u.%u.%u.%u", name.data[0],
			name.data[1], name.data[2], name.data[3]);
		show(f->sans, sizeof(f->sans), span_str(ip));
	} else {
		show(f->sans, sizeof(f->sans), span_str("an IP address"));
	}
}

static struct span
without_dot(struct span name)
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	return name;
}

/* Letters, digits and what else occurs in names of hosts; not "*". */
static bool
is_plain_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (c <= ' ' || c >= 0x7f || c == '*')
			return false;
	}
	return name.len > 0;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool
equal_case(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	}
	return true;
}

/* From the first dot on, without it; empty when there is no dot, or nothing
 * before it. */
static struct span
after_first_label(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '.')
			return i == 0 ? span_of(NULL, 0)
				      : span_of(name.data + i + 1,
						name.len - i - 1);
	}
	return span_of(NULL, 0);
}

/* presented is the certificate's, with or without a wildcard. Nothing odd in
 * it can match, because nothing odd is expected. */
static bool
dns_matches(struct span presented, const char *expected)
{
	struct span p = without_dot(presented);
	struct span x = without_dot(span_str(expected));

	if (!is_plain_name(x))
		return false;
	if (p.len > 2 && p.data[0] == '*' && p.data[1] == '.') {
		p = span_of(p.data + 2, p.len - 2);
		x = after_first_label(x);
	}
	return equal_case(p, x);
}

static bool
san_matches(struct span name, uint8_t tag, const struct names_policy *policy)
{
	if (tag == IP_ADDRESS)
		return policy->ip_len > 0 &&
		       span_equal(name, span_of(policy->ip, policy->ip_len));
	for (size_t i = 0; i < policy->dns_count; i++) {
		if (dns_matches(name, policy->dns[i]))
			return true;
	}
	return false;
}

static enum err
walk_sans(struct span value, const struct names_policy *policy, struct found *f)
{
	struct reader r = reader_over(value);
	struct reader names = der_open(&r, DER_SEQUENCE);

	if (names.left == 0)
		return ERR_PARSE;
	while (names.left > 0 && reader_ok(&names)) {
		struct der_value name = der_read_any(&names);

		if (name.tag != DNS_NAME && name.tag != IP_ADDRESS)
			continue;
		if (san_matches(name.body, name.tag, policy))
			f->match = true;
		show_san(f, name.body, name.tag);
	}
	return reader_done(&r) && reader_ok(&names) ? ERR_OK : ERR_PARSE;
}

/* Name: a SEQUENCE of SETs of { OBJECT IDENTIFIER, value } (4.1.2.4). */
static enum err
walk_subject(struct span subject, struct found *f)
{
	struct reader rdns = reader_over(subject);

	while (rdns.left > 0) {
		struct reader set = der_open(&rdns, DER_SET);

		if (!reader_ok(&rdns) || set.left == 0)
			return ERR_PARSE;
		while (set.left > 0) {
			struct reader pair = der_open(&set, DER_SEQUENCE);
			struct span oid = der_read(&pair, DER_OID);
			struct der_value value = der_read_any(&pair);

			if (!reader_ok(&set) || !reader_done(&pair))
				return ERR_PARSE;
			if (!span_equal(oid, span_of(oid_common_name,
						     sizeof(oid_common_name))))
				continue;
			f->cn = value.body;
			f->cn_tag = value.tag;
			f->cn_count++;
		}
	}
	return ERR_OK;
}

static enum err
check_common_name(const struct found *f, const char *expected, struct error *e)
{
	char shown[SHOWN_MAX] = "";

	if (f->cn.len == 0)
		return refuse(e, "CN was empty");
	if (f->cn_count > 1)
		return refuse(e, "had more than one CN");
	if (f->cn_tag != DER_UTF8_STRING && f->cn_tag != DER_PRINTABLE_STRING &&
		f->cn_tag != DER_TELETEX_STRING)
		return refuse(e, "CN was of an unsupported string type");
	if (memchr(f->cn.data, 0, f->cn.len) != NULL)
		return refuse(e, "CN had a zero byte in it");
	if (span_equal_str(f->cn, expected))
		return ERR_OK;
	show(shown, sizeof(shown), f->cn);
	return error_tls(e, ERR_CERT, ALERT_BAD_CERTIFICATE,
		"certificate had CN \"%s\", expected \"%s\"", shown, expected);
}

/*
 * Nothing matched. Where a name of the network was expected that is what is
 * told first, as the proxies do; cn_error is empty where no CN was expected.
 */
static enum err
refuse_sans(const struct found *f, const struct names_policy *policy,
	const struct error *cn_error, struct error *e)
{
	char ip[16] = "its IP address";
	const char *wanted = ip;

	if (policy->dns_count > 0)
		wanted = policy->dns[0];
	else if (policy->ip_len == 4)
		(void)snprintf(ip, sizeof(ip), "%u.%u.%u.%u", policy->ip[0],
			policy->ip[1], policy->ip[2], policy->ip[3]);
	return error_tls(e, ERR_CERT, ALERT_BAD_CERTIFICATE,
		"certificate is valid for %s, not %s%s%s",
		f->sans[0] == '\0' ? "no name" : f->sans, wanted,
		cn_error->detail[0] == '\0' ? "" : "; ", cn_error->detail);
}

enum err
names_check(
	struct span leaf, const struct names_policy *policy, struct error *e)
{
	struct found f = {.cn_count = 0};
	struct error cn_error;
	struct certificate c;
	struct span value;
	const char *cn = policy->common_name;
	bool want_cn = cn != NULL && cn[0] != '\0';

	error_clear(&cn_error);
	if (certificate_parse(leaf, &c) != ERR_OK ||
		walk_subject(c.subject, &f) != ERR_OK)
		return refuse(e, "is malformed");
	if (certificate_extension(&c,
		    span_of(oid_subject_alt_name, sizeof(oid_subject_alt_name)),
		    &value) &&
		walk_sans(value, policy, &f) != ERR_OK)
		return refuse(e, "is malformed");
	if (f.match)
		return ERR_OK;
	if (want_cn && check_common_name(&f, cn, &cn_error) == ERR_OK)
		return ERR_OK;
	if (policy->dns_count > 0 || policy->ip_len > 0)
		return refuse_sans(&f, policy, &cn_error, e);
	if (want_cn)
		return error_tls(e, ERR_CERT, ALERT_BAD_CERTIFICATE, "%s",
			cn_error.detail);
	return refuse(e, "cannot be checked: no name is expected");
}
