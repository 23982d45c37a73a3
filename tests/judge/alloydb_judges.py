"""The judges of AlloyDB's side: alloydb-auth-proxy and the connector for
Python, unmodified, and fairlead. Each gets rows of a real PostgreSQL through
the emulator's server-side proxy, and refuses what is to be refused.

The connector speaks gRPC to the Admin API and cannot be told otherwise
(alloydb_bridge.py); the metadata exchange is its own.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile

import install
import lab

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = [[1, "anchor"], [2, "bollard"], [3, "cleat"]]
SQL = "select id, name from items order by id"
IAM_USER = "app@my-project.iam"
PATIENCE = 60

# What has to work: options of a judge ("iam", "public"), settings.
GOOD = [
    ("rows", {}, {}),
    ("IAM login", {"iam": True}, {}),
    ("public address", {"public": True}, {}),
    ("P-256 server key", {}, {"server_key": "p256"}),
    ("HelloRetryRequest", {}, {"groups": "P-256"}),
    ("ChaCha20-Poly1305", {}, {"suites": "TLS_CHACHA20_POLY1305_SHA256"}),
    ("a reply with unknown fields", {}, {"mdx_reply": "unknown"}),
]
# What must not: "api" is a fault of the API, the rest are settings.
BAD = [
    ("ERROR reply", {"mdx_reply": "error"}),
    ("ERROR reply without a reason", {"mdx_reply": "bare-error"}),
    ("empty reply", {"mdx_reply": "empty"}),
    ("malformed reply", {"mdx_reply": "malformed"}),
    ("end instead of a reply", {"mdx_reply": "close"}),
    ("server certificate by another CA", {"server_cert": "wrong-ca"}),
    ("expired server certificate", {"server_cert": "expired"}),
    ("wrong address in the certificate", {"server_cert": "wrong-san"}),
    ("TLS 1.2", {"tls": "1.2"}),
    ("client certificate refused", {"clients": "refuse"}),
    ("forbidden", {"api": {"status": 403}}),
    ("no such instance", {"api": {"status": 404}}),
]


class Proxy:
    """A program that listens; psql is its client."""

    checks_names = True

    def __init__(self, name, binary, env):
        self.name = name
        self.binary = binary
        self.env = env
        self.last_log = ""

    def version(self):
        out = subprocess.run([self.binary, "--version"], text=True,
                             stdout=subprocess.PIPE).stdout
        return (re.findall(r"\d+\.\d+\.\d+", out) or ["?"])[0]

    def ask(self, emulator, how):
        port = lab.free_port()
        argv = [self.binary, "--alloydbadmin-api-endpoint", emulator.api_url,
                "--port", str(port), emulator.name]
        argv += ["--auto-iam-authn"] * bool(how.get("iam"))
        argv += ["--public-ip"] * bool(how.get("public"))
        server = lab.Server(
            argv, os.path.join(install.FOLDER, "log"), env=lab.clean_env(
                {"SSL_CERT_FILE": emulator.ca_file, **self.env,
                 **emulator.env()}))
        try:
            server.host, server.port = "127.0.0.1", port
            lab.wait_until(lambda: not server.running()
                           or lab.can_connect(server.host, port))
            out = lab.psql(server, SQL, timeout=PATIENCE,
                           user=IAM_USER if how.get("iam") else "postgres")
        finally:
            server.stop()
            self.last_log = server.log()
        return [[int(n), name] for n, name in
                (line.split("|") for line in out.splitlines())]


class Connector:
    name = "Python AlloyDB connector"
    checks_names = False        # only the chain; by its own design

    def __init__(self, emulator):
        self.python = install.python_connector(
            "python-alloydb", "alloydb_requirements.txt")
        self.last_log = ""
        self.folder = tempfile.mkdtemp(prefix="fl-judge-")
        self.bridge = lab.Server(
            [self.python, "-B", os.path.join(HERE, "alloydb_bridge.py"),
             emulator.api_url, emulator.ca_file, self.folder],
            os.path.join(self.folder, "log"), stdout=subprocess.PIPE,
            env=lab.clean_env())
        line = self.bridge.process.stdout.readline()
        if not line:
            raise install.Missing("its bridge: " + self.bridge.log())
        self.endpoint = f"127.0.0.1:{int(line)}"

    def close(self):
        self.bridge.stop()
        self.bridge.process.stdout.close()
        shutil.rmtree(self.folder)

    def version(self):
        return subprocess.run(
            [self.python, "-c", "import google.cloud.alloydbconnector as c;"
             "print(c.__version__)"], stdout=subprocess.PIPE,
            text=True).stdout.strip()

    def ask(self, emulator, how):
        env = {
            "JUDGE_ENDPOINT": self.endpoint, "JUDGE_INSTANCE": emulator.name,
            "JUDGE_IP_TYPE": "PUBLIC" if how.get("public") else "PRIVATE",
            "JUDGE_USER": IAM_USER if how.get("iam") else "postgres",
            "JUDGE_SQL": SQL, "GCE_METADATA_IP": emulator.metadata_host,
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH":
            os.path.join(self.folder, "grpc.pem"), **emulator.env()}
        if how.get("iam"):
            env["JUDGE_IAM"] = "1"
        done = subprocess.run(
            [self.python, "-B", "alloydb_python_judge.py"], cwd=HERE,
            env=lab.clean_env(env), stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        self.last_log = done.stderr
        if done.returncode:
            raise AssertionError(done.stderr[-2000:])
        return json.loads(done.stdout)


def good(judge, emulator, how, settings):
    emulator.set(**settings)
    rows = judge.ask(emulator, how)
    assert rows == ROWS, f"rows are {rows}"
    for key in ("api.connectionInfo:200", "api.generateClientCertificate:200",
                "handshake"):
        assert emulator.count(key), f"no {key} in the log"
    told = emulator.log("mdx")
    assert told and not [e for e in told if "refused" in e], f"{told}"
    kinds = {e["auth_type"] for e in told}
    assert kinds == {"iam" if how.get("iam") else "native"}, f"{kinds}"


def bad(judge, emulator, settings):
    settings = dict(settings)
    fault = settings.pop("api", None)
    if fault:
        emulator.api("*", **fault)
    emulator.set(**settings)
    try:
        rows = judge.ask(emulator, {})
    except (AssertionError, subprocess.TimeoutExpired):
        rows = None
    assert rows is None, "was accepted"
    assert emulator.count("api") + emulator.count("accept"), "asked nothing"
    assert emulator.count("first-bytes") == 0, "client's bytes were sent"


def judges(emulator, tally):
    try:
        yield Proxy("alloydb-auth-proxy",
                    install.go_program("alloydb-auth-proxy"),
                    {"ALLOYDB_PROXY_DISABLE_BUILT_IN_TELEMETRY": "true"})
    except install.Missing as err:
        tally.failed += 1
        print(f"FAIL alloydb-auth-proxy: {err}", flush=True)
    try:
        connector = Connector(emulator)
    except install.Missing as err:
        tally.failed += 1
        print(f"FAIL {Connector.name}: {err}", flush=True)
    else:
        try:
            yield connector
        finally:
            connector.close()
    yield Proxy("fairlead, AlloyDB", lab.FAIRLEAD, {})


def hear(postgres, tally, words):
    """Adds to a tally as tests/judge/run has one."""
    emulator = lab.Emulator(postgres.socket, instances=[lab.ALLOYDB]).start()
    try:
        for judge in judges(emulator, tally):
            label = f"{judge.name} {judge.version()}"
            cases = [(name, good, how, settings)
                     for name, how, settings in GOOD]
            cases += [("refuses: " + name, bad, settings)
                      for name, settings in BAD if judge.checks_names
                      or settings.get("server_cert") != "wrong-san"]
            for name, action, *more in cases:
                if all(w in f"{label}: {name}" for w in words):
                    emulator.reset()
                    tally.add(label, name, action, judge, emulator, *more)
    finally:
        emulator.stop()
