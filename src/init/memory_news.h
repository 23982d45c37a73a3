/*
 * memory_news.h - whether the kernel has ended a process of this container
 * because memory was short, as memory.events of cgroup v2 says. There is one
 * container per process, so this module has state of its own instead of an
 * object.
 */
#ifndef INIT_MEMORY_NEWS_H
#define INIT_MEMORY_NEWS_H

#include <stdbool.h>

/*
 * True if it has since the last call. The first call only begins to count;
 * where nothing can be read it is always false.
 */
bool memory_news(void);

#endif
