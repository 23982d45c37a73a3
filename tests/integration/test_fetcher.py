"""The fetcher alone (tests/tools/fetch_identity.c, with sanitizers) against the
emulator: what an identity holds, and what each misfortune on the way becomes.
"""

import os
import pathlib
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import lab
from dripper import Dripper

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = os.environ.get("OUT", "build")
PROGRAM = ROOT / OUT / "tools/fetch_identity"
METADATA = 'failed to get instance: refresh error: failed to get instance ' \
    'metadata (connection name = "my-project:us-central1:orders"): '
CERTIFICATE = 'fetch ephemeral cert failed: refresh error: create ephemeral ' \
    'cert failed (connection name = "my-project:us-central1:orders"): '
ADMIN = "https://www.googleapis.com/auth/sqlservice.admin"
LOGIN = "https://www.googleapis.com/auth/sqlservice.login"


@pytest.fixture(scope="module", autouse=True)
def built():
    done = subprocess.run(
        ["make", "--no-print-directory", f"OUT={OUT}",
         f"{OUT}/tools/fetch_identity"], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


class Answer:
    """The lines of fetch_identity: answer.result, answer.all("name")."""

    def __init__(self, done):
        self.output = done.stdout
        self.status = done.returncode
        self.pairs = []
        for line in done.stdout.splitlines():
            key, colon, value = line.partition(": ")
            if colon:
                self.pairs.append((key, value))
            elif self.pairs:
                key, value = self.pairs[-1]     # details may have newlines
                self.pairs[-1] = (key, value + "\n" + line)

    def all(self, key):
        return [v for k, v in self.pairs if k == key]

    def __getattr__(self, key):
        found = self.all(key)
        assert len(found) == 1, f"{key} in:\n{self.output}"
        return found[0]

    def certificate(self):
        chain = bytes.fromhex(self.chain)
        assert int.from_bytes(chain[:2], "big") == len(chain) - 2
        return x509.load_der_x509_certificate(chain[2:])


@pytest.fixture
def fetch(echo_emulator):
    """fetch(*options, name=..., env=...): ask, and parse what comes back."""
    def ask(*options, name=lab.INSTANCE, env=None, endpoint=None,
            ca_file=None):
        argv = [PROGRAM, "--sqladmin-api-endpoint",
                endpoint or echo_emulator.api_url]
        if ca_file is not False:
            argv += ["--ca-file", ca_file or echo_emulator.ca_file]
        env = lab.clean_env({**echo_emulator.env(), **(env or {})})
        done = subprocess.run(
            argv + [*options, name], env=env, text=True, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return Answer(done)
    return ask


def public_der(key):
    return key.public_bytes(serialization.Encoding.DER,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


def test_identity(fetch, echo_emulator):
    answer = fetch()
    assert answer.result == "OK" and answer.status == 0
    assert answer.detail == ""
    assert answer.address == f"{echo_emulator.address} 3307"
    assert answer.engine == "POSTGRES"
    assert answer.common_name == "my-project:orders"
    assert 3500 < int(answer.expires_in_s) <= 3600
    assert int(answer.anchors_len) > 500
    # Five of its numbers are a byte shorter now and then, seldom two.
    assert 1180 <= int(answer.private_key_len) <= 1194
    assert answer.login_token_len == "0"
    assert answer.certificate().public_key().key_size == 2048


def test_one_connection_one_token(fetch, echo_emulator):
    assert fetch().result == "OK"
    calls = echo_emulator.log("api")
    assert [c["op"] for c in calls] == ["connectSettings",
                                        "generateEphemeralCert"]
    assert [c["nth"] for c in calls] == [1, 2]
    assert calls[0]["connection"] == calls[1]["connection"]
    tokens = echo_emulator.log("metadata")
    assert [t["scopes"] for t in tokens] == [[ADMIN]]


def test_request_headers(fetch, echo_emulator):
    answer = fetch("--user-agent", "my-app/1.0", "--quota-project", "billing")
    assert answer.result == "OK"
    for call in echo_emulator.log("api"):
        headers = call["headers"]
        assert headers["User-Agent"].startswith("fairlead/")
        assert headers["User-Agent"].endswith(" my-app/1.0")
        assert headers["X-Goog-User-Project"] == "billing"
        assert headers["Accept-Encoding"] == "identity"
        assert call["target"].endswith("?alt=json&prettyPrint=false")


def test_quota_project_of_the_environment(fetch, echo_emulator):
    assert fetch(env={"GOOGLE_CLOUD_QUOTA_PROJECT": "other"}).result == "OK"
    for call in echo_emulator.log("api"):
        assert call["headers"]["X-Goog-User-Project"] == "other"


def test_refresh_keeps_the_key(fetch):
    key = rsa.generate_private_key(65537, 2048).public_key()
    answer = fetch(env={"FETCH_PUBLIC_KEY": public_der(key).hex()})
    assert answer.result == "OK"
    assert answer.private_key_len == "0"
    certified = answer.certificate().public_key()
    assert public_der(certified) == public_der(key)


def test_psc_name_is_looked_up(fetch, echo_emulator):
    """The tunnel connects to addresses and has no resolver."""
    echo_emulator.set(psc=True, dns_name="localhost.")
    answer = fetch("--psc")
    assert answer.result == "OK", answer.detail
    assert answer.address in ("127.0.0.1 3307", "::1 3307")


def test_psc_name_that_nobody_knows(fetch, echo_emulator):
    echo_emulator.set(psc=True, dns_name="nobody.invalid.")
    answer = fetch("--psc")
    assert answer.result == "TEMPORARY"
    assert "could not look up nobody.invalid: " in answer.detail


def test_domain_scoped_project(fetch, echo_emulator):
    answer = fetch(name=lab.SECOND)
    assert answer.result == "OK"
    assert answer.common_name == "example.com:my-project:users"
    for call in echo_emulator.log("api"):
        assert "/projects/example.com%3Amy-project/" in call["target"]


def test_names(fetch, echo_emulator):
    echo_emulator.set(dns_name="AB.us-central1.sql.goog.", mdx=True)
    answer = fetch()
    assert answer.all("name") == ["ab.us-central1.sql.goog"]
    assert answer.mdx == "1"


def test_iam_login(fetch, echo_emulator):
    answer = fetch("--auto-iam-authn")
    assert answer.result == "OK"
    tokens = echo_emulator.log("metadata")
    assert [t["scopes"] for t in tokens] == [[ADMIN], [LOGIN]]
    call = echo_emulator.log("api")[-1]
    assert call["login"] and call["login_token"] == tokens[1]["token"]
    # For Cloud SQL the token is inside the certificate and nowhere else.
    assert answer.login_token_len == "0"


def test_iam_login_token_limits_the_identity(fetch, echo_emulator):
    echo_emulator.metadata("token", set={"expires_in": 1200})
    assert 1100 < int(fetch("--auto-iam-authn").expires_in_s) <= 1200
    assert int(fetch().expires_in_s) > 3500


def test_static_token(fetch, start_emulator, echo):
    emulator = start_emulator("--accept-token", "my-token",
                              backend=echo.where)
    answer = fetch("--token", "my-token", endpoint=emulator.api_url,
                   ca_file=emulator.ca_file)
    assert answer.result == "OK"


def test_static_login_token(fetch, start_emulator, echo):
    emulator = start_emulator("--accept-token", "my-token", "--accept-token",
                              "my-login", backend=echo.where)
    answer = fetch("--token", "my-token", "--login-token", "my-login",
                   "--auto-iam-authn", endpoint=emulator.api_url,
                   ca_file=emulator.ca_file)
    assert answer.result == "OK"
    call = emulator.log("api")[-1]
    assert [call["token"], call["login_token"]] == [-1, -2]


def test_static_token_cannot_log_in(fetch, echo_emulator):
    answer = fetch("--token", "my-token",
                   name=lab.INSTANCE + "?auto-iam-authn=true")
    assert answer.result == "CONFIG"
    assert "--login-token" in answer.detail
    assert echo_emulator.log("api") + echo_emulator.log("metadata") == []


REFUSALS = [
    (400, "DENIED", 1), (403, "DENIED", 1), (404, "DENIED", 1),
    (429, "THROTTLED", 1), (401, "DENIED", 2), (408, "TEMPORARY", 1),
    (503, "TEMPORARY", 5),
]


@pytest.mark.parametrize("op,prefix", [
    ("connectSettings", METADATA), ("generateEphemeralCert", CERTIFICATE)])
@pytest.mark.parametrize("status,result,calls", REFUSALS)
def test_refusal(fetch, echo_emulator, op, prefix, status, result, calls):
    echo_emulator.api(op, status=status, message="M.", reason="why")
    answer = fetch()
    assert answer.result == result
    advice = "; needed: roles/cloudsql.client" if status == 403 else ""
    assert answer.detail == (
        f"{prefix}googleapi: Error {status}: M., why{advice}")
    assert answer.status == 0       # an answer went out
    assert answer.private_key_len == "0" and answer.chain == ""
    assert echo_emulator.count(f"api.{op}") == calls


def test_throttled_says_how_long(fetch, echo_emulator):
    echo_emulator.api("connectSettings", status=429, retry_after="77")
    assert fetch().retry_after_s == "77"
    echo_emulator.api("connectSettings", status=429)
    assert fetch().retry_after_s == "30"


def test_server_errors_that_pass(fetch, echo_emulator):
    echo_emulator.api("connectSettings", status=500, count=2)
    echo_emulator.api("generateEphemeralCert", status=503, count=1)
    assert fetch().result == "OK"
    assert echo_emulator.count("api.connectSettings") == 3
    assert echo_emulator.count("api.generateEphemeralCert") == 2


def test_refused_token_is_renewed_once(fetch, echo_emulator):
    echo_emulator.api("connectSettings", status=401, count=1)
    assert fetch().result == "OK"
    assert echo_emulator.count("metadata.token") == 2
    calls = echo_emulator.log("api")
    assert calls[0]["token"] != calls[1]["token"]


def test_refused_static_token_is_not_renewed(fetch, echo_emulator):
    answer = fetch("--token", "unknown")
    assert answer.result == "DENIED" and answer.fresh_token_needed == "0"
    assert "googleapi: Error 401: " in answer.detail
    assert echo_emulator.counts().get("metadata.token", 0) == 0
    assert echo_emulator.count("api.connectSettings") == 1


@pytest.mark.parametrize("fault,words", [
    ({"html": True}, "not valid JSON at byte 0 of"),
    ({"html": True, "status": 502},
     "googleapi: got HTTP response code 502 with body: <!DOCTYPE html>"),
    ({"broken": True}, "not valid JSON"),
    ({"body": ""}, "not valid JSON at byte 0 of 0"),
    ({"pad": 2000000}, "the response is too large"),
    ({"content_length": 5}, "ended in the middle of the response"),
    ({"content_length": -5}, "not valid JSON"),
    ({"close": "before"}, "cut off without close_notify"),
    ({"close": "mid-body"}, "cut off without close_notify"),
    ({"close": "mid-body", "until_close": True},
     "cut off without close_notify"),
    ({"close": "reset"}, ""),
    ({"set": {"region": None}}, "connectSettings has no usable region"),
    ({"set": {"serverCaCert": None}},
     "instance does not have a server CA certificate"),
    ({"set": {"serverCaCert": {"cert": "x"}}},
     "failed to decode valid PEM cert"),
])
def test_bad_answers(fetch, echo_emulator, fault, words):
    echo_emulator.api("connectSettings", **fault)
    answer = fetch("--refresh-timeout", "5s")
    assert answer.result == "TEMPORARY"
    assert answer.detail.startswith("failed to get instance: refresh error: ")
    assert words in answer.detail


@pytest.mark.parametrize("fault", [
    {"chunked": True}, {"chunked": 1}, {"chunked": 100}, {"until_close": True},
    {"drip": 0.0005}])
def test_bodies_however_delivered(fetch, echo_emulator, fault):
    echo_emulator.api("*", **fault)
    assert fetch().result == "OK"


def test_kept_connection_that_was_closed(fetch, echo_emulator):
    echo_emulator.api("generateEphemeralCert", close="before", count=1)
    assert fetch().result == "OK"
    first, again = echo_emulator.log("api")[-2:]
    assert again["connection"] != first["connection"]


def test_closed_for_good(fetch, echo_emulator):
    echo_emulator.api("generateEphemeralCert", close="before")
    answer = fetch()
    assert answer.result == "TEMPORARY"
    assert answer.detail.startswith(CERTIFICATE)
    assert echo_emulator.count("api.generateEphemeralCert") == 2


@pytest.mark.parametrize("group,op,prefix", [
    ("metadata", "token", METADATA),
    ("api", "connectSettings", METADATA),
    ("api", "generateEphemeralCert", CERTIFICATE)])
def test_silence_ends_at_the_deadline(fetch, echo_emulator, group, op,
                                      prefix):
    echo_emulator.control({group: {op: {"silence": 60}}})
    answer = fetch("--refresh-timeout", "2s")
    assert answer.result == "TEMPORARY"
    assert answer.detail.startswith(prefix)
    assert "timed out waiting for the response of 127.0.0.1:" in answer.detail
    assert answer.detail.endswith("(refresh timeout 2s)")


def test_handshake_that_never_gets_done(fetch):
    """A byte now and then does not put the deadline off."""
    with Dripper("127.0.0.1") as dripper:
        answer = fetch("--refresh-timeout", "2s",
                       endpoint=f"https://127.0.0.1:{dripper.port}")
        assert dripper.sent > 0
    assert answer.result == "TEMPORARY"
    assert "timed out waiting for the TLS handshake of 127.0.0.1:" \
        in answer.detail


def test_instance_that_does_not_fit(fetch, echo_emulator):
    echo_emulator.set(region="us-west1")
    answer = fetch()
    assert answer.result == "CONFIG"
    assert answer.detail == (
        "failed to get instance: config error: provided region was mismatched"
        " - got us-central1, want us-west1 (connection name = "
        '"my-project:us-central1:orders")')


def test_missing_address(fetch, echo_emulator):
    echo_emulator.set(ip_addresses=[
        {"type": "PRIMARY", "ipAddress": "203.0.113.7"}])
    answer = fetch("--private-ip")
    assert answer.result == "CONFIG"
    assert answer.detail == (
        'config error: instance does not have IP of type "PRIVATE" '
        '(connection name = "my-project:us-central1:orders")')
    assert echo_emulator.count("api.generateEphemeralCert") == 0
    assert fetch("--auto-ip").address == "203.0.113.7 3307"


def test_expired_certificate_hints_at_the_clock(fetch, echo_emulator):
    echo_emulator.set(cert_lifetime=-5)
    answer = fetch()
    assert answer.result == "TEMPORARY"
    assert "is this machine's clock right?" in answer.detail


def test_certificate_for_another_key(fetch, echo_emulator):
    """What was certified must be the key that was sent."""
    stranger = fetch().certificate()
    pem = stranger.public_bytes(serialization.Encoding.PEM).decode()
    echo_emulator.api("generateEphemeralCert",
                      set={"ephemeralCert": {"cert": pem}})
    answer = fetch()
    assert answer.result == "TEMPORARY"
    assert "not for the key it was asked for" in answer.detail


@pytest.mark.parametrize("cert", [
    "wrong-host", "wrong-ca", "expired", "not-yet-valid", "client-auth"])
def test_api_server_that_is_not_trusted(fetch, echo_emulator, cert):
    echo_emulator.https(cert=cert)
    answer = fetch()
    assert answer.result == "TEMPORARY"
    assert answer.detail.startswith(METADATA + "TLS with 127.0.0.1:")
    # Nothing was sent: the token stays here.
    assert echo_emulator.log("api") == []


@pytest.mark.parametrize("settings", [
    {"cert": "chain"}, {"key": "p256"}, {"key": "p384"}, {"key": "rsa4096"},
    {"groups": "P-256"}, {"suites": "TLS_CHACHA20_POLY1305_SHA256"},
    {"suites": "TLS_AES_128_GCM_SHA256"}])
def test_api_server_of_many_kinds(fetch, echo_emulator, settings):
    echo_emulator.https(**settings)
    assert fetch().result == "OK"


def test_tls_1_2_is_refused(fetch, echo_emulator):
    echo_emulator.https(tls="1.2")
    answer = fetch()
    assert answer.result == "TEMPORARY"
    assert "TLS with 127.0.0.1:" in answer.detail
    assert echo_emulator.log("api") == []


def test_built_in_roots_do_not_know_the_emulator(fetch, echo_emulator):
    answer = fetch(ca_file=False)
    assert answer.result == "TEMPORARY"
    assert "TLS with 127.0.0.1:" in answer.detail
    assert fetch(ca_file=False, env={
        "SSL_CERT_FILE": echo_emulator.ca_file}).result == "OK"


def test_unusable_ca_file(fetch):
    answer = fetch(ca_file="/nonexistent.pem")
    assert answer.result == "CONFIG"
    assert "CA file /nonexistent.pem: could not open it: No such file" \
        in answer.detail
    assert "CA file /dev/null: " in fetch(ca_file="/dev/null").detail


def test_plain_http_is_refused(fetch, echo_emulator):
    answer = fetch(endpoint="http://127.0.0.1:1")
    if answer.status != 2:      # the command line may refuse it already
        assert answer.result == "CONFIG"
    assert "https" in answer.output
    assert echo_emulator.log("api") + echo_emulator.log("metadata") == []


def test_nobody_listens(fetch, echo_emulator):
    echo_emulator.listen(api=False)
    answer = fetch()
    assert answer.result == "TEMPORARY"
    assert "could not connect to 127.0.0.1:" in answer.detail
    assert "Connection refused" in answer.detail


def test_no_metadata_server(fetch, echo_emulator):
    echo_emulator.listen(metadata=False)
    answer = fetch()
    assert answer.result == "TEMPORARY"
    assert answer.detail.startswith(
        METADATA + "no access token: no metadata server (could not connect")
    assert "--credentials-file" in answer.detail


def test_name_that_does_not_exist(fetch):
    answer = fetch(endpoint="https://api.invalid")
    assert answer.result == "TEMPORARY"
    assert "could not look up api.invalid: " in answer.detail


@pytest.mark.parametrize("fault,result,words,tries", [
    ({"status": 404}, "DENIED", "no default service account", 1),
    ({"status": 403, "message": "no such"}, "DENIED",
     "the metadata server answered HTTP 403: ", 1),
    ({"status": 503}, "TEMPORARY",
     "the metadata server answered HTTP 503: ", 5),
    ({"broken": True}, "TEMPORARY", "the token answer is not valid JSON", 1),
    ({"set": {"access_token": None}}, "DENIED", "no usable access_token", 1),
    ({"set": {"access_token": "a\r\nX: y"}}, "DENIED",
     "no usable access_token", 1),
    ({"set": {"expires_in": None}}, "DENIED", "no usable expires_in", 1),
    ({"headers": {"Metadata-Flavor": "Other"}}, "DENIED",
     "is not Google's metadata server", 1),
    ({"close": "before"}, "TEMPORARY",
     "closed the connection without an answer", 5),
])
def test_metadata_faults(fetch, echo_emulator, fault, result, words, tries):
    echo_emulator.metadata("token", **fault)
    answer = fetch()
    assert answer.result == result
    assert answer.detail.startswith(METADATA + "no access token: ")
    assert words in answer.detail
    assert echo_emulator.count("metadata.token") == tries
    assert echo_emulator.log("api") == []


def test_metadata_faults_that_pass(fetch, echo_emulator):
    echo_emulator.metadata("token", status=503, count=3)
    assert fetch().result == "OK"
    assert echo_emulator.count("metadata.token") == 4


@pytest.mark.parametrize("fault", [
    {"status": 418, "message": "you sent my-s3cret-token!"},
    {"status": 418, "body": "<pre>Bearer my-s3cret-token</pre>"},
    {"body": "Authorization: Bearer my-s3cret-token"}])
def test_a_quoted_token_is_not_logged(fetch, echo_emulator, fault):
    echo_emulator.api("connectSettings", **fault)
    answer = fetch("--token", "my-s3cret-token", "--debug-logs")
    assert "**********" in answer.detail
    assert "s3cret" not in answer.output


def test_a_forged_line_stays_one_line(fetch, echo_emulator):
    echo_emulator.api("connectSettings", status=403,
                      body="x\n2026/01/01 00:00:00 all is well\x1b[2J")
    assert "\n" not in fetch().detail and "\x1b" not in fetch().output
