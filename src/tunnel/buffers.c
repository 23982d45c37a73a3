/*
 * buffers.c - the pool of record buffers. Owns mappings of its own instead of
 * heap blocks: only the pages that a connection touches become memory, and
 * what is given back to the system is zero when it comes again. Must never
 * keep more than BUFFERS_KEPT unused.
 */
#include "tunnel/buffers.h"

#include <sys/mman.h>

enum err
buffers_take(struct buffers *pool, struct tls13_buffers **b)
{
	void *p;

	if (pool->kept_count > 0) {
		*b = pool->kept[--pool->kept_count];
		pool->lent++;
		return ERR_OK;
	}
	p = mmap(NULL, sizeof(**b), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ERR_NOMEM;
	*b = p;
	pool->lent++;
	return ERR_OK;
}

void
buffers_give(struct buffers *pool, struct tls13_buffers *b)
{
	if (b == NULL)
		return;
	pool->lent--;
	if (pool->kept_count < BUFFERS_KEPT)
		pool->kept[pool->kept_count++] = b;
	else
		(void)munmap(b, sizeof(*b));
}

void
buffers_clear(struct buffers *pool)
{
	while (pool->kept_count > 0)
		(void)munmap(
			pool->kept[--pool->kept_count], sizeof(**pool->kept));
}
