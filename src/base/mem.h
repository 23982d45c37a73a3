/*
 * mem.h - what secrets need: wiping that the compiler keeps, and comparison
 * whose time does not depend on the bytes.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrite len bytes with zeros; never optimised away. */
void mem_wipe(void *p, size_t len);

/* True if the len bytes are the same. Time depends on len alone. */
bool mem_equal_ct(const void *a, const void *b, size_t len);

#endif
