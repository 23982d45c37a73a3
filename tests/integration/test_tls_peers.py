"""The TLS client against the servers of OpenSSL, GnuTLS and Go, crosswise:
groups (two of three take a HelloRetryRequest), suites, kinds of certificates,
client certificates, chains of two. What one server alone can do is in
test_tls_interop.py.

gnutls-serv listens on every address, so that it gets a network of its own.
"""

import ctypes
import fcntl
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

import test_tls_interop as interop
from test_tls_interop import ROOT, SUITES, WAIT, OpenSSL, built, client, credentials

GROUPS = ["X25519", "P-256", "P-384"]
CERTS = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "chain"]
OUT = os.environ.get("OUT", "build")
CLONE_NEWNET = 0x40000000


class Pki(interop.Pki):
    """With an intermediate CA, for chains of two on either side."""

    def __init__(self, folder):
        super().__init__(folder)
        for label, key in (
            ("rsa2048", rsa.generate_private_key(65537, 2048)),
            ("rsa3072", rsa.generate_private_key(65537, 3072)),
            ("rsa4096", rsa.generate_private_key(65537, 4096)),
            ("p256", ec.generate_private_key(ec.SECP256R1())),
            ("p384", ec.generate_private_key(ec.SECP384R1())),
        ):
            self.sign(label, "project:db", key)
        self.sign("client", "client", rsa.generate_private_key(65537, 2048))
        self.middle_key = ec.generate_private_key(ec.SECP256R1())
        self.middle = self.issue("middle CA", self.middle_key, self.ca, self.ca_key, True)
        middle = self.middle.public_bytes(serialization.Encoding.PEM)
        pathlib.Path(self.path("middle")).write_bytes(middle)
        self.chain("chain", "project:db", rsa.generate_private_key(65537, 2048))
        self.chain("client2", "client2", rsa.generate_private_key(65537, 2048))

    def issue(self, cn, key, issuer, issuer_key, ca):
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return (
            x509.CertificateBuilder()
            .subject_name(interop.name(cn))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.ca.not_valid_before)
            .not_valid_after(self.ca.not_valid_after)
            .add_extension(x509.BasicConstraints(ca, None), True)
            .add_extension(x509.ExtendedKeyUsage(usages), False)
            .sign(issuer_key, hashes.SHA256())
        )

    def chain(self, label, cn, key):
        """A leaf under the intermediate CA, and both in one file."""
        leaf = self.issue(cn, key, self.middle, self.middle_key, False)
        text = b"".join(
            c.public_bytes(serialization.Encoding.PEM) for c in (leaf, self.middle)
        )
        pathlib.Path(self.path(label)).write_bytes(text)
        pathlib.Path(self.path(label, "key")).write_bytes(interop.pem(key))
        der = key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        pathlib.Path(self.path(label, "der")).write_bytes(der)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("peers"))


def hello(pki, server, identity=None, before=None):
    """One line there and back; returns what the server said by then."""
    options = credentials(pki, identity) if identity else []
    result = client(pki, server.port, *options, send=b"hello\n", before=before)
    assert result.status == 0, (result.text, server.said)
    assert result.out == server.answer, (result.text, server.said)
    return result


# What is not crossed in full goes around: each pair of values meets.
IDENTITIES = [None, "client", "client2"]
CROSS = [
    (group, cert, SUITES[(g + c) % 3], IDENTITIES[(g + 2 * c) % 3])
    for g, group in enumerate(GROUPS)
    for c, cert in enumerate(CERTS)
]


@pytest.mark.parametrize("group, cert, suite, identity", CROSS)
def test_openssl(pki, group, cert, suite, identity):
    options = ["-tls1_3", "-rev", "-groups", group, "-ciphersuites", suite]
    if cert == "chain":
        options += ["-cert_chain", pki.path("middle")]
    if identity:
        options += ["-Verify", "3", "-verify_return_error"]
    with OpenSSL(pki, *options, cert=cert) as server:
        server.answer = b"olleh\n"
        hello(pki, server, identity)
        server.saw(suite.encode())
        if identity:
            server.saw(f"Peer certificate: CN = {identity}\n".encode())


class Server:
    """A program that serves until it is killed, and what it printed."""

    def __init__(self, argv, before=None):
        self.said = b""
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=before,
        )
        self.reader = threading.Thread(target=self.read_on, daemon=True)
        self.reader.start()

    def read_on(self):
        while True:
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return
            self.said += more

    def saw(self, pattern):
        """Waits until the server has printed it; returns the match."""
        end = time.monotonic() + WAIT
        while True:
            found = re.search(pattern, self.said)
            if found:
                return found
            assert time.monotonic() < end, self.said.decode("utf-8", "replace")
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join(WAIT)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def go_server():
    """crypto/tls of Go behind a small program of the tests."""
    if not shutil.which("go"):
        pytest.skip("machine: no Go toolchain")
    binary = ROOT / OUT / "tools/go_server"
    binary.parent.mkdir(parents=True, exist_ok=True)
    source = ROOT / "tests/tools/go_server/main.go"
    env = {**os.environ, "GOTOOLCHAIN": "local", "GO111MODULE": "off"}
    done = subprocess.run(
        ["go", "build", "-o", str(binary), str(source)],
        env=env,
        cwd=source.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout

    def start(pki, cert, *options):
        argv = [str(binary), "-cert", pki.path(cert), "-key", pki.path(cert, "key")]
        server = Server(argv + list(options))
        server.port = int(server.saw(rb"port (\d+)\n")[1])
        server.answer = b"olleh\n"
        return server

    return start


@pytest.mark.parametrize("group, cert, _, identity", CROSS)
def test_go(pki, go_server, group, cert, _, identity):
    """Go chooses the suite. It begins with small records."""
    options = ["-group", group]
    if identity:
        options += ["-ca", pki.path("ca")]
    with go_server(pki, cert, *options) as server:
        hello(pki, server, identity)
        server.saw(rb'suite TLS_\S+ resumed false name ""\n')
        if identity:
            server.saw(b"peer %s\n" % identity.encode())


@pytest.mark.parametrize("options", [["-no-tickets"], ["-small-records=false"]])
def test_go_many_records(pki, go_server, options):
    line = os.urandom(300_000).replace(b"\n", b"x") + b"\n"
    with go_server(pki, "p256", *options) as server:
        for chunk in ([], ["--chunk", "100"], ["--detach"]):
            result = client(pki, server.port, *chunk, send=line)
            assert result.status == 0, result.text
            assert result.out == line[-2::-1] + b"\n"


def test_go_refuses_a_stranger(pki, go_server):
    """Our certificate is of a CA that it does not know, or is not there."""
    with go_server(pki, "rsa2048", "-ca", pki.path("other")) as server:
        for options in (credentials(pki), []):
            result = client(pki, server.port, *options, send=b"hello\n")
            assert result.status == 1
            assert result.handshake == 1 and result.spoke == 0
            assert result.detail.startswith("remote error: tls: ")


@pytest.fixture(scope="module")
def network():
    """A network that is nobody else's: returns what joins a child to it."""
    libc = ctypes.CDLL(None, use_errno=True)
    ready, tell = os.pipe()
    wait, leave = os.pipe()
    child = os.fork()
    if child == 0:
        good = libc.unshare(CLONE_NEWNET) == 0
        if good:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                # SIOCSIFFLAGS: IFF_UP
                fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))
        os.close(leave)
        os.write(tell, b"y" if good else b"n")
        os.read(wait, 1)
        os._exit(0)
    os.close(wait)
    os.close(tell)
    try:
        if os.read(ready, 1) != b"y":
            pytest.skip("machine: no network of our own can be made")
        own = os.open(f"/proc/{child}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        def join():
            if libc.setns(own, CLONE_NEWNET) != 0:
                os._exit(127)

        yield join
        os.close(own)
    finally:
        os.close(ready)
        os.close(leave)
        os.waitpid(child, 0)


GNUTLS_SUITES = ["AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305"]
GNUTLS_GROUPS = {"X25519": "X25519", "P-256": "SECP256R1", "P-384": "SECP384R1"}


@pytest.mark.parametrize("group, cert, suite, identity", CROSS)
def test_gnutls(pki, network, group, cert, suite, identity):
    if not shutil.which("gnutls-serv"):
        pytest.fail("gnutls-serv is missing: the package gnutls-bin has it")
    cipher = GNUTLS_SUITES[SUITES.index(suite)]
    priority = (
        f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+{cipher}"
        f":-GROUP-ALL:+GROUP-{GNUTLS_GROUPS[group]}"
    )
    argv = ["gnutls-serv", "--echo", "--port", "4433", "--priority", priority]
    argv += ["--x509certfile", pki.path(cert), "--x509keyfile", pki.path(cert, "key")]
    if identity:
        argv += ["--x509cafile", pki.path("ca"), "--require-client-cert"]
        argv += ["--verify-client-cert"]
    else:
        argv += ["--disable-client-cert"]
    if cert == "p256":
        argv += ["--noticket"]
    with Server(argv, before=network) as server:
        server.saw(rb"listening on IPv4")
        server.port, server.answer = 4433, b"hello\n"
        hello(pki, server, identity, before=network)
        server.saw(rb"TLS1\.3")
        server.saw(cipher.encode())
        if identity:
            # It verified the certificate, or there would be no answer.
            server.saw(rb"Client Signature: RSA-PSS-RSAE-SHA256")


def test_pss_only_keys_are_refused(pki, tmp_path):
    """A certificate for RSASSA-PSS alone: we offer no scheme for it, and say
    so before any key of ours is used."""
    key, cert = tmp_path / "key.pem", tmp_path / "pss.pem"
    for argv in (
        ["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]
        + ["-out", str(key)],
        ["req", "-x509", "-key", str(key), "-subj", "/CN=project:db", "-days", "3"]
        + ["-out", str(cert)],
    ):
        subprocess.run(["openssl", *argv], check=True, capture_output=True)

    class Files:
        def path(self, label, end="pem"):
            return str({"pem": cert, "key": key}[end])

    with OpenSSL(Files(), "-tls1_3", "-rev") as server:
        result = client(pki, server.port, *credentials(pki), send=b"hello\n")
        assert result.status == 1 and result.handshake == 0
        assert result.detail == "remote error: tls: handshake failure"
