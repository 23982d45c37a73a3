/*
 * rawcall.h - a system call without the C library: no errno, no lock, no
 * cancellation. For a child that shares our memory until its exec, where errno
 * is one variable for two processes.
 */
#ifndef IO_RAWCALL_H
#define IO_RAWCALL_H

/* The kernel's answer: negative is an errno. Unused arguments are 0. */
#if defined(__x86_64__)

static inline long
raw_call(long number, long a, long b, long c, long d, long e)
{
	register long fourth __asm__("r10") = d;
	register long fifth __asm__("r8") = e;
	long result;

	__asm__ volatile(
		"syscall"
		: "=a"(result)
		: "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
		: "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

static inline long
raw_call(long number, long a, long b, long c, long d, long e)
{
	register long call __asm__("x8") = number;
	register long first __asm__("x0") = a;
	register long second __asm__("x1") = b;
	register long third __asm__("x2") = c;
	register long fourth __asm__("x3") = d;
	register long fifth __asm__("x4") = e;

	__asm__ volatile(
		"svc 0"
		: "+r"(first)
		: "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
		: "memory", "cc");
	return first;
}

#else
#error "this processor's instruction for a system call is not known here"
#endif

#endif
