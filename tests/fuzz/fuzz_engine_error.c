/*
 * fuzz_engine_error.c - any bytes as the first words of a client. Taken one by
 * one they lead to the same steps as taken at once. As a message they give
 * packets whose lengths are right.
 */
#include "wire/engine_error.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 8

static size_t
steps_of(struct span in, size_t piece, enum startup_step *steps)
{
	struct startup s;
	size_t count = 0;

	memset(&s, 0, sizeof(s));
	while (in.len > 0 && count < STEPS_MAX) {
		size_t n = in.len < piece ? in.len : piece;
		struct span part = span_of(in.data, n);
		enum startup_step step = startup_feed(&s, &part);

		if (step == STARTUP_MORE && part.len != 0)
			abort();
		in = span_of(in.data + n - part.len, in.len - n + part.len);
		if (step == STARTUP_MORE)
			continue;
		steps[count++] = step;
		if (step != STARTUP_DECLINE)
			break;
	}
	return count;
}

static void
check_packets(const uint8_t *data, size_t size)
{
	char message[257];
	uint8_t packet[512];
	struct writer w = writer_over(packet, sizeof(packet));
	size_t len = size < sizeof(message) - 1 ? size : sizeof(message) - 1;

	if (len > 0)
		memcpy(message, data, len);
	message[len] = '\0';
	postgres_error_write(&w, "53300", message);
	if (!writer_ok(&w) || packet[0] != 'E' || packet[w.len - 1] != 0 ||
		(packet[3] << 8 | packet[4]) != (int)w.len - 1)
		abort();
	w = writer_over(packet, sizeof(packet));
	mysql_error_write(&w, 1040, message);
	if (!writer_ok(&w) || (packet[1] << 8 | packet[0]) != (int)w.len - 4)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum startup_step at_once[STEPS_MAX];
	enum startup_step by_one[STEPS_MAX];
	size_t count = steps_of(span_of(data, size), size, at_once);

	if (count != steps_of(span_of(data, size), 1, by_one) ||
		memcmp(at_once, by_one, count * sizeof(at_once[0])) != 0 ||
		count > 4)
		abort();
	check_packets(data, size);
	return 0;
}
