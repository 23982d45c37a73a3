/*
 * config_values.h - text to typed values, one function a type; used for
 * options, environment variables and instance parameters alike.
 *
 * Every function leaves its result untouched on failure. The caller adds where
 * the text came from; the messages here say what was expected.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "base/span.h"
#include "config.h"

/* "true", "t", "1", "on" or empty; "false", "f", "0", "off"; in any case. */
enum err value_flag(bool *out, const char *text, struct error *e) NODISCARD;

/* A decimal number up to 2^63 - 1. */
enum err value_count(
	uint64_t *out, const char *text, struct error *e) NODISCARD;

/* 0 to 65535. */
enum err value_port(uint16_t *out, const char *text, struct error *e) NODISCARD;

/* Go's durations: "10s", "1m30s", "250ms", "1.5h", "0". Milliseconds. */
enum err value_time(uint64_t *out, const char *text, struct error *e) NODISCARD;

/* A signal's name or number. */
enum err value_signal(int *out, const char *text, struct error *e) NODISCARD;

/* "no", "on-failure", "always"; the latter two with ":N". */
enum err value_restart(struct restart_policy *out, const char *text,
	struct error *e) NODISCARD;

/* Adds "3,64-78": exit codes, 0 to 255. */
enum err value_codes(
	struct code_set *out, const char *text, struct error *e) NODISCARD;

/* Adds "nofile=1024:4096": a limit's name in small letters, and numbers or
 * "unlimited"; one number is both. */
enum err value_limit(struct resource_limits *out, const char *text,
	struct error *e) NODISCARD;

/* "SIG:SIG" or "SIG:0", several with commas; added to *out. */
enum err value_rewrite(
	struct rewrites *out, const char *text, struct error *e) NODISCARD;

/* "CODE", "CODE=NEW", "A-B" or "A-B=NEW", with commas; added to *out. */
enum err value_remap(
	struct exit_map *out, const char *text, struct error *e) NODISCARD;

/* "end", "ask" or "leave". */
enum err value_stragglers(
	enum stragglers_mode *out, const char *text, struct error *e) NODISCARD;

/* Permission bits in octal, up to 0777. */
enum err value_mode(uint32_t *out, const char *text, struct error *e) NODISCARD;

/* An IPv4 or IPv6 literal. */
enum err value_address(const char *text, struct error *e) NODISCARD;

#endif
