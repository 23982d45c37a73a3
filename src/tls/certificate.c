/*
 * certificate.c - takes a certificate apart. Pure: points into the bytes it is
 * given. BearSSL's engine reads the same bytes for the chain; what is not
 * exactly one well-formed certificate is refused here, so that both readers
 * mean the same fields.
 */
#include "tls/certificate.h"

#include "wire/der.h"

#define OID(name) span_of(oid_##name, sizeof(oid_##name))

static const uint8_t oid_name_constraints[] = {0x55, 0x1d, 0x1e};
static const uint8_t oid_extended_key_usage[] = {0x55, 0x1d, 0x25};
static const uint8_t oid_any_usage[] = {0x55, 0x1d, 0x25, 0x00};
static const uint8_t oid_server_auth[] = {
	0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};

struct extension {
	struct span oid;
	struct span value;
};

static struct extension
read_extension(struct reader *list)
{
	struct reader in = der_open(list, DER_SEQUENCE);
	struct extension x;

	x.oid = der_read(&in, DER_OID);
	/* An explicit FALSE breaks DER's rule of defaults, and occurs. */
	if (der_next_is(&in, DER_BOOLEAN))
		(void)der_read_bool(&in);
	x.value = der_read(&in, DER_OCTET_STRING);
	if (!reader_done(&in))
		list->failed = true;
	return x;
}

/* Well-formed, not empty, no two of a kind. */
static enum err
check_extensions(struct span extensions)
{
	struct span seen[CERTIFICATE_EXTENSIONS_MAX];
	struct reader list = reader_over(extensions);
	size_t count = 0;

	while (list.left > 0) {
		struct extension x = read_extension(&list);

		if (!reader_ok(&list))
			return ERR_PARSE;
		for (size_t i = 0; i < count; i++) {
			if (span_equal(seen[i], x.oid))
				return ERR_PARSE;
		}
		if (count == CERTIFICATE_EXTENSIONS_MAX)
			return ERR_LIMIT;
		seen[count++] = x.oid;
	}
	return count > 0 ? ERR_OK : ERR_PARSE;
}

/* [0] EXPLICIT INTEGER; absent in version 1. */
static unsigned
read_version(struct reader *tbs)
{
	struct reader in;
	uint32_t value;

	if (!der_next_is(tbs, DER_CONTEXT_CONSTRUCTED(0)))
		return 1;
	in = der_open(tbs, DER_CONTEXT_CONSTRUCTED(0));
	value = der_read_small(&in);
	if (!reader_done(&in) || value < 1 || value > 2)
		tbs->failed = true;
	return value + 1;
}

static void
read_validity(struct reader *tbs, struct certificate *c)
{
	struct reader in = der_open(tbs, DER_SEQUENCE);

	c->not_before_s = der_read_time(&in);
	c->not_after_s = der_read_time(&in);
	if (!reader_done(&in))
		tbs->failed = true;
}

/* The unique identifiers are skipped; extensions are [3] EXPLICIT. */
static void
read_tail(struct reader *tbs, struct certificate *c)
{
	struct reader in;

	for (uint8_t n = 1; n <= 2; n++) {
		if (der_next_is(tbs, DER_CONTEXT(n)))
			(void)der_read_any(tbs);
	}
	c->extensions = span_of(NULL, 0);
	if (c->version != 3 || tbs->left == 0)
		return;
	in = der_open(tbs, DER_CONTEXT_CONSTRUCTED(3));
	c->extensions = der_read(&in, DER_SEQUENCE);
	if (!reader_done(&in) || c->extensions.len == 0)
		tbs->failed = true;
}

enum err
certificate_parse(struct span der, struct certificate *c)
{
	struct reader outer = reader_over(der);
	struct reader in = der_open(&outer, DER_SEQUENCE);
	struct reader tbs = der_open(&in, DER_SEQUENCE);
	struct span algorithm = der_read(&in, DER_SEQUENCE);
	enum err e = der_check(der);

	if (e != ERR_OK)
		return e;
	(void)der_read_bit_string(&in);
	c->version = read_version(&tbs);
	(void)der_read(&tbs, DER_INTEGER); /* serial number: any */
	if (!span_equal(der_read(&tbs, DER_SEQUENCE), algorithm))
		return ERR_PARSE;
	c->issuer = der_read(&tbs, DER_SEQUENCE);
	read_validity(&tbs, c);
	c->subject = der_read(&tbs, DER_SEQUENCE);
	c->public_key = der_read(&tbs, DER_SEQUENCE);
	read_tail(&tbs, c);
	if (!reader_done(&outer) || !reader_done(&in) || !reader_done(&tbs))
		return ERR_PARSE;
	return c->extensions.len == 0 ? ERR_OK
				      : check_extensions(c->extensions);
}

bool
certificate_extension(
	const struct certificate *c, struct span oid, struct span *value)
{
	struct reader list = reader_over(c->extensions);

	while (list.left > 0 && reader_ok(&list)) {
		struct extension x = read_extension(&list);

		if (reader_ok(&list) && span_equal(x.oid, oid)) {
			*value = x.value;
			return true;
		}
	}
	return false;
}

/* SEQUENCE of at least one OBJECT IDENTIFIER. */
enum err
certificate_server_usage(const struct certificate *c)
{
	struct span value;
	struct reader r;
	struct reader list;
	bool fit = false;

	if (!certificate_extension(c, OID(extended_key_usage), &value))
		return ERR_OK;
	r = reader_over(value);
	list = der_open(&r, DER_SEQUENCE);
	if (list.left == 0)
		return ERR_PARSE;
	while (list.left > 0 && reader_ok(&list)) {
		struct span oid = der_read(&list, DER_OID);

		if (span_equal(oid, OID(server_auth)) ||
			span_equal(oid, OID(any_usage)))
			fit = true;
	}
	if (!reader_done(&r) || !reader_ok(&list))
		return ERR_PARSE;
	return fit ? ERR_OK : ERR_CERT;
}

bool
certificate_is_constrained(const struct certificate *c)
{
	struct span ignored;

	return certificate_extension(c, OID(name_constraints), &ignored);
}
