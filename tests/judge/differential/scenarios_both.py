"""What both products have: each scenario runs for each of them.

A scenario gets a side (side.py) and does the same with it whichever program
it is; what it sees is compared. Both outputs, every sentence once, are seen
in all of them.
"""

import json
import os
import re
import signal
import socket
import stat

import lab
from compare import scenario
from side import STARTUP

# The command line is refused: the exit code and what is said.
REFUSED = {
    "no instance": [],
    "unknown flag": ["--nope", "I"],
    "unknown short flag": ["-z", "I"],
    "flag without its value": ["I", "--port"],
    "port that is no number": ["--port", "five", "I"],
    "address that is no address": ["--address", "localhost", "I"],
    "duration without a unit": ["--max-sigterm-delay", "30", "I"],
    "number that is none": ["--max-connections", "-1", "I"],
    "flag that is neither true nor false": ["--health-check=perhaps", "I"],
    "two credentials": ["--token", "x", "--credentials-file", "y", "I"],
    "credentials twice": ["--credentials-file", "y", "--json-credentials",
                          "{}", "I"],
    "token and JSON": ["--token", "x", "--json-credentials", "{}", "I"],
    "gcloud and token": ["--gcloud-auth", "--token", "x", "I"],
    "gcloud and a file": ["--gcloud-auth", "--credentials-file", "x", "I"],
    "gcloud and JSON": ["--gcloud-auth", "--json-credentials", "{}", "I"],
    "gcloud and IAM login": ["--gcloud-auth", "--auto-iam-authn", "I"],
    "IAM login with one token": ["--auto-iam-authn", "--token", "x", "I"],
    "login token alone": ["--login-token", "x", "I"],
    "socket and address": ["--unix-socket", "/tmp", "I"],
    "query: address and socket": ["I?address=127.0.0.1&unix-socket=/tmp"],
    "query: port and socket": ["I?port=5000&unix-socket=/tmp"],
    "query: port and socket's path": ["I?port=5000&unix-socket-path=/tmp/x"],
    "query: two sockets": ["I?unix-socket=/tmp&unix-socket-path=/tmp/x"],
    "query: bad port": ["I?port=abc"],
    "query: bad address": ["I?address=nowhere"],
    "query: two ports": ["I?port=1&port=2"],
    "query: two addresses": ["I?address=127.0.0.1&address=127.0.0.2"],
    "query: bad flag": ["I?auto-iam-authn=maybe"],
    "query: flag given twice": ["I?auto-iam-authn=true&auto-iam-authn=true"],
    "query: broken escape": ["I?port=%zz"],
    "config file of an unknown kind": ["--config-file", "/dev/null", "I"],
    "config file that is not there": ["--config-file", "/nowhere/x.toml",
                                      "I"],
    "FUSE and a connection test": ["--fuse", "/tmp", "--run-connection-test"],
}


def refused(arguments):
    def action(side):
        side.run(*(side.instance + a[1:] if a[:1] == "I" else a
                   for a in arguments))
    return action


for _name, _arguments in REFUSED.items():
    scenario(name=f"refused: {_name}")(refused(_arguments))


def in_words(side, **values):
    """Options by name, as a config file's lines of each kind."""
    toml = "".join(f"{k.replace('_', '-')} = {json.dumps(v)}\n"
                   for k, v in values.items())
    yaml = "".join(f"{k.replace('_', '-')}: {json.dumps(v)}\n"
                   for k, v in values.items())
    return {"toml": toml, "yaml": yaml, "yml": yaml, "json": json.dumps(
        {k.replace("_", "-"): v for k, v in values.items()})}


def one_connection(side, port, data=b"ping"):
    side.see("echo", side.echo(port, data))
    side.await_log("(client|instance) closed the connection"
                   "|connection aborted|failed to connect")


# Where a value comes from.

@scenario()
def started_and_stopped(side):
    side.start("--port", side.port("port"))
    side.stop()


@scenario()
def one_connection_is_made(side):
    port = side.port("port")
    side.start("--port", port)
    one_connection(side, port)
    side.stop()


@scenario()
def short_flags(side):
    port = side.port("port")
    side.start("-p", port, "-a", side.address, "-l")
    one_connection(side, port)
    side.stop()


@scenario()
def flag_and_value_in_one_word(side):
    port = side.port("port")
    side.start(f"--port={port}", "--structured-logs=false",
               "--quiet=F")
    one_connection(side, port)
    side.stop()


@scenario()
def all_by_environment(side):
    port = side.port("port")
    side.launch(env={"port": str(port), "structured-logs": "true",
                     side.product.instances_key: side.instance})
    side.await_log("ready for new connections")
    one_connection(side, port)
    side.stop()


@scenario()
def instances_by_environment(side):
    """Until the first number that is missing."""
    port = side.port("port")
    key = side.product.instances_key
    side.launch(env={"port": str(port), f"{key}_0": side.instance,
                     f"{key}_1": side.second,
                     f"{key}_3": side.instance + "?port=1"})
    side.await_log("ready for new connections")
    one_connection(side, port + 1)
    side.stop()


@scenario()
def empty_variables_count_as_unset(side):
    side.start("--port", side.port("port"),
               env={"unix-socket": "", "token": "", "max-connections": ""})
    side.stop()


@scenario()
def variable_that_is_no_value(side):
    side.start(env={"port": "abc", "max-connections": "many"})
    side.stop()


for _kind in ("toml", "yaml", "yml", "json"):
    @scenario(name=f"config file: {_kind}")
    def config_file(side, kind=_kind):
        port = side.port("port")
        text = in_words(side, port=port, structured_logs=True, **{
            side.product.instances_key.lower().replace("_", "-"):
            side.instance})[kind]
        side.launch("--config-file", side.path(f"c.{kind}", text))
        side.await_log("ready for new connections")
        one_connection(side, port)
        side.stop()


@scenario(name="config file: several instances")
def config_file_instances(side):
    port = side.port("port")
    key = side.product.instances_key.lower().replace("_", "-")
    text = in_words(side, port=port, **{
        f"{key}-0": side.instance, f"{key}-1": side.second})["toml"]
    side.launch("--config-file", side.path("c.toml", text))
    side.await_log("ready for new connections")
    one_connection(side, port + 1)
    side.stop()


@scenario(name="config file: broken")
def config_file_broken(side):
    side.run("--config-file", side.path("c.toml", "port = = 5\n"),
             side.instance)


@scenario(name="config file: unknown key")
def config_file_unknown_key(side):
    side.start("--config-file", side.path(
        "c.toml", "no-such-option = 5\n"), "--port", side.port("port"))
    side.stop()


@scenario()
def flag_before_environment_before_file(side):
    port = side.port("port")
    side.start("--port", port, "--config-file", side.path(
        "c.toml", "port = 3\nmax-connections = 3\n"),
        env={"port": "2", "max-connections": "0"})
    one_connection(side, port)
    side.stop()


# Listeners.

@scenario()
def query_port(side):
    port = side.port("port")
    side.start(f"{side.instance}?port={port}")
    one_connection(side, port)
    side.stop()


@scenario()
def query_port_with_escapes(side):
    port = side.port("port")
    side.start(f"{side.instance}?port=%3{str(port)[0]}{str(port)[1:]}"
               "&unknown=1")
    one_connection(side, port)
    side.stop()


@scenario()
def several_instances_count_up(side):
    port, own = side.port("port"), side.port("own")
    side.start("--port", port, side.instance, f"{side.second}?port={own}",
               side.second)
    side.see("first", side.echo(port))
    side.see("own", side.echo(own))
    side.see("second", side.echo(port + 1))
    side.until(lambda: side.program.text().count("closed the connection")
               >= 3, "three ends")
    side.stop()


@scenario()
def address_of_an_instance(side):
    port = side.port("port", "127.0.0.1")
    side.start(f"{side.instance}?port={port}&address=127.0.0.1")
    side.see("elsewhere", side.echo(port))
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(b"ping")
        side.see("there", side.answer(sock, 4))
    side.await_log("client closed|aborted")
    side.stop()


@scenario()
def address_of_IPv6(side):
    port = side.port("port", "127.0.0.1")
    side.start("--address", "::1", "--port", port)
    with socket.create_connection(("::1", port), 10) as sock:
        sock.sendall(b"ping")
        side.see("there", side.answer(sock, 4))
    side.await_log("client closed|aborted")
    side.stop()


@scenario()
def port_in_use(side):
    port = side.port("port")
    with socket.create_server((side.address, port)):
        side.run("--port", port, side.instance)


@scenario()
def same_port_twice(side):
    port = side.port("port")
    side.run(f"{side.instance}?port={port}", f"{side.second}?port={port}")


@scenario()
def address_that_is_not_ours(side):
    side.run("--address", "192.0.2.1", "--port", side.port("port"),
             side.instance)


@scenario()
def engine_default_port(side):
    side.start()
    side.see("echo", side.echo(5432))
    side.await_log("client closed|aborted")
    side.stop()


@scenario()
def engine_default_ports_of_two(side):
    side.start(side.instance, side.second)
    side.see("first", side.echo(5432))
    side.see("second", side.echo(5433))
    side.until(lambda: side.program.text().count("closed the connection")
               >= 2, "two ends")
    side.stop()


NO_ADDRESS = {"address": None}


def tree(side, folder):
    """Paths and what they are, with the permissions of the sockets."""
    found = set()
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(base, name)
            mode = os.lstat(path).st_mode
            kind = "socket %o" % stat.S_IMODE(mode) \
                if stat.S_ISSOCK(mode) else stat.filemode(mode)[0]
            found.add(f"{os.path.relpath(path, folder)} {kind}")
    return found


@scenario()
def socket_folder(side):
    folder = side.path("s")
    os.mkdir(folder)
    side.start("--unix-socket", folder, env=NO_ADDRESS)
    side.see("files", tree(side, folder))
    name = os.path.join(folder, side.product.socket_name)
    one_connection(side, os.path.join(name, ".s.PGSQL.5432"))
    side.stop()
    side.see("files after", tree(side, folder))


@scenario()
def socket_folder_of_one(side):
    folder = side.path("s")
    os.mkdir(folder)
    port = side.port("port")
    side.start("--port", port, f"{side.instance}?unix-socket={folder}",
               side.second)
    side.see("files", tree(side, folder))
    name = os.path.join(folder, side.product.socket_name)
    side.see("socket", side.echo(os.path.join(name, ".s.PGSQL.5432")))
    side.see("port", side.echo(port))
    side.until(lambda: side.program.text().count("closed the connection")
               >= 2, "two ends")
    side.stop()


@scenario()
def socket_path(side):
    folder = side.path("s")
    os.mkdir(folder)
    side.start(f"{side.instance}?unix-socket-path={folder}/db")
    side.see("files", tree(side, folder))
    one_connection(side, f"{folder}/db/.s.PGSQL.5432")
    side.stop()
    side.see("files after", tree(side, folder))


@scenario()
def socket_path_with_its_file(side):
    folder = side.path("s")
    os.mkdir(folder)
    side.start(f"{side.instance}?unix-socket-path={folder}/.s.PGSQL.5432")
    side.see("files", tree(side, folder))
    one_connection(side, f"{folder}/.s.PGSQL.5432")
    side.stop()


@scenario()
def socket_folder_that_is_not_there(side):
    side.run("--unix-socket", side.path("nowhere"), side.instance,
             env=NO_ADDRESS)


@scenario()
def socket_path_too_long(side):
    folder = side.path("s" * 100)
    os.mkdir(folder)
    side.run("--unix-socket", folder, side.instance, env=NO_ADDRESS)


@scenario()
def socket_left_by_a_crash(side):
    folder = side.path("s")
    os.makedirs(f"{folder}/db")
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(f"{folder}/db/.s.PGSQL.5432")
    side.start(f"{side.instance}?unix-socket-path={folder}/db")
    side.see("running", side.program.running())
    if side.program.running():
        one_connection(side, f"{folder}/db/.s.PGSQL.5432")
        side.stop()


@scenario()
def socket_and_address_by_query(side):
    """A port or an address leads an instance back to TCP."""
    folder = side.path("s")
    os.mkdir(folder)
    port = side.port("port", "127.0.0.1")
    side.start("--unix-socket", folder, f"{side.instance}?port={port}",
               env=NO_ADDRESS)
    side.see("files", tree(side, folder))
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(b"ping")
        side.see("there", side.answer(sock, 4))
    side.await_log("client closed|aborted")
    side.stop()


# The bytes.

@scenario()
def instance_ends_first(side):
    port = side.port("port")
    side.start("--port", port)
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        side.emulator.cut()
        side.see("then", side.answer(sock))
    side.await_log("instance closed|aborted")
    side.stop()


@scenario()
def client_shuts_its_half(side):
    """The answer that is on its way is not lost."""
    port = side.port("port")
    side.start("--port", port)
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        sock.shutdown(socket.SHUT_WR)
        side.see("total", side.answer(sock))
    side.await_log("closed the connection")
    side.stop()


@scenario()
def a_megabyte_both_ways(side):
    port = side.port("port")
    side.start("--port", port)
    data = bytes(range(256)) * 4096
    with side.connect(port) as sock:
        got = b""
        for n in range(0, len(data), 65536):
            sock.sendall(data[n:n + 65536])
            got += side.answer(sock, 65536).encode("latin-1")
        side.see("same", got == data)
    side.await_log("client closed")
    side.stop()


# Logs.

@scenario()
def quiet(side):
    port = side.port("port")
    side.launch("--quiet", "--port", port, "--health-check", "--http-port",
                side.port("http", "127.0.0.1"), side.instance)
    side.until(lambda: lab.can_connect(side.address, port), "listening")
    side.stop()


@scenario()
def quiet_and_structured(side):
    port = side.port("port")
    refuse(side, 403)
    side.launch("--quiet", "--structured-logs", "--port", port,
                side.instance)
    side.until(lambda: lab.can_connect(side.address, port), "listening")
    one_connection(side, port, STARTUP)
    side.stop()


@scenario()
def structured_failure(side):
    port = side.port("port")
    refuse(side, 403)
    side.start("--structured-logs", "--port", port)
    one_connection(side, port, STARTUP)
    side.stop()


# Health, metrics, the admin server.

HEALTH = ("/startup", "/liveness", "/readiness")


def with_health(side, *options, **how):
    port, http = side.port("port"), side.port("http", "127.0.0.1")
    side.start("--port", port, "--http-port", http, *options, **how)
    side.until(lambda: lab.can_connect("127.0.0.1", http), "HTTP")
    return port, http


def started(side, http):
    side.until(lambda: side.http(http, "/startup", host="127.0.0.1")
               == [200, "ok"], "/startup")


@scenario()
def health_pages(side):
    _, http = with_health(side, "--health-check")
    started(side, http)
    for path in (*HEALTH, "/", "/metrics", "/nowhere", "/startup/"):
        page = side.http(http, path, host="127.0.0.1")
        # Whose page it is that the root has: another scenario's.
        side.see(f"GET {path}", page[0] if path == "/" else page)
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        side.see(f"{method} /readiness", side.http(
            http, "/readiness", method, host="127.0.0.1"))
    side.stop()


@scenario()
def health_at_another_address(side):
    http = side.port("http")
    side.start("--port", side.port("port"), "--http-port", http,
               "--health-check", "--http-address", side.address)
    side.until(lambda: lab.can_connect(side.address, http), "HTTP")
    started_at = side.until(lambda: side.http(http, "/startup")
                            == [200, "ok"], "/startup")
    side.see("started", started_at)
    side.stop()


@scenario()
def HTTP_port_without_a_server(side):
    side.start("--port", side.port("port"), "--http-port",
               side.port("http", "127.0.0.1"))
    side.stop()


@scenario()
def HTTP_port_in_use(side):
    http = side.port("http", "127.0.0.1")
    with socket.create_server(("127.0.0.1", http)):
        side.run("--port", side.port("port"), "--http-port", http,
                 "--health-check", side.instance)


@scenario()
def readiness_at_the_limit(side):
    port, http = with_health(side, "--health-check", "--max-connections",
                             "1")
    started(side, http)
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        for path in HEALTH:
            side.see(path, side.http(http, path, host="127.0.0.1"))
    side.until(lambda: side.http(http, "/readiness", host="127.0.0.1")
               == [200, "ok"], "ready again")
    side.stop()


@scenario()
def refused_over_the_limit(side):
    port = side.port("port")
    side.start("--port", port, "--max-connections", "1")
    with side.connect(port) as first:
        first.sendall(b"ping")
        side.see("echo", side.answer(first, 4))
        with side.connect(port) as second:
            second.sendall(STARTUP)
            side.see("told", side.answer(second))
        side.await_log("max connections")
    side.await_log("client closed")
    side.stop()


@scenario()
def readiness_while_draining(side):
    """The limit of waiting is longer than the test waits for it."""
    port, http = with_health(side, "--health-check", "--max-sigterm-delay",
                             "60s")
    started(side, http)
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        side.program.signal(signal.SIGTERM)
        side.until(lambda: side.http(http, "/readiness", host="127.0.0.1")
                   != [200, "ok"], "not ready")
        for path in HEALTH:
            side.see(path, side.http(http, path, host="127.0.0.1"))
        sock.sendall(b"pong")
        side.see("still", side.answer(sock, 4))
        side.see("new connection", side.echo(port))
    side.see("exit", side.program.wait())


@scenario()
def readiness_before_the_drain(side):
    port, http = with_health(side, "--health-check", "--min-sigterm-delay",
                             "3s")
    started(side, http)
    side.program.signal(signal.SIGTERM)
    side.await_log("Shutting down")
    for path in HEALTH:
        side.see(path, side.http(http, path, host="127.0.0.1"))
    side.see("new connection", side.echo(port))
    side.see("exit", side.program.wait())


@scenario()
def connections_left_at_the_end(side):
    port = side.port("port")
    side.start("--port", port, "--max-sigterm-delay", "200ms")
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        side.stop()
        side.see("then", side.answer(sock))


@scenario()
def connections_cut_without_a_delay(side):
    port = side.port("port")
    side.start("--port", port)
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        side.stop()
        side.see("then", side.answer(sock))


def metrics(text):
    """Names, types and labels; of values whether there are any."""
    found = set()
    for line in text.splitlines():
        if line.startswith("#"):
            found.add(" ".join(line.split()[:4]) if "TYPE" in line
                      else " ".join(line.split()[:3]))
        else:
            name, _, value = line.rpartition(" ")
            counts = "_count" in name and "dial_latency" not in name \
                or "open_connections" in name
            found.add(f"{name} {value if counts else 'n'}")
    return found


@scenario()
def metrics_of_a_connection(side):
    port, http = with_health(side, "--prometheus", "--prometheus-namespace",
                             "shop")
    one_connection(side, port)
    pages = []

    def complete():
        pages.append(side.http(http, "/metrics", host="127.0.0.1")[1])
        return all(re_found in pages[-1] for re_found in (
            "dial_latency_count", "bytes_sent{", "refresh_success_count{")) \
            and re.search(r"open_connections\{.*\} 0$", pages[-1], re.M)
    side.until(complete, "all metrics")
    side.see("metrics", metrics(pages[-1]))
    side.see("health", side.http(http, "/startup", host="127.0.0.1"))
    side.stop()


@scenario()
def metrics_of_a_failure(side):
    port, http = with_health(side, "--prometheus")
    refuse(side, 403)
    one_connection(side, port, STARTUP)
    pages = []

    def complete():
        pages.append(side.http(http, "/metrics", host="127.0.0.1")[1])
        return "dial_failure_count{" in pages[-1] \
            and "refresh_failure_count{" in pages[-1]
    side.until(complete, "all metrics")
    side.see("errors", {line.rpartition(" ")[0] for line
                        in pages[-1].splitlines()
                        if "failure_count{" in line})
    side.stop()


@scenario()
def metrics_before_any_connection(side):
    _, http = with_health(side, "--prometheus")
    side.see("status", side.http(http, "/metrics", host="127.0.0.1")[0])
    side.stop()


@scenario()
def quit_by_the_admin_server(side):
    admin = side.port("admin", "127.0.0.1")
    side.start("--port", side.port("port"), "--quitquitquit",
               "--admin-port", admin)
    side.until(lambda: lab.can_connect("127.0.0.1", admin), "admin server")
    for method, path in (("PUT", "/quitquitquit"), ("GET", "/"),
                         ("GET", "/debug/pprof/"), ("GET", "/readiness"),
                         ("DELETE", "/quitquitquit"),
                         ("POST", "/quitquitquit")):
        side.see(f"{method} {path}", side.http(admin, path, method,
                                               "127.0.0.1"))
    side.see("exit", side.program.wait())


@scenario()
def quit_by_GET(side):
    admin = side.port("admin", "127.0.0.1")
    side.start("--port", side.port("port"), "--quitquitquit",
               "--admin-port", admin)
    side.until(lambda: lab.can_connect("127.0.0.1", admin), "admin server")
    side.see("GET", side.http(admin, "/quitquitquit", host="127.0.0.1"))
    side.see("exit", side.program.wait())


@scenario()
def quit_with_connections(side):
    port, admin = side.port("port"), side.port("admin", "127.0.0.1")
    side.start("--port", port, "--quitquitquit", "--admin-port", admin,
               "--max-sigterm-delay", "200ms")
    side.until(lambda: lab.can_connect("127.0.0.1", admin), "admin server")
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        side.see("POST", side.http(admin, "/quitquitquit", "POST",
                                   "127.0.0.1"))
        side.see("exit", side.program.wait())


@scenario()
def admin_port_without_a_server(side):
    admin = side.port("admin", "127.0.0.1")
    side.start("--port", side.port("port"), "--admin-port", admin)
    side.see("listens", lab.can_connect("127.0.0.1", admin))
    side.stop()


@scenario()
def admin_port_in_use(side):
    admin = side.port("admin", "127.0.0.1")
    with socket.create_server(("127.0.0.1", admin)):
        side.run("--port", side.port("port"), "--quitquitquit",
                 "--admin-port", admin, side.instance)


@scenario()
def pprof_is_asked_for(side):
    admin = side.port("admin", "127.0.0.1")
    side.start("--port", side.port("port"), "--debug", "--admin-port", admin)
    side.until(lambda: lab.can_connect("127.0.0.1", admin), "admin server",
               5)
    page = side.http(admin, "/debug/pprof/", host="127.0.0.1")
    side.see("status", page[0])
    side.stop()


# Subcommands.

@scenario()
def wait_for_a_proxy(side):
    _, http = with_health(side, "--health-check")
    started(side, http)
    done = side.second_program("wait", "--http-port", http)
    side.see("wait", done)
    side.stop()


@scenario()
def wait_in_vain(side):
    side.see("wait", side.second_program(
        "wait", "--max", "1s", "--http-port", side.port("http",
                                                        "127.0.0.1")))


@scenario()
def wait_with_its_variables(side):
    _, http = with_health(side, "--health-check")
    started(side, http)
    side.see("wait", side.second_program(
        "wait", "--max", "1s", env={"http-port": str(http)}))
    side.stop()


@scenario()
def wait_with_a_wrong_flag(side):
    side.see("wait", side.second_program("wait", "--max", "1s", "--port",
                                         "5"))


@scenario()
def shutdown_of_a_proxy(side):
    admin = side.port("admin", "127.0.0.1")
    side.start("--port", side.port("port"), "--quitquitquit",
               "--admin-port", admin)
    side.until(lambda: lab.can_connect("127.0.0.1", admin), "admin server")
    side.see("shutdown", side.second_program("shutdown", "--admin-port",
                                             admin))
    side.see("exit", side.program.wait())


@scenario()
def shutdown_of_nobody(side):
    side.see("shutdown", side.second_program(
        "shutdown", "--admin-port", side.port("admin", "127.0.0.1")))


@scenario()
def version(side):
    for flag in ("--version", "-v"):
        side.see(flag, side.second_program(flag))


@scenario()
def help_is_shown(side):
    for words in (["--help"], ["-h"], ["help"], ["wait", "--help"],
                  ["shutdown", "--help"]):
        code, out, err = side.second_program(*words)
        side.see(" ".join(words), [code, "Usage:" in out, err])


@scenario()
def every_flag_is_known(side):
    """Each flag in the help of Google's program, given a value that no flag
    takes for good; no instance follows, so that nothing starts."""
    for flag, takes in side.their_flags():
        value = ["--" + flag] if not takes else [f"--{flag}=1"]
        code, _, err = side.second_program(*value)
        side.see(f"--{flag}", [code, "unknown" in err])


# How it ends.

@scenario()
def ends_with_SIGINT(side):
    side.start("--port", side.port("port"))
    side.stop(signal.SIGINT)


@scenario()
def SIGTERM_twice(side):
    port = side.port("port")
    side.start("--port", port, "--max-sigterm-delay", "60s")
    with side.connect(port) as sock:
        sock.sendall(b"ping")
        side.see("echo", side.answer(sock, 4))
        side.program.signal(signal.SIGTERM)
        side.await_log("Shutting down")
        side.program.signal(signal.SIGTERM)
        sock.sendall(b"pong")
        side.see("still", side.answer(sock, 4))
    side.see("exit", side.program.wait())


@scenario()
def exit_zero_on_SIGTERM(side):
    side.start("--port", side.port("port"), side.product.exit_zero)
    side.stop()


@scenario()
def exit_zero_and_SIGINT(side):
    side.start("--port", side.port("port"), side.product.exit_zero)
    side.stop(signal.SIGINT)


@scenario()
def ends_with_SIGHUP(side):
    side.start("--port", side.port("port"))
    side.program.signal(signal.SIGHUP)
    try:
        side.see("SIGHUP", side.program.process.wait(2))
    except Exception:
        side.see("SIGHUP", "goes on")
        side.stop()


@scenario()
def says_that_it_is_ready(side):
    """NOTIFY_SOCKET, as systemd gives it."""
    path = side.path("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.settimeout(10)
        side.start("--port", side.port("port"), env={"NOTIFY_SOCKET": path})
        side.see("said", sock.recv(100).decode().split("\n")[0])
        side.stop()


# What goes wrong on Google's side.

def refuse(side, status, **more):
    for op in side.product.api:
        side.emulator.api(op, status=status, **more)


def failing(name, *options, data=STARTUP, **faults):
    """A connection that cannot be made: what is said, and to whom."""
    @scenario(*faults.get("products", ()), name=f"fails: {name}")
    def action(side):
        side.by_luck += faults.get("by_luck", "")
        port = side.port("port")
        for op in side.product.api:
            if faults.get("api"):
                side.emulator.api(op, **faults["api"])
        if faults.get("answer"):
            side.emulator.api(side.product.api[-1], set=faults["answer"])
        if faults.get("instance"):
            side.emulator.set(**faults["instance"])
        if faults.get("metadata"):
            side.emulator.metadata("token", **faults["metadata"])
        if faults.get("listen"):
            side.emulator.listen(**faults["listen"])
        side.start("--port", port, *options)
        side.see("running", side.program.running())
        if side.program.running():
            one_connection(side, port, data)
            side.stop()
        else:
            side.see("exit", side.program.wait())
    return action


failing("forbidden", api={"status": 403})
failing("API disabled", api={"status": 403, "reason": "accessNotConfigured",
                             "message": "The API has not been used in "
                             "project 123 before or it is disabled."})
failing("no such instance", api={"status": 404})
failing("bad token", api={"status": 401})
failing("too many requests", api={"status": 429})
failing("bad request", api={"status": 400})
failing("an HTML page", api={"status": 403, "html": True})
failing("half of the JSON", api={"broken": True})
failing("nobody at the API", listen={"api": False})
failing("nobody at the instance", instance={"connect": "refuse"})
failing("instance resets", instance={"connect": "reset"})
failing("server certificate by another CA", instance={
    "server_cert": "wrong-ca"})
failing("expired server certificate", instance={"server_cert": "expired"})
failing("TLS 1.2", instance={"tls": "1.2"})
failing("client certificate refused", instance={"clients": "refuse"})
# Whether the end or the reset behind it is read decides the sentence.
failing("instance ends after the handshake", instance={"clients": "close"},
        by_luck="|instance closed the connection|error reading from instance")
failing("no token", metadata={"status": 404})


@scenario()
def connection_test_passes(side):
    side.start("--port", side.port("port"), "--run-connection-test")
    side.await_log("Connection test passed")
    side.stop()


@scenario()
def connection_test_fails(side):
    refuse(side, 403)
    side.run("--port", side.port("port"), "--run-connection-test",
             side.instance)


@scenario()
def connection_test_fails_at_the_instance(side):
    side.emulator.set(connect="refuse")
    side.run("--port", side.port("port"), "--run-connection-test",
             side.instance)


# Credentials.

CREDENTIALS = {
    "file that is not there": ["--credentials-file", "/nowhere/key.json"],
    "file that is no JSON": ["--credentials-file", "F:not JSON"],
    "file of an unknown type": ["--credentials-file",
                                'F:{"type": "carrier_pigeon"}'],
    "file without a key": ["--credentials-file", 'F:{"type": '
                           '"service_account", "client_email": "a@b"}'],
    "text that is no JSON": ["--json-credentials", "{"],
}


def credentials(arguments):
    def action(side):
        words = [side.path("key.json", a[2:]) if a[:2] == "F:" else a
                 for a in arguments]
        port = side.port("port")
        side.start("--port", port, *words)
        side.see("running", side.program.running())
        if side.program.running():
            one_connection(side, port, STARTUP)
            side.stop()
        else:
            side.see("exit", side.program.wait())
    return action


for _name, _arguments in CREDENTIALS.items():
    scenario(name=f"credentials: {_name}")(credentials(_arguments))


@scenario(name="credentials: which are said")
def credentials_are_named(side):
    key = side.emulator.credentials("service_account")
    side.words.append((key, "<key>"))
    with open(key) as source:
        text = source.read()
    for words in ([], ["--token", "t"], ["--credentials-file", key],
                  ["--json-credentials", text],
                  ["--token", "t", "--login-token", "u",
                   "--auto-iam-authn"]):
        for more in ([], ["--impersonate-service-account", "a@b.c"]):
            side.start("--port", side.port("port"), *words, *more)
            side.stop()


@scenario(name="credentials: variable that leads nowhere")
def credentials_variable(side):
    port = side.port("port")
    side.start("--port", port, env={
        "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"})
    side.see("running", side.program.running())
    if side.program.running():
        one_connection(side, port, STARTUP)
        side.stop()
    else:
        side.see("exit", side.program.wait())


@scenario(name="credentials: IAM login")
def iam_login(side):
    port = side.port("port")
    side.start("--port", port, "--auto-iam-authn")
    one_connection(side, port)
    side.see("asked", {f"{e['op']} {e.get('login') is not None}"
                       for e in side.emulator.log("api")})
    side.stop()


@scenario(name="credentials: quota project of the environment")
def quota_project(side):
    port = side.port("port")
    side.start("--port", port, env={
        "GOOGLE_CLOUD_QUOTA_PROJECT": "billing"})
    one_connection(side, port)
    side.see("billed", {str(headers(e).get("x-goog-user-project"))
                        for e in side.emulator.log("api")})
    side.stop()


def headers(event):
    return {k.lower(): v for k, v in event["headers"].items()}


@scenario()
def user_agent(side):
    port = side.port("port")
    side.start("--port", port, "--user-agent", "one/1 two/2")
    one_connection(side, port)
    side.see("at the end", {headers(e)["user-agent"].endswith("one/1 two/2")
                            for e in side.emulator.log("api")})
    side.stop()


# Refresh.

@scenario()
def asked_before_the_first_connection(side):
    port = side.port("port")
    side.start("--port", port)
    side.until(lambda: side.emulator.count(f"api.{side.product.api[-1]}"),
               "asked")
    side.stop()


@scenario()
def lazy_refresh(side):
    port = side.port("port")
    side.start("--port", port, "--lazy-refresh")
    one_connection(side, port)
    one_connection(side, port)
    side.see("asked", {f"{op} {side.emulator.count(f'api.{op}')}"
                       for op in side.product.api})
    side.stop()


@scenario()
def telemetry_is_asked_for(side):
    side.start("--port", side.port("port"), "--telemetry-prefix", "x",
               "--disable-metrics", "--disable-traces")
    side.stop()
