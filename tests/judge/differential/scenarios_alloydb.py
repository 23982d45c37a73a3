"""What alloydb-auth-proxy has, beyond what both products do."""

import json
import os
import re

import credentials
import lab
import scenarios_both as both
from compare import scenario
from side import ALLOYDB, STARTUP

URI = lab.ALLOYDB
REFUSED = {
    "URI without an instance": [URI.rpartition("/instances")[0]],
    "URI of Cloud SQL": ["my-project:us-central1:orders"],
    "URI with an empty part": [URI.replace("fleet", "")],
    "URI in capitals": [URI.upper()],
    "URI that is none": ["nonsense"],
    "URI that is empty": [""],
    "URI and nothing else of it": ["?port=5000"],
    "second URI that is none": ["I", "nonsense"],
    "query: bad psc": ["I?psc=maybe"],
    "query: bad public-ip": ["I?public-ip=maybe"],
    "query: psc twice": ["I?psc=true&psc=true"],
    "query: public-ip twice": ["I?public-ip=true&public-ip=false"],
    "socket and port": ["--unix-socket", "/tmp", "--port", "5000", "I"],
}

for _name, _arguments in REFUSED.items():
    scenario(ALLOYDB, name=f"refused: {_name}")(both.refused(_arguments))


def start_and_ask(side, *options, data=b"ping", **how):
    port = side.port("port")
    side.start("--port", port, *options, **how)
    both.one_connection(side, port, data)
    return port


# Names of instances. Those that the emulator has not are answered with 404:
# what was asked for is what is seen.

NAMES = {
    "leading slash": "/" + URI,
    "name of the service": "//alloydb.googleapis.com/" + URI,
    "domain project": URI.replace("my-project", "example.com:my-project"),
    "a space in it": URI.replace("fleet", "a fleet"),
    "more behind it": URI + "/databases/x",
    "query with nothing": URI + "?",
    "unknown parameter": URI + "?colour=blue",
    "parameters in capitals": URI + "?PSC=true",
    "flags without a value": URI + "?public-ip",
    "flags in short": URI + "?public-ip=T&auto-iam-authn=f",
}


for _name, _uri in NAMES.items():
    @scenario(ALLOYDB, name=f"URI: {_name}")
    def uri(side, uri=_uri):
        port = side.port("port")
        side.start("--port", port, uri)
        side.see("running", side.program.running())
        if side.program.running():
            both.one_connection(side, port, STARTUP)
            side.see("asked for", paths(side))
            side.stop()
        else:
            side.see("exit", side.program.wait())


def paths(side):
    """Without the API's version and Go's parameters."""
    return {e["target"].partition("?")[0].partition("/projects")[2]
            for e in side.emulator.log("api")}


@scenario(ALLOYDB)
def sockets_of_a_domain_project(side):
    folder = side.path("s")
    os.mkdir(folder)
    side.start("--unix-socket", folder, NAMES["domain project"],
               env=both.NO_ADDRESS)
    side.see("files", both.tree(side, folder))
    side.stop()


# How it ends, and flags of the other product.

FLAGS = {
    "exit-zero-sigterm": ["--exit-zero-sigterm"],
    "exit-zero-on-sigterm": ["--exit-zero-on-sigterm"],
    "private-ip": ["--private-ip"],
    "auto-ip": ["--auto-ip"],
    "quota-project": ["--quota-project", "p"],
    "sqladmin-api-endpoint": ["--sqladmin-api-endpoint",
                              "https://x.example"],
}

for _name, _arguments in FLAGS.items():
    @scenario(ALLOYDB, name=f"flag: {_name}")
    def flag(side, arguments=_arguments):
        side.start("--port", side.port("port"), *arguments)
        if side.program.running():
            side.stop()
        else:
            side.see("exit", side.program.wait())


@scenario(ALLOYDB, name="ends with the variable of exit-zero-sigterm")
def exit_zero_variable(side):
    side.start("--port", side.port("port"), env={
        "exit-zero-sigterm": "true"})
    side.stop()


# Which address.

ADDRESSES = {
    "private": ([], ""),
    "public": (["--public-ip"], ""),
    "public by query": ([], "?public-ip=true"),
    "public but not this one": (["--public-ip"], "?public-ip=false"),
    "PSC": (["--psc"], ""),
    "PSC by query": ([], "?psc=true"),
    "PSC but not this one": (["--psc"], "?psc=false"),
    "PSC and public": (["--psc", "--public-ip"], ""),
    "PSC and public by query": ([], "?psc=true&public-ip=true"),
    "public, and PSC by query": (["--public-ip"], "?psc=true"),
    "PSC, and public by query": (["--psc"], "?public-ip=true"),
}


def addresses(side):
    """Three that differ. Nobody listens at two of them: whoever dials one
    says so. The name for PSC leads to 127.0.0.1."""
    side.emulator.set(psc=True)
    public = lab.free_address()
    side.emulator.api("connectionInfo", set={
        "publicIpAddress": public, "pscDnsName": "localhost."})
    return public


def dialled(side, public):
    """Which of the three. Only that: how it is said is compared
    elsewhere."""
    text = "".join(line for line in side.program.text().splitlines()
                   if "failed to connect" in line)
    side.see("dialled", "public" if public in text else
             "PSC" if re.search(r"127\.0\.0\.1|localhost", text) else
             text or "private")
    side.program.kill()
    for path in (side.program.out_path, side.program.err_path):
        os.truncate(path, 0)


for _name, (_options, _query) in ADDRESSES.items():
    @scenario(ALLOYDB, name=f"address: {_name}")
    def address(side, options=_options, query=_query):
        public = addresses(side)
        start_and_ask(side, *options, side.instance + query, data=STARTUP)
        dialled(side, public)


for _name in ("public-ip", "psc"):
    @scenario(ALLOYDB, name=f"address: {_name} by a variable")
    def address_by_variable(side, name=_name):
        public = addresses(side)
        start_and_ask(side, env={name: "true"}, data=STARTUP)
        dialled(side, public)

    @scenario(ALLOYDB, name=f"address: {_name} by a file")
    def address_by_file(side, name=_name):
        public = addresses(side)
        start_and_ask(side, "--config-file",
                      side.path("c.toml", f"{name} = true\n"), data=STARTUP)
        dialled(side, public)


for _option, _field in (("", "ipAddress"), ("--public-ip", "publicIpAddress"),
                        ("--psc", "pscDnsName")):
    @scenario(ALLOYDB, name=f"address: {_field} is not there")
    def address_missing(side, option=_option, field=_field):
        side.emulator.set(psc=True)
        side.emulator.api("connectionInfo", set={field: None})
        start_and_ask(side, *filter(None, [option]), data=STARTUP)
        side.stop()


@scenario(ALLOYDB, name="address: none at all")
def no_address(side):
    side.emulator.api("connectionInfo", set={
        "ipAddress": None, "publicIpAddress": None, "pscDnsName": None})
    start_and_ask(side, data=STARTUP)
    side.stop()


@scenario(ALLOYDB)
def public_address(side):
    start_and_ask(side, "--public-ip")
    side.stop()


# The API.

@scenario(ALLOYDB)
def what_is_asked(side):
    start_and_ask(side)
    events = side.emulator.log("api")
    side.see("version", {e["version"] for e in events})
    side.see("paths", paths(side))
    side.see("parameters", {e["target"].partition("?")[2] for e in events})
    side.see("certificate", {json.dumps({
        k: e[k] for k in ("pem_label", "exchange", "duration")})
        for e in events if e["op"] == "generateClientCertificate"})
    side.see("headers", {name for e in events for name in both.headers(e)})
    side.stop()


for _name, _tail in (("slash at its end", "/"), ("two slashes", "//"),
                     ("a folder", "/folder")):
    @scenario(ALLOYDB, name=f"endpoint: {_name}")
    def endpoint(side, tail=_tail):
        start_and_ask(side, "--alloydbadmin-api-endpoint",
                      side.emulator.api_url + tail, data=STARTUP)
        side.see("asked for", {e["target"].partition("?")[0].replace(
            "v1alpha", "v1beta") for e in side.emulator.log("api")})
        side.stop()


@scenario(ALLOYDB, name="endpoint: before the variable")
def endpoint_by_flag(side):
    start_and_ask(side, "--alloydbadmin-api-endpoint",
                  side.emulator.api_url,
                  env={"alloydbadmin-api-endpoint": "https://127.0.0.1:9"})
    side.stop()


@scenario(ALLOYDB, name="endpoint: by a file")
def endpoint_by_file(side):
    start_and_ask(side, "--config-file", side.path(
        "c.toml", f'alloydbadmin-api-endpoint = "{side.emulator.api_url}"\n'),
        env={"alloydbadmin-api-endpoint": None})
    side.stop()


@scenario(ALLOYDB, name="endpoint: no URL")
def endpoint_no_url(side):
    side.launch("--port", side.port("port"), "--alloydbadmin-api-endpoint",
                ":foo", side.instance)
    side.await_log("ready for new connections")
    side.see("running", side.program.running())
    if side.program.running():
        side.program.signal(15)
    side.see("exit", side.program.wait())


@scenario(ALLOYDB)
def unavailable_once(side):
    for op in ALLOYDB.api:
        side.emulator.api(op, status=503, count=1)
    start_and_ask(side)
    side.stop()


@scenario(ALLOYDB)
def refused_and_asked_again(side):
    """Three clients: how often the API is asked."""
    both.refuse(side, 403)
    port = side.port("port")
    side.start("--port", port)
    for _ in range(3):
        both.one_connection(side, port, STARTUP)
    side.see("asked at most three times",
             side.emulator.count("api.connectionInfo") <= 3)
    side.stop()


for _status in (500, 502):
    both.failing(f"HTTP {_status}", api={"status": _status},
                 products=(ALLOYDB,))
both.failing("no certificates in the answer", products=(ALLOYDB,),
             answer={"pemCertificateChain": []})
both.failing("certificates that are none", products=(ALLOYDB,),
             answer={"pemCertificateChain": ["x"]})
both.failing("no CA in the answer", products=(ALLOYDB,),
             answer={"caCert": None})
both.failing("CA that is none", products=(ALLOYDB,), answer={"caCert": "x"})


# The instance's certificate.

for _kind in ("wrong-san", "no-name", "client-auth", "forged-ca"):
    both.failing(f"server certificate: {_kind}", products=(ALLOYDB,),
                 instance={"server_cert": _kind})

for _kind in ("intermediate", "no-eku", "san-dot"):
    @scenario(ALLOYDB, name=f"server certificate: {_kind}")
    def server_certificate(side, kind=_kind):
        side.emulator.set(server_cert=kind)
        start_and_ask(side)
        side.stop()


@scenario(ALLOYDB)
def client_authority_that_changes(side):
    """The certificate of the time before is refused."""
    port = start_and_ask(side)
    side.emulator.set(client_ca=1)
    side.see("then", side.echo(port, STARTUP))
    side.see("asked", {f"{op} {side.emulator.count(f'api.{op}')}"
                       for op in ALLOYDB.api})
    side.await_log("failed to connect|trying once more")
    side.stop()


# The metadata exchange.

def told(side, at_least=1):
    side.until(lambda: side.emulator.count("mdx") >= at_least, "told")
    return {json.dumps({k: e.get(k) for k in (
        "instance", "auth_type", "refused")}) + str(e["token"] is not None)
        for e in side.emulator.log("mdx")}


IAM = {
    "off": ([], "", ""),
    "on": (["--auto-iam-authn"], "", ""),
    "one of two": ([], "?auto-iam-authn=true", ""),
    "one of two, turned off": (["--auto-iam-authn"], "",
                               "?auto-iam-authn=false"),
}

for _name, (_options, *_queries) in IAM.items():
    @scenario(ALLOYDB, name=f"exchange: IAM login {_name}")
    def exchange(side, options=_options, queries=_queries):
        port = side.port("port")
        side.start("--port", port, *options, side.instance + queries[0],
                   side.second + queries[1])
        side.see("first", side.echo(port))
        side.see("second", side.echo(port + 1))
        side.see("told", told(side, 2))
        side.until(lambda: side.program.text().count("closed the connection")
                   >= 2, "two ends")
        side.stop()


@scenario(ALLOYDB, name="exchange: the user agent")
def exchange_user_agent(side):
    start_and_ask(side, "--user-agent", "one/1 two/2")
    side.until(lambda: side.emulator.count("mdx"), "told")
    side.see("has it", {"one/1 two/2" in e["user_agent"]
                        for e in side.emulator.log("mdx")})
    side.stop()


@scenario(ALLOYDB, name="exchange: a token each time")
def exchange_each_time(side):
    port = side.port("port")
    side.start("--port", port)
    for _ in range(3):
        both.one_connection(side, port)
    side.until(lambda: side.program.text().count("closed the connection")
               >= 3, "three ends")
    side.see("three", side.emulator.count("mdx") == 3)
    side.see("asked", {f"{op} {side.emulator.count(f'api.{op}')}"
                       for op in ALLOYDB.api})
    side.stop()


for _reply in ("bytes", "unknown", "surplus", "long"):
    @scenario(ALLOYDB, name=f"exchange: reply {_reply}")
    def reply_good(side, reply=_reply):
        side.emulator.set(mdx_reply=reply)
        start_and_ask(side)
        side.stop()

for _reply in ("error", "bare-error", "empty", "oversized", "malformed",
               "truncated", "close"):
    both.failing(f"exchange: {_reply}", products=(ALLOYDB,),
                 instance={"mdx_reply": _reply})

both.failing("exchange: an error for IAM logins", "--auto-iam-authn",
             products=(ALLOYDB,), instance={"mdx_reply": "error"})


# Credentials.

def through_proxy(side):
    """Where Google's own names lead to the emulator."""
    return {k: v for k, v in side.emulator.through_proxy().items()} | {
        "alloydbadmin-api-endpoint": None}


for _name, _accounts in (("one", credentials.TARGET),
                         ("delegates", credentials.CHAIN)):
    @scenario(ALLOYDB, name=f"impersonation: {_name}")
    def impersonation(side, accounts=_accounts):
        port = side.port("port")
        key = side.emulator.credentials("service_account")
        side.words.append((key, "<key>"))
        side.start("--port", port, "--auto-iam-authn", "--credentials-file",
                   key, "--impersonate-service-account", accounts,
                   env=through_proxy(side))
        both.one_connection(side, port, STARTUP)
        side.see("asked", {json.dumps({k: e.get(k) for k in (
            "op", "target_account", "delegates", "scopes", "status")})
            for e in side.emulator.log("auth")})
        side.see("told", told(side))
        side.stop()


@scenario(ALLOYDB, name="credentials: token for both")
def token_for_both(side):
    start_and_ask(side, "--token", "wrong", data=STARTUP)
    side.stop()


# Operation.

@scenario(ALLOYDB)
def no_telemetry(side):
    start_and_ask(side, "--disable-built-in-telemetry")
    side.stop()


for _name, _how in (("good", {}), ("refuses", {"connect": "refuse"})):
    @scenario(ALLOYDB, name=f"backend check: {_name}")
    def backend_check(side, how=_how):
        side.emulator.set(**how)
        _, http = both.with_health(side, "--health-check",
                                   "--with-backend-check")
        side.until(lambda: side.program.running() and side.http(
            http, "/startup", host="127.0.0.1")[0] in (200, 503), "/startup")
        for path in both.HEALTH:
            side.see(path, side.http(http, path, host="127.0.0.1")[0])
        side.stop()


@scenario(ALLOYDB)
def backend_check_without_health(side):
    side.start("--port", side.port("port"), "--with-backend-check")
    side.stop()


@scenario(ALLOYDB)
def everything_by_file(side):
    port = side.port("port")
    http = side.port("http", "127.0.0.1")
    side.launch("--config-file", side.path("c.yaml", f"""\
instance-uri-0: {side.instance}?auto-iam-authn=true
instance-uri-1: {side.second}
port: {port}
http-port: "{http}"
health-check: true
exit-zero-sigterm: true
disable-built-in-telemetry: true
max-connections: 5
max-sigterm-delay: 200ms
user-agent: one/1
"""))
    side.await_log("ready for new connections")
    side.see("first", side.echo(port))
    side.see("second", side.echo(port + 1))
    both.started(side, http)
    side.until(lambda: side.program.text().count("closed the connection")
               >= 2, "two ends")
    side.stop()


@scenario(ALLOYDB)
def everything_by_environment(side):
    port = side.port("port")
    side.launch(env={
        "instance-uri-0": side.instance + "?public-ip=true",
        "instance-uri-1": side.second, "port": str(port),
        "auto-iam-authn": "true", "exit-zero-sigterm": "true",
        "max-sigterm-delay": "200ms", "structured-logs": "true"})
    side.await_log("ready for new connections")
    side.see("first", side.echo(port))
    side.see("second", side.echo(port + 1))
    side.see("told", told(side, 2))
    side.until(lambda: side.program.text().count("closed the connection")
               >= 2, "two ends")
    side.stop()
