/*
 * pemvec.c - finds test vectors and decodes them. Decoded bytes are kept in a
 * static pool, with unused bytes between them, so that no test owns memory.
 */
#include "pemvec.h"

#include "base/error.h"
#include "wire/pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pem_vector {
	const char *name;
	const char *pem;
};

#include "vectors/certs_data.h"
#include "vectors/keys_data.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t pool[1 << 18];
static size_t used;

static const char *
find(const struct pem_vector *v, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(v[i].name, name) == 0)
			return v[i].pem;
	}
	fprintf(stderr, "no test vector %s\n", name);
	abort();
}

static struct span
decode(const char *pem)
{
	struct reader text = reader_over(span_str(pem));
	struct writer w = writer_over(pool + used, sizeof(pool) - used);
	struct pem_block block;

	if (pem_next(&text, &block) != ERR_OK ||
		pem_decode(&block, &w) != ERR_OK) {
		fprintf(stderr, "test vector does not decode\n");
		abort();
	}
	used += w.len + 16;
	return writer_span(&w);
}

struct span
pemvec_cert(const char *name)
{
	return decode(find(cert_vectors, COUNT(cert_vectors), name));
}

struct span
pemvec_key(const char *name)
{
	return decode(find(key_vectors, COUNT(key_vectors), name));
}

const char *
pemvec_cert_pem(const char *name)
{
	return find(cert_vectors, COUNT(cert_vectors), name);
}

const char *
pemvec_rsa2049_pss(void)
{
	return rsa2049_pss;
}

struct span
pemvec_hex(uint8_t *buf, size_t cap, const char *hex)
{
	size_t len = strlen(hex) / 2;

	if (len > cap)
		abort();
	for (size_t i = 0; i < len; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		buf[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return span_of(buf, len);
}
