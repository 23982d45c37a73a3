/*
 * pemvec.h - the certificates and keys of vectors/, by name.
 */
#ifndef PEMVEC_H
#define PEMVEC_H

#include "base/span.h"

#include <stdint.h>

/* 2026-01-01 00:00:00 UTC: the present, for the certificates. */
#define PEMVEC_NOW INT64_C(1767225600)

/*
 * A certificate or private key as DER; lives until the program ends. A name
 * that does not exist aborts the test program.
 */
struct span pemvec_cert(const char *name);
struct span pemvec_key(const char *name);

/* The PEM text of a certificate. */
const char *pemvec_cert_pem(const char *name);

/*
 * OpenSSL's PSS signature (SHA-256) with key rsa2049 over a digest of 32 zero
 * bytes, in hexadecimal.
 */
const char *pemvec_rsa2049_pss(void);

/*
 * Bytes of a hexadecimal string into buf[0..cap), which must be long enough.
 */
struct span pemvec_hex(uint8_t *buf, size_t cap, const char *hex);

#endif
