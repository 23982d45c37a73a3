/*
 * url.h - the endpoints that users give: https://HOST[:PORT][/PATH] and, for
 * the metadata server, HOST[:PORT]. A strict part of RFC 3986: no user
 * information, no query, no fragment.
 */
#ifndef WIRE_URL_H
#define WIRE_URL_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum url_scheme {
	URL_HTTP,
	URL_HTTPS
};

struct url {
	enum url_scheme scheme;
	/* A DNS name in lower case without its trailing dot, or an address
	 * without brackets. */
	char host[HOST_LEN_MAX];
	uint8_t ip[16];   /* the address in network order */
	size_t ip_len;    /* 4, 16, or 0: host is a name */
	uint16_t port;    /* as given, else the scheme's 80 or 443 */
	struct span path; /* "" or "/..." without trailing slashes; borrowed */
};

/*
 * Parse scheme://host[:port][/path]. ERR_PARSE: anything else. The scheme is
 * reported, not judged.
 */
enum err url_parse(struct url *u, struct span text) NODISCARD;

/* Parse host[:port]; without a port it is port_default. The scheme is http. */
enum err url_parse_authority(
	struct url *u, struct span text, uint16_t port_default) NODISCARD;

/*
 * Append host, with brackets where it is an IPv6 address, and the port unless
 * it is the scheme's own: what the Host field says (RFC 9110 section 7.2).
 */
void url_write_host(struct writer *w, const struct url *u);

/*
 * s is a DNS name: labels of letters, digits, hyphen and underscore, at most
 * 63 bytes each and 253 in all, one trailing dot allowed, and a last label
 * that is no number.
 */
bool url_is_name(struct span s);

/* Bytes of the address that text is, 4 or 16, without brackets; 0: none. */
size_t url_read_ip(const char *text, uint8_t ip[16]);

#endif
