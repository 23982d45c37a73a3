/*
 * dns.c - look-ups through the C library's resolver. Keeps nothing; must never
 * leave a name where an address is expected.
 */
#include "fetcher/dns.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/variable.h"
#include "wire/proxy.h"
#include "wire/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

static void
add(struct dns_addresses *a, const struct addrinfo *info)
{
	struct sockaddr_storage storage;
	const void *ip;

	if (a->count >= RESOLVED_MAX || info->ai_addrlen > sizeof(storage))
		return;
	memcpy(&storage, info->ai_addr, info->ai_addrlen);
	if (info->ai_family == AF_INET)
		ip = &((const struct sockaddr_in *)&storage)->sin_addr;
	else if (info->ai_family == AF_INET6)
		ip = &((const struct sockaddr_in6 *)&storage)->sin6_addr;
	else
		return;
	if (inet_ntop(info->ai_family, ip, a->text[a->count],
		    INET6_ADDRSTRLEN) != NULL)
		a->count++;
}

enum err
dns_look_up(struct dns_addresses *a, const char *host, struct error *e)
{
	struct addrinfo hints;
	struct addrinfo *list = NULL;
	uint8_t ip[16];
	int failure;

	memset(a, 0, sizeof(*a));
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags =
		url_read_ip(host, ip) > 0 ? AI_NUMERICHOST : AI_ADDRCONFIG;
	failure = getaddrinfo(host, NULL, &hints, &list);
	if (failure != 0)
		return error_set(e, ERR_DNS, "could not look up %s: %s", host,
			gai_strerror(failure));
	for (const struct addrinfo *i = list; i != NULL; i = i->ai_next)
		add(a, i);
	freeaddrinfo(list);
	if (a->count == 0)
		return error_set(e, ERR_DNS, "%s has no IP address", host);
	return ERR_OK;
}

/* As many of one name's addresses as there is room for. */
static void
append(struct ipc_identity *id, const struct dns_addresses *a, uint16_t port)
{
	for (size_t i = 0; i < a->count; i++) {
		struct ipc_address *to;

		if (id->address_count >= ADDRESSES_MAX)
			return;
		to = &id->addresses[id->address_count++];
		memset(to, 0, sizeof(*to));
		memcpy(to->text, a->text[i], strlen(a->text[i]) + 1);
		to->port = port;
	}
}

enum err
dns_replace_names(struct ipc_identity *id, struct error *e)
{
	struct ipc_address names[ADDRESSES_MAX];
	size_t count = id->address_count;
	struct error first;

	error_clear(&first);
	memcpy(names, id->addresses, sizeof(names));
	id->address_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct dns_addresses a;

		if (dns_look_up(&a, names[i].text, &first) == ERR_OK)
			append(id, &a, names[i].port);
	}
	if (id->address_count > 0)
		return ERR_OK;
	return error_set(e, ERR_DNS, "%s", first.detail);
}

/* A proxy on both families may listen on the older one alone. */
static const char *
prefer_ipv4(const struct dns_addresses *a)
{
	for (size_t n = 0; n < a->count; n++) {
		if (strchr(a->text[n], ':') == NULL)
			return a->text[n];
	}
	return a->text[0];
}

void
dns_find_proxy(struct ipc_identity *id)
{
	struct span text = variable_either("ALL_PROXY", "all_proxy");
	struct dns_addresses a;
	struct proxy p;
	struct error e;

	error_clear(&e);
	if (proxy_parse(&p, text) == ERR_OK && p.kind == PROXY_SOCKS5 &&
		p.at.ip_len == 0) {
		if (dns_look_up(&a, p.at.host, &e) == ERR_OK)
			memcpy(id->proxy, prefer_ipv4(&a), INET6_ADDRSTRLEN);
		else
			log_warn("ALL_PROXY: %s", e.detail);
	}
	mem_wipe(&p, sizeof(p));
}

enum err
dns_texts(struct dns_texts *out, const char *name, enum dns_type type,
	struct error *e)
{
	static uint8_t answer[DNS_ANSWER_MAX]; /* too large for the stack */
	/* Class 1 is the Internet's. */
	int len = res_query(name, 1, (int)type, answer, sizeof(answer));

	memset(out, 0, sizeof(*out));
	if (len < 0 && (h_errno == HOST_NOT_FOUND || h_errno == NO_DATA))
		return ERR_OK;
	if (len < 0)
		return error_set(e, ERR_DNS,
			"could not look up the records of %s", name);
	if (len > (int)sizeof(answer))
		len = sizeof(answer);
	if (dns_message_texts(span_of(answer, (size_t)len), type, out) !=
		ERR_OK)
		return error_set(e, ERR_DNS,
			"the DNS answer for %s is malformed or cut short",
			name);
	return ERR_OK;
}
