/*
 * json.c - a JSON checker and the look-ups over its tokens. Owns nothing,
 * never recurses, reads each byte of the text once.
 */
#include "wire/json.h"

#include "base/limits.h"
#include "wire/json_string.h"

#include <string.h>

/* What may come next. */
enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* behind [ */
	EXPECT_NAME,
	EXPECT_NAME_OR_END, /* behind { */
	EXPECT_AFTER_VALUE
};

struct parser {
	const uint8_t *text;
	size_t len;
	size_t at;
	struct json_token *tokens;
	size_t cap;
	size_t count;
	uint32_t open[JSON_DEPTH_MAX]; /* indices of the open containers */
	size_t depth;
	enum expect expect;
};

/* The byte at the cursor; 0, which is no JSON, at the end. */
static uint8_t
peek(const struct parser *p)
{
	return p->at < p->len ? p->text[p->at] : 0;
}

static void
skip_space(struct parser *p)
{
	uint8_t c = peek(p);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		p->at++;
		c = peek(p);
	}
}

static enum err
add(struct parser *p, enum json_type type, size_t start, size_t end)
{
	struct json_token *t;

	if (p->count >= p->cap)
		return ERR_LIMIT;
	t = &p->tokens[p->count++];
	t->type = type;
	t->start = (uint32_t)start;
	t->end = (uint32_t)end;
	t->next = (uint32_t)p->count;
	return ERR_OK;
}

static enum err
string(struct parser *p)
{
	size_t start;

	if (peek(p) != '"')
		return ERR_JSON;
	start = ++p->at;
	if (json_string_check(span_of(p->text, p->len), &p->at) != ERR_OK)
		return ERR_JSON;
	p->at++;
	return add(p, JSON_STRING, start, p->at - 1);
}

static enum err
digits(struct parser *p)
{
	if (peek(p) < '0' || peek(p) > '9')
		return ERR_JSON;
	while (peek(p) >= '0' && peek(p) <= '9')
		p->at++;
	return ERR_OK;
}

static enum err
number(struct parser *p)
{
	size_t start = p->at;
	enum err e = ERR_OK;

	if (peek(p) == '-')
		p->at++;
	if (peek(p) == '0')
		p->at++;
	else
		e = digits(p);
	if (e == ERR_OK && peek(p) == '.') {
		p->at++;
		e = digits(p);
	}
	if (e == ERR_OK && (peek(p) == 'e' || peek(p) == 'E')) {
		p->at++;
		if (peek(p) == '+' || peek(p) == '-')
			p->at++;
		e = digits(p);
	}
	return e == ERR_OK ? add(p, JSON_NUMBER, start, p->at) : e;
}

static enum err
literal(struct parser *p, enum json_type type, const char *word)
{
	size_t len = strlen(word);
	size_t start = p->at;

	if (p->len - p->at < len || memcmp(p->text + p->at, word, len) != 0)
		return ERR_JSON;
	p->at += len;
	return add(p, type, start, p->at);
}

static enum err
begin(struct parser *p, enum json_type type)
{
	enum err e;

	if (p->depth >= JSON_DEPTH_MAX)
		return ERR_LIMIT;
	e = add(p, type, p->at, p->at);
	if (e != ERR_OK)
		return e;
	p->open[p->depth++] = (uint32_t)(p->count - 1);
	p->at++;
	p->expect =
		type == JSON_OBJECT ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
	return ERR_OK;
}

static void
finish(struct parser *p)
{
	struct json_token *t = &p->tokens[p->open[--p->depth]];

	p->at++;
	t->end = (uint32_t)p->at;
	t->next = (uint32_t)p->count;
	p->expect = EXPECT_AFTER_VALUE;
}

static enum err
value(struct parser *p)
{
	uint8_t c = peek(p);

	if (c == '{')
		return begin(p, JSON_OBJECT);
	if (c == '[')
		return begin(p, JSON_ARRAY);
	p->expect = EXPECT_AFTER_VALUE;
	if (c == '"')
		return string(p);
	if (c == 't')
		return literal(p, JSON_TRUE, "true");
	if (c == 'f')
		return literal(p, JSON_FALSE, "false");
	if (c == 'n')
		return literal(p, JSON_NULL, "null");
	return number(p);
}

static enum err
name(struct parser *p)
{
	enum err e = string(p);

	if (e != ERR_OK)
		return e;
	skip_space(p);
	if (peek(p) != ':')
		return ERR_JSON;
	p->at++;
	p->expect = EXPECT_VALUE;
	return ERR_OK;
}

/* Behind a value inside a container. */
static enum err
separator(struct parser *p)
{
	bool object = p->tokens[p->open[p->depth - 1]].type == JSON_OBJECT;

	if (peek(p) == ',') {
		p->at++;
		p->expect = object ? EXPECT_NAME : EXPECT_VALUE;
		return ERR_OK;
	}
	if (peek(p) != (object ? '}' : ']'))
		return ERR_JSON;
	finish(p);
	return ERR_OK;
}

static enum err
step(struct parser *p)
{
	switch (p->expect) {
	case EXPECT_VALUE:
		return value(p);
	case EXPECT_VALUE_OR_END:
		if (peek(p) != ']')
			return value(p);
		finish(p);
		return ERR_OK;
	case EXPECT_NAME:
		return name(p);
	case EXPECT_NAME_OR_END:
		if (peek(p) != '}')
			return name(p);
		finish(p);
		return ERR_OK;
	case EXPECT_AFTER_VALUE:
		return separator(p);
	}
	return ERR_INTERNAL;
}

enum err
json_parse(struct json *doc, struct span text, struct json_token *tokens,
	size_t cap)
{
	struct parser p = {.text = text.data,
		.len = text.len,
		.tokens = tokens,
		.cap = cap,
		.expect = EXPECT_VALUE};
	enum err e = text.len > UINT32_MAX ? ERR_LIMIT : ERR_OK;

	memset(doc, 0, sizeof(*doc));
	while (e == ERR_OK) {
		skip_space(&p);
		if (p.depth == 0 && p.expect == EXPECT_AFTER_VALUE)
			break;
		e = step(&p);
	}
	if (e == ERR_OK && p.at != p.len)
		e = ERR_JSON;
	doc->error_at = p.at;
	if (e != ERR_OK)
		return e;
	doc->text = text;
	doc->tokens = tokens;
	doc->count = p.count;
	return ERR_OK;
}

const struct json_token *
json_root(const struct json *doc)
{
	return doc->count > 0 ? doc->tokens : NULL;
}

static const struct json_token *
token_at(const struct json *doc, size_t index, size_t end)
{
	return index < end && index < doc->count ? &doc->tokens[index] : NULL;
}

const struct json_token *
json_member(const struct json *doc, const struct json_token *object,
	const char *name)
{
	const struct json_token *found = NULL;
	const struct json_token *key;

	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	key = token_at(doc, (size_t)(object - doc->tokens) + 1, object->next);
	while (key != NULL) {
		const struct json_token *v = key + 1;

		if (json_equal_str(doc, key, name))
			found = v;
		key = token_at(doc, v->next, object->next);
	}
	return found;
}

const struct json_token *
json_root_member(const struct json *doc, const char *name)
{
	return json_member(doc, json_root(doc), name);
}

const struct json_token *
json_first(const struct json *doc, const struct json_token *array)
{
	if (array == NULL || array->type != JSON_ARRAY)
		return NULL;
	return token_at(doc, (size_t)(array - doc->tokens) + 1, array->next);
}

const struct json_token *
json_after(const struct json *doc, const struct json_token *array,
	const struct json_token *element)
{
	if (array == NULL || element == NULL)
		return NULL;
	return token_at(doc, element->next, array->next);
}

/* The bytes of a token; nothing for NULL. */
static struct span
inside(const struct json *doc, const struct json_token *v)
{
	if (v == NULL)
		return span_of(NULL, 0);
	return span_of(doc->text.data + v->start, v->end - v->start);
}

enum err
json_string(
	const struct json *doc, const struct json_token *v, struct writer *w)
{
	if (v == NULL || v->type != JSON_STRING)
		return ERR_PARSE;
	return json_string_unescape(inside(doc, v), w);
}

bool
json_equal_str(
	const struct json *doc, const struct json_token *v, const char *s)
{
	uint8_t plain[64];
	struct writer w = writer_over(plain, sizeof(plain));
	struct span raw;

	if (v == NULL || v->type != JSON_STRING)
		return false;
	raw = inside(doc, v);
	if (raw.len == 0 || memchr(raw.data, '\\', raw.len) == NULL)
		return span_equal_str(raw, s);
	return json_string(doc, v, &w) == ERR_OK &&
	       span_equal_str(writer_span(&w), s);
}

enum err
json_text(const struct json *doc, const struct json_token *v, char *out,
	size_t cap)
{
	struct writer w = writer_over(out, cap);
	enum err e = json_string(doc, v, &w);

	if (e == ERR_OK && w.len > 0 && memchr(out, 0, w.len) != NULL)
		e = ERR_PARSE;
	write_u8(&w, 0);
	if (e == ERR_OK && !writer_ok(&w))
		e = ERR_LIMIT;
	if (e != ERR_OK && cap > 0)
		out[0] = '\0';
	return e;
}

enum err
json_integer(const struct json *doc, const struct json_token *v, int64_t *out)
{
	const uint8_t *at;
	const uint8_t *end;
	bool negative;
	int64_t n = 0;

	*out = 0;
	if (v == NULL || v->type != JSON_NUMBER)
		return ERR_PARSE;
	at = doc->text.data + v->start;
	end = doc->text.data + v->end;
	negative = *at == '-';
	for (at += negative ? 1 : 0; at < end; at++) {
		if (*at < '0' || *at > '9' || n > INT64_MAX / 10 ||
			n * 10 > INT64_MAX - (*at - '0'))
			return ERR_PARSE;
		n = n * 10 + (*at - '0');
	}
	*out = negative ? -n : n;
	return ERR_OK;
}

bool
json_is_true(const struct json_token *v)
{
	return v != NULL && v->type == JSON_TRUE;
}
