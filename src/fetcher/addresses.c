/*
 * addresses.c - ipAddresses, dnsNames and dnsName of connectSettings. What is
 * no address or no name is skipped: it must not reach a connect or a check.
 */
#include "fetcher/addresses.h"

#include "wire/url.h"

#include <stdbool.h>
#include <string.h>

#define PSC_DOMAIN ".sql-psc.goog"

static void
add_address(struct ipc_identity *id, const char *text)
{
	struct ipc_address *a;

	if (id->address_count >= ADDRESSES_MAX)
		return;
	a = &id->addresses[id->address_count++];
	memcpy(a->text, text, strlen(text) + 1);
	a->port = SERVER_PROXY_PORT;
}

/* Add every entry of ipAddresses with that type. */
static void
add_ips(const struct json *answer, const char *type, struct ipc_identity *id)
{
	const struct json_token *list = json_root_member(answer, "ipAddresses");
	const struct json_token *one = json_first(answer, list);

	for (; one != NULL; one = json_after(answer, list, one)) {
		char text[ADDRESS_MAX];
		uint8_t ip[16];

		if (json_equal_str(
			    answer, json_member(answer, one, "type"), type) &&
			json_text(answer, json_member(answer, one, "ipAddress"),
				text, sizeof(text)) == ERR_OK &&
			url_read_ip(text, ip) > 0)
			add_address(id, text);
	}
}

enum err
addresses_read_name(const struct json *answer, const struct json_token *v,
	char name[HOST_LEN_MAX])
{
	size_t len;

	if (json_text(answer, v, name, HOST_LEN_MAX) != ERR_OK ||
		!url_is_name(span_str(name)))
		return ERR_PARSE;
	len = strlen(name);
	if (name[len - 1] == '.')
		name[len - 1] = '\0';
	for (char *p = name; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	return ERR_OK;
}

static bool
is_psc_domain(const char *name)
{
	size_t len = strlen(name);
	size_t n = strlen(PSC_DOMAIN);

	return len > n && strcmp(name + len - n, PSC_DOMAIN) == 0;
}

/* The connectors' order: Google's own PSC names first, then the alphabet. */
static bool
is_before(const char *a, const char *b)
{
	if (is_psc_domain(a) != is_psc_domain(b))
		return is_psc_domain(a);
	return strcmp(a, b) < 0;
}

/* Insert in order; of too many the last ones are dropped. */
static void
insert_name(struct ipc_identity *id, const char *name)
{
	size_t at = id->address_count;

	while (at > 0 && is_before(name, id->addresses[at - 1].text))
		at--;
	if (at >= ADDRESSES_MAX)
		return;
	if (id->address_count < ADDRESSES_MAX)
		id->address_count++;
	memmove(&id->addresses[at + 1], &id->addresses[at],
		((size_t)id->address_count - 1 - at) *
			sizeof(id->addresses[0]));
	memcpy(id->addresses[at].text, name, strlen(name) + 1);
	id->addresses[at].port = SERVER_PROXY_PORT;
}

static void
add_psc(const struct json *answer, struct ipc_identity *id)
{
	const struct json_token *list = json_root_member(answer, "dnsNames");
	const struct json_token *one = json_first(answer, list);
	char name[HOST_LEN_MAX];

	if (!json_is_true(json_root_member(answer, "pscEnabled")))
		return;
	for (; one != NULL; one = json_after(answer, list, one)) {
		if (json_equal_str(answer,
			    json_member(answer, one, "connectionType"),
			    "PRIVATE_SERVICE_CONNECT") &&
			json_equal_str(answer,
				json_member(answer, one, "dnsScope"),
				"INSTANCE") &&
			addresses_read_name(answer,
				json_member(answer, one, "name"),
				name) == ERR_OK)
			insert_name(id, name);
	}
	if (id->address_count == 0 &&
		addresses_read_name(answer, json_root_member(answer, "dnsName"),
			name) == ERR_OK)
		add_address(id, name);
}

static void
add_wanted(
	enum ip_type wanted, const struct json *answer, struct ipc_identity *id)
{
	id->address_count = 0;
	switch (wanted) {
	case IP_PUBLIC:
		add_ips(answer, "PRIMARY", id);
		return;
	case IP_PRIVATE:
		add_ips(answer, "PRIVATE", id);
		return;
	case IP_PSC:
		add_psc(answer, id);
		return;
	case IP_AUTO:
		add_ips(answer, "PRIMARY", id);
		if (id->address_count == 0)
			add_ips(answer, "PRIVATE", id);
		return;
	}
}

/* The type as the connectors print it. */
static const char *
type_name(enum ip_type type)
{
	switch (type) {
	case IP_PUBLIC:
		return "PUBLIC";
	case IP_PRIVATE:
		return "PRIVATE";
	case IP_PSC:
		return "PSC";
	case IP_AUTO:
		break;
	}
	return "AutoIP";
}

static void
add_name(struct ipc_identity *id, const char *name)
{
	for (size_t i = 0; i < id->name_count; i++) {
		if (strcmp(id->names[i], name) == 0)
			return;
	}
	if (id->name_count >= NAMES_MAX)
		return;
	memcpy(id->names[id->name_count++], name, strlen(name) + 1);
}

void
addresses_read_names(const struct json *answer, struct ipc_identity *id)
{
	const struct json_token *list = json_root_member(answer, "dnsNames");
	const struct json_token *one = json_first(answer, list);
	char name[HOST_LEN_MAX];

	id->name_count = 0;
	for (; one != NULL; one = json_after(answer, list, one)) {
		if (addresses_read_name(answer,
			    json_member(answer, one, "name"), name) == ERR_OK)
			add_name(id, name);
	}
	if (addresses_read_name(answer, json_root_member(answer, "dnsName"),
		    name) == ERR_OK)
		add_name(id, name);
}

enum err
addresses_check(const struct json *answer, struct error *e)
{
	const struct json_token *list = json_root_member(answer, "ipAddresses");
	const struct json_token *one = json_first(answer, list);

	for (; one != NULL; one = json_after(answer, list, one)) {
		const struct json_token *type =
			json_member(answer, one, "type");

		if (json_equal_str(answer, type, "PRIMARY") ||
			json_equal_str(answer, type, "PRIVATE"))
			return ERR_OK;
	}
	if (json_is_true(json_root_member(answer, "pscEnabled")))
		return ERR_OK;
	return error_set(e, ERR_CONFIG,
		"cannot connect to instance - it has "
		"no supported IP addresses");
}

enum err
addresses_read(enum ip_type wanted, const struct json *answer,
	struct ipc_identity *id, struct error *e)
{
	add_wanted(wanted, answer, id);
	if (id->address_count == 0)
		return error_set(e, ERR_CONFIG,
			"instance does not have IP of type \"%s\"",
			type_name(wanted));
	return ERR_OK;
}
