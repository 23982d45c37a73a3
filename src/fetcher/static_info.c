/*
 * static_info.c - owns the file's text, which has a private key in it. Must
 * never quote it.
 */
#include "fetcher/static_info.h"

#include "base/mem.h"
#include "io/file.h"
#include "wire/pem.h"

#include <string.h>

static uint8_t text[STATIC_INFO_MAX];
static struct json_token tokens[2][JSON_TOKENS_MAX];

static enum err
read_key(const struct json *doc, struct ipc_identity *id, struct error *e)
{
	static uint8_t pem[2 * PRIVATE_KEY_DER_MAX];
	struct writer w = writer_over(pem, sizeof(pem));
	struct writer der =
		writer_over(id->private_key, sizeof(id->private_key));
	struct pem_block block;
	struct reader r;
	enum err result =
		json_string(doc, json_root_member(doc, "privateKey"), &w);

	if (result == ERR_OK) {
		r = reader_over(writer_span(&w));
		result = pem_next(&r, &block);
	}
	if (result == ERR_OK && !span_equal_str(block.label, "RSA PRIVATE KEY"))
		result = ERR_KEY;
	if (result == ERR_OK)
		result = pem_decode(&block, &der);
	mem_wipe(pem, sizeof(pem));
	if (result != ERR_OK)
		return error_set(e, ERR_CONFIG,
			"--static-connection-info: privateKey is no RSA key in "
			"PEM (\"BEGIN RSA PRIVATE KEY\")");
	id->private_key_len = (uint16_t)der.len;
	return ERR_OK;
}

/* It was read: from here on the text has nothing that is a secret. */
static void
forget_key(const struct json *doc)
{
	const struct json_token *key = json_root_member(doc, "privateKey");

	if (key != NULL)
		mem_wipe(text + key->start, key->end - key->start);
}

/* The instance's part, as a document of its own. */
static enum err
read_parts(const char *name, size_t len, struct json *instance,
	struct ipc_identity *id, struct error *e)
{
	const struct json_token *part;
	struct json doc;

	if (json_parse(&doc, span_of(text, len), tokens[0], JSON_TOKENS_MAX) !=
		ERR_OK)
		return error_set(e, ERR_CONFIG,
			"--static-connection-info: the file is not JSON "
			"(byte %zu)",
			doc.error_at);
	part = json_root_member(&doc, name);
	if (part == NULL || part->type != JSON_OBJECT)
		return error_set(e, ERR_CONFIG,
			"--static-connection-info: the file has no \"%s\"",
			name);
	if (read_key(&doc, id, e) != ERR_OK)
		return e->code;
	forget_key(&doc);
	if (json_parse(instance,
		    span_of(text + part->start, part->end - part->start),
		    tokens[1], JSON_TOKENS_MAX) != ERR_OK)
		return error_set(e, ERR_INTERNAL, "JSON within JSON");
	return ERR_OK;
}

enum err
static_info_read(const char *path, const char *name, struct json *instance,
	struct ipc_identity *id, struct error *e)
{
	struct error why;
	size_t len = 0;
	enum err result;

	error_clear(&why);
	if (file_read(path, text, sizeof(text), &len, &why) != ERR_OK)
		return error_set(e, ERR_CONFIG,
			"--static-connection-info %s: %s", path, why.detail);
	result = read_parts(name, len, instance, id, e);
	if (result != ERR_OK)
		mem_wipe(text, len);
	return result;
}
