/*
 * fuzz_protobuf.c - any bytes as protocol buffers, and as what a server says
 * in a metadata exchange: the same verdict however the bytes are cut.
 */
#include "tunnel/metadata_exchange.h"
#include "wire/protobuf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* What is read and written again reads as the same. */
static void
walk(struct span in)
{
	static uint8_t out[1 << 17];
	struct reader r = reader_over(in);
	struct protobuf_field f;

	while (protobuf_read(&r, &f)) {
		struct writer w = writer_over(out, sizeof(out));
		struct protobuf_field again = {0};
		struct reader back;

		require(f.number > 0);
		if (f.number > 1000)
			continue;
		if (f.type == PROTOBUF_VARINT)
			protobuf_write_uint(&w, (unsigned)f.number, f.value);
		else
			protobuf_write_bytes(&w, (unsigned)f.number, f.bytes);
		if (!writer_ok(&w) || w.len == 0)
			continue;
		back = reader_over(writer_span(&w));
		require(protobuf_read(&back, &again) && reader_done(&back));
		require(again.number == f.number && again.value == f.value);
		require(span_equal(again.bytes, f.bytes));
	}
}

static enum err
exchange(struct span in, size_t step, size_t *taken)
{
	static struct metadata_exchange x;
	enum err result = ERR_AGAIN;
	struct error e;

	memset(&x, 0, sizeof(x));
	error_clear(&e);
	*taken = 0;
	while (result == ERR_AGAIN && *taken < in.len) {
		size_t n = in.len - *taken < step ? in.len - *taken : step;
		size_t used;

		result = metadata_exchange_take(
			&x, span_of(in.data + *taken, n), &used, &e);
		require(used <= n && (result != ERR_AGAIN || used == n));
		*taken += used;
	}
	require((result == ERR_OK || result == ERR_AGAIN) ==
		(e.code == ERR_OK));
	return result;
}

static enum exchange_verdict
answer(struct span in, size_t step, size_t *taken)
{
	struct exchange_answer a = {0};
	enum exchange_verdict verdict = EXCHANGE_MORE;

	exchange_answer_expect(&a);
	*taken = 0;
	while (verdict == EXCHANGE_MORE && *taken < in.len) {
		size_t n = in.len - *taken < step ? in.len - *taken : step;
		size_t used;

		verdict = exchange_answer_take(
			&a, span_of(in.data + *taken, n), &used);
		require(used <= n && a.replay <= sizeof(exchange_signature));
		*taken += used;
	}
	/* Nothing is lost: what is replayed stood at the beginning. */
	if (verdict == EXCHANGE_ABSENT)
		require(a.replay == *taken &&
			memcmp(in.data, exchange_signature, a.replay) == 0);
	return verdict;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	size_t whole;
	size_t cut;

	walk(in);
	require(exchange(in, size + 1, &whole) == exchange(in, 1, &cut));
	require(whole == cut);
	require(answer(in, size + 1, &whole) == answer(in, 1, &cut));
	require(whole == cut);
	return 0;
}
