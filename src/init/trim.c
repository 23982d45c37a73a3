/*
 * trim.c - the program is one file for three processes, and the kernel maps
 * sixteen pages of it where one is asked for: after the start all of it counts
 * as init's memory. Must never touch a page that can be written to.
 */
#include "init/trim.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define PAGE 4096u

void
trim_program(void)
{
	/* The kernel's own words about where it mapped us. */
	uintptr_t at = getauxval(AT_PHDR);
	const Elf64_Phdr *headers = (const void *)at;
	size_t count = getauxval(AT_PHNUM);
	char *base = (char *)(at & ~(uintptr_t)(PAGE - 1));

	if (at == 0 || getauxval(AT_PAGESZ) != PAGE)
		return;
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *h = &headers[i];

		/* A static-PIE begins at 0; anything else is left alone. */
		if (i == 0 && (h->p_type != PT_LOAD || h->p_vaddr != 0))
			return;
		if (h->p_type == PT_LOAD && (h->p_flags & PF_W) == 0)
			(void)madvise(base + h->p_vaddr,
				(h->p_filesz + PAGE - 1) & ~(size_t)(PAGE - 1),
				MADV_DONTNEED);
	}
}
