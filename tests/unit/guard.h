/*
 * guard.h - inputs of parsers, placed so that the first byte read past their
 * end is a fault: ASan sees less of what is read inside a page.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * A copy of data[0..len) whose last byte is followed by a page that cannot be
 * touched. Never NULL. Give it back with guarded_free and the same len.
 */
static inline uint8_t *
guarded_copy(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;
	uint8_t *base = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED || mprotect(base + room, page, PROT_NONE) != 0)
		abort();
	if (len > 0)
		memcpy(base + room - len, data, len);
	return base + room - len;
}

static inline void
guarded_free(uint8_t *copy, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;

	(void)munmap(copy + len - room, room + page);
}

#endif
