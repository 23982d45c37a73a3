/*
 * config_name.c - what an instance is called: "project:region:instance", a DNS
 * name, or AlloyDB's "projects/P/locations/L/clusters/C/instances/I". Pure.
 */
#include "config_name.h"

#include <string.h>

bool
name_copy(char *to, size_t cap, struct span s)
{
	if (s.len == 0 || s.len >= cap || memchr(s.data, '\0', s.len) != NULL)
		return false;
	memcpy(to, s.data, s.len);
	to[s.len] = '\0';
	return true;
}

/* Split at the first separator; what has none is all head. */
struct span
name_take_until(struct span *rest, uint8_t separator, bool *found)
{
	struct span head = *rest;
	const uint8_t *p = rest->len == 0
				   ? NULL
				   : memchr(rest->data, separator, rest->len);

	*found = p != NULL;
	if (p == NULL) {
		*rest = span_of(NULL, 0);
		return head;
	}
	head.len = (size_t)(p - rest->data);
	*rest = span_of(p + 1, rest->len - head.len - 1);
	return head;
}

static bool
made_of(struct span s, const char *set)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\0' || strchr(set, s.data[i]) == NULL)
			return false;
	}
	return s.len > 0;
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/*
 * "p:r:i", or "d:p:r:i" for a project scoped by a domain, whose colon stays
 * part of the project.
 */
static bool
split_connection(struct instance_config *ic)
{
	struct span rest = span_str(ic->name);
	struct span part[4];
	size_t count = 0;
	bool more = true;

	while (more && count < 4)
		part[count++] = name_take_until(&rest, ':', &more);
	if (more || count < 3)
		return false;
	if (count == 4) {
		if (part[0].len == 0 || part[1].len == 0)
			return false;
		part[0].len += 1 + part[1].len;
		part[1] = part[2];
		part[2] = part[3];
	}
	return name_copy(ic->project, sizeof(ic->project), part[0]) &&
	       name_copy(ic->region, sizeof(ic->region), part[1]) &&
	       name_copy(ic->instance, sizeof(ic->instance), part[2]);
}

/*
 * At least two labels of up to 63 letters, digits, "-" and "_", the last one
 * beginning with a letter (so that an IP address is none); small letters, as
 * the connectors demand.
 */
static bool
read_domain(struct instance_config *ic)
{
	struct span rest = span_str(ic->name);
	struct span label;
	size_t labels = 0;
	bool more = true;

	if (rest.len > 0 && rest.data[rest.len - 1] == '.')
		rest.len--;
	if (rest.len > 253 || !name_copy(ic->domain, sizeof(ic->domain), rest))
		return false;
	while (more) {
		label = name_take_until(&rest, '.', &more);
		if (label.len > 63 || !made_of(label, LOWER DIGITS "-_") ||
			label.data[0] == '-' ||
			label.data[label.len - 1] == '-')
			return false;
		labels++;
	}
	if (labels >= 2 && strchr(LOWER, label.data[0]) != NULL)
		return true;
	ic->domain[0] = '\0';
	return false;
}

static enum err
not_a_name(const char *name, struct error *e)
{
	return error_set(e, ERR_USAGE,
		"\"%.128s\" is not an instance connection name; expected "
		"project:region:instance, a DNS name or projects/P/locations/L/"
		"clusters/C/instances/I (a command to run goes after --)",
		name);
}

/* A cluster's or an instance's: "[a-z]([a-z0-9-]{0,61}[a-z0-9])?". */
static bool
resource_id(struct span s)
{
	return s.len <= 63 && made_of(s, LOWER DIGITS "-") &&
	       strchr(LOWER, s.data[0]) != NULL && s.data[s.len - 1] != '-';
}

/* The words between which the parts of an AlloyDB URI stand. */
static bool
split_uri(struct instance_config *ic, struct span uri)
{
	static const char words[4][10] = {
		"projects", "locations", "clusters", "instances"};
	struct span part[4];
	bool more = true;

	for (size_t i = 0; i < 4; i++) {
		struct span word = name_take_until(&uri, '/', &more);

		if (!more || !span_equal_str(word, words[i]))
			return false;
		part[i] = name_take_until(&uri, '/', &more);
		if (more != (i < 3))
			return false;
	}
	return made_of(part[0], LOWER DIGITS "-.:") &&
	       made_of(part[1], LOWER DIGITS "-") && resource_id(part[2]) &&
	       resource_id(part[3]) &&
	       name_copy(ic->project, sizeof(ic->project), part[0]) &&
	       name_copy(ic->region, sizeof(ic->region), part[1]) &&
	       name_copy(ic->cluster, sizeof(ic->cluster), part[2]) &&
	       name_copy(ic->instance, sizeof(ic->instance), part[3]);
}

static bool
begins(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

static struct span
without(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return begins(s, prefix) ? span_of(s.data + len, s.len - len) : s;
}

static enum err
read_uri(struct instance_config *ic, struct span text, struct error *e)
{
	struct span uri = without(text, "//alloydb.googleapis.com");
	const char *const parts[] = {
		ic->project, ic->region, ic->cluster, ic->instance};
	struct writer w = writer_over(ic->name, sizeof(ic->name) - 1);

	ic->product = PRODUCT_ALLOYDB;
	if (!split_uri(ic, without(uri, "/")))
		return error_set(e, ERR_USAGE,
			"could not parse instance uri: \"%.*s\"; expected "
			"projects/P/locations/L/clusters/C/instances/I",
			(int)(text.len < 256 ? text.len : 256),
			(const char *)text.data);
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			write_u8(&w, '.');
		write_str(&w, parts[i]);
	}
	if (!writer_ok(&w))
		return error_set(e, ERR_USAGE, "the instance uri is too long");
	ic->name[w.len] = '\0';
	return ERR_OK;
}

enum err
name_read(struct instance_config *ic, struct span text, struct error *e)
{
	if (begins(text, "projects/") || begins(text, "/"))
		return read_uri(ic, text, e);
	if (!name_copy(ic->name, sizeof(ic->name), text) ||
		!made_of(text, LOWER DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:"))
		return not_a_name((const char *)text.data, e);
	if (strchr(ic->name, ':') != NULL ? split_connection(ic)
					  : read_domain(ic))
		return ERR_OK;
	return not_a_name(ic->name, e);
}
