"""The emulator itself: its server-side proxy, seen through Python's TLS."""

import datetime
import hashlib
import os
import socket
import ssl
import subprocess

import lab
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from echo import ask, receive
from google_client import client_key


@pytest.fixture
def emulator(echo_emulator):
    """Here the backend echoes, and one emulator serves all the tests."""
    return echo_emulator


def test_bytes_go_through(client, emulator):
    with client.connect() as sock:
        assert sock.version() == "TLSv1.3"
        assert ask(sock) == b"ping"
    lab.wait_until(lambda: emulator.count("close"))
    entry, = emulator.log("close")
    assert (entry["up"], entry["first"]) == (4, 4)
    serials = {emulator.log("handshake")[0]["serial"],
               emulator.log("api")[-1]["serial"]}
    assert len(serials) == 1


def refused(client, emulator, **how):
    """The alert that a client certificate meets. TLS 1.3: the client's
    handshake is over by then."""
    sock = client.connect(**how)
    with sock, pytest.raises(ssl.SSLError) as caught:
        ask(sock)
    lab.wait_until(lambda: emulator.count("handshake-failed"))
    assert emulator.count("handshake") == 0
    assert emulator.count("first-bytes") == 0
    return caught.value.reason


def test_no_certificate(client, emulator):
    assert "CERTIFICATE_REQUIRED" in refused(client, emulator,
                                             certificate="")


def test_foreign_certificate(client, emulator):
    now = datetime.datetime.utcnow()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")])
    cert = x509.CertificateBuilder().subject_name(name).issuer_name(name) \
        .public_key(client_key().public_key()).serial_number(1) \
        .not_valid_before(now - datetime.timedelta(days=1)) \
        .not_valid_after(now + datetime.timedelta(days=1)) \
        .sign(client_key(), hashes.SHA256())
    pem = cert.public_bytes(serialization.Encoding.PEM).decode()
    assert "UNKNOWN_CA" in refused(client, emulator, certificate=pem)


def test_certificate_of_another_instance(client, emulator):
    other = client.certificate(lab.SECOND)
    assert "UNKNOWN_CA" in refused(client, emulator, certificate=other)


def test_expired_certificate(client, emulator):
    emulator.set(cert_lifetime=-5)
    assert "CERTIFICATE_EXPIRED" in refused(client, emulator)


def test_clients_refused_and_closed(client, emulator):
    emulator.set(clients="refuse")
    assert "UNKNOWN_CA" in refused(client, emulator)
    emulator.set(clients="close")
    with client.connect() as sock, pytest.raises(OSError):
        ask(sock)
    assert emulator.count("first-bytes") == 0


def test_tls12_neither_way(client, emulator):
    context = client.context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        client.connect(context=context)
    emulator.set(tls="1.2")
    with pytest.raises(ssl.SSLError):
        client.connect()


@pytest.mark.parametrize("kind", ["wrong-ca", "forged-ca", "expired",
                                  "not-yet-valid", "client-auth",
                                  "not-a-ca"])
def test_server_certificates_that_do_not_verify(client, emulator, kind):
    emulator.set(server_cert=kind)
    with pytest.raises(ssl.SSLCertVerificationError):
        client.connect()


@pytest.mark.parametrize("kind, names, sans", [
    ("cn", ["my-project:orders"], []),
    ("san", [], ["0123456789ab.emulator.us-central1.sql.goog"]),
    ("san-dot", [], ["0123456789ab.emulator.us-central1.sql.goog."]),
    ("both", ["my-project:orders"],
     ["0123456789ab.emulator.us-central1.sql.goog"]),
    ("wrong-cn", ["my-project:another-instance"], []),
    ("wrong-san", ["my-project:orders"],
     ["ffffffffffff.other.us-central1.sql.goog"]),
    ("no-name", [], []),
    ("intermediate", ["my-project:orders"], []),
    ("no-eku", ["my-project:orders"], []),
])
def test_server_certificates_and_their_names(client, emulator, kind, names,
                                             sans):
    emulator.set(server_cert=kind)
    with client.connect() as sock:
        cert = x509.load_der_x509_certificate(sock.getpeercert(True))
    assert [a.value for a in cert.subject.get_attributes_for_oid(
        NameOID.COMMON_NAME)] == names
    try:
        found = cert.extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value
        found = found.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        found = []
    assert found == sans
    settings = client.connect_settings()
    assert ("dnsName" in settings) == bool(sans)


@pytest.mark.parametrize("key", ["p256", "p384", "rsa3072"])
def test_server_keys(client, emulator, key):
    emulator.set(server_key=key)
    with client.connect() as sock:
        assert ask(sock) == b"ping"


def test_ca_rotation(client, emulator):
    old = client.connect_settings()
    emulator.set(published_cas=[0, 1])
    assert client.connect_settings()["serverCaCert"]["cert"].count(
        "BEGIN CERTIFICATE") == 2
    emulator.set(server_ca=1)
    with client.connect() as sock:
        assert ask(sock) == b"ping"
    with pytest.raises(ssl.SSLCertVerificationError):
        client.connect(settings=old)


def test_hello_retry_request(client, emulator):
    emulator.set(groups="P-256")
    address, port = client.address()
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{address}:{port}", "-tls1_3",
         "-groups", "X25519:P-256", "-msg"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        timeout=lab.PATIENCE)
    hellos = [s for s in done.stdout.splitlines()
              if s.startswith(">>>") and s.endswith("ClientHello")]
    assert len(hellos) == 2
    with client.connect() as sock:
        assert ask(sock) == b"ping"
    emulator.set(groups=None)
    with client.connect() as sock:
        assert ask(sock) == b"ping"
    lab.wait_until(lambda: emulator.count("handshake") == 2)
    assert [e["retry"] for e in emulator.log("handshake")] == [True, False]


@pytest.mark.parametrize("suite", [
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256"])
def test_suites(client, emulator, suite):
    emulator.set(suites=suite)
    with client.connect() as sock:
        assert sock.cipher()[0] == suite


def test_key_updates(client, emulator):
    emulator.set(key_update_after=1000)
    with client.connect() as sock:
        for _ in range(5):
            assert ask(sock, b"x" * 1000) == b"x" * 1000
    assert emulator.count("key-update") == 5


def test_connect_refused_reset_silent(client, emulator):
    context = client.context()
    emulator.set(connect="refuse")
    with pytest.raises(ConnectionRefusedError):
        client.connect(context=context)
    emulator.set(connect="reset")
    with pytest.raises(OSError):
        client.connect(context=context)
    emulator.set(connect="silent")
    with socket.create_connection(client.address(), 30) as sock:
        lab.wait_until(lambda: emulator.counts()["open"] == 1)
        emulator.cut()
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    emulator.set(connect="accept")
    with client.connect(context=context) as sock:
        assert ask(sock) == b"ping"


@pytest.mark.parametrize("setting", ["reset_after", "cut_after"])
def test_reset_and_cut_after(client, emulator, setting):
    """Python's TLS calls both of them an unexpected EOF, or a reset."""
    emulator.set(**{setting: 100})
    with client.connect() as sock, pytest.raises(OSError):
        while True:
            ask(sock, b"x" * 30)
    lab.wait_until(lambda: emulator.count("close"))
    reason = emulator.log("close")[0]["reason"]
    assert reason == setting.replace("_after", " on request")


def test_small_records_and_segments(client, emulator):
    emulator.set(record_size=1, drip=1)
    with client.connect() as sock:
        assert ask(sock, b"y" * 2000) == b"y" * 2000


def test_half_close_by_the_client(client, emulator):
    """After close_notify the answer still comes, and its end as well."""
    context = client.context()
    tcp = socket.create_connection(client.address(), 30)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)

    def step(action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                tcp.sendall(outgoing.read())
                data = tcp.recv(65536)
                assert data, "end of TCP"
                incoming.write(data)

    step(tls.do_handshake)
    tls.write(b"request")
    assert step(lambda: tls.read(100)) == b"request"
    with pytest.raises(ssl.SSLWantReadError):
        tls.unwrap()
    assert step(lambda: tls.read(100)) == b"total 7"
    with pytest.raises(ssl.SSLZeroReturnError):
        if step(lambda: tls.read(100)) == b"":
            raise ssl.SSLZeroReturnError
    tcp.close()


def test_half_close_by_the_backend(client, emulator):
    """After the backend's end of data the client may go on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        emulator.set(backend="%s:%d" % listener.getsockname())
        with client.connect() as sock:
            backend, _ = listener.accept()
            with backend:
                backend.sendall(b"bye")
                backend.shutdown(socket.SHUT_WR)
                assert receive(sock, 3) == b"bye"
                assert sock.recv(100) == b""        # close_notify
                sock.sendall(b"more")
                assert receive(backend, 4) == b"more"
                sock.unwrap().close()
                assert backend.recv(100) == b""
    lab.wait_until(lambda: emulator.count("close"))
    assert emulator.log("close")[0]["reason"] == "done"


def test_backend_gone(client, emulator):
    emulator.set(backend="127.0.0.1:1")
    with client.connect() as sock:
        assert sock.recv(100) == b""        # close_notify
    lab.wait_until(lambda: emulator.count("backend-error"))


def test_metadata_exchange(client, emulator):
    emulator.set(mdx=True)
    assert client.connect_settings()["mdxProtocolSupport"] \
        == ["CLIENT_PROTOCOL_TYPE"]
    preamble = b"CSQLMDEX\0\0\0\2\x10\1"
    with client.connect() as sock:
        sock.sendall(preamble + b"ping")
        answer = b"CSQLMDEX\0\0\0\2\x08\1"
        assert receive(sock, len(answer) + 4) == answer + b"ping"
    assert emulator.log("mdx")[0]["request"] == "1001"
    with client.connect() as sock:
        assert ask(sock, b"CSQ-not") == b"CSQ-not"


def test_many_connections_and_much_data(client, emulator):
    context = client.context()
    socks = [client.connect(context=context) for _ in range(150)]
    for number, sock in enumerate(socks):
        sock.sendall(b"%05d" % number)
    for number, sock in enumerate(socks):
        assert receive(sock, 5) == b"%05d" % number
    for sock in socks:
        sock.close()
    block = os.urandom(1 << 20)
    sent, got = hashlib.sha256(), hashlib.sha256()
    with client.connect(context=context) as sock:
        for _ in range(32):
            sent.update(block)
            got.update(ask(sock, block))
    assert sent.digest() == got.digest()
    lab.wait_until(lambda: emulator.counts()["open"] == 0)


def test_other_instance(client):
    with client.connect(lab.SECOND) as sock:
        assert ask(sock) == b"ping"
        cert = x509.load_der_x509_certificate(sock.getpeercert(True))
    name, = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "example.com:my-project:users"
