"""What cloud-sql-proxy has, beyond what both products do."""

import os
import socket

import scenarios_both as both
from compare import scenario
from nameserver import NameServer
from side import CLOUDSQL, STARTUP

REFUSED = {
    "private and automatic address": ["--private-ip", "--auto-ip", "I"],
    "private address and PSC": ["--private-ip", "--psc", "I"],
    "private address and SQL Data": ["--private-ip", "--sql-data", "I"],
    "PSC and SQL Data": ["--psc", "--sql-data", "I"],
    "endpoint and universe": ["--universe-domain", "x.example", "I"],
    "endpoint that is no URL": ["--sqladmin-api-endpoint", ":foo", "I"],
    "query: private and automatic": ["--auto-ip", "I?private-ip=true"],
    "query: private and PSC": ["I?private-ip=true&psc=true"],
    "query: PSC off and private": ["I?private-ip=true&psc=false"],
    "query: SQL Data in capitals": ["I?sql-data=TRUE"],
    "query: private address and nonsense": ["I?private-ip=perhaps"],
}

for _name, _arguments in REFUSED.items():
    scenario(CLOUDSQL, name=f"refused: {_name}")(both.refused(_arguments))


def engines(side, **versions):
    side.emulator.control({"instances": {
        side.instance: {"database_version": versions["first"]},
        side.second: {"database_version": versions["second"]}}})


PORTS = {"POSTGRES_15": 5432, "MYSQL_8_0": 3306, "MYSQL_5_7": 3306,
         "SQLSERVER_2022_STANDARD": 1433}


for _pair in (("MYSQL_8_0", "POSTGRES_15"), ("MYSQL_5_7", "MYSQL_8_0"),
              ("SQLSERVER_2022_STANDARD", "MYSQL_8_0")):
    @scenario(CLOUDSQL, name="default ports: " + ", ".join(_pair))
    def default_ports(side, pair=_pair):
        engines(side, first=pair[0], second=pair[1])
        side.start(side.instance, side.second)
        first, second = PORTS[pair[0]], PORTS[pair[1]]
        side.see("first", side.echo(first))
        side.see("second", side.echo(second + (first == second)))
        side.until(lambda: side.program.text().count("closed the connection")
                   >= 2, "two ends")
        side.stop()


@scenario(CLOUDSQL)
def engine_unknown(side):
    """Its port is anybody's guess."""
    side.emulator.set(database_version="ORACLE_7")
    side.start()
    side.see("running", side.program.running())
    side.see("listening", {
        "Listening on" in line for line in side.program.text().splitlines()
        if "Listening" in line})
    side.program.signal(15)
    side.see("exit", side.program.wait())
    os.truncate(side.program.out_path, 0)


for _engine in ("MYSQL_8_0", "SQLSERVER_2022_STANDARD"):
    @scenario(CLOUDSQL, name=f"sockets: {_engine}")
    def sockets(side, engine=_engine):
        folder = side.path("s")
        os.mkdir(folder)
        engines(side, first=engine, second=engine)
        side.start("--unix-socket", folder, side.instance,
                   f"{side.second}?unix-socket-path={folder}/short",
                   env=both.NO_ADDRESS)
        side.see("files", both.tree(side, folder))
        side.see("first", side.echo(f"{folder}/{side.instance}"))
        side.see("second", side.echo(f"{folder}/short"))
        side.until(lambda: side.program.text().count("closed the connection")
                   >= 2, "two ends")
        side.stop()
        side.see("files after", both.tree(side, folder))


@scenario(CLOUDSQL)
def socket_folder_before_the_querys(side):
    first, second = side.path("first"), side.path("second")
    os.mkdir(first)
    os.mkdir(second)
    side.start("--unix-socket", first,
               f"{side.instance}?unix-socket={second}", env=both.NO_ADDRESS)
    side.see("first", both.tree(side, first))
    side.see("second", both.tree(side, second))
    side.stop()


@scenario(CLOUDSQL)
def MySQL_over_the_limit(side):
    engines(side, first="MYSQL_8_0", second="MYSQL_8_0")
    port = side.port("port")
    side.start("--port", port, "--max-connections", "1")
    with side.connect(port) as first:
        first.sendall(b"ping")
        side.see("echo", side.answer(first, 4))
        with side.connect(port) as second:
            side.see("told", side.answer(second))
        side.await_log("max connections")
    side.await_log("client closed")
    side.stop()


# One of several is bad.

@scenario(CLOUDSQL)
def one_bad_instance_with_ports(side):
    port = side.port("port")
    side.start("--port", port, side.instance,
               "my-project:us-central1:nobody")
    side.see("good", side.echo(port))
    side.see("bad", side.echo(port + 1, STARTUP)[-5:])
    side.await_log("failed to connect")
    side.stop()


@scenario(CLOUDSQL)
def one_bad_instance_without_ports(side):
    side.start(side.instance, "my-project:us-central1:nobody")
    side.see("running", side.program.running())
    if side.program.running():
        side.see("good", side.echo(5432))
        side.stop()
    else:
        side.see("exit", side.program.wait())
    # Whether the good one listened before depends on who was faster.
    os.truncate(side.program.out_path, 0)


@scenario(CLOUDSQL)
def one_bad_instance_is_skipped(side):
    folder = side.path("s")
    os.mkdir(folder)
    side.start("--unix-socket", folder, "--skip-failed-instance-config",
               side.instance, "my-project:us-central1:nobody",
               env=both.NO_ADDRESS)
    side.see("good", side.echo(f"{folder}/{side.instance}/.s.PGSQL.5432"))
    side.await_log("client closed|aborted")
    side.stop()


@scenario(CLOUDSQL)
def port_in_use_is_skipped(side):
    port, other = side.port("port"), side.port("other")
    with socket.create_server((side.address, port)):
        side.start("--skip-failed-instance-config",
                   f"{side.instance}?port={port}",
                   f"{side.second}?port={other}")
        side.see("other", side.echo(other))
        side.await_log("client closed|aborted")
        side.stop()


@scenario(CLOUDSQL)
def no_engine_no_port(side):
    both.refuse(side, 403)
    side.start()
    side.see("exit", side.program.wait())


# Names.

for _label, _name in {
        "too short": "my-project:orders",
        "empty part": "my-project::orders",
        "capitals": "DB.Example.com",
        "one word": "orders",
        "a slash": "my/project:us-central1:orders"}.items():
    @scenario(CLOUDSQL, name=f"name: {_label}")
    def bad_name(side, name=_name):
        port = side.port("port")
        side.launch("--port", port, name)
        side.await_log("ready for new connections")
        if side.program.running():
            side.see("client", side.echo(port, STARTUP)[-5:])
            side.await_log("failed to connect")
            side.stop()
        else:
            side.see("exit", side.program.wait())


DOMAIN = "db.example.com"
_GOOD = CLOUDSQL.instance


def looked_up(name, records, domain=DOMAIN, **settings):
    @scenario(CLOUDSQL, name=f"domain: {name}")
    def action(side):
        names = NameServer()
        try:
            names.records.update(records)
            side.emulator.set(**settings)
            port = side.port("port")
            side.launch("--port", port, domain, prefix=names.prefix())
            side.await_log("ready for new connections")
            both.one_connection(side, port, STARTUP)
            side.see("server names asked for", {
                str(e["sni"]) for e in side.emulator.log("handshake")})
            side.stop()
        finally:
            names.close()
    return action


_NAMED = {"server_cert": "both", "dns_name": DOMAIN}
looked_up("a TXT record", {(DOMAIN, "TXT"): [_GOOD]}, **_NAMED)
looked_up("several TXT records", {(DOMAIN, "TXT"): [
    "v=spf1", "z:z:z", _GOOD]}, **_NAMED)
looked_up("CNAME records", {
    (DOMAIN, "CNAME"): ["next.example.com"],
    ("next.example.com", "TXT"): [_GOOD]}, **_NAMED)
looked_up("a name that is not there", {})
looked_up("a TXT record that names no instance", {
    (DOMAIN, "TXT"): ["v=spf1"]})


@scenario(CLOUDSQL)
def name_of_a_domain_project(side):
    port = side.port("port")
    side.start("--port", port, side.second)
    both.one_connection(side, port)
    side.see("asked", {e["target"].partition("?")[0]
                       for e in side.emulator.log("api")})
    side.stop()


@scenario(CLOUDSQL)
def region_that_does_not_match(side):
    side.emulator.set(region="mars-north1")
    port = side.port("port")
    side.start("--port", port)
    both.one_connection(side, port, STARTUP)
    side.stop()


# Addresses.

def addressed(name, options, addresses):
    @scenario(CLOUDSQL, name=f"address: {name}")
    def action(side):
        port = side.port("port")
        side.emulator.control({"instances": {side.instance: {
            "ip_addresses": [{"type": t, "ipAddress": a.replace(
                "HERE", side.emulator.addresses[0])}
                for t, a in addresses]}}})
        side.start("--port", port, *options)
        both.one_connection(side, port, STARTUP)
        side.stop()


_PUBLIC, _PRIVATE = ("PRIMARY", "HERE"), ("PRIVATE", "HERE")
addressed("public", [], [_PUBLIC, ("PRIVATE", "127.255.255.254")])
addressed("private", ["--private-ip"],
          [("PRIMARY", "127.255.255.254"), _PRIVATE])
addressed("no private one", ["--private-ip"], [_PUBLIC])
addressed("no public one", [], [_PRIVATE])
addressed("none at all", [], [])
addressed("no PSC", ["--psc"], [_PUBLIC])
addressed("automatic, public", ["--auto-ip"],
          [_PUBLIC, ("PRIVATE", "127.255.255.254")])
addressed("automatic, private", ["--auto-ip"], [_PRIVATE])
addressed("outgoing only", ["--auto-ip"], [("OUTGOING", "HERE")])


@scenario(CLOUDSQL)
def query_private_address(side):
    port = side.port("port")
    side.start("--port", port, f"{side.instance}?private-ip=T")
    both.one_connection(side, port)
    side.stop()


@scenario(CLOUDSQL)
def query_turns_a_flag_off(side):
    port = side.port("port")
    side.start("--port", port, "--auto-iam-authn",
               f"{side.instance}?auto-iam-authn=FALSE")
    both.one_connection(side, port)
    side.see("login", {e.get("login") is not None
                       for e in side.emulator.log("api")
                       if e["op"] == "generateEphemeralCert"})
    side.stop()


@scenario(CLOUDSQL)
def first_generation(side):
    side.emulator.set(backend_type="FIRST_GEN")
    port = side.port("port")
    side.start("--port", port)
    both.one_connection(side, port, STARTUP)
    side.stop()


@scenario(CLOUDSQL)
def IAM_login_with_SQL_Server(side):
    side.emulator.set(database_version="SQLSERVER_2022_STANDARD")
    port = side.port("port")
    side.start("--port", port, "--auto-iam-authn")
    both.one_connection(side, port, b"hello")
    side.stop()


@scenario(CLOUDSQL)
def quota_project(side):
    port = side.port("port")
    side.start("--port", port, "--quota-project", "billing")
    both.one_connection(side, port)
    side.see("billed", {str(both.headers(e).get("x-goog-user-project"))
                        for e in side.emulator.log("api")})
    side.stop()


@scenario(CLOUDSQL)
def server_error_once(side):
    side.emulator.api("connectSettings", status=503, count=1)
    port = side.port("port")
    side.start("--port", port)
    both.one_connection(side, port)
    side.see("asked", {f"{e['op']} {e['status']}"
                       for e in side.emulator.log("api")})
    side.stop()


@scenario(CLOUDSQL)
def metadata_exchange(side):
    """What the server is told of the client's kind of socket."""
    side.emulator.set(mdx=True)
    folder, port = side.path("s"), side.port("port")
    os.mkdir(folder)
    side.start(f"{side.instance}?port={port}",
               f"{side.instance}?unix-socket-path={folder}/db")
    side.see("TCP", side.echo(port))
    side.see("socket", side.echo(f"{folder}/db/.s.PGSQL.5432"))
    side.until(lambda: side.emulator.count("mdx") >= 2, "both told")
    side.see("told", {str({k: v for k, v in e.items() if k not in (
        "seq", "time", "peer", "connection", "link", "id")})
        for e in side.emulator.log("mdx")})
    side.until(lambda: side.program.text().count("closed the connection")
               >= 2, "two ends")
    side.stop()


@scenario(CLOUDSQL)
def newer_flags(side):
    """Of 2026: labels of metrics that are sent to Google."""
    side.start("--port", side.port("port"), "--enable-builtin-metrics=false",
               "--application-name", "shop", "--compute-platform",
               "cloud_run")
    side.stop()


@scenario(CLOUDSQL)
def compute_platform_that_is_none(side):
    side.run("--port", side.port("port"), "--compute-platform", "moon",
             side.instance)
