/*
 * fuzz_names.c - any bytes as a server's leaf: its names, its usages, its
 * dates. Whatever it says, a message is printable, and a policy without names
 * accepts nothing.
 */
#include "tls/names.h"
#include "tls/x509.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
consistent(enum err code, const struct error *e)
{
	require(code == e->code);
	if (code == ERR_OK)
		return;
	require(code == ERR_CERT && e->alert > 0);
	require(strlen(e->detail) > 0);
	for (const char *p = e->detail; *p != '\0'; p++)
		require(*p >= ' ' && *p < 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct names_policy empty;
	struct names_policy policy = {
		.dns = {"db.example.com", "other.example.com."},
		.dns_count = 2,
		.ip = {10, 0, 0, 1},
		.ip_len = 4,
		.common_name = "my-project:orders",
	};
	struct span leaf = span_of(data, size);
	struct error e;
	int64_t t;
	enum err dates = x509_not_after(leaf, &t);

	error_clear(&e);
	consistent(names_check(leaf, &policy, &e), &e);
	require(e.code != ERR_OK || dates == ERR_OK);
	policy.dns_count = 0;
	policy.ip_len = 0;
	error_clear(&e);
	consistent(names_check(leaf, &policy, &e), &e);
	error_clear(&e);
	require(names_check(leaf, &empty, &e) == ERR_CERT);
	error_clear(&e);
	consistent(x509_check_leaf(leaf, &e), &e);
	return 0;
}
