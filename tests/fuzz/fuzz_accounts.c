/*
 * fuzz_accounts.c - "who NUL passwd NUL group": any account files. What is
 * found is nobody that the kernel could take for "unchanged", and has a home.
 */
#include "config_accounts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of its own size of what is before the first NUL. */
static struct span
part(const uint8_t **at, size_t *left)
{
	size_t len = strnlen((const char *)*at, *left);
	uint8_t *copy = malloc(len + 1);

	if (copy == NULL)
		abort();
	memcpy(copy, *at, len);
	copy[len] = '\0';
	*at += len;
	*left -= len;
	if (*left > 0) {
		(*at)++;
		(*left)--;
	}
	return span_of(copy, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span who = part(&data, &size);
	struct span passwd = part(&data, &size);
	struct span group = span_of(data, size);
	struct account a;
	struct error e;

	error_clear(&e);
	if (accounts_find(&a, (const char *)who.data, passwd, group, &e) ==
		ERR_OK) {
		if (a.uid == UINT32_MAX || a.gid == UINT32_MAX || !a.set ||
			a.home[0] != '/' || a.group_count > GROUPS_MAX)
			abort();
	} else if (e.detail[0] == '\0') {
		abort();
	}
	free((void *)(uintptr_t)who.data);
	free((void *)(uintptr_t)passwd.data);
	return 0;
}
