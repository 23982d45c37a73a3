/*
 * config_instance.h - instance arguments: connection names and the query
 * parameters behind them (the proxies' syntax, P:R:I?port=5432&...).
 */
#ifndef CONFIG_INSTANCE_H
#define CONFIG_INSTANCE_H

#include "config.h"

/*
 * Append the instance that text names to c->instances, with its parameters
 * over the global options, which must be complete by then.
 */
enum err config_add_instance(
	struct config *c, const char *text, struct error *e) NODISCARD;

#endif
