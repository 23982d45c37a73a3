/*
 * protobuf.h - the little of protocol buffers' wire format that is spoken
 * here (protobuf.dev, "Encoding"): varints, enums and strings of proto3.
 *
 * Reading goes over the sticky cursor of base/span.h, field by field, in the
 * order they come. Groups, field number 0 and varints of more than 64 bits
 * are malformed; what a message means, and which fields are unknown, is for
 * the caller.
 */
#ifndef WIRE_PROTOBUF_H
#define WIRE_PROTOBUF_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum protobuf_type {
	PROTOBUF_VARINT = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_BYTES = 2,
	PROTOBUF_FIXED32 = 5
};

struct protobuf_field {
	uint64_t number;
	enum protobuf_type type;
	uint64_t value;    /* PROTOBUF_VARINT */
	struct span bytes; /* all others, borrowed */
};

/*
 * The next field. False at the end and on malformed input: reader_ok tells
 * which.
 */
bool protobuf_read(struct reader *r, struct protobuf_field *f);

/* As proto3 has it, a field of value 0 is not written. */
void protobuf_write_uint(struct writer *w, unsigned number, uint64_t value);

/* ... and neither is an empty string. */
void protobuf_write_bytes(struct writer *w, unsigned number, struct span s);

#endif
