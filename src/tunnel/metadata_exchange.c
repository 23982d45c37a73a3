/*
 * metadata_exchange.c - requests and answers of both exchanges, byte by byte
 * if that is how they come. Must never take a byte that belongs to the
 * database, and never believe a length.
 */
#include "tunnel/metadata_exchange.h"

#include "wire/protobuf.h"

#include <stdio.h>
#include <string.h>

#define LENGTH_BYTES   4
#define RESPONSE_OK    1
#define POSTGRES_ERROR 'E' /* type of an ErrorResponse message */

/* The connectors' sentence, and who may have forgotten what. */
#define NEEDS_CLIENT                                                           \
	"; needed are roles/alloydb.client and "                               \
	"roles/serviceusage.serviceUsageConsumer"
#define NEEDS_USER                                                             \
	", for IAM logins roles/alloydb.databaseUser as well, and the "        \
	"instance's flag alloydb.iam_authentication"

void
metadata_exchange_request(
	struct writer *w, enum exchange_auth auth, struct span token)
{
	size_t start = w->len;
	size_t body;

	write_u32(w, 0);
	protobuf_write_bytes(w, 1, span_str("fairlead/" FAIRLEAD_VERSION));
	protobuf_write_uint(w, 2, auth);
	protobuf_write_bytes(w, 3, token);
	if (!writer_ok(w))
		return;
	body = w->len - start - LENGTH_BYTES;
	w->base[start + 2] = (uint8_t)(body >> 8);
	w->base[start + 3] = (uint8_t)body;
	if (body > UINT16_MAX)
		w->failed = true;
}

static uint32_t
length_at(const uint8_t *at)
{
	struct reader r = reader_over(span_of(at, LENGTH_BYTES));

	return read_u32(&r);
}

/* A server's text for the log: cut, and without control characters. */
static void
copy_text(char *out, size_t cap, struct span text)
{
	size_t len = text.len < cap - 1 ? text.len : cap - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = text.data[i] < ' ' ? ' ' : (char)text.data[i];
	out[len] = '\0';
}

static enum err
read_response(const struct metadata_exchange *x, struct error *e)
{
	struct reader r = reader_over(
		span_of(x->bytes + LENGTH_BYTES, x->filled - LENGTH_BYTES));
	struct protobuf_field f;
	uint64_t code = 0;
	char text[ERROR_DETAIL_MAX / 2] = "";

	while (protobuf_read(&r, &f)) {
		if (f.number == 1 && f.type == PROTOBUF_VARINT)
			code = f.value;
		else if (f.number == 2 && f.type == PROTOBUF_BYTES)
			copy_text(text, sizeof(text), f.bytes);
	}
	if (!reader_ok(&r))
		return error_set(e, ERR_PARSE,
			"protocol error: malformed metadata exchange response");
	if (code == RESPONSE_OK)
		return ERR_OK;
	return error_set(e, ERR_DENIED,
		"Metadata Exchange request has failed with error: "
		"%s" NEEDS_CLIENT "%s",
		text[0] != '\0' ? text : "(the server gave no reason)",
		x->auto_iam ? NEEDS_USER : "");
}

/* ErrorResponse (PostgreSQL, "Message Formats"): strings behind a letter. */
static enum err
read_postgres_error(struct metadata_exchange *x, struct error *e)
{
	const uint8_t *at = x->bytes + 1 + LENGTH_BYTES;
	const uint8_t *end = x->bytes + x->filled;
	char severity[32] = "";
	char state[8] = "";
	char message[ERROR_DETAIL_MAX / 2] = "";

	while (at < end && *at != 0) {
		const uint8_t *stop = memchr(at, 0, (size_t)(end - at));
		struct span text;

		if (stop == NULL)
			break;
		text = span_of(at + 1, (size_t)(stop - at - 1));
		if (*at == 'S')
			copy_text(severity, sizeof(severity), text);
		else if (*at == 'C')
			copy_text(state, sizeof(state), text);
		else if (*at == 'M')
			copy_text(message, sizeof(message), text);
		at = stop + 1;
	}
	x->postgres = true;
	return error_set(e, ERR_PARSE,
		"the server took the metadata exchange for a PostgreSQL "
		"client and answered %s %s: %s; is this the port of an "
		"AlloyDB server-side proxy (5433)?",
		severity, state, message);
}

/* Bytes of the whole message, as far as they say; 0: too many. */
static size_t
wanted(const struct metadata_exchange *x)
{
	uint32_t len;

	if (x->filled < LENGTH_BYTES)
		return LENGTH_BYTES;
	if (x->bytes[0] == POSTGRES_ERROR) {
		if (x->filled < 1 + LENGTH_BYTES)
			return 1 + LENGTH_BYTES;
		len = length_at(x->bytes + 1);
		if (len < LENGTH_BYTES || len > EXCHANGE_POSTGRES_MAX)
			return 0;
		return 1 + len;
	}
	len = length_at(x->bytes);
	return len > EXCHANGE_RESPONSE_MAX ? 0 : LENGTH_BYTES + len;
}

enum err
metadata_exchange_take(struct metadata_exchange *x, struct span in,
	size_t *used, struct error *e)
{
	size_t want = wanted(x);

	*used = 0;
	while (want > x->filled && *used < in.len) {
		size_t n = want - x->filled;

		if (n > in.len - *used)
			n = in.len - *used;
		memcpy(x->bytes + x->filled, in.data + *used, n);
		x->filled += n;
		*used += n;
		want = wanted(x);
	}
	if (want == 0)
		return error_set(e, ERR_PARSE,
			"protocol error: bad metadata exchange length "
			"(first bytes %02x %02x %02x %02x)",
			x->bytes[0], x->bytes[1], x->bytes[2], x->bytes[3]);
	if (x->filled < want)
		return ERR_AGAIN;
	if (x->bytes[0] == POSTGRES_ERROR)
		return read_postgres_error(x, e);
	return read_response(x, e);
}

const uint8_t exchange_signature[8] = {'C', 'S', 'Q', 'L', 'M', 'D', 'E', 'X'};

#define ANSWER_HEAD (sizeof(exchange_signature) + LENGTH_BYTES)

/* As the proxy does: no user agent, which makes the length a constant. */
void
metadata_exchange_announce(
	uint8_t out[EXCHANGE_ANNOUNCEMENT], enum exchange_protocol protocol)
{
	struct writer w = writer_over(out, EXCHANGE_ANNOUNCEMENT);

	write_bytes(&w, exchange_signature, sizeof(exchange_signature));
	write_u32(&w, 2);
	protobuf_write_uint(&w, 2, protocol);
}

void
exchange_answer_expect(struct exchange_answer *a)
{
	/* One that has begun goes on. */
	if (a->due)
		return;
	memset(a, 0, sizeof(*a));
	a->due = true;
}

enum exchange_verdict
exchange_answer_take(struct exchange_answer *a, struct span in, size_t *used)
{
	*used = 0;
	while (a->matched < ANSWER_HEAD && *used < in.len) {
		uint8_t byte = in.data[*used];

		if (a->matched < sizeof(exchange_signature) &&
			byte != exchange_signature[a->matched]) {
			a->due = false;
			a->replay = a->matched;
			return EXCHANGE_ABSENT;
		}
		if (a->matched >= sizeof(exchange_signature))
			a->left = a->left << 8 | byte;
		a->matched++;
		++*used;
	}
	if (a->matched < ANSWER_HEAD)
		return EXCHANGE_MORE;
	if (a->left > EXCHANGE_RESPONSE_MAX)
		return EXCHANGE_TOO_LONG;
	if (in.len - *used < a->left) {
		a->left -= (uint32_t)(in.len - *used);
		*used = in.len;
		return EXCHANGE_MORE;
	}
	*used += a->left;
	a->due = false;
	return EXCHANGE_OVER;
}
