/*
 * server_auth.c - EncryptedExtensions, CertificateRequest, Certificate and
 * CertificateVerify (RFC 8446 4.3.1, 4.3.2, 4.4.2, 4.4.3).
 *
 * The order of checks is the point of this file: chain, usage and name first,
 * and only a key that passed all three may verify the signature. leaf_key is
 * NULL until then.
 */
#include "tls/alert.h"
#include "tls/engine.h"
#include "tls/handshake.h"
#include "tls/names.h"
#include "tls/signature.h"
#include "tls/tls13.h"

static enum err
malformed(struct tls13 *t, const char *what)
{
	return error_tls(&t->b->error, ERR_TLS, ALERT_DECODE_ERROR,
		"tls: malformed %s", what);
}

static enum err
encrypted_extensions(struct tls13 *t, struct span body)
{
	struct handshake *h = &t->b->handshake;
	struct reader r = reader_over(body);
	struct span block = read_block16(&r);
	struct extensions x;
	enum err err;

	if (!reader_done(&r))
		return malformed(t, "EncryptedExtensions");
	err = extensions_read(
		&x, block, EXTENSION_IN_ENCRYPTED, h->asked, &t->b->error);
	if (err != ERR_OK)
		return err;
	/* The answer to server_name has no body (RFC 6066 3). */
	if (x.server_name.present && x.server_name.body.len != 0)
		return malformed(t, "server_name");
	/* The PSK has proved who the server is (2.2): it has no certificate. */
	t->state = h->resumed ? EXPECT_FINISHED : EXPECT_CERTIFICATE_OR_REQUEST;
	return ERR_OK;
}

/*
 * Names of the CAs that the server trusts (4.2.4), one at least. There is one
 * chain to send, whatever they are.
 */
static bool
authorities_are_well_formed(struct span body)
{
	struct reader r = reader_over(body);
	struct reader list = reader_over(read_block16(&r));

	if (!reader_done(&r) || list.left == 0)
		return false;
	while (list.left > 0) {
		if (read_block16(&list).len == 0)
			return false;
	}
	return true;
}

static enum err
certificate_request(struct tls13 *t, struct span body)
{
	struct handshake *h = &t->b->handshake;
	struct error *e = &t->b->error;
	struct reader r = reader_over(body);
	struct span context = read_block8(&r);
	struct span block = read_block16(&r);
	struct extensions x;
	struct span list;
	enum err err;

	if (!reader_done(&r))
		return malformed(t, "CertificateRequest");
	if (context.len != 0)
		return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
			"tls: CertificateRequest with a context");
	err = extensions_read(
		&x, block, EXTENSION_IN_CERTIFICATE_REQUEST, h->asked, e);
	if (err != ERR_OK)
		return err;
	if (!x.signature_algorithms.present)
		return error_tls(e, ERR_TLS, ALERT_MISSING_EXTENSION,
			"tls: CertificateRequest without signature algorithms");
	r = reader_over(x.signature_algorithms.body);
	list = read_block16(&r);
	if (!reader_done(&r) || list.len == 0 || list.len % 2 != 0)
		return malformed(t, "signature_algorithms");
	if (x.certificate_authorities.present &&
		!authorities_are_well_formed(x.certificate_authorities.body))
		return malformed(t, "certificate_authorities");
	h->certificate_requested = true;
	if (h->config->chain_count > 0 && h->config->key != NULL)
		h->client_scheme = signature_choose(list, h->config->key);
	t->state = EXPECT_CERTIFICATE;
	return ERR_OK;
}

/* The list of a Certificate message: spans into it, leaf first. */
static enum err
read_certificates(
	struct tls13 *t, struct span body, struct span *certs, size_t *count)
{
	struct error *e = &t->b->error;
	struct reader r = reader_over(body);
	struct span context = read_block8(&r);
	struct reader list = reader_over(read_block24(&r));
	struct extensions x;
	enum err err;

	*count = 0;
	if (!reader_done(&r))
		return malformed(t, "Certificate");
	if (context.len != 0)
		return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
			"tls: server Certificate with a context");
	while (!reader_done(&list)) {
		struct span der = read_block24(&list);
		struct span block = read_block16(&list);

		if (!reader_ok(&list) || der.len == 0)
			return malformed(t, "Certificate");
		err = extensions_read(&x, block, EXTENSION_IN_CERTIFICATE,
			t->b->handshake.asked, e);
		if (err != ERR_OK)
			return err;
		if (*count == TLS_SERVER_CERTS_MAX)
			return error_tls(e, ERR_TLS, ALERT_BAD_CERTIFICATE,
				"tls: server sent too many certificates");
		certs[(*count)++] = der;
	}
	if (*count == 0) /* 4.4.2.4: this alert */
		return error_tls(e, ERR_TLS, ALERT_DECODE_ERROR,
			"tls: server sent no certificate");
	return ERR_OK;
}

/* Whatever the certificate side says, it leaves here with an alert. */
static enum err
refused(struct tls13 *t)
{
	struct error *e = &t->b->error;

	(void)error_tls(e, ERR_CERT, ALERT_BAD_CERTIFICATE,
		"tls: failed to verify certificate");
	if (e->alert < 0)
		e->alert = ALERT_BAD_CERTIFICATE;
	return e->code;
}

static enum err
certificate(struct tls13 *t, struct span body)
{
	struct handshake *h = &t->b->handshake;
	struct error *e = &t->b->error;
	struct span certs[TLS_SERVER_CERTS_MAX] = {{0}};
	const br_x509_pkey *key = NULL;
	size_t count;
	enum err err = read_certificates(t, body, certs, &count);

	if (err != ERR_OK)
		return err;
	if (h->config->names == NULL || h->config->anchors == NULL)
		return error_tls(e, ERR_CERT, ALERT_BAD_CERTIFICATE,
			"tls: nothing to judge the server by");
	x509_chain_begin(&h->chain, h->config->anchors, h->config->now_s);
	for (size_t i = 0; i < count; i++)
		x509_chain_append(&h->chain, certs[i]);
	if (x509_chain_end(&h->chain, &key, e) != ERR_OK ||
		x509_check_leaf(certs[0], e) != ERR_OK ||
		names_check(certs[0], h->config->names, e) != ERR_OK ||
		key == NULL)
		return refused(t);
	h->leaf_key = key;
	t->state = EXPECT_CERTIFICATE_VERIFY;
	return ERR_OK;
}

static enum err
certificate_verify(struct tls13 *t, struct span body)
{
	struct handshake *h = &t->b->handshake;
	struct reader r = reader_over(body);
	uint16_t scheme = read_u16(&r);
	struct span sig = read_block16(&r);
	uint8_t buf[SUITE_HASH_MAX];
	enum err err;

	if (!reader_done(&r))
		return malformed(t, "CertificateVerify");
	if (h->leaf_key == NULL)
		return error_tls(&t->b->error, ERR_INTERNAL,
			ALERT_INTERNAL_ERROR, "tls: no key to verify with");
	err = signature_verify(scheme, h->leaf_key,
		transcript_hash(&h->transcript, buf), sig, &t->b->error);
	if (err != ERR_OK)
		return err;
	t->state = EXPECT_FINISHED;
	return ERR_OK;
}

static enum err
receive(struct tls13 *t, uint8_t type, struct span body)
{
	switch (type) {
	case HANDSHAKE_ENCRYPTED_EXTENSIONS:
		return encrypted_extensions(t, body);
	case HANDSHAKE_CERTIFICATE_REQUEST:
		return certificate_request(t, body);
	case HANDSHAKE_CERTIFICATE:
		return certificate(t, body);
	case HANDSHAKE_CERTIFICATE_VERIFY:
		return certificate_verify(t, body);
	default:
		return error_tls(&t->b->error, ERR_INTERNAL,
			ALERT_INTERNAL_ERROR, "tls: message out of place");
	}
}

enum err
server_auth_receive(struct tls13 *t, struct span message)
{
	enum err err = receive(t, message.data[0],
		span_of(message.data + HANDSHAKE_HEADER_LEN,
			message.len - HANDSHAKE_HEADER_LEN));

	/* After, not before: CertificateVerify signs what precedes it. */
	if (err == ERR_OK)
		transcript_append(&t->b->handshake.transcript, message);
	return err;
}
