/*
 * config_parse.h - one parse of a configuration, between the files that do it:
 * config_arguments.c, config_variables.c, config_file.c, in that order of
 * strength. What a stronger source has given a weaker one does not touch.
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "config_options.h"

struct parse {
	struct config *c;
	struct error *e;
	enum config_action action;
	bool given[ID_COUNT];
	const char *instances[INSTANCES_MAX];
	size_t instance_count;
};

/* Set the option; source ("--port", a variable's name) is for people. */
enum err parse_option(struct parse *p, enum option_id id, const char *text,
	const char *source) NODISCARD;

/* One more instance. */
enum err parse_instance(struct parse *p, const char *text) NODISCARD;

/* What stands behind argv[0]. */
enum err parse_arguments(struct parse *p, char *const argv[]) NODISCARD;

/* The variables of the options that are not given. */
enum err parse_variables(struct parse *p, char *const envp[]) NODISCARD;

/* ..._INSTANCE_CONNECTION_NAME, and so on. */
enum err parse_instance_variables(
	struct parse *p, char *const envp[]) NODISCARD;

/*
 * The options of path that are not given, and its instances where there are
 * none. space must live as long as *p->c: values are in it.
 */
enum err parse_file(struct parse *p, const char *path,
	char space[CONFIG_FILE_MAX]) NODISCARD;

#endif
