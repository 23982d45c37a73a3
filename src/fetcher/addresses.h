/*
 * addresses.h - where an instance is reached and what its server may be called:
 * Cloud SQL's connectSettings, and names as all products' answers have them.
 */
#ifndef FETCHER_ADDRESSES_H
#define FETCHER_ADDRESSES_H

#include "base/error.h"
#include "config.h"
#include "io/ipc.h"
#include "wire/json.h"

/* ERR_CONFIG: the instance has no address of any type we know. */
enum err addresses_check(const struct json *answer, struct error *e) NODISCARD;

/*
 * Fill in id's addresses: those of the wanted type, in order of preference.
 * ERR_CONFIG: the instance has none.
 */
enum err addresses_read(enum ip_type wanted, const struct json *answer,
	struct ipc_identity *id, struct error *e) NODISCARD;

/*
 * Fill in id's names: every DNS name the API tells, dnsNames first, without
 * trailing dots. There may be none.
 */
void addresses_read_names(const struct json *answer, struct ipc_identity *id);

/*
 * The string v as a DNS name in lower case without its trailing dot. ERR_PARSE:
 * it is none.
 */
enum err addresses_read_name(const struct json *answer,
	const struct json_token *v, char name[HOST_LEN_MAX]) NODISCARD;

#endif
