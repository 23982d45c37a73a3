#!/usr/bin/python3
"""Makes tests/unit/vectors/certs_data.h: the certificates of the unit tests.

    tests/unit/vectors/make_certs.py >tests/unit/vectors/certs_data.h

Run once; the result is committed, so that the tests depend on no generator and
on no clock. The keys are thrown away. Good certificates are valid from 2020 to
2120; the tests set the time to 2026-01-01.
"""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN = datetime.datetime(2020, 1, 1)
END = datetime.datetime(2120, 1, 1)
SERVER = [ExtendedKeyUsageOID.SERVER_AUTH]

certs = {}


def rsa_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def name(*cns, **more):
    attributes = []
    if more.get("org"):
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, more["org"]))
    attributes += [x509.NameAttribute(NameOID.COMMON_NAME, cn) for cn in cns]
    return x509.Name(attributes)


def usage(**on):
    flags = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    flags.update(on)
    return x509.KeyUsage(**flags)


def make(label, subject, key, issuer, signer, sans=None, eku=SERVER, **o):
    """One certificate, kept under label. issuer is a name, signer its key."""
    b = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(len(certs) + 1000)
        .not_valid_before(o.get("begin", BEGIN))
        .not_valid_after(o.get("end", END))
    )
    if o.get("ca"):
        b = b.add_extension(x509.BasicConstraints(True, o.get("path")), True)
        b = b.add_extension(usage(key_cert_sign=True, crl_sign=True), True)
        eku = None
    if sans:
        b = b.add_extension(x509.SubjectAlternativeName(sans), False)
    if eku:
        b = b.add_extension(x509.ExtendedKeyUsage(eku), o.get("eku_critical", False))
    if o.get("ku"):
        b = b.add_extension(o["ku"], True)
    for extra in o.get("extras", []):
        b = b.add_extension(extra, False)
    certs[label] = b.sign(signer, o.get("hash", hashes.SHA256()))


def raw_san(value):
    oid = x509.ObjectIdentifier("2.5.29.17")
    return x509.UnrecognizedExtension(oid, bytes.fromhex(value))


def dns(*names):
    return [x509.DNSName(n) for n in names]


def version_1(label, subject, key):
    """A self-signed version 1 certificate: a version 3 one, taken apart, signed
    again without version and extensions."""
    from cryptography.hazmat.primitives.asymmetric import padding

    make(label, subject, key, subject, key, eku=None)
    der = certs[label].tbs_certificate_bytes
    body = der[4:]
    assert body[:5] == bytes.fromhex("a003020102")
    tbs = wrap(0x30, body[5:])
    sig = key.sign(tbs, padding.PKCS1v15(), hashes.SHA256())
    algorithm = bytes.fromhex("300d06092a864886f70d01010b0500")
    whole = wrap(0x30, tbs + algorithm + wrap(0x03, b"\0" + sig))
    certs[label] = x509.load_der_x509_certificate(whole)


def wrap(tag, body):
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    width = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + n.to_bytes(width, "big") + body


def authorities():
    ca_key, ec_key, other_key, v1_key = rsa_key(), ec.generate_private_key(
        ec.SECP384R1()
    ), rsa_key(), rsa_key()
    ca = name("fairlead test CA", org="Test")
    ec_ca = name("fairlead test EC CA", org="Test")
    other = name("fairlead other CA", org="Test")
    make("ca", ca, ca_key, ca, ca_key, ca=True)
    # Its own signature is SHA-1, which must not matter in an anchor.
    make("ca_sha1", ca, ca_key, ca, ca_key, ca=True, hash=hashes.SHA1())
    make("ca_ec", ec_ca, ec_key, ec_ca, ec_key, ca=True, hash=hashes.SHA384())
    make("ca_other", other, other_key, other, other_key, ca=True)
    # The same name as ca, another key.
    make("ca_impostor", ca, other_key, ca, other_key, ca=True)
    odd_key = ed25519.Ed25519PrivateKey.generate()
    odd = name("fairlead Ed25519 CA")
    make("ca_ed25519", odd, odd_key, odd, odd_key, ca=True, hash=None)
    version_1("ca_v1", name("fairlead v1 CA"), v1_key)
    return (ca, ca_key), (ec_ca, ec_key), (other, other_key), v1_key


def main():
    (ca, ca_key), (ec_ca, ec_key), (other, other_key), v1_key = authorities()
    key, strong = rsa_key(), rsa_key(4096)
    cn = name("my-project:orders")
    signer = (ca, ca_key)

    # Names.
    make("cn", cn, key, *signer)
    make("san", name(), key, *signer, sans=dns("Db.Example.com."))
    make("cn_and_san", cn, key, *signer, sans=dns("db.example.com"))
    make("wildcard", name(), key, *signer, sans=dns("*.example.com"))
    make("wildcard_odd", name(), key, *signer,
         sans=dns("d*.example.com", "db.*.com", "*", "*.", "*.*.com", "**.example.com",
                  "*-example.com"))
    make("san_short", name(), key, *signer, sans=dns("a.example.com"))
    make("san_odd", name(), key, *signer, sans=dns("a b.example.com", "a\x7f.example.com"))
    make("san_empty", cn, key, *signer, extras=[raw_san("3000")])
    make("ip_empty", name(), key, *signer, extras=[raw_san("30028700")])
    make("dns_empty", name(), key, *signer, extras=[raw_san("30028200")])
    make("ip", name(), key, *signer,
         sans=[x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
               x509.IPAddress(ipaddress.ip_address("fd00::1"))])
    make("ip_as_dns", name(), key, *signer, sans=dns("10.0.0.1"))
    make("nul_san", name(), key, *signer, sans=dns("db.example.com\0.evil.test"))
    make("nul_cn", name("my-project:orders\0x"), key, *signer)
    make("two_cns", name("my-project:orders", "my-project:orders"), key, *signer)
    make("cn_upper", name("MY-PROJECT:orders"), key, *signer)
    make("cn_empty", name(org="Test"), key, *signer)
    make("cn_ia5", x509.Name([x509.NameAttribute(
        NameOID.COMMON_NAME, "my-project:orders",
        _type=x509.name._ASN1Type.IA5String)]), key, *signer)
    make("cn_printable", x509.Name([x509.NameAttribute(
        NameOID.COMMON_NAME, "my-project:orders",
        _type=x509.name._ASN1Type.PrintableString)]), key, *signer)
    make("cn_t61", x509.Name([x509.NameAttribute(
        NameOID.COMMON_NAME, "my-project:orders",
        _type=x509.name._ASN1Type.T61String)]), key, *signer)
    make("cn_ugly", name("a\nb\x1b[31m\x7f"), key, *signer)

    # Usages and keys.
    make("eku_client", cn, key, *signer, eku=[ExtendedKeyUsageOID.CLIENT_AUTH])
    make("eku_any", cn, key, *signer, eku=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
    make("eku_both", cn, key, *signer,
         eku=[ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    make("eku_none", cn, key, *signer, eku=None)
    make("eku_critical", cn, key, *signer, eku_critical=True)
    make("ku_encipher", cn, key, *signer, ku=usage(key_encipherment=True))
    make("ku_sign", cn, key, *signer, ku=usage(digital_signature=True))
    make("rsa1024", cn, rsa_key(1024), *signer)
    make("rsa2040", cn, rsa_key(2040), *signer)
    make("rsa4096", cn, strong, *signer)
    make("p256", cn, ec.generate_private_key(ec.SECP256R1()), *signer)
    make("p384", cn, ec.generate_private_key(ec.SECP384R1()), *signer)
    make("p521", cn, ec.generate_private_key(ec.SECP521R1()), *signer)
    make("by_ec", cn, ec.generate_private_key(ec.SECP256R1()), ec_ca, ec_key)
    make("by_sha384", cn, key, *signer, hash=hashes.SHA384())
    make("by_sha512", cn, key, *signer, hash=hashes.SHA512())
    make("by_sha1", cn, key, *signer, hash=hashes.SHA1())

    # Dates.
    make("expired", cn, key, *signer, end=datetime.datetime(2025, 12, 31, 23, 59, 59))
    make("last_second", cn, key, *signer, end=datetime.datetime(2026, 1, 1))
    make("early", cn, key, *signer, begin=datetime.datetime(2026, 1, 1, 0, 0, 1))
    make("first_second", cn, key, *signer, begin=datetime.datetime(2026, 1, 1))

    # Chains.
    inter_key = rsa_key()
    inter = name("fairlead intermediate")
    make("inter", inter, inter_key, *signer, ca=True, path=0)
    make("by_inter", cn, key, inter, inter_key)
    make("inter_expired", inter, inter_key, *signer, ca=True,
         end=datetime.datetime(2025, 1, 1))
    make("inter_limited", inter, inter_key, *signer, ca=True,
         extras=[x509.NameConstraints(dns("other.test"), None)])
    make("leaf_limited", cn, key, inter, inter_key,
         extras=[x509.NameConstraints(dns("other.test"), None)])
    make("inter_no_ca", inter, inter_key, *signer)
    make("sub", name("fairlead sub"), other_key, inter, inter_key, ca=True)
    make("by_sub", cn, key, name("fairlead sub"), other_key)
    make("by_other", cn, key, other, other_key)
    make("by_v1", cn, key, name("fairlead v1 CA"), v1_key)
    # The issuer's name, signed by somebody else.
    make("forged", cn, key, ca, other_key)
    make("forged_inter", cn, key, inter, other_key)

    print("/* Made by make_certs.py; see README.md. */")
    print("/* clang-format off */")
    print("static const struct pem_vector cert_vectors[] = {")
    for label, cert in certs.items():
        pem = cert.public_bytes(serialization.Encoding.PEM).decode()
        print(f'\t{{"{label}",')
        lines = pem.splitlines()
        for line in lines:
            print(f'\t\t"{line}\\n"', end="" if line == lines[-1] else "\n")
        print("},")
    print("};")


main()
