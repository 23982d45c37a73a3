/*
 * resolve.h - which instance a DNS name stands for: by a TXT record that holds
 * a connection name, by CNAME records that lead to such a name, or as one of
 * Google's own names of an instance, which the API explains.
 */
#ifndef FETCHER_RESOLVE_H
#define FETCHER_RESOLVE_H

#include "base/error.h"
#include "config.h"

#include <stdbool.h>

struct resolved {
	/* project, region and instance; where google is set, region alone. */
	struct instance_config instance;
	/* The name that was reached is Google's own for an instance:
	 * resolveConnectSettings(region, google_name) knows which. */
	bool google;
	char google_name[HOST_LEN_MAX]; /* with its final dot */
};

/*
 * Resolve domain into *out, which begins as a copy of instance. Blocks as the
 * resolver does. ERR_CONFIG: the records do not lead to an instance. ERR_DNS:
 * they could not be read now.
 */
enum err resolve_domain(const struct instance_config *instance,
	struct resolved *out, struct error *e) NODISCARD;

/* Take project, region and instance from a connection name. False: it is none.
 */
bool resolve_connection_name(struct instance_config *to, const char *name);

#endif
