/*
 * config_instance.c - one instance argument to one struct instance_config.
 * Pure; what the name resolves to is the fetcher's business.
 */
#include "config_instance.h"

#include "base/encode.h"
#include "base/span.h"
#include "config_name.h"
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
	PARAM_PUBLIC_IP,
	PARAM_SQL_DATA,
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
	[PARAM_PUBLIC_IP] = "public-ip",
	[PARAM_SQL_DATA] = "sql-data",
};

struct params {
	bool given[PARAM_COUNT];
	char value[PARAM_COUNT][VALUE_MAX];
};

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
		struct span value = name_take_until(&query, '&', &more);
		bool has_value;
		struct span key = name_take_until(&value, '=', &has_value);
		size_t i = 0;

		while (i < PARAM_COUNT && !span_equal_str(key, param_names[i]))
			i++;
		/* Unknown keys are ignored, as the proxies do. */
		if (i == PARAM_COUNT)
			continue;
		if (p->given[i])
			return error_set(e, ERR_USAGE,
				"%s query param should be only one value (%s)",
				param_names[i], name);
		p->given[i] = true;
		if (decode_value(p->value[i], value) != ERR_OK)
			return error_set(e, ERR_USAGE,
				"could not parse query: the value of %s is "
				"too long or not percent-encoded (%s)",
				param_names[i], name);
	}
	return ERR_OK;
}

static enum err
check_together(const struct params *p, const char *name, struct error *e)
{
	static const uint8_t pairs[][2] = {
		{PARAM_ADDRESS, PARAM_UNIX_SOCKET},
		{PARAM_PORT, PARAM_UNIX_SOCKET},
		{PARAM_ADDRESS, PARAM_UNIX_SOCKET_PATH},
		{PARAM_PORT, PARAM_UNIX_SOCKET_PATH},
		{PARAM_UNIX_SOCKET_PATH, PARAM_UNIX_SOCKET},
		{PARAM_PRIVATE_IP, PARAM_PSC},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (p->given[pairs[i][0]] && p->given[pairs[i][1]])
			return error_set(e, ERR_USAGE,
				"cannot specify both %s and %s query params "
				"(%s)",
				param_names[pairs[i][0]],
				param_names[pairs[i][1]], name);
	}
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
		!name_copy(ic->path, sizeof(ic->path), span_str(path)))
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
	struct error why;
	const char *address =
		p->given[PARAM_ADDRESS] ? p->value[PARAM_ADDRESS] : c->address;

	error_clear(&why);
	if (value_address(address, &why) != ERR_OK)
		return error_set(e, ERR_USAGE,
			"address query param is not a valid IP address: \"%s\"",
			address);
	if (!name_copy(ic->address, sizeof(ic->address), span_str(address)))
		return error_set(
			e, ERR_LIMIT, "%s: address too long", ic->name);
	if (p->given[PARAM_PORT] &&
		value_port(&ic->port, p->value[PARAM_PORT], &why) != ERR_OK)
		return error_set(e, ERR_USAGE,
			"port query param is not a valid integer: \"%s\" (0 to "
			"65535)",
			p->value[PARAM_PORT]);
	/* 0 is as good as none. */
	if (ic->port != 0 || c->port == 0)
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

/* A flag's parameter, over its option. */
static enum err
flag_of(bool *flag, bool option, const struct params *p, enum param which,
	struct error *e)
{
	*flag = option;
	if (!p->given[which])
		return ERR_OK;
	if (value_flag(flag, p->value[which], e) == ERR_OK)
		return ERR_OK;
	error_clear(e);
	return error_set(e, ERR_USAGE,
		"%s query param should be true or false, got: \"%s\"",
		param_names[which], p->value[which]);
}

/* Of a Cloud SQL instance: the public address if nothing is said. */
static enum err
set_cloudsql_ip(struct instance_config *ic, const struct params *p,
	const struct config *c, struct error *e)
{
	bool private_ip;
	bool psc;

	if (flag_of(&private_ip, c->private_ip, p, PARAM_PRIVATE_IP, e) !=
			ERR_OK ||
		flag_of(&psc, c->psc, p, PARAM_PSC, e) != ERR_OK)
		return e->code;
	/* A parameter overrides the other kind's global option. */
	if (p->given[PARAM_PSC] && psc)
		private_ip = false;
	if (p->given[PARAM_PRIVATE_IP] && private_ip)
		psc = false;
	if (private_ip && c->auto_ip)
		return error_set(e, ERR_USAGE,
			"cannot use --auto-ip with private-ip (%s)", ic->name);
	if (psc)
		ic->ip = IP_PSC;
	else if (private_ip)
		ic->ip = IP_PRIVATE;
	else
		ic->ip = c->auto_ip ? IP_AUTO : IP_PUBLIC;
	return ERR_OK;
}

/* Of an AlloyDB instance: the private address if nothing is said. */
static enum err
set_alloydb_ip(struct instance_config *ic, const struct params *p,
	const struct config *c, struct error *e)
{
	bool public_ip;
	bool psc;

	if (flag_of(&public_ip, c->public_ip, p, PARAM_PUBLIC_IP, e) !=
			ERR_OK ||
		flag_of(&psc, c->psc, p, PARAM_PSC, e) != ERR_OK)
		return e->code;
	ic->ip = public_ip ? IP_PUBLIC : IP_PRIVATE;
	if (psc)
		ic->ip = IP_PSC;
	return ERR_OK;
}

static enum err
apply(struct instance_config *ic, const struct params *p, struct config *c,
	struct error *e)
{
	bool sql_data;

	if (check_together(p, ic->name, e) != ERR_OK ||
		flag_of(&sql_data, false, p, PARAM_SQL_DATA, e) != ERR_OK)
		return e->code;
	if (sql_data)
		return error_set(e, ERR_USAGE, "%s: sql-data is not supported",
			ic->name);
	if (choose_listen(ic, p, c, e) != ERR_OK)
		return e->code;
	if (ic->listen == LISTEN_TCP && set_tcp(ic, p, c, e) != ERR_OK)
		return e->code;
	if (ic->product == PRODUCT_ALLOYDB
			? set_alloydb_ip(ic, p, c, e) != ERR_OK
			: set_cloudsql_ip(ic, p, c, e) != ERR_OK)
		return e->code;
	return flag_of(&ic->auto_iam_authn, c->auto_iam_authn, p,
		PARAM_AUTO_IAM_AUTHN, e);
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
	name = name_take_until(&query, '?', &has_query);
	if (name_read(ic, name, e) != ERR_OK ||
		parse_params(&p, query, ic->name, e) != ERR_OK ||
		apply(ic, &p, c, e) != ERR_OK)
		return e->code;
	c->instance_count++;
	return ERR_OK;
}
