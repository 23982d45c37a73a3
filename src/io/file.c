/*
 * file.c - open, read to the end, close. Keeps nothing.
 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Up to cap bytes, fewer only at the end of the file. */
static enum err
read_all(int fd, uint8_t *buf, size_t cap, size_t *len)
{
	*len = 0;
	while (*len < cap) {
		ssize_t n = read(fd, buf + *len, cap - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYS;
		if (n == 0)
			return ERR_OK;
		*len += (size_t)n;
	}
	return ERR_OK;
}

enum err
file_read(const char *path, uint8_t *buf, size_t cap, size_t *len,
	struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t more;
	size_t extra = 0;
	enum err result;

	*len = 0;
	if (fd < 0)
		return error_sys(e, ERR_SYS, "could not open it");
	result = read_all(fd, buf, cap, len);
	if (result == ERR_OK && *len == cap)
		result = read_all(fd, &more, 1, &extra);
	if (result != ERR_OK)
		(void)error_sys(e, result, "could not read it");
	(void)close(fd);
	if (result == ERR_OK && extra > 0)
		result = error_set(
			e, ERR_LIMIT, "it has more than %zu bytes", cap);
	return result;
}
