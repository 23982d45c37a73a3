#!/usr/bin/python3
"""Makes tests/unit/vectors/peer_data.h: the identities of the server that the
TLS tests run in memory, and of its client. The keys protect nothing.

    tests/unit/vectors/make_peer.py >tests/unit/vectors/peer_data.h
"""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DER = serialization.Encoding.DER


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def sign(cn, key, signer, ca=False):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(cn))
        .issuer_name(name("peer CA"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2120, 1, 1))
        .add_extension(x509.BasicConstraints(ca, None), True)
    )
    if not ca:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(DER)


def array(label, data):
    print(f"static const uint8_t {label}[] = {{")
    for i in range(0, len(data), 12):
        print("\t" + " ".join(f"0x{b:02x}," for b in data[i : i + 12]))
    print("};")


def pkcs1(key):
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(DER, form, serialization.NoEncryption())


def scalar(key, length):
    return key.private_numbers().private_value.to_bytes(length, "big")


def main():
    ca = ec.generate_private_key(ec.SECP256R1())
    rsa_key = rsa.generate_private_key(65537, 2048)
    p256 = ec.generate_private_key(ec.SECP256R1())
    p384 = ec.generate_private_key(ec.SECP384R1())
    client = rsa.generate_private_key(65537, 2048)
    print("/* Made by make_peer.py; see README.md. */")
    print("/* clang-format off */")
    array("peer_ca", sign("peer CA", ca, ca, ca=True))
    array("peer_rsa_cert", sign("my-project:orders", rsa_key, ca))
    array("peer_rsa_key", pkcs1(rsa_key))
    array("peer_p256_cert", sign("my-project:orders", p256, ca))
    array("peer_p256_key", scalar(p256, 32))
    array("peer_p384_cert", sign("my-project:orders", p384, ca))
    array("peer_p384_key", scalar(p384, 48))
    array("peer_client_cert", sign("client", client, ca))
    array("peer_client_key", pkcs1(client))


main()
