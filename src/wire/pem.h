/*
 * pem.h - textual encoding of keys and certificates (RFC 7468), read strictly
 * inside a block and patiently outside of it.
 */
#ifndef WIRE_PEM_H
#define WIRE_PEM_H

#include "base/error.h"
#include "base/span.h"

/* One block. Both spans point into the text. */
struct pem_block {
	struct span label;  /* "CERTIFICATE" */
	struct span base64; /* the lines between BEGIN and END */
};

/*
 * The next block of a text. Lines before it that do not begin with
 * -----BEGIN are skipped; lines end with LF or CRLF. ERR_EOF: there is none.
 * ERR_PARSE: a BEGIN line that is not one, or no END line with its label.
 */
enum err pem_next(struct reader *text, struct pem_block *block) NODISCARD;

/*
 * Append the decoded block to w. ERR_PARSE: not strict base64, headers inside
 * the block (RFC 1421, encrypted keys) included, or nothing at all. ERR_LIMIT:
 * w is full.
 */
enum err pem_decode(const struct pem_block *block, struct writer *w) NODISCARD;

#endif
