/*
 * alert.c - names of alerts, in the words of the proxies' logs, which people
 * search for. Holds no state.
 */
#include "tls/alert.h"

#include <stddef.h>

static const struct {
	int alert;
	const char *text;
} texts[] = {
	{ALERT_CLOSE_NOTIFY, "close notify"},
	{ALERT_UNEXPECTED_MESSAGE, "unexpected message"},
	{ALERT_BAD_RECORD_MAC, "bad record MAC"},
	{ALERT_RECORD_OVERFLOW, "record overflow"},
	{ALERT_HANDSHAKE_FAILURE, "handshake failure"},
	{ALERT_BAD_CERTIFICATE, "bad certificate"},
	{ALERT_UNSUPPORTED_CERTIFICATE, "unsupported certificate"},
	{ALERT_CERTIFICATE_REVOKED, "revoked certificate"},
	{ALERT_CERTIFICATE_EXPIRED, "expired certificate"},
	{ALERT_CERTIFICATE_UNKNOWN, "unknown certificate"},
	{ALERT_ILLEGAL_PARAMETER, "illegal parameter"},
	{ALERT_UNKNOWN_CA, "unknown certificate authority"},
	{ALERT_ACCESS_DENIED, "access denied"},
	{ALERT_DECODE_ERROR, "error decoding message"},
	{ALERT_DECRYPT_ERROR, "error decrypting message"},
	{ALERT_PROTOCOL_VERSION, "protocol version not supported"},
	{ALERT_INSUFFICIENT_SECURITY, "insufficient security level"},
	{ALERT_INTERNAL_ERROR, "internal error"},
	{ALERT_INAPPROPRIATE_FALLBACK, "inappropriate fallback"},
	{ALERT_USER_CANCELED, "user canceled"},
	{ALERT_NO_RENEGOTIATION, "no renegotiation"},
	{ALERT_MISSING_EXTENSION, "missing extension"},
	{ALERT_UNSUPPORTED_EXTENSION, "unsupported extension"},
	{ALERT_UNRECOGNIZED_NAME, "unrecognized name"},
	{ALERT_BAD_CERTIFICATE_STATUS, "bad certificate status response"},
	{ALERT_UNKNOWN_PSK_IDENTITY, "unknown PSK identity"},
	{ALERT_CERTIFICATE_REQUIRED, "certificate required"},
	{ALERT_NO_APPLICATION_PROTOCOL, "no application protocol"},
};

const char *
alert_text(int alert)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].alert == alert)
			return texts[i].text;
	}
	return "unknown alert";
}
