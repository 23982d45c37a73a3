/*
 * static_info.h - --static-connection-info: AlloyDB instances from a JSON file
 * in the place of the Admin API's answers, for development without it. The form
 * is that of Google's connector:
 *
 *   {"publicKey": PEM, "privateKey": PEM of PKCS#1,
 *    "projects/P/locations/L/clusters/C/instances/I": {
 *      "ipAddress": "...", "publicIpAddress": "...",
 *      "pscInstanceConfig": {"pscDnsName": "..."},
 *      "pemCertificateChain": [PEM, ...], "caCert": PEM}, ...}
 */
#ifndef FETCHER_STATIC_INFO_H
#define FETCHER_STATIC_INFO_H

#include "base/error.h"
#include "io/ipc.h"
#include "wire/json.h"

/*
 * Read the file; *instance is then what it says of the instance of that name,
 * a document of its own until the next call, and id has the private key.
 * ERR_CONFIG: e says what is wrong, without a byte of the file.
 */
enum err static_info_read(const char *path, const char *name,
	struct json *instance, struct ipc_identity *id,
	struct error *e) NODISCARD;

#endif
