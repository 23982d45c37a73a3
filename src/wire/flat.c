/*
 * flat.c - the scanners behind flat.h. Pure. Copies each value once, into the
 * space it was given, and looks at no byte behind the text.
 */
#include "wire/flat.h"

#include "base/encode.h"
#include "base/utf8.h"

#include <string.h>

#define BARE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static int
peek(const struct flat *f)
{
	return f->at < f->text.len ? f->text.data[f->at] : -1;
}

static void
skip_blanks(struct flat *f)
{
	while (peek(f) == ' ' || peek(f) == '\t')
		f->at++;
}

/* At the end of a line, which may be the text's. */
static bool
at_end(const struct flat *f)
{
	int c = peek(f);

	return c == -1 || c == '\n' ||
	       (c == '\r' && f->at + 1 < f->text.len &&
		       f->text.data[f->at + 1] == '\n');
}

static void
skip_line(struct flat *f)
{
	while (peek(f) != -1 && peek(f) != '\n')
		f->at++;
}

/* Blanks and a comment up to the line's end. */
static enum err
finish_line(struct flat *f, struct error *e)
{
	skip_blanks(f);
	if (peek(f) == '#')
		skip_line(f);
	if (at_end(f)) {
		skip_line(f);
		return ERR_OK;
	}
	return error_set(e, ERR_PARSE, "something stands behind the value");
}

static enum err
put(struct flat *f, uint8_t byte, struct error *e)
{
	if (f->left < 2) /* the NUL needs room, too */
		return error_set(e, ERR_LIMIT, "the values are too long");
	if (byte == '\0')
		return error_set(e, ERR_PARSE, "a value holds a NUL");
	*f->space++ = (char)byte;
	f->left--;
	return ERR_OK;
}

static void
end_value(struct flat *f)
{
	*f->space++ = '\0';
	f->left--;
}

static enum err
put_code_point(struct flat *f, uint32_t c, struct error *e)
{
	uint8_t bytes[4];
	struct writer w = writer_over(bytes, sizeof(bytes));

	if (c >= 0x110000 || (c >= 0xd800 && c < 0xe000))
		return error_set(e, ERR_PARSE, "an escape names no character");
	utf8_write(&w, c);
	for (size_t i = 0; i < w.len; i++) {
		if (put(f, bytes[i], e) != ERR_OK)
			return e->code;
	}
	return ERR_OK;
}

static enum err
put_hex(struct flat *f, unsigned digits, struct error *e)
{
	uint32_t v = 0;

	while (digits-- > 0) {
		int c = peek(f);
		int digit = c < 0 ? -1 : decode_hex_digit((uint8_t)c);

		if (digit < 0)
			return error_set(e, ERR_PARSE,
				"an escape lacks hexadecimal digits");
		v = v << 4 | (uint32_t)digit;
		f->at++;
	}
	return put_code_point(f, v, e);
}

/* Behind a backslash: what TOML and YAML both have. */
static enum err
put_escape(struct flat *f, struct error *e)
{
	static const char names[] = "btnfr\"\\";
	static const char means[] = "\b\t\n\f\r\"\\";
	int c = peek(f);
	const char *at = c > 0 ? strchr(names, c) : NULL;

	f->at += c > 0;
	if (at != NULL)
		return put(f, (uint8_t)means[at - names], e);
	if (c == 'u')
		return put_hex(f, 4, e);
	if (c == 'U')
		return put_hex(f, 8, e);
	return error_set(e, ERR_PARSE,
		"an escape that is none of \\b \\t \\n \\f \\r \\\" \\\\ \\u "
		"\\U");
}

/* A quoted string at its quote; it ends on its line. */
static enum err
quoted(struct flat *f, struct error *e)
{
	int quote = peek(f);

	for (f->at++; !at_end(f);) {
		int c = peek(f);
		enum err r;

		f->at++;
		if (c == quote) {
			/* YAML: a quote is written twice. */
			if (f->format != FLAT_YAML || quote != '\'' ||
				peek(f) != quote) {
				end_value(f);
				return ERR_OK;
			}
			f->at++;
		}
		if (c == '\\' && quote == '"')
			r = put_escape(f, e);
		else
			r = put(f, (uint8_t)c, e);
		if (r != ERR_OK)
			return r;
	}
	return error_set(e, ERR_PARSE,
		"a string does not end on its line (texts of several lines "
		"are not read)");
}

static enum err
read_key(struct flat *f, struct flat_pair *pair, struct error *e)
{
	bool is_quoted = peek(f) == '"' || peek(f) == '\'';
	size_t start = f->at + is_quoted;
	size_t len = 0;

	while (start + len < f->text.len && f->text.data[start + len] != '\0' &&
		strchr(BARE, f->text.data[start + len]) != NULL)
		len++;
	if (len == 0)
		return error_set(e, ERR_PARSE,
			"a line must begin with an option's name");
	if (len >= sizeof(pair->key))
		return error_set(
			e, ERR_PARSE, "no option has such a long name");
	memcpy(pair->key, f->text.data + start, len);
	pair->key[len] = '\0';
	f->at = start + len;
	if (!is_quoted)
		return ERR_OK;
	if (peek(f) != f->text.data[start - 1])
		return error_set(e, ERR_PARSE, "a name's quote is not closed");
	f->at++;
	return ERR_OK;
}

/* A number, true or false of TOML: bare until a blank, "#" or the end. */
static enum err
toml_bare(struct flat *f, struct error *e)
{
	size_t start = f->at;
	const char *value = f->space;

	while (!at_end(f) && peek(f) != ' ' && peek(f) != '\t' &&
		peek(f) != '#') {
		if (put(f, (uint8_t)peek(f), e) != ERR_OK)
			return e->code;
		f->at++;
	}
	end_value(f);
	if (f->at > start &&
		(strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ||
			value[strspn(value, "0123456789")] == '\0'))
		return ERR_OK;
	return error_set(e, ERR_PARSE,
		"a value must be a string in quotes, a whole number, true or "
		"false");
}

static enum err
toml_pair(struct flat *f, struct flat_pair *pair, struct error *e)
{
	enum err r;

	if (peek(f) == '[')
		return error_set(e, ERR_PARSE,
			"tables are not read: write every option as KEY = "
			"VALUE");
	if (read_key(f, pair, e) != ERR_OK)
		return e->code;
	skip_blanks(f);
	if (peek(f) != '=')
		return error_set(
			e, ERR_PARSE, "there is no \"=\" behind the name");
	f->at++;
	skip_blanks(f);
	pair->value = f->space;
	if (peek(f) == '"' || peek(f) == '\'')
		r = quoted(f, e);
	else
		r = toml_bare(f, e);
	return r == ERR_OK ? finish_line(f, e) : r;
}

/* A scalar without quotes: to the line's end, or a "#" behind a blank. */
static enum err
yaml_plain(struct flat *f, struct error *e)
{
	static const char first[] = "[]{},&*!|>@%`?";
	const uint8_t *text = f->text.data;
	size_t start = f->at;
	size_t end;

	if (peek(f) > 0 && strchr(first, peek(f)) != NULL)
		return error_set(e, ERR_PARSE,
			"lists, maps, anchors and texts of several lines are "
			"not read: write a value, in quotes if need be");
	for (end = start; !at_end(f); f->at++) {
		int c = peek(f);
		bool blank = c == ' ' || c == '\t';

		if (c == '#' && f->at > start &&
			(text[f->at - 1] == ' ' || text[f->at - 1] == '\t'))
			break;
		if (blank && text[f->at - (f->at > start)] == ':')
			return error_set(e, ERR_PARSE,
				"a value with \": \" in it needs quotes");
		if (!blank)
			end = f->at + 1;
	}
	if (end == start || (end - start == 1 && text[start] == '~') ||
		(end - start == 4 && memcmp(text + start, "null", 4) == 0))
		return error_set(e, ERR_PARSE, "there is no value");
	for (size_t i = start; i < end; i++) {
		if (put(f, text[i], e) != ERR_OK)
			return e->code;
	}
	end_value(f);
	return ERR_OK;
}

static enum err
yaml_pair(
	struct flat *f, struct flat_pair *pair, bool indented, struct error *e)
{
	enum err r;

	if (indented || peek(f) == '-')
		return error_set(e, ERR_PARSE,
			"lists and nested values are not read: write every "
			"option as KEY: VALUE at the beginning of a line");
	if (read_key(f, pair, e) != ERR_OK)
		return e->code;
	if (peek(f) != ':')
		return error_set(
			e, ERR_PARSE, "there is no \":\" behind the name");
	f->at++;
	if (!at_end(f) && peek(f) != ' ' && peek(f) != '\t')
		return error_set(
			e, ERR_PARSE, "there is no blank behind the \":\"");
	skip_blanks(f);
	pair->value = f->space;
	if (peek(f) == '"' || peek(f) == '\'')
		r = quoted(f, e);
	else if (peek(f) == '#')
		r = error_set(e, ERR_PARSE, "there is no value");
	else
		r = yaml_plain(f, e);
	return r == ERR_OK ? finish_line(f, e) : r;
}

static bool
document_start(const struct flat *f)
{
	return f->format == FLAT_YAML && !f->begun &&
	       f->text.len - f->at >= 3 &&
	       memcmp(f->text.data + f->at, "---", 3) == 0;
}

static enum err
next_line(struct flat *f, struct flat_pair *pair, struct error *e)
{
	for (;;) {
		size_t start;

		if (f->line == 0) {
			f->line = 1;
		} else if (peek(f) == '\n') {
			f->at++;
			f->line++;
		}
		if (peek(f) == -1)
			return ERR_EOF;
		start = f->at;
		skip_blanks(f);
		if (document_start(f)) {
			f->at += 3;
			f->begun = true;
			if (finish_line(f, e) != ERR_OK)
				return e->code;
			continue;
		}
		if (peek(f) == '#')
			skip_line(f);
		if (at_end(f)) {
			skip_line(f);
			continue;
		}
		f->begun = true;
		if (f->format == FLAT_TOML)
			return toml_pair(f, pair, e);
		return yaml_pair(f, pair, f->at > start, e);
	}
}

static unsigned
line_of(const struct flat *f, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && i < f->text.len; i++)
		line += f->text.data[i] == '\n';
	return line;
}

static enum err
next_member(struct flat *f, struct flat_pair *pair, struct error *e)
{
	const struct json_token *name;
	const struct json_token *value;
	struct writer w = writer_over(f->space, f->left - (f->left > 0));

	if (f->at >= f->doc.count)
		return ERR_EOF;
	name = &f->tokens[f->at];
	value = name + 1;
	f->at = value->next;
	f->line = line_of(f, name->start);
	if (json_text(&f->doc, name, pair->key, sizeof(pair->key)) != ERR_OK)
		return error_set(e, ERR_PARSE, "no option has such a name");
	pair->value = f->space;
	if (value->type == JSON_STRING) {
		if (json_string(&f->doc, value, &w) != ERR_OK)
			return error_set(
				e, ERR_LIMIT, "the values are too long");
	} else if (value->type == JSON_NUMBER || value->type == JSON_TRUE ||
		   value->type == JSON_FALSE) {
		write_bytes(&w, f->text.data + value->start,
			value->end - value->start);
	} else {
		return error_set(e, ERR_PARSE,
			"a value must be a string, a number, true or false");
	}
	if (!writer_ok(&w) || f->left == 0)
		return error_set(e, ERR_LIMIT, "the values are too long");
	if (w.len > 0 && memchr(f->space, '\0', w.len) != NULL)
		return error_set(e, ERR_PARSE, "a value holds a NUL");
	f->space += w.len;
	f->left -= w.len;
	end_value(f);
	return ERR_OK;
}

enum err
flat_open(struct flat *f, enum flat_format format, struct span text,
	char *space, size_t cap, struct error *e)
{
	enum err r;

	f->format = format;
	f->text = text;
	f->at = 0;
	f->line = 0;
	f->begun = false;
	f->space = space;
	f->left = cap;
	if (format != FLAT_JSON)
		return ERR_OK;
	f->at = 1; /* the first member's name */
	r = json_parse(&f->doc, text, f->tokens, FLAT_TOKENS_MAX);
	if (r == ERR_OK && f->tokens[0].type == JSON_OBJECT)
		return ERR_OK;
	f->line = r == ERR_JSON ? line_of(f, f->doc.error_at) : 1;
	if (r == ERR_OK)
		return error_set(e, ERR_PARSE,
			"the file must be one object: { \"option\": value }");
	return error_set(
		e, r, r == ERR_LIMIT ? "too many values" : "this is not JSON");
}

enum err
flat_next(struct flat *f, struct flat_pair *pair, struct error *e)
{
	if (f->left == 0)
		return error_set(e, ERR_LIMIT, "the values are too long");
	if (f->format == FLAT_JSON)
		return next_member(f, pair, e);
	return next_line(f, pair, e);
}
