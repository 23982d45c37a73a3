/*
 * config_accounts.c - reads account files. A line that is not as the manual
 * says is passed over, as the C library does; it can be nobody's account.
 */
#include "config_accounts.h"

#include "io/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is before the first end, or all; text is then what comes after it. */
static struct span
take(struct span *text, char end)
{
	const uint8_t *at =
		text->len > 0 ? memchr(text->data, end, text->len) : NULL;
	struct span taken = *text;

	if (at == NULL) {
		*text = span_of(text->data, 0);
		return taken;
	}
	taken.len = (size_t)(at - text->data);
	*text = span_of(at + 1, text->len - taken.len - 1);
	return taken;
}

/* Up to 2^32 - 2: the last number means "unchanged" to the kernel. */
static bool
number(struct span s, uint32_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.data[i] - '0');
		if (v >= UINT32_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return s.len > 0;
}

static bool
all_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	}
	return s.len > 0;
}

/* "name:password:number:..." : its line, behind the number. */
static bool
find(struct span file, struct span who, struct span *name, uint32_t *id,
	struct span *rest)
{
	uint32_t wanted = 0;
	bool by_number = number(who, &wanted);

	while (file.len > 0) {
		*rest = take(&file, '\n');
		*name = take(rest, ':');
		(void)take(rest, ':');
		if (!number(take(rest, ':'), id) || name->len == 0)
			continue;
		if (by_number ? *id == wanted : span_equal(*name, who))
			return true;
	}
	return false;
}

/* The groups that name user as a member. */
static void
add_memberships(struct account *a, struct span group, struct span user)
{
	while (group.len > 0) {
		struct span rest = take(&group, '\n');
		uint32_t gid;

		(void)take(&rest, ':');
		(void)take(&rest, ':');
		if (!number(take(&rest, ':'), &gid))
			continue;
		while (rest.len > 0 && a->group_count < GROUPS_MAX) {
			if (!span_equal(take(&rest, ','), user))
				continue;
			a->groups[a->group_count++] = gid;
			break;
		}
	}
}

static enum err
unknown(struct error *e, const char *kind, struct span who)
{
	return error_set(e, ERR_USAGE, "no %s \"%.*s\" in /etc/%s", kind,
		(int)who.len, (const char *)who.data,
		kind[0] == 'u' ? "passwd" : "group");
}

static void
set_home(struct account *a, struct span home)
{
	if (home.len == 0 || home.len >= sizeof(a->home) ||
		home.data[0] != '/' || memchr(home.data, '\0', home.len))
		home = span_str("/");
	memcpy(a->home, home.data, home.len);
	a->home[home.len] = '\0';
}

static enum err
find_user(struct account *a, struct span who, struct span passwd,
	struct span group, bool own_groups, struct error *e)
{
	struct span name;
	struct span rest;

	set_home(a, span_of("", 0));
	if (all_digits(who) && !number(who, &a->uid))
		return error_set(e, ERR_USAGE, "the UID is too large");
	if (!find(passwd, who, &name, &a->uid, &rest)) {
		if (!number(who, &a->uid))
			return unknown(e, "user", who);
		a->gid = a->uid;
		return ERR_OK;
	}
	if (!number(take(&rest, ':'), &a->gid))
		return unknown(e, "user", who);
	(void)take(&rest, ':');
	set_home(a, take(&rest, ':'));
	if (own_groups)
		add_memberships(a, group, name);
	return ERR_OK;
}

enum err
accounts_find(struct account *out, const char *what, struct span passwd,
	struct span group, struct error *e)
{
	struct span who_group = span_str(what);
	struct span who = take(&who_group, ':');
	bool with_group = strchr(what, ':') != NULL;
	struct account a;
	struct span name;
	struct span rest;

	memset(&a, 0, sizeof(a));
	a.set = true;
	if (who.len == 0 || (with_group && who_group.len == 0))
		return error_set(e, ERR_USAGE,
			"\"%s\" is not NAME, UID, NAME:GROUP or UID:GID", what);
	if (find_user(&a, who, passwd, group, !with_group, e) != ERR_OK)
		return e->code;
	if (with_group && !find(group, who_group, &name, &a.gid, &rest) &&
		!number(who_group, &a.gid))
		return unknown(e, "group", who_group);
	*out = a;
	return ERR_OK;
}

/* Empty when there is no such file. */
static enum err
read_file(const char *path, uint8_t *buf, struct span *out, struct error *e)
{
	struct error why;
	size_t len = 0;

	error_clear(&why);
	if (file_read(path, buf, ACCOUNT_FILE_MAX, &len, &why) != ERR_OK &&
		why.sys_errno != ENOENT)
		return error_set(
			e, ERR_USAGE, "cannot use %s: %s", path, why.detail);
	*out = span_of(buf, len);
	return ERR_OK;
}

enum err
accounts_look_up(struct account *out, const char *what, struct error *e)
{
	/* Pages that are not filled cost nothing, and all go back. */
	uint8_t *passwd = malloc(ACCOUNT_FILE_MAX);
	uint8_t *group = malloc(ACCOUNT_FILE_MAX);
	struct span p = span_of(NULL, 0);
	struct span g = span_of(NULL, 0);
	enum err result = ERR_USAGE;

	if (passwd == NULL || group == NULL)
		result = error_set(e, ERR_NOMEM, "no memory for it");
	else if (read_file("/etc/passwd", passwd, &p, e) == ERR_OK &&
		 read_file("/etc/group", group, &g, e) == ERR_OK)
		result = accounts_find(out, what, p, g, e);
	free(passwd);
	free(group);
	return result;
}

static enum err
add_uid(struct uid_set *set, const char *name, struct error *e)
{
	struct account a;

	if (strcmp(name, "any") == 0) {
		set->any = true;
		set->set = false;
		return ERR_OK;
	}
	if (set->count == UIDS_MAX)
		return error_set(e, ERR_LIMIT, "more than %d users", UIDS_MAX);
	memset(&a, 0, sizeof(a));
	if (accounts_look_up(&a, name, e) != ERR_OK)
		return e->code;
	set->list[set->count++] = a.uid;
	set->set = !set->any;
	return ERR_OK;
}

enum err
accounts_add_uids(struct uid_set *set, const char *text, struct error *e)
{
	char name[64];

	for (;;) {
		size_t len = strcspn(text, ",");

		if (len == 0 || len >= sizeof(name) ||
			memchr(text, ':', len) != NULL)
			return error_set(e, ERR_USAGE,
				"\"%s\" is not a list of users or UIDs", text);
		memcpy(name, text, len);
		name[len] = '\0';
		if (add_uid(set, name, e) != ERR_OK)
			return e->code;
		if (text[len] == '\0')
			return ERR_OK;
		text += len + 1;
	}
}
