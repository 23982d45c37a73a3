/*
 * error.c - texts of errors.def and the first-error-wins rule.
 * Formats into fixed buffers only; never allocates, never logs.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[ERR_COUNT] = {
#define ERROR(name, text, status) [ERR_##name] = text,
#include "base/errors.def"
#undef ERROR
};

static const int statuses[ERR_COUNT] = {
#define ERROR(name, text, status) [ERR_##name] = status,
#include "base/errors.def"
#undef ERROR
};

void
error_clear(struct error *e)
{
	memset(e, 0, sizeof(*e));
	e->alert = -1;
}

static void PRINTF(3, 0)
	set(struct error *e, enum err code, const char *fmt, va_list ap)
{
	e->code = code;
	e->sys_errno = 0;
	e->alert = -1;
	/* A detail that is cut is still worth having. */
	(void)vsnprintf(e->detail, sizeof(e->detail), fmt, ap);
}

enum err
error_set(struct error *e, enum err code, const char *fmt, ...)
{
	va_list ap;

	if (e->code != ERR_OK)
		return e->code;
	va_start(ap, fmt);
	set(e, code, fmt, ap);
	va_end(ap);
	return code;
}

enum err
error_sys(struct error *e, enum err code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t used;

	if (e->code != ERR_OK)
		return e->code;
	va_start(ap, fmt);
	set(e, code, fmt, ap);
	va_end(ap);
	e->sys_errno = saved;
	used = strlen(e->detail);
	(void)snprintf(e->detail + used, sizeof(e->detail) - used, ": %s",
		strerror(saved));
	return code;
}

enum err
error_tls(struct error *e, enum err code, int alert, const char *fmt, ...)
{
	va_list ap;

	if (e->code != ERR_OK)
		return e->code;
	va_start(ap, fmt);
	set(e, code, fmt, ap);
	va_end(ap);
	e->alert = alert;
	return code;
}

const char *
error_text(enum err code)
{
	if ((unsigned)code >= ERR_COUNT)
		return "unknown error";
	return texts[code];
}

int
error_exit_status(enum err code)
{
	if ((unsigned)code >= ERR_COUNT)
		return 1;
	return statuses[code];
}
