/*
 * file.h - read a small file whole.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Read all of path into buf. ERR_SYS: e has the reason. ERR_LIMIT: more than
 * cap bytes. May block as long as the file system does.
 */
enum err file_read(const char *path, uint8_t *buf, size_t cap, size_t *len,
	struct error *e) NODISCARD;

#endif
