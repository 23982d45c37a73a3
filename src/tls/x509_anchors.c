/*
 * x509_anchors.c - trust anchors: whose signatures count. The only file of tls
 * that allocates: anchors are made once per identity, not per connection. Must
 * never take a certificate as a CA that does not say so itself, except a
 * version 1 root where the caller vouches for it; nor one whose name
 * constraints nobody would apply.
 */
#include "tls/certificate.h"
#include "tls/x509.h"

#include "wire/pem.h"

#include <stdlib.h>
#include <string.h>

#define RSA_MODULUS_MIN 256 /* bytes: RSA-2048 */

/* Where the decoder puts the subject while it finds it. */
struct subject {
	struct writer w;
};

static void
append_subject(void *context, const void *data, size_t len)
{
	struct subject *s = context;

	write_bytes(&s->w, data, len);
}

static unsigned char *
keep(struct writer *w, const unsigned char *data, size_t len)
{
	unsigned char *at = w->base + w->len;

	write_bytes(w, data, len);
	return at;
}

/* The decoder's key points into the decoder: move it to storage. */
static bool
keep_key(br_x509_pkey *to, const br_x509_pkey *from, struct writer *storage)
{
	*to = *from;
	if (from->key_type == BR_KEYTYPE_RSA) {
		const br_rsa_public_key *rsa = &from->key.rsa;

		to->key.rsa.n = keep(storage, rsa->n, rsa->nlen);
		to->key.rsa.e = keep(storage, rsa->e, rsa->elen);
		return rsa->nlen >= RSA_MODULUS_MIN;
	}
	if (from->key_type == BR_KEYTYPE_EC) {
		const br_ec_public_key *ec = &from->key.ec;

		to->key.ec.q = keep(storage, ec->q, ec->qlen);
		return true;
	}
	return false;
}

/* False: not usable as an anchor. */
static bool
decode_anchor(br_x509_trust_anchor *ta, struct span der, bool any_is_ca,
	struct writer *storage)
{
	br_x509_decoder_context decoder;
	struct certificate c;
	struct subject subject = {.w = *storage};
	const br_x509_pkey *key;

	if (certificate_parse(der, &c) != ERR_OK ||
		certificate_is_constrained(&c))
		return false;
	br_x509_decoder_init(&decoder, append_subject, &subject);
	br_x509_decoder_push(&decoder, der.data, der.len);
	key = br_x509_decoder_get_pkey(&decoder);
	if (key == NULL)
		return false;
	ta->dn.data = storage->base + storage->len;
	ta->dn.len = subject.w.len - storage->len;
	ta->flags = 0;
	if (br_x509_decoder_isCA(&decoder) != 0 ||
		(any_is_ca && c.version == 1))
		ta->flags = BR_X509_TA_CA;
	if (!keep_key(&ta->pkey, key, &subject.w) || !writer_ok(&subject.w))
		return false;
	*storage = subject.w;
	return true;
}

static size_t
count_entries(struct span entries)
{
	struct reader r = reader_over(entries);
	size_t count = 0;

	while (r.left > 0 && reader_ok(&r)) {
		(void)read_block16(&r);
		count++;
	}
	return reader_ok(&r) ? count : 0;
}

enum err
x509_anchors_from_der(struct x509_anchors *a, struct span entries,
	bool any_is_ca, struct error *e)
{
	size_t count = count_entries(entries);
	struct reader r = reader_over(entries);
	struct writer storage;

	memset(a, 0, sizeof(*a));
	if (count == 0)
		return error_set(e, ERR_CERT, "no CA certificate given");
	a->anchor = calloc(count, sizeof(*a->anchor));
	/* Subjects and keys are parts of the certificates: never more bytes. */
	a->storage = malloc(entries.len);
	if (a->anchor == NULL || a->storage == NULL) {
		x509_anchors_free(a);
		return error_set(e, ERR_NOMEM, "CA certificates");
	}
	storage = writer_over(a->storage, entries.len);
	while (r.left > 0) {
		if (decode_anchor(&a->anchor[a->count], read_block16(&r),
			    any_is_ca, &storage))
			a->count++;
	}
	if (a->count == 0) {
		x509_anchors_free(a);
		return error_set(e, ERR_CERT, "no usable CA certificate");
	}
	return ERR_OK;
}

enum err
x509_pem_to_entries(struct span pem, struct writer *w, size_t *count)
{
	struct reader text = reader_over(pem);
	struct pem_block block;
	enum err e;

	*count = 0;
	while ((e = pem_next(&text, &block)) == ERR_OK) {
		size_t entry;

		if (!span_equal_str(block.label, "CERTIFICATE"))
			continue;
		entry = write_begin(w, 2);
		e = pem_decode(&block, w);
		if (e != ERR_OK)
			return e;
		write_end(w, entry, 2);
		if (!writer_ok(w))
			return ERR_LIMIT;
		(*count)++;
	}
	return e == ERR_EOF ? ERR_OK : e;
}

enum err
x509_anchors_from_pem(struct x509_anchors *a, struct span pem, struct error *e)
{
	/* Three bytes for four digits, and two lines around each block. */
	uint8_t *der = malloc(pem.len > 0 ? pem.len : 1);
	struct writer w = writer_over(der, pem.len);
	size_t count;
	enum err result;

	memset(a, 0, sizeof(*a));
	if (der == NULL)
		return error_set(e, ERR_NOMEM, "CA certificates");
	result = x509_pem_to_entries(pem, &w, &count);
	if (result != ERR_OK)
		result = error_set(
			e, ERR_CERT, "CA certificates: malformed PEM");
	else
		result = x509_anchors_from_der(a, writer_span(&w), false, e);
	free(der);
	return result;
}

void
x509_anchors_free(struct x509_anchors *a)
{
	free(a->anchor);
	free(a->storage);
	memset(a, 0, sizeof(*a));
}
