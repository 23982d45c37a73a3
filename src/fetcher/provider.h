/*
 * provider.h - what differs between the products: one row each. Everything
 * around it (tokens, HTTPS, keys, retries, messages) is shared.
 *
 * An identity takes two calls on one connection: GET what the instance is,
 * POST the public key and get a certificate.
 */
#ifndef FETCHER_PROVIDER_H
#define FETCHER_PROVIDER_H

#include "base/error.h"
#include "base/span.h"
#include "config.h"
#include "io/ipc.h"
#include "wire/json.h"

#include <stdbool.h>

/* What a certificate is asked for with. Borrowed. */
struct certificate_request {
	struct span public_key;  /* SubjectPublicKeyInfo DER */
	const char *login_token; /* NULL: no IAM login */
};

struct provider {
	const char *scope_api;
	const char *scope_login;
	/* The login token goes into the certificate request and so limits the
	 * certificate's use to its own life. */
	bool login_in_certificate;
	/* Every connection shows a login token, IAM login or not, which so
	 * limits the identity's use, too. */
	bool login_always;

	/* Words of the proxies' log lines: "STAGE: refresh error: FAILED". */
	const char *instance_stage;
	const char *instance_failed;
	const char *certificate_stage;
	const char *certificate_failed;
	const char *name_label; /* "connection name" */
	const char *roles;      /* that HTTP 403 may be for want of */

	/* Base URL of the API. */
	const char *(*endpoint)(const struct config *config);

	/* The instance's name as users write it. */
	void (*full_name)(
		const struct instance_config *instance, struct writer *w);

	/* Write a target: path and query behind the endpoint. */
	void (*instance_target)(
		const struct instance_config *instance, struct writer *w);
	/* Of the same answer, by the DNS name that resolve.h found. NULL: the
	 * product has none. */
	void (*dns_target)(const struct instance_config *instance,
		const char *dns_name, struct writer *w);
	void (*certificate_target)(
		const struct instance_config *instance, struct writer *w);
	void (*certificate_body)(
		const struct certificate_request *request, struct writer *w);

	/*
	 * Fill in names, anchors, engine and the rest but addresses. ERR_CONFIG
	 * where the instance cannot be used as configured, ERR_CERT or
	 * ERR_PARSE where the answer is at fault; e explains.
	 */
	enum err (*read_instance)(const struct instance_config *instance,
		const struct json *answer, struct ipc_identity *id,
		struct error *e);

	/* Fill in addresses, from the same answer. ERR_CONFIG: there is none of
	 * the wanted type. */
	enum err (*read_addresses)(const struct instance_config *instance,
		const struct json *answer, struct ipc_identity *id,
		struct error *e);

	/* Fill in chain and expiry. Failures as above. */
	enum err (*read_certificate)(const struct json *answer,
		struct ipc_identity *id, struct error *e);
};

/* What every target ends with. */
#define PROVIDER_QUERY "?alt=json&prettyPrint=false"

/* Append the key in PEM as a JSON string. */
void provider_write_key(struct writer *w, struct span public_key);

extern const struct provider provider_cloudsql;
extern const struct provider provider_alloydb;

#endif
