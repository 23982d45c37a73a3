/*
 * error.h - the one result type of fallible functions, and the object that
 * explains a failure to a person.
 *
 * ERR_AGAIN and ERR_EOF are results, not failures. An object that can fail in
 * more than one step keeps a struct error: the first error wins, later ones
 * are consequences and are dropped.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/limits.h"

#define NODISCARD         __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
#define ERROR(name, text, status) ERR_##name,
#include "base/errors.def"
#undef ERROR
	ERR_COUNT
};

struct error {
	enum err code;
	int sys_errno; /* 0: no system call was at fault */
	int alert;     /* TLS AlertDescription sent or received; -1: none */
	char detail[ERROR_DETAIL_MAX]; /* NUL-terminated; never a secret */
};

/* A fresh error: ERR_OK, no detail. */
void error_clear(struct error *e);

/*
 * Record code and a printf-style detail unless e already holds a failure.
 * Returns the code e holds afterwards, so that `return error_set(...)` reports
 * the first error. A detail that does not fit is cut.
 */
enum err error_set(struct error *e, enum err code, const char *fmt, ...)
	PRINTF(3, 4);

/* As error_set, with the current errno and its text appended to the detail. */
enum err error_sys(struct error *e, enum err code, const char *fmt, ...)
	PRINTF(3, 4);

/* As error_set, and remember the TLS alert. */
enum err error_tls(struct error *e, enum err code, int alert, const char *fmt,
	...) PRINTF(4, 5);

/* The text of errors.def; "unknown error" for a code out of range. */
const char *error_text(enum err code);

/* The exit status of errors.def; 1 for a code out of range. */
int error_exit_status(enum err code);

#endif
