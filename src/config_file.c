/*
 * config_file.c - --config-file: options by their long names, and instances as
 * instance-connection-name or instance-uri, alone or with -0, -1 and so on.
 * What is read of TOML, YAML and JSON is said in wire/flat.h. Every error names
 * the file and the line.
 */
#include "config_parse.h"
#include "io/file.h"
#include "wire/flat.h"

#include <stdio.h>
#include <string.h>

/* Large, and there is one per process. */
static struct flat flat;
static uint8_t text[CONFIG_FILE_MAX];

static const char series_names[2][25] = {
	"instance-connection-name", "instance-uri"};

/* Instances by name and number; [0] is also the name without a number. */
struct series {
	const char *at[2][INSTANCES_MAX];
};

static enum err
format_of(const char *path, enum flat_format *format, struct error *e)
{
	static const struct {
		char ending[6];
		uint8_t format;
	} formats[] = {
		{".toml", FLAT_TOML},
		{".yaml", FLAT_YAML},
		{".yml", FLAT_YAML},
		{".json", FLAT_JSON},
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < 4; i++) {
		if (strcmp(dot, formats[i].ending) == 0) {
			*format = (enum flat_format)formats[i].format;
			return ERR_OK;
		}
	}
	return error_set(e, ERR_USAGE,
		"config file %s should have extension of toml, yaml, or json",
		path);
}

/* The number behind name and "-"; -1: it is another name. */
static int
number_in(const char *key, const char *name)
{
	size_t len = strlen(name);
	int v = 0;

	if (strncmp(key, name, len) != 0)
		return -1;
	if (key[len] == '\0')
		return 0;
	if (key[len] != '-' || key[len + 1] == '\0')
		return -1;
	for (const char *at = key + len + 1; *at != '\0'; at++) {
		if (*at < '0' || *at > '9' || v > 1000)
			return -1;
		v = v * 10 + (*at - '0');
	}
	return v;
}

/* True: the pair was an instance, or is an error in *e. */
static bool
take_instance(struct series *s, const struct flat_pair *pair, struct error *e)
{
	for (size_t k = 0; k < 2; k++) {
		int n = number_in(pair->key, series_names[k]);

		if (n < 0)
			continue;
		if (n >= INSTANCES_MAX)
			(void)error_set(e, ERR_LIMIT, "more than %d instances",
				INSTANCES_MAX);
		else if (s->at[k][n] != NULL)
			(void)error_set(
				e, ERR_USAGE, "%s is given twice", pair->key);
		else
			s->at[k][n] = pair->value;
		return true;
	}
	return false;
}

static enum err
take_pair(struct parse *p, struct series *s, bool seen[ID_COUNT],
	const struct flat_pair *pair, struct error *e)
{
	enum option_id id = option_by_name(span_str(pair->key));

	if (take_instance(s, pair, e))
		return e->code;
	if (id == ID_COUNT)
		return error_set(e, ERR_USAGE,
			"there is no option \"%s\"; see fairlead --help",
			pair->key);
	if (id == ID_config_file)
		return error_set(
			e, ERR_USAGE, "a config file cannot name another one");
	if (seen[id])
		return error_set(e, ERR_USAGE, "%s is given twice", pair->key);
	seen[id] = true;
	if (p->given[id])
		return ERR_OK; /* by a stronger source */
	return option_set(p->c, id, pair->value, pair->key, e);
}

static enum err
take_series(struct parse *p, const struct series *s)
{
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < INSTANCES_MAX; i++) {
			if (s->at[k][i] == NULL)
				break;
			if (parse_instance(p, s->at[k][i]) != ERR_OK)
				return p->e->code;
		}
	}
	return ERR_OK;
}

static enum err
take_all(
	struct parse *p, struct series *s, bool seen[ID_COUNT], struct error *e)
{
	struct flat_pair pair;
	enum err r;

	for (;;) {
		r = flat_next(&flat, &pair, e);
		if (r == ERR_EOF)
			return ERR_OK;
		if (r == ERR_OK)
			r = take_pair(p, s, seen, &pair, e);
		if (r != ERR_OK)
			return r;
	}
}

enum err
parse_file(struct parse *p, const char *path, char space[CONFIG_FILE_MAX])
{
	bool seen[ID_COUNT] = {false};
	struct series series;
	enum flat_format format = FLAT_TOML;
	struct error why;
	size_t len = 0;

	if (format_of(path, &format, p->e) != ERR_OK)
		return p->e->code;
	error_clear(&why);
	if (file_read(path, text, sizeof(text), &len, &why) != ERR_OK)
		return error_set(p->e, ERR_USAGE,
			"failed to load configuration from %s: %s", path,
			why.detail);
	memset(&series, 0, sizeof(series));
	if (flat_open(&flat, format, span_of(text, len), space, CONFIG_FILE_MAX,
		    &why) != ERR_OK ||
		take_all(p, &series, seen, &why) != ERR_OK)
		return error_set(p->e, ERR_USAGE,
			"failed to load configuration from %s:%u: %s", path,
			flat.line > 0 ? flat.line : 1, why.detail);
	for (unsigned i = 0; i < ID_COUNT; i++)
		p->given[i] = p->given[i] || seen[i];
	return p->instance_count > 0 ? ERR_OK : take_series(p, &series);
}
