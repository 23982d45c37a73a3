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

/* What a hello of ours must have had for an answer to be one. */
#define ALWAYS 0u    /* each of our hellos has it */
#define NEVER  0x80u /* none has: what is allowed is the server's own */

static const struct {
	uint16_t type;
	uint8_t asked;
	uint8_t places;
} known[] = {
	{EXTENSION_SERVER_NAME, EXTENSION_ASKED_NAME, IN(ENCRYPTED)},
	{EXTENSION_SUPPORTED_GROUPS, ALWAYS, IN(ENCRYPTED)},
	{EXTENSION_SIGNATURE_ALGORITHMS, ALWAYS, IN(CERTIFICATE_REQUEST)},
	{EXTENSION_SUPPORTED_VERSIONS, ALWAYS,
		IN(SERVER_HELLO) | IN(HELLO_RETRY)},
	{EXTENSION_KEY_SHARE, ALWAYS, IN(SERVER_HELLO) | IN(HELLO_RETRY)},
	{EXTENSION_PRE_SHARED_KEY, EXTENSION_ASKED_PSK, IN(SERVER_HELLO)},
	{EXTENSION_PSK_KEY_EXCHANGE_MODES, EXTENSION_ASKED_MODES, 0},
	{EXTENSION_COOKIE, NEVER, IN(HELLO_RETRY)},
	{EXTENSION_SIGNATURE_ALGORITHMS_CERT, NEVER, IN(CERTIFICATE_REQUEST)},
	{EXTENSION_CERTIFICATE_AUTHORITIES, NEVER, IN(CERTIFICATE_REQUEST)},
	{EXTENSION_OID_FILTERS, NEVER, IN(CERTIFICATE_REQUEST)},
	{EXTENSION_EARLY_DATA, NEVER, IN(TICKET)},
};

/*
 * Messages in which the server makes offers: what we do not know there we
 * ignore (4.2). Everywhere else an unknown extension answers nothing that we
 * asked.
 */
#define OFFERS (IN(CERTIFICATE_REQUEST) | IN(TICKET))

static enum err
judge(uint16_t type, enum extension_place place, unsigned asked,
	struct error *e)
{
	unsigned here = 1u << place;
	bool offers = (OFFERS & here) != 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		bool answers = (known[i].asked & ~asked) == 0;
		bool fits = (known[i].places & here) != 0;

		if (known[i].type != type)
			continue;
		if (fits && (answers || known[i].asked == NEVER))
			return ERR_OK;
		/* Unasked for and out of place: the former says more. */
		if (!answers && !offers)
			break;
		return error_tls(e, ERR_TLS, ALERT_ILLEGAL_PARAMETER,
			"tls: server sent extension %u in the wrong message",
			type);
	}
	if (offers)
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
