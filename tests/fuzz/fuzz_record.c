/*
 * fuzz_record.c - the record layer by itself: headers, opening, padding, keys.
 *
 * The first byte chooses the suite; then each operation is a byte, a length
 * and bytes. Both sides have the same keys, so that the input gets behind the
 * tag. What was sealed and not changed must come out as it went in; what was
 * changed must not come out at all.
 */
#include "base/span.h"
#include "tls/alert.h"
#include "tls/record.h"

#include <stdlib.h>
#include <string.h>

#define OPERATIONS_MAX 200
#define ROOM           (RECORD_HEADER_LEN + 0xffff)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct side {
	struct record_keys keys;
	struct aead aead;
};

static struct side tx;
static struct side rx;
static struct reader input;
static uint8_t record[ROOM];
static uint8_t original[ROOM];

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
begin(uint8_t how)
{
	static const uint8_t secret[SUITE_HASH_MAX] = {7, 5, 3};
	const struct suite *s = suite_find((uint16_t)(0x1301 + how % 3));

	record_keys_set(&tx.keys, s, secret);
	record_ready(&tx.keys, &tx.aead);
	record_keys_set(&rx.keys, s, secret);
	record_ready(&rx.keys, &rx.aead);
}

/* A header, and the reasons for which it may be refused. */
static void
peek(struct span bytes, bool protected)
{
	struct error e;
	size_t len = 0;
	enum err err;

	error_clear(&e);
	err = record_peek(bytes, protected, &len, &e);
	must((err == ERR_AGAIN) == (bytes.len < RECORD_HEADER_LEN));
	if (err == ERR_OK)
		must(len >= RECORD_HEADER_LEN && len <= TLS_RECORD_MAX &&
			e.code == ERR_OK);
	if (err == ERR_TLS)
		must(e.alert == ALERT_UNEXPECTED_MESSAGE ||
			e.alert == ALERT_PROTOCOL_VERSION ||
			e.alert == ALERT_RECORD_OVERFLOW);
	must(err == ERR_OK || err == ERR_AGAIN || err == ERR_TLS);
}

/* Open record[0..len); what comes out lies inside. */
static enum err
open_record(size_t len, struct record_content *c)
{
	struct error e;
	enum err err;

	error_clear(&e);
	err = record_open(&rx.keys, &rx.aead, record, len, c, &e);
	if (err != ERR_OK) {
		must(err == ERR_TLS && e.code == ERR_TLS);
		must(e.alert == ALERT_BAD_RECORD_MAC ||
			e.alert == ALERT_RECORD_OVERFLOW ||
			e.alert == ALERT_UNEXPECTED_MESSAGE);
		return err;
	}
	must(c->data == record + RECORD_HEADER_LEN);
	must(c->len <= TLS_PLAINTEXT_MAX && c->len <= len - RECORD_OVERHEAD);
	must(c->type == RECORD_ALERT || c->type == RECORD_HANDSHAKE ||
		c->type == RECORD_APPLICATION_DATA);
	return ERR_OK;
}

/* After a record that was lost, both count from the same number again. */
static void
in_step(void)
{
	rx.keys.sequence = tx.keys.sequence;
}

/* Bytes that nobody sealed: the tag is wrong. */
static void
forged(struct span bytes)
{
	struct record_content c;

	if (bytes.len < RECORD_HEADER_LEN)
		return;
	memcpy(record, bytes.data, bytes.len);
	must(open_record(bytes.len, &c) == ERR_TLS);
	in_step();
}

static size_t
seal(struct span content, uint8_t type)
{
	if (content.len > 0)
		memcpy(record + RECORD_HEADER_LEN, content.data, content.len);
	return record_seal(&tx.keys, &tx.aead, (enum record_type)type, record,
		content.len);
}

static void
honest(struct span content, uint8_t how)
{
	enum record_type type = (enum record_type)(RECORD_ALERT + how % 3);
	struct record_content c;
	struct error e;
	size_t len = seal(content, (uint8_t)type);
	size_t seen = 0;

	error_clear(&e);
	must(record_peek(span_of(record, len), true, &seen, &e) == ERR_OK &&
		seen == len);
	must(open_record(len, &c) == ERR_OK && c.type == type);
	must(c.len == content.len);
	must(c.len == 0 || memcmp(c.data, content.data, c.len) == 0);
}

/* Any inner plaintext: the type is its last byte that is not zero. */
static void
padded(struct span inner, size_t zeros)
{
	struct record_content c;
	size_t len;
	size_t end;
	enum err err;

	memset(original, 0, sizeof(original));
	if (inner.len > 0)
		memcpy(original, inner.data, inner.len);
	end = inner.len + zeros;
	if (end == 0 || end > TLS_PLAINTEXT_MAX + 200)
		return;
	len = seal(span_of(original, end - 1), original[end - 1]);
	err = open_record(len, &c);
	if (end > TLS_PLAINTEXT_MAX + 1)
		must(err == ERR_TLS);
	while (end > 0 && original[end - 1] == 0)
		end--;
	if (end == 0 || original[end - 1] < RECORD_ALERT ||
		original[end - 1] > RECORD_APPLICATION_DATA)
		must(err == ERR_TLS);
	if (err == ERR_OK)
		must(c.len == end - 1 && memcmp(c.data, original, c.len) == 0);
}

/* One change anywhere, length and header included. */
static void
changed(struct span content, uint8_t how)
{
	size_t len = seal(content, RECORD_APPLICATION_DATA);
	struct record_content c;
	size_t at = read_u16(&input) % len;

	if ((how & 1) != 0)
		len = at < RECORD_HEADER_LEN ? RECORD_HEADER_LEN : at;
	else
		record[at] ^= (uint8_t)(how | 2);
	must(open_record(len, &c) == ERR_TLS);
	in_step();
}

static void
operate(void)
{
	uint8_t op = read_u8(&input);
	uint8_t how = read_u8(&input);
	struct span bytes = read_bytes(
		&input, (op & 0x80) != 0 ? read_u16(&input) : read_u8(&input));

	if (bytes.len > TLS_PLAINTEXT_MAX)
		bytes.len = TLS_PLAINTEXT_MAX;
	switch (op & 7) {
	case 0:
		peek(bytes, (how & 1) != 0);
		break;
	case 1:
		forged(bytes);
		break;
	case 2:
		honest(bytes, how);
		break;
	case 3:
		padded(bytes, (size_t)how * 67);
		break;
	case 4:
		changed(bytes, how);
		break;
	case 5:
		record_keys_update(&tx.keys);
		record_ready(&tx.keys, &tx.aead);
		record_keys_update(&rx.keys);
		record_ready(&rx.keys, &rx.aead);
		break;
	case 6: /* a number far up: the nonce has all of it */
		tx.keys.sequence += (uint64_t)how << (op >> 3 & 7) * 7;
		in_step();
		break;
	default: /* out of step: nothing opens */
		rx.keys.sequence++;
		must(open_record(seal(bytes, RECORD_HANDSHAKE),
			     &(struct record_content){0}) == ERR_TLS);
		in_step();
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = reader_over(span_of(data, size));
	begin(read_u8(&input));
	for (int i = 0; i < OPERATIONS_MAX && input.left > 0; i++)
		operate();
	record_keys_clear(&tx.keys);
	record_keys_clear(&rx.keys);
	aead_clear(&tx.aead);
	aead_clear(&rx.aead);
	return 0;
}
