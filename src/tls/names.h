/*
 * names.h - does this certificate belong to the server we mean?
 * (RFC 6125, RFC 9525; Cloud SQL's rule: reference of the connectors.)
 */
#ifndef TLS_NAMES_H
#define TLS_NAMES_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A certificate is accepted if a SAN dNSName matches one of dns, or a SAN
 * iPAddress equals ip, or (when common_name is not empty) the one subject CN
 * is common_name byte for byte. An empty policy accepts nothing. dNSName
 * matching ignores ASCII case and one trailing dot on either side; a wildcard
 * may be the whole left-most label only.
 */
struct names_policy {
	const char *dns[NAMES_MAX];
	size_t dns_count;
	uint8_t ip[16];
	size_t ip_len; /* 0, 4 or 16 */
	const char *common_name; /* NULL or "": none */
};

/*
 * Check the leaf certificate (DER). On ERR_CERT, e explains in the proxies'
 * words: certificate had CN "x", expected "p:i".
 */
enum err names_check(struct span leaf, const struct names_policy *policy,
	struct error *e) NODISCARD;

#endif
