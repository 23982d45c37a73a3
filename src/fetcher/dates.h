/*
 * dates.h - points in time as token services write them.
 */
#ifndef FETCHER_DATES_H
#define FETCHER_DATES_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

/*
 * RFC 3339: 2026-01-02T03:04:05[.678](Z|+01:00), as seconds since 1970; a
 * fraction is cut. ERR_PARSE: anything else.
 */
enum err dates_rfc3339(struct span text, int64_t *seconds) NODISCARD;

/*
 * The Date field of HTTP (RFC 9110 section 5.6.7, the first of its forms):
 * Sun, 06 Nov 1994 08:49:37 GMT. ERR_PARSE: anything else.
 */
enum err dates_http(struct span text, int64_t *seconds) NODISCARD;

#endif
