/*
 * memory_news.c - reads the count of processes that the kernel has killed for
 * memory. Never called before the app runs: its start does not wait for it.
 */
#include "init/memory_news.h"

#include "base/error.h"
#include "base/limits.h"
#include "io/file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One more than the count; 0: unknown. */
static long
count(void)
{
	static const char key[] = "\noom_kill ";
	char text[MEMORY_EVENTS_MAX];
	const char *at;
	struct error e;
	size_t len;

	error_clear(&e);
	if (file_read("/sys/fs/cgroup/memory.events", (uint8_t *)text,
		    sizeof(text) - 1, &len, &e) != ERR_OK)
		return 0;
	text[len] = '\0';
	at = strstr(text, key);
	return at == NULL ? 0 : strtol(at + sizeof(key) - 1, NULL, 10) + 1;
}

bool
memory_news(void)
{
	static long seen;
	long before = seen;

	seen = count();
	return before > 0 && seen > before;
}
