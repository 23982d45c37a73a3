/*
 * fuzz_notify_message.c - any datagram of an app; what is passed on is read
 * again as the same, and all of it is passed on again.
 */
#include "init/notify_message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[32768];
	static uint8_t second[32768];
	struct writer w = writer_over(first, sizeof(first));
	struct writer again = writer_over(second, sizeof(second));
	struct notify_message m;
	struct notify_message n;

	notify_message_read(&m, span_of(data, size), &w);
	if (!writer_ok(&w)) {
		if (size < sizeof(first) - 1)
			abort();
		return 0;
	}
	notify_message_read(&n, writer_span(&w), &again);
	if (m.ready != n.ready || m.alive != n.alive || m.hangs != n.hangs ||
		m.stopping != n.stopping ||
		!span_equal(writer_span(&w), writer_span(&again)))
		abort();
	return 0;
}
