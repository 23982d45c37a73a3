"""A connector in a few lines, on Python's own TLS: what the tests of the
emulator use, and a reading aid for the protocol.

Unlike everything else here it does not check the server's name: the tests
want to see the certificate that they got.
"""

import functools
import http.client
import json
import os
import socket
import ssl
import tempfile
import urllib.parse

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SCOPES = "https://www.googleapis.com/auth/"


@functools.lru_cache
def client_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(label="PUBLIC KEY"):
    text = client_key().public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    return text.replace("PUBLIC KEY", label)


class Client:
    def __init__(self, emulator):
        self.emulator = emulator
        self._https = None

    def metadata(self, path, headers=None):
        """(status, headers, body) of the metadata server."""
        link = http.client.HTTPConnection(self.emulator.metadata_host,
                                          timeout=30)
        try:
            link.request("GET", path, headers={"Metadata-Flavor": "Google"}
                         if headers is None else headers)
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            link.close()

    def token(self, scope="sqlservice.admin"):
        status, _, body = self.metadata(
            "/computeMetadata/v1/instance/service-accounts/default/token"
            "?scopes=" + urllib.parse.quote(SCOPES + scope, safe=""))
        assert status == 200, body
        return json.loads(body)["access_token"]

    def https(self):
        if self._https is None:
            host = urllib.parse.urlsplit(self.emulator.api_url)
            context = ssl.create_default_context(
                cafile=self.emulator.ca_file)
            self._https = http.client.HTTPSConnection(
                host.hostname, host.port, context=context, timeout=30)
        return self._https

    def close(self):
        if self._https:
            self._https.close()
            self._https = None

    def api(self, method, path, token=None, value=None):
        """(status, headers, body); one connection for all calls."""
        headers = {"Authorization": "Bearer " + (token or self.token())}
        body = None
        if value is not None:
            body = json.dumps(value)
            headers["Content-Type"] = "application/json"
        link = self.https()
        try:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()
        except Exception:
            self.close()
            raise

    def path(self, name=None):
        parts = (name or self.emulator.name).split(":")
        project = urllib.parse.quote(":".join(parts[:-2]), safe="")
        return f"/sql/v1beta4/projects/{project}/instances/{parts[-1]}"

    def connect_settings(self, name=None):
        status, _, body = self.api("GET",
                                   self.path(name) + "/connectSettings")
        assert status == 200, body
        return json.loads(body)

    def certificate(self, name=None, label="PUBLIC KEY", login=None):
        value = {"public_key": public_pem(label)}
        if login:
            value["access_token"] = login
        status, _, body = self.api(
            "POST", self.path(name) + ":generateEphemeralCert", value=value)
        assert status == 200, body
        return json.loads(body)["ephemeralCert"]["cert"]

    def context(self, name=None, certificate=None, settings=None):
        """A client's TLS context, as a connector makes it."""
        settings = settings or self.connect_settings(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # An end without close_notify is an error here.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        context.load_verify_locations(
            cadata=settings["serverCaCert"]["cert"])
        if certificate is None:
            certificate = self.certificate(name)
        if certificate:
            load_identity(context, certificate)
        return context

    def address(self, name=None):
        for one in self.emulator.ready["instances"]:
            if one["name"] == (name or self.emulator.name):
                return one["address"], one["port"]
        raise KeyError(name)

    def connect(self, name=None, context=None, **how):
        """An SSLSocket to the server-side proxy of the instance."""
        context = context or self.context(name, **how)
        sock = socket.create_connection(self.address(name), 30)
        try:
            return context.wrap_socket(sock, suppress_ragged_eofs=False)
        except Exception:
            sock.close()
            raise


def load_identity(context, certificate):
    """ssl reads certificates and keys from files only."""
    pem = certificate.encode() + client_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption())
    fd, path = tempfile.mkstemp(prefix="fl-client-")
    try:
        with os.fdopen(fd, "wb") as out:
            out.write(pem)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
