/*
 * credfile.c - reading credentials. Pure. Must never put a value into an
 * error: any of them may be the secret.
 */
#include "fetcher/credfile.h"

#include <string.h>

#define TYPE_MAX 64

/* In the order of enum credfile_type. */
static const char names[CREDFILE_TYPES][32] = {"service_account",
	"authorized_user", "external_account", "impersonated_service_account"};

enum err
credfile_parse(struct credfile *f, struct error *e)
{
	enum err result = json_parse(&f->doc, span_of(f->text, f->len),
		f->tokens, CREDENTIALS_TOKENS);

	if (result == ERR_LIMIT)
		return error_set(e, ERR_CONFIG, "more than %d values in it",
			CREDENTIALS_TOKENS);
	if (result != ERR_OK)
		return error_set(e, ERR_CONFIG, "not valid JSON at byte %zu",
			f->doc.error_at);
	if (json_root(&f->doc)->type != JSON_OBJECT)
		return error_set(e, ERR_CONFIG, "not a JSON object");
	return ERR_OK;
}

static enum err
refuse_type(const char *type, struct error *e)
{
	for (const char *p = type; *p != '\0'; p++) {
		if ((*p < 'a' || *p > 'z') && *p != '_' &&
			(*p < '0' || *p > '9'))
			type = "?";
	}
	return error_set(e, ERR_CONFIG,
		"credentials of type \"%s\" cannot be used: take a service "
		"account's key, a workload identity file (external_account) "
		"or what `gcloud auth application-default login` makes",
		type);
}

enum err
credfile_type(const struct credfile *f, const struct json_token *node,
	enum credfile_type *type, struct error *e)
{
	const struct json_token *v = json_member(&f->doc, node, "type");
	char text[TYPE_MAX];

	*type = CREDFILE_SERVICE_ACCOUNT;
	if (json_member(&f->doc, node, "installed") != NULL ||
		json_member(&f->doc, node, "web") != NULL)
		return error_set(e, ERR_CONFIG,
			"this is an OAuth client, with which nobody has "
			"logged in: take a service account's key or what "
			"`gcloud auth application-default login` makes");
	if (json_text(&f->doc, v, text, sizeof(text)) != ERR_OK)
		return error_set(e, ERR_CONFIG, "no usable \"type\" in it");
	for (unsigned i = 0; i < CREDFILE_TYPES; i++) {
		if (strcmp(text, names[i]) == 0) {
			*type = (enum credfile_type)i;
			return ERR_OK;
		}
	}
	return refuse_type(text, e);
}

enum err
credfile_text(const struct credfile *f, const struct json_token *node,
	const char *member, char *out, size_t cap, struct error *e)
{
	const struct json_token *v = json_member(&f->doc, node, member);

	if (json_text(&f->doc, v, out, cap) == ERR_OK && out[0] != '\0')
		return ERR_OK;
	out[0] = '\0';
	return error_set(e, ERR_CONFIG, "no usable \"%s\" in it", member);
}

enum err
credfile_optional(const struct credfile *f, const struct json_token *node,
	const char *member, char *out, size_t cap, struct error *e)
{
	const struct json_token *v = json_member(&f->doc, node, member);

	if (v == NULL || v->type == JSON_NULL || json_equal_str(&f->doc, v, ""))
		return ERR_OK;
	return credfile_text(f, node, member, out, cap, e);
}
