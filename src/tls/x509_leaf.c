/*
 * x509_leaf.c - may this certificate's key prove a TLS 1.3 server? KeyUsage,
 * ExtendedKeyUsage and the key itself, which BearSSL's engine leaves to its
 * caller. Pure; an extension that it cannot read is a refusal.
 */
#include "tls/alert.h"
#include "tls/certificate.h"
#include "tls/x509.h"

#include "wire/der.h"

#define DIGITAL_SIGNATURE 0x80
#define RSA_MODULUS_MIN   256 /* bytes */
#define RSA_MODULUS_MAX   512
#define UNCOMPRESSED      0x04 /* point format (SEC 1 2.3.3) */
#define OID(name)         span_of(oid_##name, sizeof(oid_##name))

static const uint8_t oid_key_usage[] = {0x55, 0x1d, 0x0f};
static const uint8_t oid_rsa[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_p256[] = {
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};

static enum err
malformed(struct error *e)
{
	return error_tls(
		e, ERR_CERT, ALERT_BAD_CERTIFICATE, "certificate is malformed");
}

static enum err
unsupported(struct error *e, const char *why)
{
	return error_tls(e, ERR_CERT, ALERT_UNSUPPORTED_CERTIFICATE,
		"certificate %s", why);
}

/* BIT STRING of named bits, the first is digitalSignature (4.2.1.3). */
static enum err
check_key_usage(struct span value, struct error *e)
{
	struct reader r = reader_over(value);
	struct span bits = der_read(&r, DER_BIT_STRING);

	if (!reader_done(&r) || bits.len < 2 || bits.data[0] > 7)
		return malformed(e);
	if ((bits.data[1] & DIGITAL_SIGNATURE) == 0)
		return unsupported(e, "may not be used for signatures");
	return ERR_OK;
}

static enum err
check_rsa(struct reader *algorithm, struct span bits, struct error *e)
{
	struct reader r = reader_over(bits);
	struct reader key = der_open(&r, DER_SEQUENCE);
	struct span n = der_read_unsigned(&key);
	struct span exponent = der_read_unsigned(&key);

	if (der_read(algorithm, DER_NULL).len != 0 || !reader_done(algorithm) ||
		!reader_done(&r) || !reader_done(&key))
		return malformed(e);
	/* The top bit of the smallest modulus; an even one has no inverse. */
	if (n.len < RSA_MODULUS_MIN ||
		(n.len == RSA_MODULUS_MIN && n.data[0] < 0x80))
		return unsupported(e, "has an RSA key under 2048 bits");
	if (n.len > RSA_MODULUS_MAX)
		return unsupported(e, "has an RSA key over 4096 bits");
	if ((n.data[n.len - 1] & 1) == 0 ||
		(exponent.data[exponent.len - 1] & 1) == 0 ||
		(exponent.len == 1 && exponent.data[0] == 1))
		return malformed(e);
	return ERR_OK;
}

static enum err
check_ec(struct reader *algorithm, struct span point, struct error *e)
{
	struct span curve = der_read(algorithm, DER_OID);
	size_t len;

	if (!reader_done(algorithm))
		return malformed(e);
	if (span_equal(curve, OID(p256)))
		len = 1 + 2 * 32;
	else if (span_equal(curve, OID(p384)))
		len = 1 + 2 * 48;
	else
		return unsupported(e, "has a key on an unsupported curve");
	if (point.len != len || point.data[0] != UNCOMPRESSED)
		return malformed(e);
	return ERR_OK;
}

static enum err
check_key(struct span public_key, struct error *e)
{
	struct reader r = reader_over(public_key);
	struct reader algorithm = der_open(&r, DER_SEQUENCE);
	struct span oid = der_read(&algorithm, DER_OID);
	struct span bits = der_read_bit_string(&r);

	if (!reader_done(&r) || !reader_ok(&algorithm))
		return malformed(e);
	if (span_equal(oid, OID(rsa)))
		return check_rsa(&algorithm, bits, e);
	if (span_equal(oid, OID(ec)))
		return check_ec(&algorithm, bits, e);
	return unsupported(e, "has a key of an unsupported kind");
}

enum err
x509_check_leaf(struct span leaf, struct error *e)
{
	struct certificate c;
	struct span value;
	enum err code;

	if (certificate_parse(leaf, &c) != ERR_OK)
		return malformed(e);
	code = check_key(c.public_key, e);
	if (code == ERR_OK && certificate_extension(&c, OID(key_usage), &value))
		code = check_key_usage(value, e);
	if (code != ERR_OK)
		return code;
	code = certificate_server_usage(&c);
	if (code == ERR_CERT)
		return unsupported(e, "may not be used by a server");
	return code == ERR_OK ? ERR_OK : malformed(e);
}

enum err
x509_not_after(struct span der, int64_t *not_after_s)
{
	struct certificate c;

	if (certificate_parse(der, &c) != ERR_OK)
		return ERR_PARSE;
	*not_after_s = c.not_after_s;
	return ERR_OK;
}
