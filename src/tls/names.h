/*
 * names.h - does this certificate belong to the server we mean?
 * (RFC 6125, RFC 9525; Cloud SQL's rule: reference of the connectors.)
 */
#ifndef TLS_NAMES_H
#define TLS_NAMES_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A certificate is accepted if a SAN dNSName matches one of dns, or a SAN
 * iPAddress equals ip, or (when common_name is not empty) the one subject CN
 * is common_name byte for byte. An empty policy accepts nothing.
 *
 *   certificate                    expected      verdict
 *   dNSName Db.Example.com.        db.example.com  accepted: case and one
 *                                                  trailing dot do not count
 *   dNSName *.example.com          db.example.com  accepted
 *   dNSName *.example.com          a.b.example.com, example.com  no match
 *   dNSName d*.example.com, *, a.*.com  anything   no match: a wildcard is the
 *                                                  whole left-most label
 *   dNSName with NUL, blank or not ASCII           no match
 *   dNSName 10.0.0.1               IP 10.0.0.1     no match: not an iPAddress
 *   iPAddress                      IP              the same 4 or 16 bytes
 *   CN db.example.com, any SAN     dns             no match: CN is no DNS name
 *   CN p:i, any SAN                CN p:i          accepted
 *   CN P:I, "p:i "                 CN p:i          refused: byte for byte
 *   CN p:i in IA5String, BMPString CN p:i          refused: UTF8String,
 *                                                  PrintableString and
 *                                                  TeletexString only
 *   CN with NUL; two CNs           CN p:i          refused
 *   subject or SAN not DER, SAN empty              refused, whatever matches
 */
struct names_policy {
	const char *dns[NAMES_MAX];
	size_t dns_count;
	uint8_t ip[16];
	size_t ip_len;           /* 0, 4 or 16 */
	const char *common_name; /* NULL or "": none */
};

/*
 * Check the leaf certificate (DER). On ERR_CERT, e explains in the proxies'
 * words: certificate had CN "x", expected "p:i". The alert is 42.
 */
enum err names_check(struct span leaf, const struct names_policy *policy,
	struct error *e) NODISCARD;

#endif
