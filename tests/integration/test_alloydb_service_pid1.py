"""AlloyDB as a persistent service in a container: fairlead is PID 1, and what
ends is back; only who may reaches the instance, and nobody the key."""

import json
import os
import shutil
import signal
import socket
import subprocess

import lab
import pid1
import pytest

as_root = pytest.mark.skipif(os.geteuid() != 0,
                             reason="machine: changing the user needs root")
APP, STRANGER = 12345, 12346


@pytest.fixture
def port():
    return lab.free_port()


@pytest.fixture
def folder():
    """Where every user gets to, unlike pytest's own."""
    path = subprocess.check_output(["mktemp", "-d", "/tmp/fl-svc-XXXXXX"],
                                   text=True).strip()
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start(start):
    """Factory: start(emulator, *options, app=[...], env={...})."""
    def make(emulator, *options, app=(), env=None):
        return start("--alloydbadmin-api-endpoint", emulator.api_url,
                     "--ca-file", emulator.ca_file,
                     *(str(o) for o in options), emulator.name,
                     *(["--", *app] if app else []),
                     env={**emulator.env(), **(env or {})})
    return make


@pytest.fixture
def emulator(start_emulator):
    return start_emulator(instances=[lab.ALLOYDB])


def next_tunnel(init, *before):
    def look():
        pid = init.role("fairlead-tunnel")
        return pid if pid not in before else None
    return lab.wait_until(look, what="a tunnel; the log:\n" + init.log())


def ping(sock):
    sock.settimeout(lab.PATIENCE)
    sock.sendall(b"ping")
    return sock.recv(100)


# -- what ends is back ------------------------------------------------------

@pytest.mark.product
@pytest.mark.parametrize("number", [
    signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGSYS,
    signal.SIGKILL])
def test_client_that_comes_while_there_is_no_tunnel(
        start, echo, start_emulator, port, number):
    """Held for as long as it takes: init itself is stopped."""
    emulator = start_emulator(instances=[lab.ALLOYDB], backend=echo.where)
    init = start(emulator, "--port", port, app=["sleep", "1000"])
    init.wait_log("ready for new connections!")
    app, tunnel = init.app, next_tunnel(init)
    with socket.create_connection(("127.0.0.1", port), lab.PATIENCE) as sock:
        assert ping(sock) == b"ping"
    os.kill(init.init, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(init.init) == "T", what="init stopped")
    os.kill(tunnel, number)
    lab.wait_until(lambda: pid1.state(tunnel) in "Z?", what="tunnel's end")
    with socket.create_connection(("127.0.0.1", port), lab.PATIENCE) as sock:
        os.kill(init.init, signal.SIGCONT)
        assert ping(sock) == b"ping"
    assert next_tunnel(init, tunnel)
    assert init.app == app
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


@pytest.mark.product
def test_tunnel_that_ends_again_and_again(start, echo, start_emulator, port):
    """Every client is served, and Google is not asked each time."""
    emulator = start_emulator(instances=[lab.ALLOYDB], backend=echo.where)
    init = start(emulator, "--port", port, app=["sleep", "1000"])
    init.wait_log("ready for new connections!")
    tunnel = None
    for _ in range(5):
        tunnel = next_tunnel(init, tunnel)
        with socket.create_connection(("127.0.0.1", port),
                                      lab.PATIENCE) as sock:
            assert ping(sock) == b"ping"
        os.kill(tunnel, signal.SIGSEGV)
        lab.wait_until(lambda: pid1.state(tunnel) in "Z?", what="its end")
    assert emulator.count("api.generateClientCertificate") <= 6
    assert emulator.count("mdx") >= 5


# -- nobody the key ---------------------------------------------------------

# What an app may try, and its own way to the database.
SPY = """
import glob, json, os, sys
import psycopg2
port, key = int(sys.argv[1]), sys.argv[2]
link = psycopg2.connect(host="127.0.0.1", port=port, user="postgres",
                        dbname="orders", sslmode="disable")
row = link.cursor()
row.execute("select name from items where id = 2")
seen = {"row": row.fetchone()[0], "uid": os.getuid()}
seen["roles"] = []
for path in glob.glob("/proc/[0-9]*"):
    if os.path.basename(path) == str(os.getpid()):
        continue
    try:
        with open(path + "/comm") as source:
            seen["roles"].append(source.read().strip())
    except OSError:
        pass                    # a fetcher that has ended
    for name in ("mem", "environ", "maps", "auxv", "fd", "root", "cwd",
                 "exe"):
        try:
            if name in ("fd", "root"):
                os.listdir(f"{path}/{name}")
            elif name in ("cwd", "exe"):
                os.readlink(f"{path}/{name}")
            else:
                open(f"{path}/{name}", "rb").read(1)
            seen.setdefault("open", []).append(f"{path}/{name}")
        except OSError:
            pass
    for number in (9, 19):
        try:
            os.kill(int(os.path.basename(path)), number)
            seen.setdefault("killed", []).append(path)
        except OSError:
            pass
for attempt in (lambda: open(key).read(), lambda: os.chmod(key, 0o644),
                lambda: os.link(key, "/tmp/link-of-a-key"),
                lambda: os.setuid(0)):
    try:
        result = str(attempt())
        seen.setdefault("done", []).append(result)
    except OSError:
        pass
print("SEEN " + json.dumps(seen), flush=True)
"""


@pytest.fixture
def key(emulator, folder):
    path = os.path.join(folder, "key.json")
    shutil.copy(emulator.credentials("service_account"), path)
    os.chmod(path, 0o600)
    return path


def with_key(emulator):
    """A key leads to Google's own token service, by its name."""
    return {"HTTPS_PROXY": "http://" + emulator.ready["proxy"],
            "NO_PROXY": emulator.address}


@as_root
def test_key_file_is_nothing_to_the_app(start, emulator, port, key):
    init = start(emulator, "--port", port, "--credentials-file", key,
                 "--user", APP, "--workdir", "/", env=with_key(emulator),
                 app=[lab.PYTHON, "-c", SPY, str(port), key])
    assert init.wait() == 0
    line, = [x for x in init.log().splitlines() if x.startswith("SEEN ")]
    seen = json.loads(line[5:])
    # It saw who was there: PID 1 and the tunnel.
    assert {"fairlead", "fairlead-tunnel"} <= set(seen.pop("roles"))
    assert seen == {"row": "bollard", "uid": APP}
    assert emulator.count("auth.token:200")
    assert emulator.count("metadata.token") == 0


@as_root
@pytest.mark.parametrize("mode", [0o644, 0o604])
def test_key_file_that_the_app_could_read(start, emulator, port, key, mode):
    """... is not used: the app is told, and Google not asked."""
    os.chmod(key, mode)
    init = start(emulator, "--port", port, "--credentials-file", key,
                 "--user", APP, "--workdir", "/", env=with_key(emulator),
                 app=["psql", "-h", "127.0.0.1", "-p", str(port), "-U",
                      "postgres", "-d", "orders", "-c", "select 1"])
    assert init.wait() == 2
    assert f"the app's user (uid {APP}) could read it" in init.log()
    assert emulator.count("auth") == emulator.count("api") == 0


# -- only who may -----------------------------------------------------------

@as_root
@pytest.mark.parametrize("family", ["tcp", "unix"])
@pytest.mark.parametrize("who", [["--allow-uid", APP], ["--user", APP]],
                         ids=["allow-uid", "user"])
def test_only_who_may(start, emulator, port, folder, family, who):
    host, options = "127.0.0.1", ["--port", port]
    if family == "unix":
        host, port = os.path.join(folder, lab.ALLOYDB_SHORT), 5432
        options = ["--unix-socket", folder]
    init = start(emulator, *options, *who, "--workdir", "/",
                 app=["sleep", "1000"])
    init.wait_log("ready for new connections!")
    assert lab.select_as(APP, host, port) == "bollard"
    before = emulator.count("mdx")
    told = lab.select_as(STRANGER, host, port)
    assert f"user {STRANGER} may not connect (--allow-uid)" in told
    # The instance does not hear of it.
    assert emulator.count("mdx") == before
    assert lab.select_as(0, host, port) == "bollard"
