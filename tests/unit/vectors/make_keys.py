#!/usr/bin/python3
"""Makes tests/unit/vectors/keys_data.h: private keys of the unit tests, which
protect nothing.

    tests/unit/vectors/make_keys.py >tests/unit/vectors/keys_data.h
"""

import secrets

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import NoEncryption

PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
PKCS8 = serialization.PrivateFormat.PKCS8


def make(label, key, form):
    pem = key.private_bytes(serialization.Encoding.PEM, form, NoEncryption())
    print(f'\t{{"{label}",')
    lines = pem.decode().splitlines()
    for line in lines:
        print(f'\t\t"{line}\\n"', end="" if line == lines[-1] else "\n")
    print("},")


def rsa_key(bits, e=65537, wanted=lambda numbers: True):
    while True:
        key = rsa.generate_private_key(public_exponent=e, key_size=bits)
        if wanted(key.private_numbers()):
            return key


def odd_key(bits):
    """A modulus of an odd number of bits, which OpenSSL does not make."""
    p, q = prime(bits // 2 + 1), prime(bits // 2)
    while (p * q).bit_length() != bits:
        q = prime(bits // 2)
    return two_primes(p, q)


def two_primes(p, q):
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, n)
    return rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public
    ).private_key()


def prime(bits):
    while True:
        n = secrets.randbits(bits) | 1 << (bits - 1) | 1
        if all(pow(a, n - 1, n) == 1 for a in (2, 3, 5, 7, 11, 13)):
            return n


print("/* Made by make_keys.py; see README.md. */")
print("/* clang-format off */")
print("static const struct pem_vector key_vectors[] = {")
key = rsa_key(2048)
make("rsa2048", key, PKCS1)
make("rsa2048_pkcs8", key, PKCS8)
# BearSSL can derive the private exponent of the others only.
make("rsa2048_1mod4", rsa_key(2048, wanted=lambda n: n.p % 4 == 1), PKCS1)
make("rsa2048_e3", rsa_key(2048, e=3), PKCS1)
# One bit more than whole bytes: the PSS encoding is a byte shorter.
odd = odd_key(2049)
make("rsa2049", odd, PKCS1)
make("rsa2050", odd_key(2050), PKCS1)
key = rsa_key(4096)
make("rsa4096", key, PKCS8)
make("rsa4096_pkcs1", key, PKCS1)
make("rsa1024", rsa_key(1024), PKCS1)
make("rsa2047", odd_key(2047), PKCS1)
make("p256", ec.generate_private_key(ec.SECP256R1()), PKCS1)
make("p256_pkcs8", ec.generate_private_key(ec.SECP256R1()), PKCS8)
make("ed25519", ed25519.Ed25519PrivateKey.generate(), PKCS8)
small, large = prime(128), prime(1920)
while (small * large).bit_length() != 2048:
    small = prime(128)
make("rsa2048_small_p", two_primes(small, large), PKCS1)
make("rsa2048_small_q", two_primes(large, small), PKCS1)
print("};")
# PSS by another hand, where the encoding is a byte shorter than the modulus.
pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
signature = odd.sign(bytes(32), pss, utils.Prehashed(hashes.SHA256())).hex()
print("static const char rsa2049_pss[] =")
for i in range(0, len(signature), 60):
    print(f'\t"{signature[i:i + 60]}"')
print("\t;")
