/*
 * dns_message.h - the answers of a DNS response (RFC 1035 section 4): TXT and
 * CNAME records, which getaddrinfo(3) does not tell.
 */
#ifndef WIRE_DNS_MESSAGE_H
#define WIRE_DNS_MESSAGE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

enum dns_type {
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_TXT = 16
};

struct dns_texts {
	/* CNAME: the name, without its final dot. TXT: the strings of one
	 * record joined; printable ASCII only. */
	char text[DNS_TEXTS_MAX][HOST_LEN_MAX];
	size_t count;
};

/*
 * The records of that type in the answer section, in their order. One that is
 * too long, or not printable, is skipped, and so are those beyond
 * DNS_TEXTS_MAX. ERR_PARSE: no DNS response, or cut short.
 */
enum err dns_message_texts(struct span message, enum dns_type type,
	struct dns_texts *out) NODISCARD;

#endif
