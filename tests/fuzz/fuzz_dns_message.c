/*
 * fuzz_dns_message.c - any bytes as a DNS response: what is found in it is
 * text that ends, without a space or a control character.
 */
#include "wire/dns_message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct dns_texts *t)
{
	if (t->count > DNS_TEXTS_MAX)
		abort();
	for (size_t i = 0; i < t->count; i++) {
		size_t len = strnlen(t->text[i], HOST_LEN_MAX);

		if (len == 0 || len >= HOST_LEN_MAX)
			abort();
		for (size_t n = 0; n < len; n++)
			if (t->text[i][n] <= ' ' || t->text[i][n] > '~')
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_texts texts;

	if (dns_message_texts(span_of(data, size), DNS_TYPE_TXT, &texts) ==
		ERR_OK)
		check(&texts);
	if (dns_message_texts(span_of(data, size), DNS_TYPE_CNAME, &texts) ==
		ERR_OK)
		check(&texts);
	return 0;
}
