"""AlloyDB: the same tunnel, another row of the table, with a real PostgreSQL
behind the emulator's server-side proxy."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import urllib.request

import lab
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

READ_POOL = "projects/my-project/locations/us-central1/clusters/fleet" \
    "/instances/pool"
USER_AGENT = r"fairlead/\d+\.\d+\.\d+"


@pytest.fixture
def emulator(start_emulator):
    return start_emulator(instances=[lab.ALLOYDB])


@pytest.fixture
def fairlead(emulator, start_fairlead):
    return start_fairlead(emulator).wait_listening()


@pytest.fixture
def echo_alloydb(echo, start_emulator):
    return start_emulator(instances=[lab.ALLOYDB], backend=echo.where)


def select(where, **how):
    return lab.psql(where, "select name from items where id = 2", **how)


def refused(fairlead, pattern):
    """psql gets no row, and the log says why."""
    done = lab.psql(fairlead, "select 1", check=False)
    assert done.returncode != 0
    return fairlead.wait_log(pattern), done.stderr


def test_rows(emulator, fairlead):
    assert select(fairlead) == "bollard"
    asked, = emulator.log("mdx")[-1:]
    assert re.fullmatch(USER_AGENT, asked["user_agent"])
    assert asked["auth_type"] == "native"
    # Two scopes, two tokens: the server gets the one for logins.
    login, = [e for e in emulator.log("metadata")
              if e["scopes"][0].endswith("/alloydb.login")]
    assert asked["token"] == login["token"]
    certificate, = [e for e in emulator.log("api")
                    if e["op"] == "generateClientCertificate"]
    assert certificate["exchange"] and certificate["duration"] == "3600s"
    assert certificate["version"] == "v1beta"
    assert emulator.log("handshake")[-1]["sni"] is None


def test_every_connection_shows_the_token(emulator, fairlead):
    for _ in range(3):
        assert select(fairlead) == "bollard"
    assert emulator.count("mdx") >= 3
    assert emulator.count("api.generateClientCertificate") == 1


def test_auto_iam_authn_is_per_instance(start_emulator, start_fairlead):
    """One that asks for it does not turn it on for the other."""
    emulator = start_emulator(instances=[
        lab.ALLOYDB, READ_POOL + "?address=" + lab.free_address()])
    fairlead = start_fairlead(emulator, instances=[
        lab.ALLOYDB + "?auto-iam-authn=true", READ_POOL]).wait_listening()
    assert select(fairlead) == "bollard"
    assert select(fairlead, port=fairlead.port + 1) == "bollard"
    seen = {e["instance"]: e["auth_type"] for e in emulator.log("mdx")}
    assert seen == {lab.ALLOYDB: "iam", READ_POOL: "native"}


def test_auto_iam_authn_turned_off_for_one(emulator, start_fairlead):
    fairlead = start_fairlead(emulator, "--auto-iam-authn", instances=[
        lab.ALLOYDB + "?auto-iam-authn=false"]).wait_listening()
    assert select(fairlead) == "bollard"
    assert emulator.log("mdx")[-1]["auth_type"] == "native"


@pytest.mark.parametrize("option", ["--public-ip", "--psc"])
def test_other_addresses(emulator, start_fairlead, option):
    emulator.set(psc=True, dns_name="localhost." if option == "--psc"
                 else None)
    if option == "--psc":
        # The name leads to 127.0.0.1, where nobody listens for us.
        fairlead = start_fairlead(emulator, option).wait_listening()
        refused(fairlead, "127.0.0.1 port 5433")
        return
    fairlead = start_fairlead(emulator, option).wait_listening()
    assert select(fairlead) == "bollard"


@pytest.mark.parametrize("option, kind, field", [
    ("--public-ip", "PUBLIC", "publicIpAddress"),
    ("--psc", "PSC", "pscDnsName"), (None, "PRIVATE", "ipAddress")])
def test_address_that_is_not_there(emulator, start_fairlead, option, kind,
                                   field):
    emulator.set(psc=True)
    emulator.api("connectionInfo", set={field: None})
    fairlead = start_fairlead(emulator, *([option] if option else []))
    fairlead.wait_log(f'config error: instance does not have IP of type '
                      f'"{kind}" \\(instance URI = "{lab.ALLOYDB}"\\)')
    assert emulator.count("accept") == 0


def test_unix_socket(emulator, start_fairlead):
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        fairlead = start_fairlead(emulator, "--unix-socket", folder,
                                  port=None)
        fairlead.wait_log("ready for new connections")
        assert select(fairlead, port=5432, host=os.path.join(
            folder, lab.ALLOYDB_SHORT)) == "bollard"


def test_beside_cloud_sql(start_emulator, start_fairlead):
    """One fairlead for both products."""
    emulator = start_emulator(instances=[
        lab.INSTANCE, lab.ALLOYDB + "?address=" + lab.free_address()])
    fairlead = start_fairlead(emulator, instances=[
        lab.INSTANCE, lab.ALLOYDB]).wait_listening()
    for port in (fairlead.port, fairlead.port + 1):
        assert select(fairlead, port=port) == "bollard"
    ops = {e["op"] for e in emulator.log("api")}
    assert ops == {"connectSettings", "generateEphemeralCert",
                   "connectionInfo", "generateClientCertificate"}
    assert {e["instance"] for e in emulator.log("mdx")} == {lab.ALLOYDB}
    # Each API is asked with a token of its own scope.
    assert emulator.count("api.connectSettings:200") == 1
    assert emulator.count("api.connectionInfo:200") == 1


# -- the exchange -----------------------------------------------------------

@pytest.mark.parametrize("reply", ["bytes", "unknown", "long"])
def test_replies_that_are_good(emulator, fairlead, reply):
    emulator.set(mdx_reply=reply)
    assert select(fairlead) == "bollard"


def test_bytes_behind_the_reply_are_the_databases(echo_alloydb,
                                                  start_fairlead):
    echo_alloydb.set(mdx_reply="surplus")
    fairlead = start_fairlead(echo_alloydb).wait_listening()
    with socket.create_connection((fairlead.host, fairlead.port),
                                  lab.PATIENCE) as sock:
        got = b""
        while len(got) < 7:
            piece = sock.recv(100)
            assert piece
            got += piece
        assert got == b"surplus"


@pytest.mark.parametrize("reply, sentence", [
    ("error", "Metadata Exchange request has failed with error: permission "
              "denied; needed are roles/alloydb.client and "
              "roles/serviceusage.serviceUsageConsumer"),
    ("bare-error", "has failed with error: .the server gave no reason."),
    ("empty", "has failed with error: .the server gave no reason."),
    ("oversized", "bad metadata exchange length .first bytes 40 00 00 00."),
    ("malformed", "malformed metadata exchange response"),
    ("truncated", "the server ended the connection in the metadata"),
    ("close", "the server ended the connection in the metadata"),
])
def test_replies_that_are_not(emulator, fairlead, reply, sentence):
    emulator.set(mdx_reply=reply)
    refused(fairlead, "failed to connect to instance: .*" + sentence)
    # Not a byte of the client's, and no more questions than the first one.
    assert emulator.count("first-bytes") == 0
    assert emulator.count("api.generateClientCertificate") == 1
    emulator.set(mdx_reply="ok")
    assert select(fairlead) == "bollard"


def test_iam_login_names_the_role_it_needs(emulator, start_fairlead):
    emulator.set(mdx_reply="error")
    fairlead = start_fairlead(emulator, "--auto-iam-authn").wait_listening()
    refused(fairlead, "for IAM logins roles/alloydb.databaseUser")


def test_server_without_exchange(emulator, fairlead):
    """PostgreSQL itself answers, and the client gets its words."""
    emulator.set(mdx_reply="postgres")
    _, told = refused(fairlead, "took the metadata exchange for a PostgreSQL "
                      "client and answered FATAL 0A000: unsupported frontend "
                      "protocol")
    assert "unsupported frontend protocol" in told


def test_server_without_exchange_is_left_at_once(emulator, start_fairlead):
    """Also if the client, who was told, does not hang up."""
    emulator.set(mdx_reply="postgres")
    fairlead = start_fairlead(emulator)
    fairlead.wait_log("ready for new connections")
    tunnel = fairlead.tunnel()

    def descriptors():
        return len(os.listdir(f"/proc/{tunnel}/fd"))
    # The one through which the first identity came may still be open.
    refused(fairlead, "took the metadata exchange for a PostgreSQL client")
    before = descriptors()
    with socket.create_connection((fairlead.host, fairlead.port),
                                  lab.PATIENCE) as sock:
        assert sock.recv(1) == b"E"
        # The client's is left, for as long as it may have to read.
        lab.wait_until(lambda: descriptors() == before + 1,
                       what="the end of the server's connection")


def test_connection_test_of_a_server_without_exchange(emulator,
                                                      start_fairlead):
    emulator.set(mdx_reply="postgres")
    fairlead = start_fairlead(emulator, "--run-connection-test")
    assert fairlead.wait() == 1
    assert re.search("connection test failed: the server took the metadata "
                     "exchange for a PostgreSQL client", fairlead.log())


def test_silent_server(emulator, start_fairlead):
    emulator.set(mdx_reply="silent")
    fairlead = start_fairlead(emulator, "--dial-timeout", "2s")
    fairlead.wait_listening()
    refused(fairlead, "failed to connect to instance: the metadata exchange "
                      "timed out")


def test_slow_server(emulator, fairlead):
    emulator.set(mdx_delay=0.5)
    assert select(fairlead) == "bollard"


# -- certificates and tokens ------------------------------------------------

@pytest.mark.parametrize("kind, sentence", [
    ("wrong-san", "certificate"), ("no-name", "certificate"),
    ("wrong-ca", "certificate"), ("forged-ca", "certificate"),
    ("expired", "certificate"), ("client-auth", "certificate")])
def test_servers_that_are_not_believed(emulator, fairlead, kind, sentence):
    """The name is the address that was dialled, nothing else."""
    emulator.set(server_cert=kind)
    refused(fairlead, "failed to connect to instance: .*" + sentence)
    assert emulator.count("mdx") == 0


@pytest.mark.parametrize("kind, key", [
    ("no-eku", "rsa2048"), ("cn", "p256"), ("cn", "p384")])
def test_servers_that_are(emulator, fairlead, kind, key):
    emulator.set(server_cert=kind, server_key=key)
    assert select(fairlead) == "bollard"


def test_client_authority_that_changes(emulator, fairlead):
    """The chain is refused; a new one is asked for, and the client does not
    notice."""
    assert select(fairlead) == "bollard"
    emulator.set(client_ca=1)
    assert select(fairlead) == "bollard"
    assert emulator.count("api.generateClientCertificate") == 2
    fairlead.wait_log("trying once more with a new ephemeral certificate")


def test_token_that_expires_between_connections(start_emulator,
                                                start_fairlead):
    """The certificate lives for an hour, the token for seconds."""
    emulator = start_emulator("--token-lifetime", "4",
                              instances=[lab.ALLOYDB])
    fairlead = start_fairlead(emulator).wait_listening()
    assert select(fairlead) == "bollard"
    first = emulator.log("mdx")[-1]["token"]
    lab.wait_until(lambda: emulator.log("mdx")[-1]["token"] != first
                   if select(fairlead) == "bollard" else False, every=0.5,
                   what="another token", timeout=90)
    assert not [e for e in emulator.log("mdx") if "refused" in e]


def test_static_token_is_for_both(start_emulator, start_fairlead):
    emulator = start_emulator("--accept-token", "static-token",
                              instances=[lab.ALLOYDB])
    fairlead = start_fairlead(emulator, "--token", "static-token")
    fairlead.wait_listening()
    assert select(fairlead) == "bollard"
    assert emulator.log("mdx")[-1]["token"] == -1


def test_metadata_server_without_the_login_scope(emulator, start_fairlead):
    """The API's token does as well."""
    emulator.metadata("token", status=403, after=1)
    fairlead = start_fairlead(emulator).wait_listening()
    assert select(fairlead) == "bollard"


# -- the API's faults -------------------------------------------------------

@pytest.mark.parametrize("op, stage", [
    ("connectionInfo", "failed to get instance metadata"),
    ("generateClientCertificate", "create ephemeral cert failed")])
def test_forbidden_names_the_roles(emulator, start_fairlead, op, stage):
    emulator.api(op, status=403, message="no way", reason="IAM_DENIED")
    fairlead = start_fairlead(emulator)
    fairlead.wait_log(
        f'refresh error: {stage} \\(instance URI = "{lab.ALLOYDB}"\\): '
        "googleapi: Error 403: no way, IAM_DENIED; needed: "
        "roles/alloydb.client and roles/serviceusage.serviceUsageConsumer")


@pytest.mark.parametrize("status, word", [
    (401, "UNAUTHENTICATED"), (404, "NOT_FOUND"),
    (429, "RESOURCE_EXHAUSTED")])
def test_refusals_cause_no_storm(emulator, start_fairlead, status, word):
    emulator.api("connectionInfo", status=status, message="no")
    fairlead = start_fairlead(emulator)
    fairlead.wait_log(f"googleapi: Error {status}: no, {word}")
    for _ in range(10):
        refused(fairlead, "failed to connect to instance: .*Error "
                f"{status}")
    assert emulator.count("api.connectionInfo") <= 4


def test_unavailable_once(emulator, start_fairlead):
    emulator.api("connectionInfo", status=503, count=1)
    fairlead = start_fairlead(emulator).wait_listening()
    assert select(fairlead) == "bollard"


def test_switchover(start_emulator, start_fairlead):
    """The instance moves to another address: the dial that fails leads to a
    question, and the next one goes there."""
    emulator = start_emulator(instances=[
        lab.ALLOYDB, READ_POOL + "?address=" + lab.free_address()])
    fairlead = start_fairlead(emulator, instances=[lab.ALLOYDB])
    fairlead.wait_listening()
    assert select(fairlead) == "bollard"
    other, = [i["address"] for i in emulator.ready["instances"]
              if i["name"] == READ_POOL]
    emulator.set(lab.ALLOYDB, connect="refuse")
    emulator.api("connectionInfo", set={"ipAddress": other})
    lab.wait_until(lambda: lab.psql(fairlead, "select 1", check=False)
                   .returncode == 0, what="the other address")
    assert emulator.log("mdx")[-1]["instance"] == READ_POOL
    assert emulator.count("api.connectionInfo") <= 3


# -- as a service -----------------------------------------------------------

def test_pgbench(fairlead, postgres):
    lab.pgbench(postgres, "-i", "-s", "1", "-q")
    report = lab.pgbench(fairlead, "-c", "8", "-T", "3", "-S")
    assert "number of failed transactions: 0 (" in report, report
    report = lab.pgbench(fairlead, "-c", "4", "-t", "10", "-S", "-C")
    assert "number of transactions actually processed: 40/40" in report


def sleeper(fairlead, seconds):
    """psql in a transaction that lasts."""
    argv = ["psql", "-X", "-q", "-A", "-t", "-h", fairlead.host, "-p",
            str(fairlead.port), "-U", "postgres", "-d", "orders", "-c",
            f"begin; insert into notes(body) values ('{fairlead.pid}'); "
            f"select pg_sleep({seconds}); commit; select 'done'"]
    process = subprocess.Popen(
        argv, env=lab.clean_env({"PGSSLMODE": "disable"}), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return process


def wait_sleeping(where, seconds):
    lab.wait_until(lambda: lab.psql(
        where, "select count(*) from pg_stat_activity where query like "
               f"'%pg_sleep({seconds})%' and pid <> pg_backend_pid()"
        ) == "1", what="the transaction")


def test_killed_tunnel(fairlead, postgres):
    """Back before the next client notices."""
    process = sleeper(fairlead, 601)
    wait_sleeping(postgres, 601)
    os.kill(fairlead.tunnel(), signal.SIGKILL)
    assert select(fairlead) == "bollard"
    assert process.wait(lab.PATIENCE) != 0
    process.communicate()


def test_stop_in_a_transaction(emulator, start_fairlead, postgres):
    """The app's transaction is committed before the tunnel goes."""
    port = lab.free_port()
    fairlead = start_fairlead(emulator, app=["/bin/sh", "-c", f"""
        trap : TERM
        psql -X -q -h 127.0.0.1 -p {port} -U postgres -d orders -c "
            begin; insert into notes(body) values ('stopped');
            select pg_sleep(2.5); commit" &
        child=$!
        wait $child || wait $child
        echo psql ended with $?"""],
        env={"PGSSLMODE": "disable"}, port=port)
    wait_sleeping(postgres, 2.5)
    fairlead.send_signal(signal.SIGTERM)
    assert fairlead.wait() == 0
    assert "psql ended with 0" in fairlead.log()
    assert lab.psql(postgres, "select count(*) from notes "
                              "where body = 'stopped'") == "1"


def call_api(emulator, path, body=None):
    """What the AlloyDB Admin API says, for the metadata server's token."""
    ask = urllib.request.Request(
        f"http://{emulator.metadata_host}/computeMetadata/v1/instance/"
        "service-accounts/default/token?scopes="
        "https://www.googleapis.com/auth/cloud-platform",
        headers={"Metadata-Flavor": "Google"})
    with urllib.request.urlopen(ask) as answer:
        token = json.load(answer)["access_token"]
    ask = urllib.request.Request(
        f"{emulator.api_url}/v1beta/{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {token}",
                 "Content-Type": "application/json"})
    context = ssl.create_default_context(cafile=emulator.ca_file)
    with urllib.request.urlopen(ask, context=context) as answer:
        return json.load(answer)


@pytest.fixture
def static_info(emulator, tmp_path):
    """The file of --static-connection-info, as a dictionary, and its path."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption()).decode()
    cluster = lab.ALLOYDB.partition("/instances/")[0]
    where = call_api(emulator, lab.ALLOYDB + "/connectionInfo")
    what = call_api(emulator, cluster + ":generateClientCertificate",
                    {"publicKey": public, "certDuration": "3600s",
                     "useMetadataExchange": True})
    info = {"publicKey": public, "privateKey": private,
            lab.ALLOYDB: {
                "ipAddress": where["ipAddress"],
                "publicIpAddress": "", "pscInstanceConfig": {},
                "pemCertificateChain": what["pemCertificateChain"],
                "caCert": what["caCert"]}}
    return info, tmp_path / "info.json"


def test_static_connection_info(emulator, static_info, start_fairlead):
    """Rows, and no question to the API."""
    info, path = static_info
    path.write_text(json.dumps(info))
    before = emulator.count("api.connectionInfo"), \
        emulator.count("api.generateClientCertificate")
    fairlead = start_fairlead(
        emulator, "--static-connection-info", path).wait_listening()
    assert select(fairlead) == "bollard"
    assert before == (emulator.count("api.connectionInfo"),
                      emulator.count("api.generateClientCertificate"))


@pytest.mark.parametrize("change, words", [
    (lambda info: "{", "the file is not JSON"),
    (lambda info: {**info, "privateKey": "secret"}, "privateKey is no RSA"),
    (lambda info: {k: v for k, v in info.items() if "/" not in k},
     f'the file has no "{lab.ALLOYDB}"'),
    (lambda info: {**info, lab.ALLOYDB: {
        **info[lab.ALLOYDB], "caCert": "none"}}, "valid PEM cert"),
    (lambda info: {**info, lab.ALLOYDB: {
        **info[lab.ALLOYDB], "pemCertificateChain": []}}, "chain of 0"),
    (lambda info: {**info, lab.ALLOYDB: {
        **info[lab.ALLOYDB], "ipAddress": ""}}, 'IP of type "PRIVATE"'),
])
def test_static_connection_info_that_is_no_use(
        emulator, static_info, start_fairlead, change, words):
    info, path = static_info
    new = change(info)
    path.write_text(new if isinstance(new, str) else json.dumps(new))
    fairlead = start_fairlead(
        emulator, "--static-connection-info", path).wait_listening()
    line = fairlead.wait_log("could not get an ephemeral certificate: (.*)")[1]
    assert words in line
    assert "secret" not in fairlead.log()


def test_static_connection_info_of_a_domain_project(
        emulator, start_fairlead, tmp_path):
    """The file has the name as it is; only a URL has it escaped."""
    name = lab.ALLOYDB.replace("my-project", "example.com:my-project")
    path = tmp_path / "info.json"
    path.write_text("{}")
    fairlead = start_fairlead(
        emulator, "--static-connection-info", path,
        instances=[name]).wait_listening()
    fairlead.wait_log(f'the file has no "{name}" .instance URI = "{name}"')


def test_static_connection_info_is_missing(emulator, start_fairlead):
    fairlead = start_fairlead(
        emulator, "--static-connection-info", "/nowhere").wait_listening()
    fairlead.wait_log("--static-connection-info /nowhere: .*No such file")
