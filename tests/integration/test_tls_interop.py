"""The TLS client against other people's servers: OpenSSL's s_server and the
ssl module of Python. The client is the program's engine behind a small program
of the tests (tests/tools/tls_client.c), built with sanitizers.
"""

import datetime
import hashlib
import os
import pathlib
import re
import secrets
import socket
import ssl
import subprocess
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = os.environ.get("OUT", "build")
CLIENT = ROOT / OUT / "tools/tls_client"
WAIT = 60  # seconds until a hanging program is called a failure

ALERT_CERTIFICATE_EXPIRED = 45
ALERT_UNKNOWN_CA = 48
ALERT_BAD_CERTIFICATE = 42
ALERT_PROTOCOL_VERSION = 70
ALERT_CERTIFICATE_REQUIRED = 116


@pytest.fixture(scope="module", autouse=True)
def built():
    done = subprocess.run(
        ["make", "--no-print-directory", f"OUT={OUT}", f"{OUT}/tools/tls_client"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Pki:
    """A CA and what it signed, as files."""

    def __init__(self, folder):
        self.folder = folder
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.ca = self.sign("ca", "interop CA", self.ca_key, ca=True)
        self.other = self.sign("other", "other CA", self.ca_key, ca=True, own=True)

    def path(self, label, end="pem"):
        return str(self.folder / f"{label}.{end}")

    def sign(self, label, cn, key, ca=False, own=False, days=30):
        now = datetime.datetime.utcnow()
        if own:
            key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(cn))
            .issuer_name(name(cn if ca else "interop CA"))
            .public_key(key.public_key())
            .serial_number(secrets.randbits(64))
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca, None), True)
        )
        if not ca:
            usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        signer = key if ca else self.ca_key
        cert = builder.sign(signer, hashes.SHA256())
        data = cert.public_bytes(serialization.Encoding.PEM)
        pathlib.Path(self.path(label)).write_bytes(data)
        pathlib.Path(self.path(label, "key")).write_bytes(pem(key))
        der = key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        pathlib.Path(self.path(label, "der")).write_bytes(der)
        return cert


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    p = Pki(tmp_path_factory.mktemp("pki"))
    p.sign("rsa", "project:db", rsa.generate_private_key(65537, 2048))
    p.sign("rsa4096", "project:db", rsa.generate_private_key(65537, 4096))
    p.sign("p256", "project:db", ec.generate_private_key(ec.SECP256R1()))
    p.sign("p384", "project:db", ec.generate_private_key(ec.SECP384R1()))
    p.sign("expired", "project:db", rsa.generate_private_key(65537, 2048), days=-1)
    p.sign("client", "client", rsa.generate_private_key(65537, 2048))
    return p


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class OpenSSL:
    """openssl s_server. Its input is open: what is written there it sends, or
    takes as a command."""

    def __init__(self, pki, *options, cert="rsa"):
        self.port = free_port()
        argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}"]
        argv += ["-cert", pki.path(cert), "-key", pki.path(cert, "key")]
        argv += ["-CAfile", pki.path("ca"), *options]
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.said = b""
        self.wait_for(b"ACCEPT")
        self.reader = threading.Thread(target=self.read_on, daemon=True)
        self.reader.start()

    def wait_for(self, text):
        while text not in self.said:
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, self.said.decode("utf-8", "replace")
            self.said += more

    def read_on(self):
        while True:
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return
            self.said += more

    def saw(self, text):
        """Waits until the server has printed text."""
        end = time.monotonic() + WAIT
        while text not in self.said:
            assert time.monotonic() < end, self.said.decode("utf-8", "replace")
            time.sleep(0.02)

    def say(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join(WAIT)
        self.process.stdin.close()
        self.process.stdout.close()


class Python:
    """A server on Python's ssl module; serve(connection) runs in a thread."""

    def __init__(self, pki, serve, prepare=lambda context: None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(pki.path("rsa"), pki.path("rsa", "key"))
        prepare(context)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.error = None
        self.thread = threading.Thread(target=self.run, args=(context, serve))

    def run(self, context, serve):
        try:
            raw, _ = self.listener.accept()
            raw.settimeout(WAIT)
            with context.wrap_socket(raw, server_side=True) as connection:
                serve(connection)
        except Exception as e:  # shown by the test
            self.error = e

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.thread.join(WAIT)
        assert not self.thread.is_alive()


class Result:
    def __init__(self, process, out, err):
        self.status = process.returncode
        self.out = out
        self.text = err.decode("utf-8", "replace")
        found = re.search(
            r"handshake (\d) spoke (\d) code (\d+) alert (-?\d+) detached (\d+): (.*)",
            self.text,
        )
        assert found, f"status {self.status}: {self.text}"
        self.handshake, self.spoke = int(found[1]), int(found[2])
        self.alert, self.detached = int(found[4]), int(found[5])
        self.detail = found[6]


def client_argv(pki, port, *options, cn="project:db", ca="ca"):
    argv = [str(CLIENT), "--port", str(port), "--ca", pki.path(ca), "--cn", cn]
    return argv + list(options)


def credentials(pki, label="client"):
    return ["--chain", pki.path(label), "--key", pki.path(label, "der")]


def client(pki, port, *options, send=b"", before=None, **how):
    process = subprocess.Popen(
        client_argv(pki, port, *options, **how),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=before,
    )
    try:
        out, err = process.communicate(send, timeout=WAIT)
    finally:
        process.kill()
    return Result(process, out, err)


SUITES = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
]
REV = ["-tls1_3", "-rev"]


def reverses(result):
    assert result.out == b"olleh\n", result.text
    assert result.status == 0, result.text


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384"])
def test_suites_and_groups(pki, suite, group):
    """A group other than X25519 takes a HelloRetryRequest."""
    with OpenSSL(pki, *REV, "-ciphersuites", suite, "-groups", group) as server:
        reverses(client(pki, server.port, send=b"hello\n"))
        server.saw(suite.encode())


@pytest.mark.parametrize("cert", ["rsa", "rsa4096", "p256", "p384"])
@pytest.mark.parametrize("suite", SUITES[:2])
def test_server_keys(pki, cert, suite):
    with OpenSSL(pki, *REV, "-ciphersuites", suite, cert=cert) as server:
        reverses(client(pki, server.port, send=b"hello\n"))


@pytest.mark.parametrize("scheme", ["PSS+SHA256", "PSS+SHA384", "PSS+SHA512"])
def test_client_certificate(pki, scheme):
    options = [*REV, "-Verify", "1", "-verify_return_error", "-client_sigalgs", scheme]
    with OpenSSL(pki, *options) as server:
        reverses(client(pki, server.port, *credentials(pki), send=b"hello\n"))
        server.saw(b"Peer certificate: CN = client")


@pytest.mark.parametrize("label, scheme", [
    ("p256", "ECDSA+SHA256"),
    ("p384", "ECDSA+SHA384"),
])
def test_client_certificate_with_an_ec_key(pki, label, scheme):
    options = [*REV, "-Verify", "1", "-verify_return_error", "-client_sigalgs", scheme]
    with OpenSSL(pki, *options) as server:
        sent = credentials(pki, label)
        for _ in range(4):  # signatures differ in length
            reverses(client(pki, server.port, *sent, send=b"hello\n"))
        server.saw(b"Peer certificate: CN = project:db")


def test_ec_key_of_another_curve_means_an_empty_certificate(pki):
    with OpenSSL(pki, *REV, "-verify", "1", "-client_sigalgs", "ECDSA+SHA384") as s:
        sent = credentials(pki, "p256")
        reverses(client(pki, s.port, *sent, send=b"hello\n"))


def test_client_certificate_after_a_retry(pki):
    options = [*REV, "-Verify", "1", "-verify_return_error", "-groups", "P-256"]
    with OpenSSL(pki, *options) as server:
        reverses(client(pki, server.port, *credentials(pki), send=b"hello\n"))
        server.saw(b"Peer certificate: CN = client")


def test_no_scheme_of_ours_means_an_empty_certificate(pki):
    """The request asks for ECDSA alone; our key is RSA."""
    with OpenSSL(pki, *REV, "-verify", "1", "-client_sigalgs", "ECDSA+SHA256") as s:
        reverses(client(pki, s.port, *credentials(pki), send=b"hello\n"))


def test_client_certificate_is_missing(pki):
    with OpenSSL(pki, *REV, "-Verify", "1") as server:
        result = client(pki, server.port, send=b"hello\n")
        assert result.status == 1
        assert result.alert == ALERT_CERTIFICATE_REQUIRED
        # Our side of the handshake was over when the server judged.
        assert result.handshake == 1 and result.spoke == 0
        assert result.detail == "remote error: tls: certificate required"


def test_client_certificate_of_another_ca(pki, tmp_path):
    stranger = Pki(tmp_path)
    stranger.sign("client", "client", rsa.generate_private_key(65537, 2048))
    with OpenSSL(pki, *REV, "-Verify", "1", "-verify_return_error") as server:
        result = client(pki, server.port, *credentials(stranger), send=b"hello\n")
        assert result.status == 1
        assert result.detail.startswith("remote error: tls: ")
        assert result.handshake == 1 and result.spoke == 0


def refused(server, result, alert):
    """We refused the server, and it was told why."""
    assert result.status == 1
    assert result.handshake == 0
    assert result.out == b""
    assert result.alert == alert, result.text
    server.saw(b"alert number %d" % alert)


def test_wrong_ca(pki):
    with OpenSSL(pki, *REV) as server:
        result = client(pki, server.port, send=b"hello\n", ca="other")
        refused(server, result, ALERT_UNKNOWN_CA)


def test_wrong_name(pki):
    with OpenSSL(pki, *REV) as server:
        result = client(pki, server.port, send=b"hello\n", cn="project:other")
        refused(server, result, ALERT_BAD_CERTIFICATE)
        assert result.detail == (
            'certificate had CN "project:db", expected "project:other"'
        )


def test_expired_server_certificate(pki):
    with OpenSSL(pki, *REV, cert="expired") as server:
        result = client(pki, server.port, send=b"hello\n")
        refused(server, result, ALERT_CERTIFICATE_EXPIRED)
        assert "expired" in result.detail


def test_refused_server_never_sees_the_client_certificate(pki):
    with OpenSSL(pki, *REV, "-Verify", "1", "-msg") as server:
        options = credentials(pki)
        result = client(pki, server.port, *options, send=b"x\n", cn="project:other")
        refused(server, result, ALERT_BAD_CERTIFICATE)
        assert b"<<< TLS 1.3, Handshake [length" in server.said
        assert not re.search(rb"<<< [^\n]*Certificate", server.said)


def test_tls_1_2_only_server(pki):
    with OpenSSL(pki, "-tls1_2", "-rev") as server:
        result = client(pki, server.port, send=b"hello\n")
        assert result.status == 1
        assert result.alert == ALERT_PROTOCOL_VERSION
        assert result.detail == "remote error: tls: protocol version not supported"


def test_server_that_speaks_no_tls(pki):
    def serve(listener):
        raw, _ = listener.accept()
        with raw:
            raw.recv(4096)
            raw.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        result = client(pki, listener.getsockname()[1])
        thread.join(WAIT)
    assert result.status == 1
    assert result.detail == "tls: received data that is not a TLS record"


def test_server_that_closes_at_once(pki):
    def serve(listener):
        raw, _ = listener.accept()
        raw.recv(4096)
        raw.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        result = client(pki, listener.getsockname()[1])
        thread.join(WAIT)
    assert result.status == 1
    assert "during the handshake" in result.detail


@pytest.mark.parametrize("padding", ["0", "512", "4096"])
def test_small_and_padded_records(pki, padding):
    """The server's Certificate comes in many records then."""
    options = ["-max_send_frag", "512", "-record_padding", padding]
    with OpenSSL(pki, *REV, *options, cert="rsa4096") as server:
        line = b"x" * 3000 + b"\n"
        result = client(pki, server.port, send=line)
        assert result.status == 0
        assert result.out == line


@pytest.mark.parametrize("chunk", ["1", "7", "1000"])
def test_bytes_in_drips(pki, chunk):
    options = [*REV, "-Verify", "1", "-groups", "P-256"]
    with OpenSSL(pki, *options) as server:
        options = ["--chunk", chunk, "--detach", *credentials(pki)]
        reverses(client(pki, server.port, *options, send=b"hello\n"))


class Session:
    """A client that stays, to be talked to in steps."""

    def __init__(self, pki, port, *options):
        self.process = subprocess.Popen(
            client_argv(pki, port, *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def say(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def hears(self, text):
        got = b""
        while text not in got:
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, got
            got += more

    def end(self):
        out, err = self.process.communicate(timeout=WAIT)
        return Result(self.process, out, err)


@pytest.mark.parametrize("command", [b"K\n", b"k\n"])
@pytest.mark.parametrize("suite", SUITES)
def test_key_update(pki, command, suite):
    """K asks us to update ours as well, k does not."""
    with OpenSSL(pki, "-tls1_3", "-ciphersuites", suite) as server:
        session = Session(pki, server.port, "--detach")
        session.say(b"ping 0\n")
        server.saw(b"ping 0")
        for i in range(3):
            server.say(command)
            time.sleep(0.1)
            server.say(b"server %d\n" % i)
            session.hears(b"server %d\n" % i)
            session.say(b"client %d\n" % i)
            server.saw(b"client %d\n" % i)
        session.process.stdin.close()
        session.process.stdin = None
        server.saw(b"DONE")
        result = session.end()
        assert result.detached > 0
        assert result.status == 0, result.text


def test_bulk_both_ways(pki):
    """100 MB each way at the same time, over a connection that rekeys never and
    lends its buffers at every pause."""
    size = 100 * 1000 * 1000
    block = secrets.token_bytes(1 << 20)
    received = hashlib.sha256()
    counts = {"received": 0}

    def data():
        left = size
        while left > 0:
            part = block[: min(left, len(block))]
            left -= len(part)
            yield part

    def serve(connection):
        # One at a time uses the connection's object: no lock in Python's ssl.
        connection.setblocking(False)
        source, pending, sent_all = data(), b"", False
        while not (sent_all and counts["received"] == size):
            idle = True
            try:
                got = connection.recv(1 << 18)
                if got:
                    idle = False
                    received.update(got)
                    counts["received"] += len(got)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            if not pending and not sent_all:
                pending = next(source, b"")
                sent_all = not pending
            if pending:
                try:
                    n = connection.send(pending[:65536])
                    pending = pending[n:]
                    idle = False
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
            if idle:
                time.sleep(0.001)
        connection.setblocking(True)
        connection.unwrap()

    expected = hashlib.sha256()
    for part in data():
        expected.update(part)
    with Python(pki, serve) as server:
        process = subprocess.Popen(
            client_argv(pki, server.port, "--detach", "--greedy"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

        def feed():
            for part in data():
                process.stdin.write(part)
            process.stdin.close()

        feeder = threading.Thread(target=feed)
        feeder.start()
        arrived, count = hashlib.sha256(), 0
        while True:
            part = process.stdout.read(1 << 18)
            if not part:
                break
            arrived.update(part)
            count += len(part)
        err = process.stderr.read()
        feeder.join(WAIT)
        process.wait(WAIT)
        process.stdout.close()
        process.stderr.close()
    assert server.error is None
    result = Result(process, b"", err)
    assert result.status == 0, result.text
    assert count == size and counts["received"] == size
    assert arrived.digest() == expected.digest()
    assert received.digest() == expected.digest()


def test_half_close(pki):
    """Our close_notify ends one direction; the other goes on."""
    seen = []

    def serve(connection):
        while True:
            got = connection.recv(4096)
            if not got:
                break
            seen.append(got)
        connection.sendall(b"after your end")

    with Python(pki, serve) as server:
        result = client(pki, server.port, send=b"my end")
    assert b"".join(seen) == b"my end"
    assert result.out == b"after your end"


def test_truncation_is_told(pki):
    """The connection ends without close_notify: data is delivered, and the
    end is not taken for one."""

    def serve(connection):
        connection.sendall(b"half a sen")
        connection.recv(1)
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    with Python(pki, serve) as server:
        session = Session(pki, server.port)
        session.hears(b"half a sen")
        session.say(b"x")
        result = session.end()
    assert result.status == 1
    assert "without close_notify" in result.detail


def test_server_name_is_sent(pki):
    names = []

    def prepare(context):
        context.sni_callback = lambda s, server_name, c: names.append(server_name)

    def serve(connection):
        connection.sendall(b"hello")
        connection.recv(1)  # what is unread at the end would reset it all

    for options, want in ([["--sni", "db.example.com"], "db.example.com"], [[], None]):
        names.clear()
        with Python(pki, serve, prepare) as server:
            result = client(pki, server.port, *options)
            assert result.out == b"hello"
        assert names == [want]
