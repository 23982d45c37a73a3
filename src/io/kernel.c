/* kernel.c - reads uname(2) and nothing else. */
#include "io/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>

bool
kernel_since(long major, long minor)
{
	struct utsname name;
	char *rest;
	long own;

	errno = ENOSYS;
	if (uname(&name) != 0)
		return false;
	own = strtol(name.release, &rest, 10);
	if (own != major || *rest != '.')
		return own > major;
	return strtol(rest + 1, NULL, 10) >= minor;
}
