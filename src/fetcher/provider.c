/*
 * provider.c - what the requests of all products have in common. Pure.
 */
#include "fetcher/provider.h"

#include "base/encode.h"

#define PEM_LINE 64

void
provider_write_key(struct writer *w, struct span public_key)
{
	uint8_t text[2 * PUBLIC_KEY_DER_MAX];
	struct writer pem = writer_over(text, sizeof(text));

	write_str(&pem, "-----BEGIN PUBLIC KEY-----\n");
	encode_base64(&pem, public_key, PEM_LINE);
	write_str(&pem, "-----END PUBLIC KEY-----\n");
	if (!writer_ok(&pem))
		w->failed = true;
	json_write_string(w, writer_span(&pem));
}
