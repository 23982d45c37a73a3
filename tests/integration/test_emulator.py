"""The emulator itself: what stands on it must be able to trust it."""

import datetime
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading

import lab
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from google_client import Client, client_key, public_pem

SECOND = "example.com:my-project:europe-west1:users"


class EchoServer:
    """A backend that sends back what it gets, and at the end of input says
    how much that was: it sees a half-close and answers after it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.where = "%s:%d" % self.listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(sock,),
                             daemon=True).start()

    @staticmethod
    def _echo(sock):
        total = 0
        try:
            while True:
                data = sock.recv(65536)
                if not data:
                    sock.sendall(b"total %d" % total)
                    return
                total += len(data)
                sock.sendall(data)
        except OSError:
            pass
        finally:
            sock.close()

    def close(self):
        self.listener.close()


@pytest.fixture(scope="module")
def echo():
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def shared(echo):
    emulator = lab.Emulator(echo.where, instances=[
        lab.INSTANCE, SECOND + "?address=" + lab.free_address()])
    yield emulator.start()
    emulator.stop()


@pytest.fixture
def emulator(shared):
    shared.reset()
    return shared


@pytest.fixture
def client(emulator):
    client = Client(emulator)
    yield client
    client.close()


def ask(sock, data=b"ping"):
    sock.sendall(data)
    return receive(sock, len(data))


def receive(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(65536)
        assert piece, f"end after {len(data)} of {size} bytes"
        data += piece
    return data


# -- metadata server ------------------------------------------------------


def test_metadata_wants_its_header(client, emulator):
    path = "/computeMetadata/v1/project/project-id"
    status, _, _ = client.metadata(path, headers={})
    assert status == 403
    status, headers, body = client.metadata(path)
    assert (status, body) == (200, b"my-project")
    assert headers["Metadata-Flavor"] == "Google"
    assert client.metadata("/computeMetadata/v1/nothing")[0] == 404


def test_metadata_token_and_scopes(client, emulator):
    assert client.token("sqlservice.login").startswith("ya29.")
    entry, = emulator.log("metadata")
    assert entry["scopes"] == [
        "https://www.googleapis.com/auth/sqlservice.login"]
    assert emulator.count("metadata.token:200") == 1


def test_metadata_faults_and_refusal(client, emulator):
    emulator.metadata("token", status=404)
    with pytest.raises(AssertionError):
        client.token()
    emulator.metadata("token")
    client.token()
    emulator.listen(metadata=False)
    with pytest.raises(ConnectionRefusedError):
        client.token()
    emulator.listen(metadata=True)
    client.token()


# -- SQL Admin API --------------------------------------------------------


def test_api_wants_a_good_token(client, emulator):
    path = client.path() + "/connectSettings"
    assert client.api("GET", path, token="ya29.invented")[0] == 401
    assert client.api("GET", path, client.token("sqlservice.login"))[0] == 403
    assert client.api("GET", path, client.token("cloud-platform"))[0] == 200
    assert emulator.count("api.connectSettings:401") == 1


def test_api_unknown_instance(client):
    status, _, body = client.api(
        "GET", "/sql/v1beta4/projects/my-project/instances/none"
        "/connectSettings")
    assert status == 404
    assert json.loads(body)["error"]["errors"][0]["reason"] \
        == "instanceDoesNotExist"


def test_api_domain_scoped_project(client, emulator):
    settings = client.connect_settings(SECOND)
    assert settings["region"] == "europe-west1"
    target = emulator.log("api")[-1]["target"]
    assert "/projects/example.com%3Amy-project/" in target


def test_api_keeps_a_connection(client, emulator):
    client.connect_settings()
    client.certificate()
    first, second = emulator.log("api")
    assert first["connection"] == second["connection"]
    assert (first["nth"], second["nth"]) == (1, 2)
    assert emulator.count("api-tls") == 1


@pytest.mark.parametrize("label", ["RSA PUBLIC KEY", "PUBLIC KEY"])
def test_ephemeral_certificate(client, emulator, label):
    cert = x509.load_pem_x509_certificate(
        client.certificate(label=label).encode())
    assert cert.public_key().public_numbers() \
        == client_key().public_key().public_numbers()
    left = cert.not_valid_after - datetime.datetime.utcnow()
    assert 3500 < left.total_seconds() <= 3600
    assert emulator.log("api")[-1]["pem_label"] == f"-----BEGIN {label}-----"


@pytest.mark.parametrize("key", [
    "", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    public_pem().replace("BEGIN PUBLIC", "BEGIN RSA PUBLIC"), None, 7])
def test_ephemeral_certificate_bad_key(client, key):
    status, _, body = client.api(
        "POST", client.path() + ":generateEphemeralCert",
        value={"public_key": key})
    assert status == 400, body


def test_login_token_is_checked_and_embedded(client, emulator):
    login = client.token("sqlservice.login")
    pem = client.certificate(login=login)
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(
        serialization.Encoding.DER)
    assert login.encode() in der
    assert emulator.log("api")[-1]["login"] is True
    for bad in ("invented", client.token("sqlservice.admin")):
        status, _, _ = client.api(
            "POST", client.path() + ":generateEphemeralCert",
            value={"public_key": public_pem(), "access_token": bad})
        assert status == 400


# -- faults of HTTP -------------------------------------------------------


def get(client):
    return client.api("GET", client.path() + "/connectSettings")


@pytest.mark.parametrize("status, reason", [
    (403, "notAuthorized"), (404, "instanceDoesNotExist"),
    (429, "rateLimitExceeded"), (500, "backendError"),
    (503, "backendError")])
def test_error_statuses(client, emulator, status, reason):
    emulator.api("connectSettings", status=status, message="as asked",
                 retry_after=7, count=1)
    got, headers, body = get(client)
    assert got == status
    assert headers["Retry-After"] == "7"
    error = json.loads(body)["error"]
    assert (error["code"], error["message"]) == (status, "as asked")
    assert error["errors"][0]["reason"] == reason
    assert get(client)[0] == 200
    assert emulator.count(f"api.connectSettings:{status}") == 1


def test_after_and_count(client, emulator):
    emulator.control({"api": {"connectSettings": [
        {"status": 503, "after": 1, "count": 2}, {"status": 500,
                                                  "after": 3}]}})
    assert [get(client)[0] for _ in range(6)] \
        == [200, 503, 503, 200, 200, 500]


def test_html_chunked_drip_and_until_close(client, emulator):
    emulator.api("*", html=True, status=502)
    status, headers, body = get(client)
    assert status == 502 and body.startswith(b"<!DOCTYPE html>")
    assert headers["Content-Type"].startswith("text/html")
    for chunk in (1, 100, True):
        emulator.api("*", chunked=chunk)
        status, headers, body = get(client)
        assert headers["Transfer-Encoding"] == "chunked"
        assert json.loads(body)["region"] == "us-central1"
    emulator.api("*", drip=0)
    assert json.loads(get(client)[2])["region"] == "us-central1"
    emulator.api("*", until_close=True)
    status, headers, body = get(client)
    assert "Content-Length" not in headers
    assert json.loads(body)["region"] == "us-central1"


def test_set_pad_broken_and_body(client, emulator):
    emulator.api("*", set={"region": "mars", "ipAddresses": None}, pad=100000)
    body = get(client)[2]
    assert len(body) > 100000
    value = json.loads(body)
    assert value["region"] == "mars" and "ipAddresses" not in value
    emulator.api("*", broken=True)
    with pytest.raises(ValueError):
        json.loads(get(client)[2])
    emulator.api("*", body="{}")
    assert get(client)[2] == b"{}"


def test_closes_and_lies_about_length(client, emulator):
    emulator.api("*", close="before")
    with pytest.raises((http.client.RemoteDisconnected, OSError)):
        get(client)
    for fault in ({"close": "mid-body"}, {"close": "reset"},
                  {"content_length": 10}):
        emulator.api("*", **fault)
        with pytest.raises((http.client.IncompleteRead, OSError)):
            get(client)
    emulator.api("*", content_length=-10)
    with pytest.raises(ValueError):
        json.loads(get(client)[2])


def test_delay_and_silence(client, emulator):
    emulator.api("*", delay=0.05)
    assert get(client)[0] == 200
    emulator.api("*", silence=0.2)
    with pytest.raises((http.client.RemoteDisconnected, OSError)):
        get(client)


@pytest.mark.parametrize("cert", ["wrong-host", "wrong-ca", "expired",
                                  "not-yet-valid", "client-auth"])
def test_https_bad_certificates(client, emulator, cert):
    emulator.https(cert=cert)
    with pytest.raises(ssl.SSLCertVerificationError):
        get(client)
    lab.wait_until(lambda: emulator.count("api-tls-failed"))


def test_https_chain_and_tls12(client, emulator):
    emulator.https(cert="chain", key="p256")
    assert get(client)[0] == 200
    client.close()
    emulator.https(tls="1.2")
    client.https()._context.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError):
        get(client)


# -- server-side proxy ----------------------------------------------------


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
    other = client.certificate(SECOND)
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
    with client.connect(SECOND) as sock:
        assert ask(sock) == b"ping"
        cert = x509.load_der_x509_certificate(sock.getpeercert(True))
    name, = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "example.com:my-project:users"


# -- control and process --------------------------------------------------


@pytest.mark.parametrize("patch", [
    {"nonsense": 1}, {"instance": {"server_crt": "cn"}},
    {"instance": {"server_cert": "wrong"}}, {"instances": {"a:b:c": {}}},
    {"api": {"connectSetings": {}}}, {"api": {"*": {"stat": 1}}},
    {"https": {"cert": "?"}}, {"listen": {"all": False}},
    {"instance": {"cert_lifetime": "soon"}}])
def test_control_refuses_what_it_does_not_know(emulator, patch):
    before = emulator.call("GET", "/control")
    with pytest.raises(ValueError):
        emulator.control(patch)
    assert emulator.call("GET", "/control") == before


def test_log_since_and_clear(client, emulator):
    client.token()
    first, = emulator.log()
    client.token()
    assert len(emulator.log(since=first["seq"])) == 1
    emulator.call("DELETE", "/control/log")
    assert emulator.log() == []


def test_ends_cleanly_and_leaves_nothing(echo):
    process = subprocess.Popen(
        [lab.PYTHON, lab.EMULATOR, "--backend", echo.where, "--keys",
         os.path.join(lab.BUILD, "emulator-keys"), "--address",
         lab.free_address()],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    ready = json.loads(process.stdout.readline())
    assert os.path.exists(ready["ca_file"])
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=lab.PATIENCE)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert not os.path.exists(ready["state"])


def test_port_in_use(shared):
    done = subprocess.run(
        [lab.PYTHON, lab.EMULATOR, "--address", shared.address],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
        timeout=lab.PATIENCE)
    assert done.returncode == 1
    assert f"{shared.address}:3307 is in use" in done.stderr


