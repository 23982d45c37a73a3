/*
 * config_instance.c - one instance argument to one struct instance_config.
 * Pure; what the name resolves to is the fetcher's business.
 */
#include "config_instance.h"

#include "base/encode.h"
#include "base/span.h"
#include "config_values.h"

#include <string.h>

#define VALUE_MAX PATH_LEN_MAX

/* The parameters that were there, and their decoded values. */
enum param {
	PARAM_ADDRESS,
	PARAM_PORT,
	PARAM_UNIX_SOCKET,
	PARAM_UNIX_SOCKET_PATH,
	PARAM_AUTO_IAM_AUTHN,
	PARAM_PRIVATE_IP,
	PARAM_PSC,
	PARAM_COUNT
};

static const char *const param_names[PARAM_COUNT] = {
	[PARAM_ADDRESS] = "address",
	[PARAM_PORT] = "port",
	[PARAM_UNIX_SOCKET] = "unix-socket",
	[PARAM_UNIX_SOCKET_PATH] = "unix-socket-path",
	[PARAM_AUTO_IAM_AUTHN] = "auto-iam-authn",
	[PARAM_PRIVATE_IP] = "private-ip",
	[PARAM_PSC] = "psc",
};

struct params {
	bool given[PARAM_COUNT];
	char value[PARAM_COUNT][VALUE_MAX];
};

static bool
copy_span(char *to, size_t cap, struct span s)
{
	if (s.len == 0 || s.len >= cap || memchr(s.data, '\0', s.len) != NULL)
		return false;
	memcpy(to, s.data, s.len);
	to[s.len] = '\0';
	return true;
}

/* Split at the first separator; what has none is all head. */
static struct span
take_until(struct span *rest, uint8_t separator, bool *found)
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

/*
 * "p:r:i", or "d:p:r:i" for a project scoped by a domain, whose colon stays
 * part of the project.
 */
static enum err
split_name(struct instance_config *ic, struct error *e)
{
	struct span rest = span_str(ic->name);
	struct span part[4];
	size_t count = 0;
	bool more = true;

	while (more && count < 4)
		part[count++] = take_until(&rest, ':', &more);
	if (more || count < 3)
		goto bad;
	if (count == 4) {
		part[0].len += 1 + part[1].len;
		part[1] = part[2];
		part[2] = part[3];
	}
	if (copy_span(ic->project, sizeof(ic->project), part[0]) &&
		copy_span(ic->region, sizeof(ic->region), part[1]) &&
		copy_span(ic->instance, sizeof(ic->instance), part[2]))
		return ERR_OK;
bad:
	return error_set(e, ERR_USAGE,
		"\"%s\" is not an instance connection name; expected "
		"project:region:instance (a command to run goes after --)",
		ic->name);
}

/* Letters, digits and the few signs that names and DNS labels have. */
static bool
name_characters(const char *s)
{
	return s[strspn(s,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		       "0123456789-_.:")] == '\0';
}

static enum err
decode_value(char *to, struct span raw)
{
	struct writer w = writer_over(to, VALUE_MAX - 1);
	enum err r = decode_percent(&w, raw);

	if (r == ERR_OK)
		to[w.len] = '\0';
	return r;
}

static enum err
parse_params(
	struct params *p, struct span query, const char *name, struct error *e)
{
	bool more = query.len > 0;

	while (more) {
		struct span value = take_until(&query, '&', &more);
		bool has_value;
		struct span key = take_until(&value, '=', &has_value);
		size_t i = 0;

		while (i < PARAM_COUNT && !span_equal_str(key, param_names[i]))
			i++;
		/* Unknown keys are ignored, as the proxies do. */
		if (i == PARAM_COUNT)
			continue;
		if (p->given[i])
			return error_set(e, ERR_USAGE,
				"%s: the parameter %s is given twice", name,
				param_names[i]);
		p->given[i] = true;
		if (decode_value(p->value[i], value) != ERR_OK)
			return error_set(e, ERR_USAGE,
				"%s: the value of %s is too long or not "
				"percent-encoded",
				name, param_names[i]);
	}
	return ERR_OK;
}

static enum err
check_together(const struct params *p, const char *name, struct error *e)
{
	bool tcp = p->given[PARAM_ADDRESS] || p->given[PARAM_PORT];

	if (tcp && (p->given[PARAM_UNIX_SOCKET] ||
			   p->given[PARAM_UNIX_SOCKET_PATH]))
		return error_set(e, ERR_USAGE,
			"%s: cannot specify address or port together with "
			"unix-socket or unix-socket-path",
			name);
	if (p->given[PARAM_UNIX_SOCKET] && p->given[PARAM_UNIX_SOCKET_PATH])
		return error_set(e, ERR_USAGE,
			"%s: cannot specify unix-socket and unix-socket-path "
			"together",
			name);
	if (p->given[PARAM_PRIVATE_IP] && p->given[PARAM_PSC])
		return error_set(e, ERR_USAGE,
			"%s: cannot specify private-ip and psc together", name);
	return ERR_OK;
}

/* Which of TCP, directory or path, by the proxies' order of precedence. */
static enum err
choose_listen(struct instance_config *ic, const struct params *p,
	const struct config *c, struct error *e)
{
	const char *path = NULL;

	if (p->given[PARAM_UNIX_SOCKET_PATH]) {
		ic->listen = LISTEN_UNIX_PATH;
		path = p->value[PARAM_UNIX_SOCKET_PATH];
	} else if (p->given[PARAM_ADDRESS] || p->given[PARAM_PORT]) {
		ic->listen = LISTEN_TCP;
	} else if (c->unix_socket != NULL) {
		ic->listen = LISTEN_UNIX_DIR;
		path = c->unix_socket;
	} else if (p->given[PARAM_UNIX_SOCKET]) {
		ic->listen = LISTEN_UNIX_DIR;
		path = p->value[PARAM_UNIX_SOCKET];
	}
	if (path != NULL &&
		!copy_span(ic->path, sizeof(ic->path), span_str(path)))
		return error_set(e, ERR_USAGE,
			"%s: the Unix socket's directory or path is empty or "
			"longer than %d bytes",
			ic->name, PATH_LEN_MAX - 1);
	return ERR_OK;
}

static enum err
set_tcp(struct instance_config *ic, const struct params *p, struct config *c,
	struct error *e)
{
	const char *address =
		p->given[PARAM_ADDRESS] ? p->value[PARAM_ADDRESS] : c->address;

	if (value_address(address, e) != ERR_OK)
		return e->code;
	if (!copy_span(ic->address, sizeof(ic->address), span_str(address)))
		return error_set(
			e, ERR_LIMIT, "%s: address too long", ic->name);
	if (p->given[PARAM_PORT])
		return value_port(&ic->port, p->value[PARAM_PORT], e);
	if (c->port == 0)
		return ERR_OK;
	/* The global port counts up over the instances that use it. */
	ic->port = c->port;
	for (size_t i = 0; i < c->instance_count; i++) {
		if (c->instances[i].counts_port)
			ic->port++;
	}
	if (ic->port < c->port)
		return error_set(e, ERR_USAGE,
			"%s: no port is left above --port %u", ic->name,
			(unsigned)c->port);
	ic->counts_port = true;
	return ERR_OK;
}

static enum err
set_ip_type(struct instance_config *ic, const struct params *p,
	const struct config *c, struct error *e)
{
	bool private_ip = c->private_ip;
	bool psc = c->psc;

	if (p->given[PARAM_PRIVATE_IP] &&
		value_flag(&private_ip, p->value[PARAM_PRIVATE_IP], e) !=
			ERR_OK)
		return e->code;
	if (p->given[PARAM_PSC] &&
		value_flag(&psc, p->value[PARAM_PSC], e) != ERR_OK)
		return e->code;
	/* A parameter overrides the other kind's global option. */
	if (p->given[PARAM_PSC] && psc)
		private_ip = false;
	if (p->given[PARAM_PRIVATE_IP] && private_ip)
		psc = false;
	if (private_ip && c->auto_ip)
		return error_set(e, ERR_USAGE,
			"%s: cannot specify private-ip together with "
			"--auto-ip",
			ic->name);
	if (psc)
		ic->ip = IP_PSC;
	else if (private_ip)
		ic->ip = IP_PRIVATE;
	else
		ic->ip = c->auto_ip ? IP_AUTO : IP_PUBLIC;
	return ERR_OK;
}

static enum err
apply(struct instance_config *ic, const struct params *p, struct config *c,
	struct error *e)
{
	if (check_together(p, ic->name, e) != ERR_OK)
		return e->code;
	if (choose_listen(ic, p, c, e) != ERR_OK)
		return e->code;
	if (ic->listen == LISTEN_TCP && set_tcp(ic, p, c, e) != ERR_OK)
		return e->code;
	if (set_ip_type(ic, p, c, e) != ERR_OK)
		return e->code;
	ic->auto_iam_authn = c->auto_iam_authn;
	if (p->given[PARAM_AUTO_IAM_AUTHN])
		return value_flag(
			&ic->auto_iam_authn, p->value[PARAM_AUTO_IAM_AUTHN], e);
	return ERR_OK;
}

enum err
config_add_instance(struct config *c, const char *text, struct error *e)
{
	/* Static: too large for the stack, and parsing happens once. */
	static struct params p;
	struct span query = span_str(text);
	struct instance_config *ic;
	struct span name;
	bool has_query;

	if (c->instance_count == INSTANCES_MAX)
		return error_set(e, ERR_LIMIT,
			"more than %d instances; run a second fairlead for "
			"the others",
			INSTANCES_MAX);
	ic = &c->instances[c->instance_count];
	memset(ic, 0, sizeof(*ic));
	memset(&p, 0, sizeof(p));
	name = take_until(&query, '?', &has_query);
	if (!copy_span(ic->name, sizeof(ic->name), name) ||
		!name_characters(ic->name))
		return error_set(e, ERR_USAGE,
			"\"%.64s\" is not an instance connection name; "
			"expected project:region:instance (a command to run "
			"goes after --)",
			text);
	if (split_name(ic, e) != ERR_OK ||
		parse_params(&p, query, ic->name, e) != ERR_OK ||
		apply(ic, &p, c, e) != ERR_OK)
		return e->code;
	c->instance_count++;
	return ERR_OK;
}
