/*
 * log.h - one line at a time to standard error (errors) and standard output
 * (the rest), as cloud-sql-proxy does; text or JSON.
 *
 * Never blocks and never allocates: a line that cannot be written now is
 * dropped and counted, and the next line that goes out says how many were
 * lost. Each process has its own state, inherited over fork. Messages are
 * lower case, component first ("tunnel: ..."), without a full stop; the
 * proxies' own sentences are kept as they are. Never pass a secret.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

#include <stdbool.h>

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR
};

/*
 * Choose the lowest level written and whether lines are JSON objects with
 * timestamp, severity and message. Without it: LOG_INFO, text.
 */
void log_setup(enum log_level least, bool json);

/*
 * Write text lines as "tini", "dumb-init" or "catatonit" does, without the
 * time; all but tini's notes go to standard error. name must stay.
 */
void log_imitate(const char *name);

/*
 * Open private, non-blocking descriptions of standard output and error where
 * they are pipes, so that a reader who stopped reading cannot block us. The
 * inherited descriptions are shared with the app and are left as they are.
 * Where that is impossible (no /proc), a poll(2) before each write stands in.
 */
void log_open(void);

void log_debug(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_error(const char *fmt, ...) PRINTF(1, 2);

/* The descriptors log_open opened, to be kept when others are closed; -1. */
int log_fd_out(void);
int log_fd_err(void);

#endif
