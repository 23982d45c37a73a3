/*
 * credfile.h - credentials in Google's JSON: which kind they are, and their
 * members. Everything in it may be secret.
 */
#ifndef FETCHER_CREDFILE_H
#define FETCHER_CREDFILE_H

#include "base/error.h"
#include "base/limits.h"
#include "wire/json.h"

#include <stddef.h>
#include <stdint.h>

enum credfile_type {
	CREDFILE_SERVICE_ACCOUNT,
	CREDFILE_USER,     /* authorized_user */
	CREDFILE_EXTERNAL, /* external_account */
	CREDFILE_IMPERSONATED,
	CREDFILE_TYPES
};

/* On the heap; wiped by its owner. */
struct credfile {
	struct json doc; /* over text */
	struct json_token tokens[CREDENTIALS_TOKENS];
	size_t len;
	uint8_t text[CREDENTIALS_MAX];
};

/*
 * Parse f->text[0..f->len). ERR_CONFIG: it is not JSON or too large; e says
 * so without a byte of it.
 */
enum err credfile_parse(struct credfile *f, struct error *e) NODISCARD;

/*
 * The type of the credentials in node, the root or one below. ERR_CONFIG: a
 * type that cannot be used; e says what can be done.
 */
enum err credfile_type(const struct credfile *f, const struct json_token *node,
	enum credfile_type *type, struct error *e) NODISCARD;

/*
 * node's member as a C string. ERR_CONFIG: missing, empty or too long; e
 * names the member. out is "" then.
 */
enum err credfile_text(const struct credfile *f, const struct json_token *node,
	const char *member, char *out, size_t cap, struct error *e) NODISCARD;

/*
 * As credfile_text; out keeps the string it holds where there is no such
 * member, or where that is null or empty.
 */
enum err credfile_optional(const struct credfile *f,
	const struct json_token *node, const char *member, char *out,
	size_t cap, struct error *e) NODISCARD;

#endif
