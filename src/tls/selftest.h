/*
 * selftest.h - do the primitives that every connection goes through give the
 * answers they should, on this processor and in this build?
 */
#ifndef TLS_SELFTEST_H
#define TLS_SELFTEST_H

#include "base/error.h"

/*
 * Known answers of HKDF with SHA-256 and SHA-384 (RFC 8446 7.1), of AES-GCM
 * with both lengths of key and ChaCha20-Poly1305 in the code that was chosen
 * for this processor, and of X25519 with its byte order (RFC 7748 6.1). For the
 * start of each process that speaks TLS; a fraction of a millisecond of CPU.
 * ERR_INTERNAL: e names what is broken, and no connection may be made.
 *
 * Signatures are not asked: a private key is tried against its public half when
 * it is read, and a wrong verification ends the handshake it is part of.
 */
enum err selftest_run(struct error *e) NODISCARD;

#endif
