/*
 * extensions.c - the table of RFC 8446 4.2, as far as a server may use it,
 * and the one loop that reads extension blocks. Bodies are read where the
 * message is processed.
 */
#include "tls/extensions.h"

#include "base/limits.h"
#include "tls/alert.h"

#include <string.h>

#define IN(place) (1u << EXTENSION_IN_##place)

/* When may the server send it: only if our ClientHello had it, or anyway? */
enum origin {
	ANSWER,
	OWN
};

static const struct {
	uint16_t type;
	enum origin origin;
	unsigned places;
} known[] = {
	{EXTENSION_SERVER_NAME, ANSWER, IN(ENCRYPTED)},
	{EXTENSION_SUPPORTED_GROUPS, ANSWER, IN(ENCRYPTED)},
	{EXTENSION_SUPPORTED_VERSIONS, ANSWER,
		IN(SERVER_HELLO) | IN(HELLO_RETRY)},
	{EXTENSION_KEY_SHARE, ANSWER, IN(SERVER_HELLO) | IN(HELLO_RETRY)},
	{EXTENSION_PRE_SHARED_KEY, ANSWER, IN(SERVER_HELLO)},
	{EXTENSION_COOKIE, OWN, IN(HELLO_RETRY)},
	{EXTENSION_SIGNATURE_ALGORITHMS, OWN, IN(CERTIFICATE_REQUEST)},
	{EXTENSION_SIGNATURE_ALGORITHMS_CERT, OWN, IN(CERTIFICATE_REQUEST)},
	{EXTENSION_CERTIFICATE_AUTHORITIES, OWN, IN(CERTIFICATE_REQUEST)},
	{EXTENSION_OID_FILTERS, OWN, IN(CERTIFICATE_REQUEST)},
};

/*
 * Messages in which the server makes offers: what we do not know there we
 * ignore (4.2). Everywhere else an unknown extension answers nothing that we
 * asked.
 */
#define OFFERS (IN(CERTIFICATE_REQUEST) | IN(TICKET))

static bool
asked_for(uint16_t type, unsigned asked)
{
	if (type == EXTENSION_SERVER_NAME)
		return (asked & EXTENSION_ASKED_NAME) != 0;
	return type != EXTENSION_PRE_SHARED_KEY ||
	       (asked & EXTENSION_ASKED_PSK) != 0;
}

static enum err
judge(uint16_t type, enum extension_place place, unsigned asked,
	struct error *e)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].type != type)
			continue;
		if (!asked_for(type, asked))
			break;
		if ((known[i].places & 1u << place) != 0)
			return ERR_OK;
		/* Unasked for and out of place: the former says more. */
		if (known[i].origin == OWN)
			break;
		return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
			"tls: server sent extension %u in the wrong message",
			type);
	}
	if ((OFFERS & 1u << place) != 0)
		return ERR_OK;
	return error_tls(e, ERR_TLS, ALERT_UNSUPPORTED_EXTENSION,
		"tls: server sent an unsupported extension %u", type);
}

static struct extension *
slot(struct extensions *x, uint16_t type)
{
	switch (type) {
	case EXTENSION_SUPPORTED_VERSIONS:
		return &x->supported_versions;
	case EXTENSION_KEY_SHARE:
		return &x->key_share;
	case EXTENSION_COOKIE:
		return &x->cookie;
	case EXTENSION_SIGNATURE_ALGORITHMS:
		return &x->signature_algorithms;
	case EXTENSION_CERTIFICATE_AUTHORITIES:
		return &x->certificate_authorities;
	case EXTENSION_SERVER_NAME:
		return &x->server_name;
	case EXTENSION_SUPPORTED_GROUPS:
		return &x->supported_groups;
	case EXTENSION_PRE_SHARED_KEY:
		return &x->pre_shared_key;
	default:
		return NULL;
	}
}

/* Remember type; false: it was there already, or there are too many. */
static bool
first_time(uint16_t *seen, size_t *count, uint16_t type)
{
	for (size_t i = 0; i < *count; i++) {
		if (seen[i] == type)
			return false;
	}
	if (*count == TLS_EXTENSIONS_MAX)
		return false;
	seen[(*count)++] = type;
	return true;
}

enum err
extensions_read(struct extensions *x, struct span block,
	enum extension_place place, unsigned asked, struct error *e)
{
	struct reader r = reader_over(block);
	uint16_t seen[TLS_EXTENSIONS_MAX];
	size_t count = 0;

	memset(x, 0, sizeof(*x));
	while (!reader_done(&r)) {
		uint16_t type = read_u16(&r);
		struct span body = read_block16(&r);
		struct extension *to = slot(x, type);
		enum err err;

		if (!reader_ok(&r))
			return error_tls(e, ERR_TLS, ALERT_DECODE_ERROR,
				"tls: malformed extensions");
		if (!first_time(seen, &count, type))
			return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
				"tls: extension %u came twice, or too many",
				type);
		err = judge(type, place, asked, e);
		if (err != ERR_OK)
			return err;
		if (to != NULL) {
			to->present = true;
			to->body = body;
		}
	}
	return ERR_OK;
}
