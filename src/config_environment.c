/*
 * config_environment.c - builds the app's environment once, before the first
 * start. What it allocates is kept until the process ends: every start of the
 * app uses it.
 */
#include "config_environment.h"

#include "config_secrets.h"
#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Entries that init and the app's own process fill in. */
struct slots {
	char listen_pid[LISTEN_PID_MAX];
	char notify[NOTIFY_ENTRY_MAX];
	char watchdog[48];
};

struct list {
	char **at;
	size_t count;
	size_t cap;
};

static size_t
name_length(const char *entry)
{
	return strcspn(entry, "=");
}

static void
unset(struct list *l, const char *name, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (strncmp(l->at[i], name, len) != 0 || l->at[i][len] != '=')
			l->at[kept++] = l->at[i];
	}
	l->count = kept;
}

/* A name without a value is there already, or is not. */
static void
put(struct list *l, char *entry)
{
	size_t len = name_length(entry);

	if (entry[len] == '\0')
		return;
	unset(l, entry, len);
	if (l->count < l->cap)
		l->at[l->count++] = entry;
}

bool
environment_is_entry(struct span text)
{
	size_t i = 0;

	for (; i < text.len && text.data[i] != '='; i++) {
		if (text.data[i] <= ' ')
			return false;
	}
	return i > 0 && memchr(text.data, '\0', text.len) == NULL;
}

bool
environment_next(struct span *rest, struct span *line)
{
	while (rest->len > 0) {
		const uint8_t *end = memchr(rest->data, '\n', rest->len);
		size_t len =
			end != NULL ? (size_t)(end - rest->data) : rest->len;
		size_t next = end != NULL ? len + 1 : len;
		size_t from = 0;

		*line = span_of(rest->data, len);
		*rest = span_of(rest->data + next, rest->len - next);
		if (line->len > 0 && line->data[line->len - 1] == '\r')
			line->len--;
		while (from < line->len &&
			(line->data[from] == ' ' || line->data[from] == '\t'))
			from++;
		*line = span_of(line->data + from, line->len - from);
		if (line->len > 0 && line->data[0] != '#')
			return true;
	}
	return false;
}

/* The file's text; its lines become strings in it. */
static enum err
add_file(struct list *l, const char *path, struct error *e)
{
	char *text = malloc(ENV_FILE_MAX + 1);
	struct error why;
	struct span rest;
	struct span line;
	size_t len;

	error_clear(&why);
	if (text == NULL)
		return error_set(e, ERR_NOMEM, "no memory for --env-file");
	if (file_read(path, (uint8_t *)text, ENV_FILE_MAX, &len, &why) !=
		ERR_OK) {
		free(text);
		return error_set(
			e, ERR_USAGE, "--env-file %s: %s", path, why.detail);
	}
	rest = span_of(text, len);
	while (environment_next(&rest, &line)) {
		size_t from = (size_t)(line.data - (const uint8_t *)text);

		if (!environment_is_entry(line) || l->count == l->cap) {
			(void)error_set(e, ERR_USAGE,
				"--env-file %s: \"%.*s\" is not NAME=VALUE, or "
				"it has more than %d lines",
				path, (int)strcspn(text + from, "=\r\n"),
				text + from, ENV_FILE_LINES_MAX);
			free(text);
			return e->code;
		}
		text[from + line.len] = '\0';
		put(l, text + from);
	}
	return ERR_OK;
}

static void
add_own(struct config *c, struct list *l, struct slots *s)
{
	static char home[sizeof(c->account.home) + 8];
	char own[LISTEN_PID_MAX];

	(void)snprintf(own, sizeof(own), "LISTEN_PID=%d", (int)getpid());
	for (size_t i = 0; i < l->count; i++) {
		/* Sockets that were passed to us are the app's. */
		if (strcmp(l->at[i], own) == 0)
			l->at[i] = c->listen_pid = s->listen_pid;
	}
	if (c->account.set) {
		(void)snprintf(home, sizeof(home), "HOME=%s", c->account.home);
		put(l, home);
	}
	if (c->notify) {
		memcpy(s->notify, "NOTIFY_SOCKET=", 15);
		c->notify_entry = s->notify;
		put(l, s->notify);
		unset(l, "WATCHDOG_PID", 12); /* it would be ours */
	}
	if (c->watchdog > 0) {
		(void)snprintf(s->watchdog, sizeof(s->watchdog),
			"WATCHDOG_USEC=%llu",
			(unsigned long long)c->watchdog * 1000);
		put(l, s->watchdog);
	}
}

static enum err
add_options(struct config *c, struct list *l, struct error *e)
{
	for (size_t i = 0; i < c->env_file.count; i++) {
		if (add_file(l, c->env_file.list[i], e) != ERR_OK)
			return e->code;
	}
	for (size_t i = 0; i < c->env.count; i++) {
		char *entry;

		if (!environment_is_entry(span_str(c->env.list[i])))
			return error_set(e, ERR_USAGE,
				"--env: \"%s\" is not NAME=VALUE",
				c->env.list[i]);
		/* An argument of ours; nobody writes to it. */
		entry = (char *)(uintptr_t)c->env.list[i];
		put(l, entry);
	}
	return ERR_OK;
}

/* Nothing is to be taken out or put in: what came in can be passed on. */
static bool
goes_unchanged(const struct config *c, char *const envp[])
{
	if (c->env.count > 0 || c->env_file.count > 0 ||
		c->unset_env.count > 0 || c->account.set || c->notify ||
		c->watchdog > 0)
		return false;
	for (size_t i = 0; envp[i] != NULL; i++) {
		if (config_is_secret(envp[i]) ||
			strncmp(envp[i], "LISTEN_PID=", 11) == 0)
			return false;
	}
	return true;
}

enum err
config_app_environment(struct config *c, char *const envp[], struct error *e)
{
	struct list l = {.at = NULL, .count = 0, .cap = 4 + c->env.count};
	struct slots *slots;

	c->environment = envp;
	if (goes_unchanged(c, envp))
		return ERR_OK;
	for (size_t i = 0; envp[i] != NULL; i++)
		l.cap++;
	if (c->env_file.count > 0)
		l.cap += ENV_FILE_LINES_MAX;
	/* One block: the list, and behind it the slots. */
	l.at = calloc(1, (l.cap + 1) * sizeof(*l.at) + sizeof(*slots));
	if (l.at == NULL)
		return error_set(e, ERR_NOMEM, "no memory for environment");
	slots = (void *)(l.at + l.cap + 1);
	c->environment = l.at;
	for (size_t i = 0; envp[i] != NULL; i++) {
		if (!config_is_secret(envp[i]))
			l.at[l.count++] = envp[i];
	}
	for (size_t i = 0; i < c->unset_env.count; i++)
		unset(&l, c->unset_env.list[i], strlen(c->unset_env.list[i]));
	add_own(c, &l, slots);
	if (add_options(c, &l, e) != ERR_OK)
		return e->code;
	l.at[l.count] = NULL;
	return ERR_OK;
}
