#!/usr/bin/python3
"""Makes tests/unit/vectors/policy_data.h: chains on which validators differ.

    tests/unit/vectors/make_policy.py >tests/unit/vectors/policy_data.h

Run once, as make_certs.py. Each case has an anchor, a chain, leaf first, and
the reason why it is refused, or NULL. The kinds of cases are those of
tests/conformance/limbo/differences, where our verdict is not everybody's.
"""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN = datetime.datetime(2020, 1, 1)
END = datetime.datetime(2120, 1, 1)
HOST = x509.DNSName("db.example.com")
FLAGS = (
    "digital_signature content_commitment key_encipherment data_encipherment "
    "key_agreement key_cert_sign crl_sign encipher_only decipher_only"
).split()
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0")
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE

cases = []


def usage(*on):
    return x509.KeyUsage(**{flag: flag in on for flag in FLAGS})


class Entity:
    """A certificate and its key. extensions: (value, critical)."""

    def __init__(self, name, issuer, extensions, end=END):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = issuer or self
        b = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGIN)
            .not_valid_after(end)
        )
        for value, critical in extensions:
            b = b.add_extension(value, critical)
        cert = b.sign(issuer.key, hashes.SHA256())
        self.pem = cert.public_bytes(serialization.Encoding.PEM).decode()


def ca(name, issuer=None, path=None, more=(), end=END):
    basic = [(x509.BasicConstraints(True, path), True)]
    basic.append((usage("key_cert_sign", "crl_sign"), True))
    return Entity(name, issuer, basic + list(more), end)


def leaf(issuer, *more):
    san = (x509.SubjectAlternativeName([HOST]), False)
    return Entity("leaf", issuer, [san, *more])


def case(name, refusal, anchor, *chain):
    cases.append((name, refusal, anchor.pem, "".join(c.pem for c in chain)))


def anchors():
    excluded = x509.NameConstraints(None, [x509.DNSName("example.com")])
    for name, more, end in (
        ("plain anchor", [], END),
        ("anchor with an unknown critical extension", [(UNKNOWN, True)], END),
        ("anchor past its time", [], BEGIN + datetime.timedelta(days=1)),
    ):
        root = ca("root", more=more, end=end)
        case(name, None, root, leaf(root))
    for critical in (True, False):
        root = ca("root", more=[(excluded, critical)])
        case("anchor with constraints", "no usable CA certificate", root, leaf(root))
    root = ca("root")
    middle = ca("ca", root, more=[(excluded, False)])
    why = "certificate of a CA with name constraints"
    case("constraints below the anchor", why, root, leaf(middle), middle)
    eku = x509.ExtendedKeyUsage
    for name, why, usages in (
        ("CA for clients", "certificate of a CA that may not issue for servers", "CLIENT"),
        ("CA for servers", None, "SERVER"),
    ):
        usages = eku([getattr(ExtendedKeyUsageOID, f"{usages}_AUTH")])
        middle = ca("ca", root, more=[(usages, False)])
        case(name, why, root, leaf(middle), middle)
    clients = ca("root", more=[(eku([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
    case("anchor for clients", None, clients, leaf(clients))


def paths():
    why = "certificate signed by one that is not a CA"
    root = ca("root")
    a = ca("a", root, path=1)
    b = ca("b", a, path=0)
    case("path as long as it may be", None, root, leaf(b), b, a)
    c = ca("c", b)
    case("path longer than it may be", why, root, leaf(c), c, b, a)
    again = ca("a", a, path=1)
    d = ca("d", again, path=0)
    case("self-issued counts", why, root, leaf(d), d, again, a)


def leaves():
    root = ca("root")
    eku = x509.ExtendedKeyUsage
    key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key
    for name, why, more in (
        ("any usage", None, [(eku([ANY]), False)]),
        (
            "a client's",
            "certificate may not be used by a server",
            [(eku([ExtendedKeyUsageOID.CLIENT_AUTH]), False)],
        ),
        (
            "signs certificates only",
            "certificate may not be used for signatures",
            [(usage("key_cert_sign"), True), (x509.BasicConstraints(True, None), True)],
        ),
        ("a CA", None, [(x509.BasicConstraints(True, None), True)]),
        ("critical key identifier", None, [(key_id(root.key.public_key()), True)]),
        (
            "another's key identifier",
            None,
            [(x509.AuthorityKeyIdentifier(bytes(20), None, None), False)],
        ),
        (
            "critical usage of a server",
            "certificate has an unknown critical extension",
            [(eku([ExtendedKeyUsageOID.SERVER_AUTH]), True)],
        ),
        ("unknown extension", None, [(UNKNOWN, False)]),
        (
            "unknown critical extension",
            "certificate has an unknown critical extension",
            [(UNKNOWN, True)],
        ),
    ):
        case(name, why, root, leaf(root, *more))


def literal(text):
    for line in text.splitlines():
        print(f'\t\t"{line}\\n"')


def main():
    anchors()
    paths()
    leaves()
    print("/* Made by make_policy.py; see README.md. */")
    print("/* clang-format off */")
    print("static const struct policy_case policy_cases[] = {")
    for name, refusal, anchor, chain in cases:
        reason = f'"{refusal}"' if refusal else "NULL"
        print(f'\t{{"{name}", {reason},')
        literal(anchor)
        print("\t\t,")
        literal(chain)
        print("\t},")
    print("};")


main()
