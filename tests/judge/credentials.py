"""Every kind of credentials, with Google's own host names: HTTPS_PROXY leads
them to the emulator. cloud-sql-proxy and fairlead have to ask the same of
the same services, in whatever order.
"""

import json
import os
import shutil
import sys
import tempfile

import lab

sys.path.insert(0, os.path.join(lab.ROOT, "tests", "emulator"))
import oauth  # noqa: E402

TARGET = "target" + oauth.PROJECT
CHAIN = ",".join([TARGET, "hop1" + oauth.PROJECT, "hop2" + oauth.PROJECT])
URL = "https://iamcredentials.googleapis.com/v1/projects/-/" \
    f"serviceAccounts/{TARGET}:generateAccessToken"


class Folder:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="fl-judge-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def write(self, name, value):
        path = os.path.join(self.path, name)
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as out:
            out.write(value if isinstance(value, str) else json.dumps(value))
        return path


def cases(emulator, folder):
    """(name, options, environment)"""
    key = emulator.credentials("service_account")
    user = emulator.credentials("authorized_user")
    with open(user) as source:
        login = json.load(source)
    federated = {
        "type": "external_account", "audience": oauth.AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "file": folder.write("subject", oauth.SUBJECT_TOKEN)}}
    external = folder.write("external.json", federated)
    through = folder.write("through.json", {
        **federated, "service_account_impersonation_url": URL})
    impersonated = folder.write("impersonated.json", {
        "type": "impersonated_service_account", "delegates": [],
        "service_account_impersonation_url": URL,
        "source_credentials": login})
    file = "--credentials-file"
    yield "service account key", [file, key], {}
    yield "key as GOOGLE_APPLICATION_CREDENTIALS", [], \
        {"GOOGLE_APPLICATION_CREDENTIALS": key}
    with open(key) as source:
        yield "key as JSON", ["--json-credentials", source.read()], {}
    yield "authorized user", [file, user], {}
    yield "external account", [file, external], {}
    yield "external account that impersonates", [file, through], {}
    yield "impersonated account's file", [file, impersonated], {}
    yield "impersonation", \
        [file, key, "--impersonate-service-account", TARGET], {}
    yield "delegation chain", \
        [file, key, "--impersonate-service-account", CHAIN], {}
    yield "key, through SOCKS5", [file, key], \
        emulator.through_proxy(scheme="socks5")


def run(argv, emulator, folder, env):
    """What the token services were asked until there was a certificate."""
    emulator.reset()
    base = {**emulator.through_proxy(), "HOME": folder.path,
            "GCE_METADATA_HOST": "127.0.0.1:1"}
    server = lab.Server(
        [*argv, "--port", str(lab.free_port()), emulator.name],
        os.path.join(folder.path, "log"), env=lab.clean_env({**base, **env}))
    try:
        emulator.wait_count("api.generateEphemeralCert:200")
    except TimeoutError:
        raise AssertionError(server.log()[-2000:]) from None
    finally:
        server.stop()
    assert not emulator.count("metadata.token")
    return sorted({(e["op"], e["host"], e.get("who") or e["target_account"],
                    *e["scopes"], *(e.get("delegates") or []))
                   for e in emulator.log("auth")})


def same(programs, emulator, folder, options, env):
    asked = [run(argv + options, emulator, folder, env) for argv in programs]
    assert all(one == asked[0] for one in asked), f"{asked}"


def hear(programs, emulator, tally, words):
    with Folder() as folder:
        for name, options, env in cases(emulator, folder):
            for login in ([], ["--auto-iam-authn"]):
                case = "credentials: " + name + (", IAM login" if login
                                                 else "")
                if all(w in case for w in words):
                    tally.add("both proxies", case, same, programs,
                              emulator, folder, options + login, env)
