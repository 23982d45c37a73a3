/* config_arguments.c - the command line, as Google's proxies write theirs. */
#include "config_parse.h"

#include <stdio.h>
#include <string.h>

/* One option at *at with its value, advancing *at over both. */
static enum err
take_value(struct parse *p, enum option_id id, char *const **at,
	const char *joined, const char *shown)
{
	const char *value = joined;
	char source[256];

	if (value == NULL && option_value_optional(id)) {
		value = "true";
	} else if (value == NULL) {
		value = (*at)[1];
		if (value == NULL)
			return error_set(p->e, ERR_USAGE,
				"flag needs an argument: %s", shown);
		(*at)++;
	}
	(*at)++;
	(void)snprintf(source, sizeof(source),
		"invalid argument \"%.128s\" for \"%s\" flag", value, shown);
	return parse_option(p, id, value, source);
}

static enum err
take_long(struct parse *p, char *const **at)
{
	const char *text = **at + 2;
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
	enum option_id id = option_by_name(span_of(text, len));
	char shown[64];

	if (strcmp(text, "help") == 0 || strcmp(text, "version") == 0) {
		p->action = text[0] == 'h' ? CONFIG_HELP : CONFIG_VERSION;
		(*at)++;
		return ERR_OK;
	}
	(void)snprintf(shown, sizeof(shown), "--%.*s",
		(int)(len < 48 ? len : 48), text);
	if (id == ID_COUNT)
		return error_set(p->e, ERR_USAGE, "unknown flag: %s", shown);
	return take_value(p, id, at, equals != NULL ? equals + 1 : NULL, shown);
}

/* Letters may be joined ("-il"); the last may have its value attached. */
static enum err
take_letters(struct parse *p, char *const **at)
{
	const char *letters = **at + 1;

	for (; *letters != '\0'; letters++) {
		enum option_id id = option_by_letter(*letters);
		char shown[3] = {'-', *letters, '\0'};

		if (*letters == 'h' || *letters == 'v') {
			p->action =
				*letters == 'h' ? CONFIG_HELP : CONFIG_VERSION;
			continue;
		}
		if (id == ID_COUNT)
			return error_set(p->e, ERR_USAGE,
				"unknown shorthand flag: '%c' in %.64s",
				*letters, **at);
		if (option_is_flag(id)) {
			if (parse_option(p, id, "true", shown) != ERR_OK)
				return p->e->code;
			continue;
		}
		letters += letters[1] == '=';
		return take_value(p, id, at,
			letters[1] != '\0' ? letters + 1 : NULL, shown);
	}
	(*at)++;
	return ERR_OK;
}

/* The words that stand where an instance could: subcommands. */
static enum err
take_word(struct parse *p, const char *word)
{
	static const struct {
		char word[9];
		uint8_t action;
	} commands[] = {
		{"help", CONFIG_HELP},
		{"version", CONFIG_VERSION},
		{"wait", CONFIG_WAIT},
		{"shutdown", CONFIG_SHUTDOWN},
		{"status", CONFIG_STATUS},
		{"check", CONFIG_CHECK},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (p->instance_count == 0 && p->action == CONFIG_RUN &&
			strcmp(word, commands[i].word) == 0) {
			p->action = (enum config_action)commands[i].action;
			return ERR_OK;
		}
	}
	return parse_instance(p, word);
}

enum err
parse_arguments(struct parse *p, char *const argv[])
{
	char *const *at = argv[0] != NULL ? argv + 1 : argv;

	while (*at != NULL && p->action != CONFIG_HELP &&
		p->action != CONFIG_VERSION) {
		const char *text = *at;
		enum err r;

		if (strcmp(text, "--") == 0) {
			if (at[1] == NULL)
				return error_set(p->e, ERR_USAGE,
					"there is no command after --");
			p->c->command = at + 1;
			return ERR_OK;
		}
		if (text[0] == '-' && text[1] == '-') {
			r = take_long(p, &at);
		} else if (text[0] == '-' && text[1] != '\0') {
			r = take_letters(p, &at);
		} else {
			r = take_word(p, text);
			at++;
		}
		if (r != ERR_OK)
			return r;
	}
	return ERR_OK;
}
