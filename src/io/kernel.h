/*
 * kernel.h - how old the kernel says it is, where to ask it for something has a
 * price: gVisor says 4.4, and reports every system call that it does not know
 * in the customer's log.
 */
#ifndef IO_KERNEL_H
#define IO_KERNEL_H

#include <stdbool.h>

/* Linux MAJOR.MINOR or newer. False, with errno ENOSYS, also if unknown. */
bool kernel_since(long major, long minor);

#endif
