"""Where tokens come from: every type of credentials, in their order, through
proxies, and what each failure tells the user.

The fetcher alone asks (tests/tools/fetch_identity.c, with sanitizers), with
Google's own host names: the emulator's proxy leads them to the emulator.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import lab
import pytest
from test_fetcher import ADMIN, Answer, LOGIN, PROGRAM, built  # noqa: F401

sys.path.insert(0, os.path.join(lab.ROOT, "tests", "emulator"))
import oauth  # noqa: E402

PLATFORM = oauth.CLOUD_PLATFORM
TARGET = "target" + oauth.PROJECT
HOP1 = "hop1" + oauth.PROJECT
HOP2 = "hop2" + oauth.PROJECT


@pytest.fixture(scope="module")
def _google(echo):
    emulator = lab.Emulator(echo.where)
    yield emulator.start()
    emulator.stop()


@pytest.fixture
def google(_google):
    _google.reset()
    return _google


@pytest.fixture
def ask(google, tmp_path):
    """ask(*options, env=...): no endpoint is given, only the proxy."""
    def ask(*options, env=None, server=None):
        server = server or google
        base = {**server.through_proxy(), "HOME": str(tmp_path),
                "GCE_METADATA_HOST": "127.0.0.1:1"}
        done = subprocess.run(
            [PROGRAM, *options, lab.INSTANCE], text=True, timeout=120,
            env=lab.clean_env({**base, **(env or {})}),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return Answer(done)
    return ask


@pytest.fixture
def write(tmp_path):
    def write(value, name="credentials.json", mode=0o600):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str)
                        else json.dumps(value))
        path.chmod(mode)
        return str(path)
    return write


def load(google, kind, **change):
    value = json.loads(pathlib.Path(google.credentials(kind)).read_text())
    value.update(change)
    return {k: v for k, v in value.items() if v is not None}


def external(google, source, **more):
    return {"type": "external_account", "audience": oauth.AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": source, **more}


IMPERSONATION_URL = "https://iamcredentials.googleapis.com/v1/projects/-/" \
    f"serviceAccounts/{TARGET}:generateAccessToken"


def asked(google):
    """What the token services were asked: (op, who, scopes) ..."""
    return [(c["op"], c.get("who") or c.get("target_account"), c["scopes"])
            for c in google.log("auth") if "scopes" in c]


# The order

def test_service_account_key(ask, google):
    answer = ask("--credentials-file", google.credentials("service_account"))
    assert answer.result == "OK", answer.detail
    assert asked(google) == [("token", oauth.KEY_ACCOUNT, [ADMIN])]
    assert not google.log("metadata")
    hosts = {p["target"] for p in google.log("proxy")}
    assert hosts == {"oauth2.googleapis.com:443",
                     "sqladmin.googleapis.com:443"}


def test_login_has_a_token_of_its_own(ask, google):
    answer = ask("--credentials-file", google.credentials("service_account"),
                 "--auto-iam-authn")
    assert answer.result == "OK", answer.detail
    assert [s for _, _, s in asked(google)] == [[ADMIN], [LOGIN]]
    assert google.log("api")[-1]["login_token"] == \
        google.log("auth")[-1]["token"]


def test_json_credentials(ask, google):
    text = json.dumps(load(google, "service_account"))
    assert ask("--json-credentials", text).result == "OK"
    assert ask(env={"CSQL_PROXY_JSON_CREDENTIALS": text}).result == "OK"
    assert len(asked(google)) == 2


def test_application_default_credentials(ask, google, write, tmp_path):
    """The variable, then gcloud's file, then the metadata server."""
    key = google.credentials("service_account")
    user = json.dumps(load(google, "authorized_user"))
    write(user, ".config/gcloud/application_default_credentials.json")
    assert ask(env={"GOOGLE_APPLICATION_CREDENTIALS": key}).result == "OK"
    assert asked(google)[-1][1] == oauth.KEY_ACCOUNT
    assert ask().result == "OK"
    assert asked(google)[-1][1] == oauth.USER
    write(json.dumps(load(google, "service_account")),
          "sdk/application_default_credentials.json")
    assert ask(env={"CLOUDSDK_CONFIG": str(tmp_path / "sdk")}).result == "OK"
    assert asked(google)[-1][1] == oauth.KEY_ACCOUNT
    shutil.rmtree(tmp_path / ".config")
    assert ask(env=google.env()).result == "OK"
    assert google.count("metadata.token") == 1


def test_a_bad_variable_is_no_reason_to_go_on(ask, google, write):
    write(json.dumps(load(google, "authorized_user")),
          ".config/gcloud/application_default_credentials.json")
    answer = ask(env={"GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent.json",
                      **google.env()})
    assert answer.result == "CONFIG"
    assert "credentials file /nonexistent.json: could not open it" \
        in answer.detail
    assert not google.log("metadata") and not google.log("auth")


def test_nothing_anywhere(ask):
    answer = ask("--refresh-timeout", "1s")
    assert "outside Google Cloud give --credentials-file or set " \
        "GOOGLE_APPLICATION_CREDENTIALS" in answer.detail


def test_authorized_user(ask, google):
    answer = ask("--credentials-file", google.credentials("authorized_user"))
    assert answer.result == "OK", answer.detail
    call, = google.log("auth")
    assert call["grant"] == "refresh_token" and call["scope_asked"] is None


# Workload identity federation

@pytest.mark.parametrize("text", [f" {oauth.SUBJECT_TOKEN}\n", None])
def test_external_account_file(ask, google, write, text):
    source = {"file": write(text or {"a": {}, "t": oauth.SUBJECT_TOKEN},
                            "subject")}
    if not text:
        source["format"] = {"type": "json", "subject_token_field_name": "t"}
    answer = ask("--credentials-file", write(external(google, source)))
    assert answer.result == "OK", answer.detail
    assert asked(google) == [("sts", oauth.FEDERATED, [ADMIN])]


def test_external_account_url(ask, google, write):
    url = google.api_url + "/subject"
    fields = {"X-Emulator": "yes"}
    for source in ({"url": url, "headers": fields, "format": {
                        "type": "json", "subject_token_field_name": "value"}},
                   {"url": url + "?format=text", "headers": fields}):
        answer = ask("--credentials-file", write(external(google, source)))
        assert answer.result == "OK", answer.detail
    assert [c["op"] for c in google.log("auth")] == ["subject", "sts"] * 2
    answer = ask("--credentials-file", write(external(google, {"url": url})))
    assert "the identity provider at 127.0.0.1 answered HTTP 403" \
        in answer.detail


def test_external_account_impersonates(ask, google, write):
    file = write(external(
        google, {"file": write(oauth.SUBJECT_TOKEN, "subject")},
        service_account_impersonation_url=IMPERSONATION_URL,
        service_account_impersonation={"token_lifetime_seconds": 1200}))
    answer = ask("--credentials-file", file, "--auto-iam-authn")
    assert answer.result == "OK", answer.detail
    assert asked(google) == [
        ("sts", oauth.FEDERATED, [PLATFORM]), ("iam", TARGET, [ADMIN]),
        ("sts", oauth.FEDERATED, [PLATFORM]), ("iam", TARGET, [LOGIN])]
    assert google.log("auth")[1]["lifetime"] == "1200s"
    # The certificate may be used as long as the login token only.
    assert int(answer.expires_in_s) <= 1200


def test_external_account_options(ask, google, write):
    subject = {"file": write(oauth.SUBJECT_TOKEN, "subject")}
    assert ask("--credentials-file", write(external(
        google, subject, client_id="me", client_secret="s"))).result == "OK"
    assert ask("--credentials-file", write(external(
        google, subject,
        workforce_pool_user_project="p\"1"))).result == "OK"
    first, second = google.log("auth")
    assert first["basic"] and not second["basic"]
    assert json.loads(second["options"]) == {"userProject": 'p"1'}


@pytest.mark.parametrize("source", [
    {"environment_id": "aws1", "url": "http://169.254.169.254/x",
     "regional_cred_verification_url": "https://x"},
    {"executable": {"command": "/bin/false"}}, {"certificate": {}}])
def test_sources_that_are_refused(ask, google, write, source):
    answer = ask("--credentials-file", write(external(google, source)))
    assert answer.result == "CONFIG"
    assert "AWS, executable and certificate sources are not supported; let " \
        "something write" in answer.detail
    assert not google.log("auth")


# Impersonation

def test_impersonation(ask, google):
    answer = ask("--credentials-file", google.credentials("service_account"),
                 "--impersonate-service-account", TARGET, "--auto-iam-authn")
    assert answer.result == "OK", answer.detail
    assert asked(google) == [
        ("token", oauth.KEY_ACCOUNT, [PLATFORM]), ("iam", TARGET, [ADMIN]),
        ("token", oauth.KEY_ACCOUNT, [PLATFORM]), ("iam", TARGET, [LOGIN])]


def test_impersonation_of_the_metadata_server(ask, google):
    assert ask("--impersonate-service-account", TARGET,
               env=google.env()).result == "OK"
    assert google.log("metadata")[0]["scopes"] == [PLATFORM]


def test_delegation_chain(ask, google):
    """The first is the target; the caller becomes the last one first."""
    answer = ask("--credentials-file", google.credentials("service_account"),
                 "--impersonate-service-account", f"{TARGET},{HOP1},{HOP2}")
    assert answer.result == "OK", answer.detail
    assert google.log("auth")[-1]["delegates"] == [HOP2, HOP1]
    answer = ask("--credentials-file", google.credentials("service_account"),
                 "--impersonate-service-account", f"{TARGET},{HOP2},{HOP1}")
    assert answer.result == "DENIED"


def test_impersonation_denied(ask, google):
    answer = ask("--credentials-file", google.credentials("service_account"),
                 "--impersonate-service-account", HOP1)
    assert answer.result == "DENIED"
    assert "iamcredentials.googleapis.com: googleapi: Error 403" \
        in answer.detail
    assert "the caller needs roles/iam.serviceAccountTokenCreator" \
        in answer.detail
    answer = ask("--token", "x", "--impersonate-service-account", "a,/b")
    assert answer.result == "CONFIG"


@pytest.mark.parametrize("kind", ["service_account", "authorized_user"])
def test_impersonated_file(ask, google, write, kind):
    file = write({
        "type": "impersonated_service_account", "delegates": [],
        "service_account_impersonation_url": IMPERSONATION_URL,
        "source_credentials": load(google, kind)})
    answer = ask("--credentials-file", file)
    assert answer.result == "OK", answer.detail
    assert asked(google)[-1] == ("iam", TARGET, [ADMIN])


def test_impersonated_file_with_delegates(ask, google, write):
    file = write({
        "type": "impersonated_service_account",
        "delegates": ["projects/-/serviceAccounts/" + hop
                      for hop in (HOP2, HOP1)],
        "service_account_impersonation_url": IMPERSONATION_URL,
        "source_credentials": load(google, "service_account")})
    assert ask("--credentials-file", file).result == "OK"
    assert google.log("auth")[-1]["delegates"] == [HOP2, HOP1]


# Quota project, universe

def test_quota_project_of_the_file(ask, google, write):
    file = write(load(google, "service_account", quota_project_id="billed"))
    assert ask("--credentials-file", file).result == "OK"
    assert ask("--credentials-file", file, "--quota-project",
               "mine").result == "OK"
    assert [c["headers"]["X-Goog-User-Project"] for c in google.log("api")] \
        == ["billed"] * 2 + ["mine"] * 2


def test_universe_domain(ask, google, write):
    other = write(load(google, "service_account",
                       universe_domain="example.net"))
    answer = ask("--credentials-file", other)
    assert answer.result == "CONFIG"
    assert '("googleapis.com") does not match the universe domain found in ' \
        'the credentials ("example.net")' in answer.detail
    assert not google.log("auth")


# Refusals

def test_revoked_key(ask, google, write):
    key = load(google, "service_account", private_key_id="another")
    answer = ask("--credentials-file", write(key))
    assert answer.result == "DENIED"
    assert 'no access token: oauth2.googleapis.com: oauth2: "invalid_grant"' \
        ' "Invalid JWT Signature." (HTTP 400); the key was deleted, or is ' \
        "not this account's: make a new key" in answer.detail


def test_deleted_account(ask, google, write):
    answer = ask("--credentials-file", write(load(
        google, "service_account", client_email="gone@example.com")))
    assert "the service account was deleted" in answer.detail


def test_wrong_clock(ask, google):
    """What Google says does not tell by how much."""
    google.auth("token", status=400, body=json.dumps({
        "error": "invalid_grant", "error_description": "Invalid JWT: Token "
        "must be a short-lived token (60 minutes) and in a reasonable "
        "timeframe."}), headers={"Date": "Thu, 01 Jan 2026 00:00:00 GMT"})
    answer = ask("--credentials-file", google.credentials("service_account"))
    assert answer.result == "DENIED"
    assert "set this machine's clock; this machine's clock is " \
        in answer.detail


def test_revoked_login(ask, google, write):
    answer = ask("--credentials-file", write(load(
        google, "authorized_user", refresh_token="SECRET")))
    assert answer.result == "DENIED"
    assert '"invalid_grant" "Token has been expired or revoked." (HTTP 400)' \
        "; log in again: gcloud auth application-default login" \
        in answer.detail
    assert "SECRET" not in answer.output


def test_refused_subject_token(ask, google, write):
    """The service says the token; we must not."""
    source = {"file": write("SECRET.subject.token", "subject")}
    answer = ask("--credentials-file", write(external(google, source)))
    assert answer.result == "DENIED"
    assert "the provider's token was refused" in answer.detail
    assert "SECRET" not in answer.output
    file = external(google, {"file": write(oauth.SUBJECT_TOKEN, "subject")})
    file["audience"] = "//nobody"
    answer = ask("--credentials-file", write(file))
    assert "is the audience that of a workload identity pool's provider?" \
        in answer.detail


@pytest.mark.parametrize("change,words", [
    ({"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n"
                     "-----END PRIVATE KEY-----\n"}, "was the file cut"),
    ({"private_key": None}, 'no usable "private_key" in it'),
    ({"client_email": None}, 'no usable "client_email" in it'),
    ({"type": "gdch_service_account"}, 'type "gdch_service_account" cannot'),
    ({"type": "external_account_authorized_user"}, "cannot be used: take"),
    ({"type": None}, 'no usable "type" in it'),
    ({"type": None, "installed": {}}, "this is an OAuth client"),
    ({"token_uri": "http://127.0.0.1/token"}, "https:// only"),
])
def test_unusable_files(ask, google, write, change, words):
    answer = ask("--credentials-file",
                 write(load(google, "service_account", **change)))
    assert answer.result == "CONFIG"
    assert words in answer.detail
    assert "PRIVATE KEY" not in answer.output
    assert not google.log("auth")


@pytest.mark.parametrize("text,words", [
    ("", "not valid JSON"), ("{", "not valid JSON at byte 1"),
    ("[]", "not a JSON object"), ("x" * 65537, "more than 65536 bytes"),
    (json.dumps({"a": [1] * 300}), "more than 256 values"),
])
def test_files_that_are_none(ask, write, text, words):
    answer = ask("--credentials-file", write(text))
    assert answer.result == "CONFIG" and words in answer.detail


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429},
                                   {"close": "before"}])
def test_token_endpoint_recovers(ask, google, fault):
    google.auth("token", count=2, **fault)
    answer = ask("--credentials-file", google.credentials("service_account"))
    assert answer.result == "OK", answer.detail
    assert google.count("auth.token") == 3


def test_token_endpoint_stays_away(ask, google):
    google.auth("token", status=503, html=True)
    answer = ask("--credentials-file", google.credentials("service_account"))
    assert answer.result == "TEMPORARY"
    assert "oauth2.googleapis.com: googleapi: got HTTP response code 503" \
        in answer.detail
    assert google.count("auth.token") == 5


def test_token_answer_that_is_none(ask, google):
    for fault in ({"set": {"access_token": None}}, {"broken": True},
                  {"body": "<html>"}):
        google.auth("token", **fault)
        answer = ask("--credentials-file",
                     google.credentials("service_account"))
        assert answer.result != "OK" and "token answer" in answer.detail
        assert "ya29" not in answer.output


# Proxies

@pytest.fixture(scope="module")
def guarded(echo):
    emulator = lab.Emulator(echo.where, "--proxy-auth", "me:p@ss:word")
    yield emulator.start()
    emulator.stop()


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_proxy(ask, google, guarded, scheme):
    key = google.credentials("service_account")
    answer = ask("--credentials-file", key,
                 env=google.through_proxy(scheme=scheme))
    assert answer.result == "OK", answer.detail
    kind = "connect" if scheme == "http" else "socks5"
    assert {p["op"] for p in google.log("proxy")} == {kind}
    key = guarded.credentials("service_account")
    for auth, result in (("me:p%40ss:word@", "OK"), ("me:no@", "DENIED"),
                         ("", "DENIED")):
        answer = ask("--credentials-file", key, server=guarded,
                     env=guarded.through_proxy(auth, scheme))
        assert answer.result == result, answer.detail
        if result != "OK":
            assert "oauth2.googleapis.com:443 through the proxy " \
                in answer.detail and "(HTTPS_PROXY): it " in answer.detail
        assert "p@ss" not in answer.output and "p%40" not in answer.output


def test_proxy_that_cannot(ask, google):
    google.proxy(status=403)
    answer = ask("--credentials-file", google.credentials("service_account"))
    assert answer.result == "TEMPORARY"
    assert "it answered HTTP 403 to CONNECT" in answer.detail
    answer = ask("--token", "x", env={"HTTPS_PROXY": "https://p:1"})
    assert answer.result == "CONFIG"
    assert "HTTPS_PROXY has a scheme that is not supported" in answer.detail
    answer = ask("--token", "x", env={"HTTPS_PROXY": "a b"})
    assert answer.result == "CONFIG" and "a b" not in answer.detail


def test_no_proxy(ask, google):
    """Lower case is good as well; the loopback never goes through one."""
    env = {"HTTPS_PROXY": "", "https_proxy": "http://" +
           google.ready["proxy"]}
    key = google.credentials("service_account")
    assert ask("--credentials-file", key, env=env).result == "OK"
    answer = ask("--credentials-file", key, "--refresh-timeout", "2s",
                 env={"NO_PROXY": "x,.googleapis.com:443"})
    assert answer.result == "TEMPORARY"
    seen = len(google.log("proxy"))
    answer = ask("--token", "x", "--sqladmin-api-endpoint", google.api_url)
    assert "Error 401" in answer.detail
    assert len(google.log("proxy")) == seen


# Who may read the key

@pytest.mark.skipif(os.geteuid() != 0,
                    reason="machine: only root may give a file away")
def test_key_that_the_app_could_read(ask, google, write, tmp_path):
    file = write(load(google, "service_account"))
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        if folder.stat().st_uid == 0 and str(folder).count("/") > 1:
            folder.chmod(0o755)
    user = ("--user", "12345:23456")
    answer = ask("--credentials-file", file, *user)
    assert answer.result == "OK", answer.detail
    os.chmod(file, 0o644)
    answer = ask("--credentials-file", file, *user)
    assert answer.result == "CONFIG"
    assert "the app's user (uid 12345) could read it" in answer.detail
    os.chmod(file, 0o640)
    os.chown(file, 0, 23456)
    assert ask("--credentials-file", file, *user).result == "CONFIG"
    os.chown(file, 0, 1)
    assert ask("--credentials-file", file, *user).result == "OK"
    # A folder that keeps the user out is good enough.
    os.chmod(file, 0o644)
    os.chmod(tmp_path, 0o700)
    assert ask("--credentials-file", file, *user).result == "OK"


def test_rotated_file(ask, google, write):
    """Nothing of the old one is kept."""
    file = write(load(google, "service_account", private_key_id="old"))
    assert ask("--credentials-file", file).result == "DENIED"
    write(load(google, "service_account"))
    assert ask("--credentials-file", file).result == "OK"
