"""The certificates of one emulated instance and of the API's own host.

Holds what Google would hold for an instance: the authorities that sign its
server certificate (several generations, for CA rotation) and the authority
that signs client certificates.  Everything that a test may want to be wrong
about a server certificate is made here, by name.
"""

import os
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

import pki
from pki import DAY, YEAR, Authority, name_of

# How a server certificate can look.  The value is shown by --help.
SERVER_CERTS = {
    "cn": "CN=PROJECT:INSTANCE, no SAN (per-instance CA); the default",
    "san": "empty CN, the instance's DNS name in the SAN (shared CA)",
    "san-dot": "as san, with the trailing dot inside the SAN",
    "both": "right CN and right SAN",
    "wrong-cn": "CN of another instance",
    "wrong-san": "SAN of another instance, right CN: still acceptable",
    "wrong-both": "CN and SAN of another instance",
    "no-name": "neither CN nor SAN",
    "wrong-ca": "signed by an authority that is not published",
    "forged-ca": "signed with another key, under the published CA's name",
    "not-a-ca": "signed by a published certificate that is not a CA",
    "intermediate": "signed by an intermediate; root and it are published",
    "expired": "was valid until an hour ago",
    "not-yet-valid": "will be valid in an hour",
    "client-auth": "extended key usage clientAuth only",
    "no-eku": "no extended key usage at all: acceptable",
    "sha1": "signed with SHA-1",
}

ORGANIZATION = "Fairlead Emulator"


class InstanceIdentity:
    def __init__(self, name, keys, files):
        self.name = name
        self.project, self.region, self.instance = split_name(name)
        self.common_name = f"{self.project}:{self.instance}"
        self.owner = name       # of the keys
        self._prepare(keys, files)

    def _prepare(self, keys, files):
        self.keys = keys
        self.files = files
        self._lock = threading.Lock()
        self._authorities = {}
        self._chains = {}

    def client_authority(self, generation=0):
        role = f"client-{generation}" if generation else "client"
        return self._authority(role, "Client CA")

    def server_authority(self, generation):
        return self._authority(f"server-{generation}", "Server CA")

    def _authority(self, role, title, **how):
        with self._lock:
            if role not in self._authorities:
                key = self.keys.get(f"{role}:{self.owner}")
                subject = name_of(f"{title} of {self.common_name}",
                                  ORGANIZATION, role)
                self._authorities[role] = Authority(subject, key, **how)
            return self._authorities[role]

    def published(self, settings):
        """The PEM text of serverCaCert.cert."""
        text = b"".join(self.server_authority(n).pem
                        for n in settings["published_cas"])
        kind = settings["server_cert"]
        if kind in ("intermediate", "not-a-ca"):
            text += self._signer(settings).pem
        return text.decode()

    def chain_file(self, settings, dns_name):
        """Key and certificate for the data plane, as a file's path."""
        kind, key_kind = settings["server_cert"], settings["server_key"]
        slot = (kind, key_kind, settings["server_ca"], dns_name)
        with self._lock:
            if slot in self._chains:
                return self._chains[slot]
        key = self.keys.get(f"server-leaf:{self.name}", key_kind)
        cert = self._leaf(settings, dns_name, key)
        path = self.files.put(key, [cert])
        with self._lock:
            self._chains[slot] = path
        return path

    def _signer(self, settings):
        generation = settings["server_ca"]
        kind = settings["server_cert"]
        real = self.server_authority(generation)
        if kind == "wrong-ca":
            return self._authority("foreign", "Foreign CA")
        if kind == "forged-ca":
            with self._lock:
                if "forged" not in self._authorities:
                    self._authorities["forged"] = Authority(
                        real.subject, self.keys.get(f"forged:{self.name}"))
                return self._authorities["forged"]
        if kind == "intermediate":
            return self._authority(f"sub-{generation}", "Subordinate CA",
                                   issuer=real)
        if kind == "not-a-ca":
            return self._authority(f"no-ca-{generation}", "Not a CA",
                                   issuer=real, is_ca=False)
        return real

    def _leaf(self, settings, dns_name, key):
        kind = settings["server_cert"]
        common_name, sans = self._names(kind, dns_name)
        how = {}
        if kind == "expired":
            how = {"start": -2 * DAY, "life": -3600}
        elif kind == "not-yet-valid":
            how = {"start": 3600, "life": YEAR}
        elif kind == "client-auth":
            how = {"eku": ExtendedKeyUsageOID.CLIENT_AUTH}
        elif kind == "no-eku":
            how = {"eku": None}
        elif kind == "sha1":
            how = {"digest": hashes.SHA1()}
        subject = name_of(common_name, ORGANIZATION if common_name else None)
        return self._signer(settings).issue(key.public_key(), subject,
                                            sans=sans, **how)

    def _names(self, kind, dns_name):
        right = [x509.DNSName(dns_name.rstrip("."))] if dns_name else []
        other = [x509.DNSName("ffffffffffff.other.us-central1.sql.goog")]
        wrong_cn = f"{self.project}:another-instance"
        if kind == "san":
            return None, right
        if kind == "san-dot":
            return None, [x509.DNSName(dns_name.rstrip(".") + ".")]
        if kind == "no-name":
            return None, []
        if kind == "wrong-cn":
            return wrong_cn, []
        if kind == "wrong-san":
            return self.common_name, other
        if kind == "wrong-both":
            return wrong_cn, other
        if kind == "both":
            return self.common_name, right
        return self.common_name, []

    def ephemeral(self, public_key_pem, settings, login_token=None):
        """A client certificate.  Raises ValueError for a bad key."""
        public_key = parse_public_key(public_key_pem)
        extra = None
        if login_token:
            extra = x509.UnrecognizedExtension(
                pki.LOGIN_TOKEN_OID, der_utf8(login_token))
        return self.client_authority(settings["client_ca"]).issue(
            public_key, name_of("ephemeral client", ORGANIZATION),
            start=-60, life=settings["cert_lifetime"],
            eku=ExtendedKeyUsageOID.CLIENT_AUTH, extra=extra)


def der_utf8(text):
    data = text.encode()
    if len(data) < 128:
        head = bytes([len(data)])
    else:
        size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(size)]) + size
    return b"\x0c" + head + data


def parse_public_key(text):
    """SubjectPublicKeyInfo of an RSA key, under either of the PEM labels
    that Google's connectors write."""
    lines = [s.strip() for s in text.strip().splitlines()]
    labels = ("RSA PUBLIC KEY", "PUBLIC KEY")
    for label in labels:
        if lines and lines[0] == f"-----BEGIN {label}-----" \
                and lines[-1] == f"-----END {label}-----":
            break
    else:
        raise ValueError("public_key is not a PEM public key")
    whole = "-----BEGIN PUBLIC KEY-----\n" + "\n".join(lines[1:-1]) \
        + "\n-----END PUBLIC KEY-----\n"
    key = serialization.load_pem_public_key(whole.encode())
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
        raise ValueError("public_key must be RSA of 2048 bits or more")
    return key


def split_name(name):
    """PROJECT:REGION:INSTANCE; the project may be DOMAIN:PROJECT."""
    parts = name.split(":")
    if len(parts) not in (3, 4) or not all(parts):
        raise ValueError(f"{name!r} is not PROJECT:REGION:INSTANCE")
    return ":".join(parts[:-2]), parts[-2], parts[-1]


class ApiIdentity:
    """The HTTPS server's certificate, and the CA file for its clients."""

    CERTS = ("ok", "chain", "wrong-host", "wrong-ca", "expired",
             "not-yet-valid", "client-auth")

    def __init__(self, folder, keys, files, hosts):
        self.keys = keys
        self.files = files
        self.hosts = hosts
        self._lock = threading.Lock()
        self._chains = {}
        self._root = Authority(name_of("API Root CA", ORGANIZATION),
                               keys.get("api-ca"))
        self.ca_file = os.path.join(folder, "api-ca.pem")
        self._keep_ca()

    def _keep_ca(self):
        """An emulator started again in its folder keeps its CA file, so
        that long-lived clients need not be told."""
        try:
            with open(self.ca_file, "rb") as src:
                old = x509.load_pem_x509_certificate(src.read())
            if old.public_key().public_numbers() == \
                    self._root.key.public_key().public_numbers():
                self._root.cert = old
                return
        except (OSError, ValueError):
            pass
        pki.write_private(self.ca_file, self._root.pem)
        os.chmod(self.ca_file, 0o644)

    def chain_file(self, kind, key_kind):
        with self._lock:
            slot = (kind, key_kind)
            if slot not in self._chains:
                self._chains[slot] = self._make(kind, key_kind)
            return self._chains[slot]

    def _make(self, kind, key_kind):
        key = self.keys.get("api-leaf", key_kind)
        signer, extra_chain = self._root, []
        if kind == "wrong-ca":
            signer = Authority(name_of("Another Root CA", ORGANIZATION),
                               self.keys.get("api-foreign"))
        elif kind == "chain":
            signer = Authority(name_of("API Issuing CA", ORGANIZATION),
                               self.keys.get("api-sub"), issuer=self._root)
            extra_chain = [signer.cert]
        hosts = ["wrong.example.com"] if kind == "wrong-host" else self.hosts
        how = {}
        if kind == "expired":
            how = {"start": -2 * DAY, "life": -3600}
        elif kind == "not-yet-valid":
            how = {"start": 3600}
        elif kind == "client-auth":
            how = {"eku": ExtendedKeyUsageOID.CLIENT_AUTH}
        cert = signer.issue(key.public_key(), name_of(hosts[0]),
                            sans=[pki.dns_or_ip(h) for h in hosts], **how)
        return self.files.put(key, [cert] + extra_chain)
