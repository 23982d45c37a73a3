/*
 * fuzz_pem.c - any bytes as PEM. A block that decodes and is written again must
 * be found and decode to the same.
 */
#include "base/encode.h"
#include "tls/x509.h"
#include "wire/pem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
round_trip(struct span label, struct span content)
{
	static uint8_t text[1 << 16];
	static uint8_t again[1 << 15];
	struct writer t = writer_over(text, sizeof(text));
	struct writer a = writer_over(again, sizeof(again));
	struct reader r;
	struct pem_block b;

	write_str(&t, "-----BEGIN ");
	write_span(&t, label);
	write_str(&t, "-----\n");
	encode_base64(&t, content, 64);
	write_str(&t, "-----END ");
	write_span(&t, label);
	write_str(&t, "-----\n");
	if (!writer_ok(&t))
		return;
	r = reader_over(writer_span(&t));
	require(pem_next(&r, &b) == ERR_OK);
	require(span_equal(b.label, label));
	require(pem_decode(&b, &a) == ERR_OK);
	require(span_equal(writer_span(&a), content));
	require(pem_next(&r, &b) == ERR_EOF);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[1 << 15];
	struct reader r = reader_over(span_of(data, size));
	struct pem_block b;
	struct writer w;
	size_t count;

	while (pem_next(&r, &b) == ERR_OK) {
		w = writer_over(out, sizeof(out));
		if (pem_decode(&b, &w) == ERR_OK)
			round_trip(b.label, writer_span(&w));
	}
	w = writer_over(out, sizeof(out));
	if (x509_pem_to_entries(span_of(data, size), &w, &count) == ERR_OK) {
		struct reader entries = reader_over(writer_span(&w));

		for (size_t i = 0; i < count; i++)
			require(read_block16(&entries).len > 0);
		require(reader_done(&entries));
	}
	return 0;
}
