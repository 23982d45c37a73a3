/*
 * dns.h - names to addresses. Blocks for as long as the resolver does: the
 * process's alarm bounds it.
 */
#ifndef FETCHER_DNS_H
#define FETCHER_DNS_H

#include "base/error.h"
#include "base/limits.h"
#include "io/ipc.h"
#include "wire/dns_message.h"

#include <netinet/in.h>
#include <stddef.h>

struct dns_addresses {
	char text[RESOLVED_MAX][INET6_ADDRSTRLEN];
	size_t count;
};

/*
 * Look host up; an address literal is its own answer and asks nobody. At least
 * one address on ERR_OK. ERR_DNS: e says why not.
 */
enum err dns_look_up(
	struct dns_addresses *a, const char *host, struct error *e) NODISCARD;

/*
 * Put addresses in the place of id's names, in their order, as many as fit:
 * the tunnel looks nothing up. ERR_DNS: none of them could be looked up.
 */
enum err dns_replace_names(struct ipc_identity *id, struct error *e) NODISCARD;

/*
 * Fill in id's proxy where ALL_PROXY names one for the tunnel's dials: its
 * first IPv4 address, else its first. A failure is logged, and left to the
 * dial: the instance may not need it.
 */
void dns_find_proxy(struct ipc_identity *id);

/*
 * The records of that type at exactly that name; none is no failure. ERR_DNS:
 * no resolver answered, or with an error.
 */
enum err dns_texts(struct dns_texts *out, const char *name, enum dns_type type,
	struct error *e) NODISCARD;

#endif
