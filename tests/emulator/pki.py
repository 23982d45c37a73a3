"""Keys and certificates: the authorities that Google keeps, played here.

Private keys are cached as PEM files because RSA keys are slow to make.
Certificates are made anew at need: they are cheap, and their dates matter.
Python's ssl module reads chains from files only, so what a TLS server shows
is written to the state directory, under a name made from its contents.
"""

import datetime
import hashlib
import ipaddress
import os
import secrets
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UTC = datetime.timezone.utc
DAY = 86400
YEAR = 365 * DAY

# 2.999 is the arc that standards set aside for examples.
LOGIN_TOKEN_OID = x509.ObjectIdentifier("2.999.3307.1")

KEY_TYPES = ("rsa2048", "rsa3072", "rsa4096", "p256", "p384")


def make_key(kind):
    if kind == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "p384":
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(public_exponent=65537,
                                    key_size=int(kind[3:]))


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def cert_pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def write_private(path, data):
    """Atomic, and 0600: two emulators may share a directory."""
    part = f"{path}.{os.getpid()}.{secrets.token_hex(4)}"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as out:
        out.write(data)
    os.rename(part, path)


class KeyStore:
    """Keys by name, on disk; made at first use."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._lock = threading.Lock()
        self._keys = {}
        self._making = {}

    def get(self, name, kind="rsa2048"):
        slot = f"{name}-{kind}"
        with self._lock:
            if slot in self._keys:
                return self._keys[slot]
            gate = self._making.setdefault(slot, threading.Lock())
        with gate:
            if slot not in self._keys:
                self._keys[slot] = self._load_or_make(slot, kind)
        return self._keys[slot]

    def _load_or_make(self, slot, kind):
        digest = hashlib.sha256(slot.encode()).hexdigest()[:16]
        path = os.path.join(self.folder, f"{digest}.pem")
        try:
            with open(path, "rb") as src:
                return serialization.load_pem_private_key(src.read(), None)
        except FileNotFoundError:
            key = make_key(kind)
            write_private(path, key_pem(key))
            return key


def name_of(common_name, organization=None, qualifier=None):
    parts = []
    if organization:
        parts.append(x509.NameAttribute(NameOID.COUNTRY_NAME, "US"))
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME,
                                        organization))
    if common_name:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    if qualifier:
        parts.append(x509.NameAttribute(NameOID.DN_QUALIFIER, qualifier))
    return x509.Name(parts)


class Authority:
    """A certificate authority: a name, a key, and its own certificate."""

    def __init__(self, subject, key, issuer=None, digest=None,
                 is_ca=True, life=10 * YEAR):
        self.key = key
        self.subject = subject
        signer = issuer.key if issuer else key
        builder = _builder(subject, issuer.subject if issuer else subject,
                           key.public_key(), -DAY, life)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        if is_ca:
            builder = builder.add_extension(_usage(sign_certs=True),
                                            critical=True)
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            critical=False)
        self.cert = builder.sign(signer, digest or hashes.SHA256())

    @property
    def pem(self):
        return cert_pem(self.cert)

    def issue(self, public_key, subject, *, start=-DAY, life=YEAR, sans=(),
              eku=ExtendedKeyUsageOID.SERVER_AUTH, digest=None, extra=None):
        """A leaf valid from now + start until now + life seconds."""
        builder = _builder(subject, self.subject, public_key, start, life)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(), critical=True)
        if eku is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([eku]),
                                            critical=False)
        if sans:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(list(sans)),
                critical=not list(subject))
        if extra is not None:
            builder = builder.add_extension(extra, critical=False)
        return builder.sign(self.key, digest or hashes.SHA256())


def _usage(sign_certs=False):
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=sign_certs, crl_sign=sign_certs,
        encipher_only=False, decipher_only=False)


def _builder(subject, issuer, public_key, start, life):
    now = datetime.datetime.now(UTC)
    begin = now + datetime.timedelta(seconds=start)
    end = now + datetime.timedelta(seconds=life)
    if begin >= end:
        begin = end - datetime.timedelta(days=1)
    return (x509.CertificateBuilder()
            .subject_name(subject).issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin).not_valid_after(end))


def dns_or_ip(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class ChainFiles:
    """Writes "key + chain" files for ssl.SSLContext.load_cert_chain."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)

    def put(self, key, chain):
        data = key_pem(key) + b"".join(cert_pem(c) for c in chain)
        digest = hashlib.sha256(data).hexdigest()[:24]
        path = os.path.join(self.folder, f"{digest}.pem")
        if not os.path.exists(path):
            write_private(path, data)
        return path


def rfc3339(moment):
    return moment.replace(tzinfo=None).isoformat(
        timespec="milliseconds") + "Z"


def fingerprint(cert):
    return cert.fingerprint(hashes.SHA1()).hex()
