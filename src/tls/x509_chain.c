/*
 * x509_chain.c - the verdict on a server's chain, from BearSSL's minimal engine
 * and from our own reading of each certificate; both must agree. Must never
 * call a chain good that either of them refused, and checks no name: the
 * engine's own name check is never armed.
 */
#include "tls/alert.h"
#include "tls/certificate.h"
#include "tls/x509.h"

#define RSA_MODULUS_MIN 256 /* bytes: RSA-2048 */
#define SECONDS_PER_DAY 86400
#define DAYS_TO_1970    719528 /* from 0000-01-01, BearSSL's epoch */

/* What is told of a failure, and the alert for it (RFC 8446 6.2). */
struct reason {
	unsigned code; /* BearSSL's, or a fault of ours */
	enum alert alert;
	const char *text;
};

static const struct reason malformed = {
	0, ALERT_BAD_CERTIFICATE, "certificate is malformed"};

static const struct reason of_fault[] = {
	{X509_FAULT_EXPIRED, ALERT_CERTIFICATE_EXPIRED,
		"certificate has expired"},
	{X509_FAULT_NOT_YET_VALID, ALERT_CERTIFICATE_EXPIRED,
		"certificate is not yet valid"},
	{X509_FAULT_CONSTRAINED, ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate of a CA with name constraints"},
	{X509_FAULT_USAGE, ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate of a CA that may not issue for servers"},
};

static const struct reason of_engine[] = {
	{BR_ERR_X509_EMPTY_CHAIN, ALERT_BAD_CERTIFICATE,
		"no certificate given"},
	{BR_ERR_X509_EXPIRED, ALERT_CERTIFICATE_EXPIRED,
		"certificate has expired or is not yet valid"},
	{BR_ERR_X509_NOT_TRUSTED, ALERT_UNKNOWN_CA,
		"certificate signed by unknown authority"},
	{BR_ERR_X509_DN_MISMATCH, ALERT_UNKNOWN_CA,
		"certificate chain is not in order"},
	{BR_ERR_X509_UNSUPPORTED, ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate uses an unsupported algorithm"},
	{BR_ERR_X509_CRITICAL_EXTENSION, ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate has an unknown critical extension"},
	{BR_ERR_X509_LIMIT_EXCEEDED, ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate has a key or signature too large"},
	{BR_ERR_X509_WEAK_PUBLIC_KEY, ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate has an RSA key under 2048 bits"},
	{BR_ERR_X509_BAD_SIGNATURE, ALERT_BAD_CERTIFICATE,
		"certificate has a wrong signature"},
	{BR_ERR_X509_WRONG_KEY_TYPE, ALERT_BAD_CERTIFICATE,
		"certificate has a wrong signature"},
	{BR_ERR_X509_NOT_CA, ALERT_BAD_CERTIFICATE,
		"certificate signed by one that is not a CA"},
	{BR_ERR_X509_FORBIDDEN_KEY_USAGE, ALERT_BAD_CERTIFICATE,
		"certificate signed by one that may not sign"},
};

static const struct reason *
reason_in(const struct reason *list, size_t count, unsigned code)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].code == code)
			return &list[i];
	}
	return &malformed;
}

static const struct reason *
reason_for(enum x509_fault fault, unsigned code)
{
	if (fault != X509_FAULT_NONE)
		return reason_in(of_fault,
			sizeof(of_fault) / sizeof(of_fault[0]), fault);
	return reason_in(
		of_engine, sizeof(of_engine) / sizeof(of_engine[0]), code);
}

void
x509_chain_begin(
	struct x509_chain *c, const struct x509_anchors *anchors, int64_t now_s)
{
	br_x509_minimal_context *engine = &c->engine;
	uint64_t now = now_s < 0 ? 0 : (uint64_t)now_s;

	c->now_s = now_s;
	c->fault = X509_FAULT_NONE;
	c->past_leaf = false;
	br_x509_minimal_init(
		engine, &br_sha256_vtable, anchors->anchor, anchors->count);
	br_x509_minimal_set_rsa(engine, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(
		engine, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_minrsa(engine, RSA_MODULUS_MIN);
	br_x509_minimal_set_time(engine,
		(uint32_t)(now / SECONDS_PER_DAY) + DAYS_TO_1970,
		(uint32_t)(now % SECONDS_PER_DAY));
	engine->vtable->start_chain(&engine->vtable, NULL);
}

static enum x509_fault
inspect(const struct x509_chain *c, struct span der)
{
	struct certificate cert;

	if (certificate_parse(der, &cert) != ERR_OK)
		return X509_FAULT_MALFORMED;
	if (c->now_s < cert.not_before_s)
		return X509_FAULT_NOT_YET_VALID;
	if (c->now_s > cert.not_after_s)
		return X509_FAULT_EXPIRED;
	if (certificate_is_constrained(&cert))
		return X509_FAULT_CONSTRAINED;
	/* The leaf's own usage is x509_check_leaf's business. */
	if (c->past_leaf && certificate_server_usage(&cert) != ERR_OK)
		return X509_FAULT_USAGE;
	return X509_FAULT_NONE;
}

void
x509_chain_append(struct x509_chain *c, struct span der)
{
	br_x509_minimal_context *engine = &c->engine;

	/* Decided: what comes after the certificate that an anchor signed is
	 * not part of the chain. */
	if (engine->err != 0 || c->fault != X509_FAULT_NONE)
		return;
	c->fault = inspect(c, der);
	c->past_leaf = true;
	engine->vtable->start_cert(&engine->vtable, (uint32_t)der.len);
	engine->vtable->append(&engine->vtable, der.data, der.len);
	engine->vtable->end_cert(&engine->vtable);
}

enum err
x509_chain_end(
	struct x509_chain *c, const br_x509_pkey **leaf_key, struct error *e)
{
	br_x509_minimal_context *engine = &c->engine;
	unsigned code = engine->vtable->end_chain(&engine->vtable);
	const struct reason *why = reason_for(c->fault, code);

	*leaf_key = NULL;
	if (c->fault == X509_FAULT_NONE && code == 0)
		*leaf_key = engine->vtable->get_pkey(&engine->vtable, NULL);
	if (*leaf_key == NULL)
		return error_tls(e, ERR_CERT, (int)why->alert, "%s", why->text);
	return ERR_OK;
}
