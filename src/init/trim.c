/*
 * trim.c - the program is one file for three processes, and the kernel maps
 * sixteen pages of it where one is asked for: after the start all of it counts
 * as init's memory. Must never touch a page that can be written to, but those
 * below the stack's end.
 */
#include "init/trim.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define PAGE       4096u
#define STACK_TRIM ((uintptr_t)32 * PAGE) /* more than the start has used */

/* What init goes on with, in pages of its own: steady.ld. Both are 0 where the
 * program was linked without it. */
extern const char steady_begin[] __attribute__((weak));
extern const char steady_end[] __attribute__((weak));

static uintptr_t
page_down(uintptr_t at)
{
	return at & ~(uintptr_t)(PAGE - 1);
}

static void
advise(uintptr_t from, uintptr_t to, int advice)
{
	if (from < to)
		(void)madvise((void *)from, to - from, advice);
}

/*
 * The kernel fills in neighbours within a mapping only. To leave the rest of
 * the code out of a core dump, which never has it anyway, makes another
 * mapping of it.
 */
static void
set_apart(uintptr_t from, uintptr_t to)
{
	uintptr_t begin = (uintptr_t)steady_begin;
	uintptr_t end = (uintptr_t)steady_end;

	if (begin <= from || end >= to || begin >= end)
		return;
	advise(from, begin, MADV_DONTDUMP);
	advise(end, to, MADV_DONTDUMP);
}

/* The start went deeper than we ever shall again; a page's margin for what
 * the compiler keeps below the stack pointer. */
__attribute__((noinline)) static void
trim_stack(void)
{
	/* Of a small frame of its own, which ends near the stack pointer; and
	 * not a local's address, which sanitizers may keep on the heap. */
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = page_down(here) - PAGE;

	advise(end - STACK_TRIM, end, MADV_DONTNEED);
}

void
trim_program(void)
{
	/* The kernel's own words about where it mapped us. */
	uintptr_t at = getauxval(AT_PHDR);
	const Elf64_Phdr *headers = (const void *)at;
	uintptr_t base = page_down(at);

	trim_stack();
	/* A static-PIE begins at 0; anything else is left alone. */
	if (at == 0 || getauxval(AT_PAGESZ) != PAGE ||
		headers[0].p_type != PT_LOAD || headers[0].p_vaddr != 0)
		return;
	/* Backwards: the headers themselves are in the first. */
	for (size_t i = getauxval(AT_PHNUM); i-- > 0;) {
		const Elf64_Phdr *h = &headers[i];
		uintptr_t from = base + h->p_vaddr;
		uintptr_t to = page_down(from + h->p_filesz + PAGE - 1);

		if (h->p_type != PT_LOAD || (h->p_flags & PF_W) != 0)
			continue;
		if ((h->p_flags & PF_X) != 0)
			set_apart(from, to);
		advise(from, to, MADV_DONTNEED);
	}
}
