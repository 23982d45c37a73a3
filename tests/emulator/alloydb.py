"""AlloyDB's side: clusters' certificates, the AlloyDB Admin API and the
metadata exchange that opens every connection.

What AlloyDB shares with Cloud SQL (tokens, faults, the data plane's TLS) is
elsewhere; this file has what differs.  The certificates: a cluster's root
signs the servers and an intermediate authority, which signs the clients, so
that a client must send its whole chain.
"""

import ipaddress
import json
import re
import urllib.parse

import identities
import pki
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from google import (CLOUD_PLATFORM, FURNITURE, SCOPE, drop_authorization)
from web import STATUS_WORDS, apply_fault, json_response

PORT = 5433
API = (CLOUD_PLATFORM,)
LOGIN = (SCOPE + "alloydb.login", CLOUD_PLATFORM)
NAME = re.compile(r"projects/([^/]+)/locations/([^/]+)/clusters/([^/]+)"
                  r"/instances/([^/]+)$")
FRAME_MAX = 65536
AUTH_TYPES = {0: "unspecified", 1: "native", 2: "iam"}

# How the exchange is answered.  The value is shown by --help.
REPLIES = {
    "ok": "as the request deserves; the default",
    "error": "an ERROR with the text of mdx_error",
    "bare-error": "an ERROR without a text",
    "empty": "a response without a field: neither OK nor ERROR",
    "bytes": "byte by byte, each in a record of its own",
    "unknown": "OK behind fields that no client knows",
    "surplus": "OK and the bytes of SURPLUS in one record, as from a "
               "database that speaks first",
    "long": "OK, in 16 kB",
    "oversized": "a length of more than any client should take",
    "malformed": "a body that is no protobuf",
    "truncated": "half of the response, then the end",
    "close": "the end instead of a response",
    "silent": "nothing, for ever",
    "postgres": "none: the bytes go to the database, as where the server "
                "knows no exchange",
}

GOOD_REPLIES = ("ok", "bytes", "unknown", "surplus", "long")
SURPLUS = b"surplus"


def is_name(name):
    return NAME.match(name) is not None


class Identity(identities.InstanceIdentity):
    """The certificates of one instance and of its cluster."""

    def __init__(self, name, keys, files):
        self.name = name
        self.project, self.region, self.cluster, self.instance = \
            NAME.match(name).groups()
        self.common_name = f"{self.cluster}.alloydb"
        # Of the cluster: its instances have these in common.
        self.owner = name.rpartition("/instances/")[0]
        self.address = None
        self.silent = set()     # serials of certificates without exchange
        self._prepare(keys, files)

    def client_authority(self, generation=0):
        """Whom the server trusts: not the authority that signs."""
        if generation:
            return self._authority(f"clients-{generation}", "Root CA")
        return self.server_authority(0)

    def client_signer(self, generation):
        return self._authority(f"client-{generation}", "Client CA",
                               issuer=self.client_authority(generation))

    def psc_name(self):
        return f"0f1e2d3c.9a8b7c6d.{self.region}.alloydb-psc.goog"

    def _names(self, kind, dns_name):
        if kind == "no-name":
            return self.common_name, []
        here = ipaddress.ip_address(self.address)
        if kind in ("wrong-san", "wrong-both"):
            here += 1
        return self.common_name, [
            x509.IPAddress(here),
            x509.DNSName(dns_name.rstrip(".") if kind != "san-dot"
                         else dns_name.rstrip(".") + ".")]

    def certificate(self, public_key_pem, settings, exchange):
        """(certificate, chain as PEM texts).  ValueError for a bad key."""
        generation = settings["client_ca"]
        signer = self.client_signer(generation)
        cert = signer.issue(
            parse_public_key(public_key_pem), pki.name_of("client"),
            start=-60, life=settings["cert_lifetime"],
            eku=ExtendedKeyUsageOID.CLIENT_AUTH)
        if not exchange:
            self.silent.add(format(cert.serial_number, "x"))
        return cert, [pki.cert_pem(c).decode() for c in
                      (cert, signer.cert,
                       self.client_authority(generation).cert)]


def parse_public_key(text):
    """Either of the encodings that connectors send: PKCS#1 under its own
    label, and SubjectPublicKeyInfo."""
    try:
        return identities.parse_public_key(text)
    except ValueError:
        return identities.serialization.load_pem_public_key(text.encode())


class Instance:
    """One emulated instance: its settings and its certificates."""

    product = "alloydb"

    def __init__(self, identity, settings, address, port, tokens):
        self.identity = identity
        self.name = identity.name
        self.settings = settings
        self.address = identity.address = address
        self.port = port
        self.tokens = tokens

    def dns_name(self, now):
        return now["dns_name"] or self.identity.psc_name()

    def chain_file(self, now):
        return self.identity.chain_file(now, self.dns_name(now))

    def connection_info(self):
        now = self.settings.instance(self.name)
        value = {"name": self.name + "/connectionInfo",
                 "ipAddress": self.address,
                 "instanceUid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}
        if now["public_ip"]:
            value["publicIpAddress"] = self.address
        if now["psc"]:
            value["pscDnsName"] = self.dns_name(now).rstrip(".") + "."
        return value

    def published(self):
        now = self.settings.instance(self.name)
        text = b"".join(self.identity.server_authority(n).pem
                        for n in now["published_cas"])
        if now["server_cert"] in ("intermediate", "not-a-ca"):
            text += self.identity._signer(now).pem
        return text.decode()


def google_error(status, message=None, reason=None):
    """The error body of an API that is served by gRPC as well."""
    word = STATUS_WORDS.get(status, "UNKNOWN")
    error = {"code": status, "message": message or word, "status": word}
    if reason:
        error["details"] = [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason, "domain": "googleapis.com",
            "metadata": {"service": "alloydb.googleapis.com"}}]
    return {"error": error}


def _error(status, message, reason=None):
    return json_response(status, google_error(status, message, reason))


class Admin:
    """https://alloydb.googleapis.com, what connectors use of it."""

    PARENT = r"/(v1|v1beta|v1alpha)/(projects/[^/]+/locations/[^/]+" \
        r"/clusters/[^/]+"
    ROUTES = (
        ("connectionInfo", "GET",
         re.compile(PARENT + r"/instances/[^/]+)/connectionInfo$")),
        ("generateClientCertificate", "POST",
         re.compile(PARENT + r"):generateClientCertificate$")),
    )

    def __init__(self, settings, journal, tokens, instances):
        self.settings = settings
        self.journal = journal
        self.tokens = tokens
        self.instances = instances      # name -> Instance

    @staticmethod
    def mine(request):
        return request.path.startswith("/v1")

    def __call__(self, request):
        op, version, name = self._match(request)
        extra = {"instance": name, "version": version}
        if op == "unknown":
            response = _error(404, "Method not found.")
        else:
            response = self._answer(op, name, request, extra)
        fault = self.settings.fault("api", op)
        if fault:
            response = apply_fault(response, fault, google_error)
        for header, value in FURNITURE.items():
            response.headers.setdefault(header, value)
        self.journal.add("api", op=op, status=response.status,
                         method=request.method, target=request.target,
                         peer=request.peer, connection=request.connection,
                         nth=request.nth, fault=bool(fault),
                         headers=drop_authorization(request.headers),
                         **extra)
        return response

    def _match(self, request):
        for op, method, pattern in self.ROUTES:
            match = pattern.match(request.path)
            if match and method == request.method:
                return op, match[1], urllib.parse.unquote(match[2])
        return "unknown", None, None

    def _answer(self, op, name, request, extra):
        kind, _, token = request.headers.get("Authorization",
                                             "").partition(" ")
        number, why = self.tokens.check(token.strip(), API)
        if kind != "Bearer" or why:
            extra["refused"] = why or "no bearer token"
            if why == "lacks the scope":
                return _error(403, "Request had insufficient authentication "
                              "scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
            return _error(401, "Request had invalid authentication "
                          "credentials.", "ACCESS_TOKEN_TYPE_UNSUPPORTED")
        extra["token"] = number
        if op == "connectionInfo":
            if name not in self.instances:
                return _error(404, f"Resource '{name}' was not found")
            return json_response(200, self.instances[name].connection_info())
        members = [i for i in self.instances.values()
                   if i.identity.owner == name]
        if not members:
            return _error(404, f"Resource '{name}' was not found")
        return self._certificate(members, request, extra)

    def _certificate(self, members, request, extra):
        instance = members[0]
        try:
            asked = json.loads(request.body)
            extra["pem_label"] = asked["publicKey"].splitlines()[0]
            extra["exchange"] = bool(asked.get("useMetadataExchange"))
            extra["duration"] = asked.get("certDuration")
            if not re.fullmatch(r"\d+s", asked["certDuration"]):
                raise ValueError("certDuration is not a duration")
            cert, chain = instance.identity.certificate(
                asked["publicKey"], self.settings.instance(instance.name),
                extra["exchange"])
        except (ValueError, KeyError, AttributeError, IndexError) as err:
            extra["refused"] = f"{type(err).__name__}: {err}"
            return _error(400, f"Invalid request: {err}")
        extra["serial"] = format(cert.serial_number, "x")
        for other in members[1:]:
            if not extra["exchange"]:
                other.identity.silent.add(extra["serial"])
        return json_response(200, {"pemCertificateChain": chain,
                                   "caCert": instance.published()})


# -- the metadata exchange ------------------------------------------------

class Malformed(ValueError):
    pass


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def fields(data):
    """[(number, value)] of a protobuf message; values are int or bytes."""
    found, at = [], 0

    def take_varint():
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(data) or shift > 63:
                raise Malformed("varint")
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = take_varint()
        if tag & 7 == 0:
            found.append((tag >> 3, take_varint()))
            continue
        size = {1: 8, 5: 4}.get(tag & 7)
        if tag & 7 == 2:
            size = take_varint()
        if size is None or at + size > len(data):
            raise Malformed(f"field {tag >> 3}")
        found.append((tag >> 3, data[at:at + size]))
        at += size
    return found


def frame(body):
    return len(body).to_bytes(4, "big") + body


def response(code, text=""):
    body = b"\x08" + varint(code)
    if text:
        body += b"\x12" + varint(len(text.encode())) + text.encode()
    return frame(body)


def judge(instance, body):
    """(response to a request, what is to be logged)."""
    try:
        got = dict(fields(body))
        token = got.get(3, b"").decode()
        number, why = instance.tokens.check(token, LOGIN)
        seen = {"user_agent": got.get(1, b"").decode(),
                "auth_type": AUTH_TYPES.get(got.get(2, 0), "?"),
                "token": number}
    except (Malformed, UnicodeDecodeError, AttributeError) as err:
        return response(2, "malformed request"), {"refused": str(err)}
    if why:
        seen["refused"] = why
        return response(2, "the access token " + why), seen
    return response(1), seen


def answer(kind, good, now):
    """The pieces of one reply, a record each."""
    if kind == "error":
        return [response(2, now["mdx_error"])]
    if kind == "bytes":
        return [good[n:n + 1] for n in range(len(good))]
    return [{
        "bare-error": response(2),
        "empty": frame(b""),
        "unknown": frame(b"\x1a\x03abc\x25\0\0\0\0\x29" + bytes(8)
                         + b"\x30\x96\x01" + good[4:]),
        "long": frame(b"\x1a\xf8\x7f" + b"x" * 16376 + good[4:]),
        "oversized": (1 << 30).to_bytes(4, "big") + good[4:],
        "malformed": frame(b"\x08\xff"),
        "truncated": good[:5],
        "surplus": good + SURPLUS,
    }.get(kind, good)]
