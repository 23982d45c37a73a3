"""The emulator itself: its HTTP side, its faults and its control port."""

import datetime
import gzip
import http.client
import json
import os
import signal
import ssl
import subprocess
from types import SimpleNamespace

import lab
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from google_client import Client, client_key, public_pem


@pytest.fixture
def emulator(echo_emulator):
    """Here the backend echoes, and one emulator serves all the tests."""
    return echo_emulator


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
    settings = client.connect_settings(lab.SECOND)
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


def test_gzip_for_those_who_ask(client):
    link = client.https()
    link.request("GET", client.path() + "/connectSettings", headers={
        "Authorization": "Bearer " + client.token(),
        "Accept-Encoding": "gzip"})
    answer = link.getresponse()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.read()))["region"]


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


def test_ready_descriptor_state_and_log_file(echo, tmp_path):
    """Started twice in its folder, it keeps its CA file."""
    seen = []
    for _ in range(2):
        reader, writer = os.pipe()
        process = subprocess.Popen(
            [lab.PYTHON, lab.EMULATOR, "--backend", echo.where, "--state",
             tmp_path, "--keys", os.path.join(lab.BUILD, "emulator-keys"),
             "--address", lab.free_address(), "--log", "--ready-fd",
             str(writer), "--set",
             '{"metadata": {"token": {"status": 404}}}'],
            pass_fds=[writer],
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        os.close(writer)
        try:
            with open(reader) as source:
                ready = json.loads(source.read())
            status, _, _ = Client(SimpleNamespace(
                metadata_host=ready["metadata"])).metadata(
                    "/computeMetadata/v1/instance/service-accounts/default"
                    "/token")
            assert status == 404
        finally:
            process.terminate()
            process.wait(lab.PATIENCE)
        with open(ready["ca_file"]) as source:
            seen.append(source.read())
    assert seen[0] == seen[1]
    with open(tmp_path / "log.jsonl") as source:
        assert [json.loads(line)["op"] for line in source] == ["token"] * 2


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


def test_port_in_use(echo_emulator):
    done = subprocess.run(
        [lab.PYTHON, lab.EMULATOR, "--address", echo_emulator.address],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
        timeout=lab.PATIENCE)
    assert done.returncode == 1
    assert f"{echo_emulator.address}:3307 is in use" in done.stderr


