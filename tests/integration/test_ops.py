"""Health pages, metrics, the admin server, and what a client is told that is
turned away."""

import http.client
import json
import re
import socket
import struct
import subprocess

import lab
import pid1
import pytest
from echo import ask

SSL_REQUEST = struct.pack(">II", 8, 80877103)
STARTUP = struct.pack(">II", 18, 196608) + b"user\0app\0\0"


def connect(proxy, port=None):
    return socket.create_connection((proxy.host, port or proxy.port),
                                    lab.PATIENCE)


def asked(port, path, method="GET", headers=None):
    """(status, body) of one request."""
    link = http.client.HTTPConnection("127.0.0.1", port,
                                      timeout=lab.PATIENCE)
    try:
        link.request(method, path, headers=headers or {})
        answer = link.getresponse()
        return answer.status, answer.read().decode()
    finally:
        link.close()


def until_end(sock):
    data = b""
    try:
        while part := sock.recv(4096):
            data += part
    except ConnectionResetError:
        pass
    return data


@pytest.fixture
def start(echo_emulator, start_fairlead):
    def started(*options, **how):
        ports = lab.free_port(), lab.free_port()
        proxy = start_fairlead(echo_emulator, "--http-port", ports[0],
                               "--admin-port", ports[1], *options, **how)
        proxy.http, proxy.admin = ports
        proxy.wait_log("ready for new connections")
        return proxy
    return started


def status(proxy):
    return json.loads(asked(proxy.http, "/status")[1])


def test_health_pages(start):
    proxy = start("--health-check", "--max-connections", "1")
    proxy.wait_log(f"Starting health check server at localhost:{proxy.http}")
    for method in ("GET", "POST", "PUT", "DELETE"):
        for path in ("/startup", "/liveness", "/readiness"):
            assert asked(proxy.http, path, method) == (200, "ok")
    assert asked(proxy.http, "/readiness", "HEAD") == (200, "")
    assert asked(proxy.http, "/nothing") == (404, "404 page not found\n")
    assert asked(proxy.http, "/metrics")[0] == 404
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"
        why = "max connections reached (open = 1, max = 1)"
        assert asked(proxy.http, "/readiness") == (503, why)
        assert asked(proxy.http, "/liveness") == (200, "ok")
        proxy.wait_log(re.escape(f"[Health Check] Readiness failed: {why}"))
    lab.wait_until(lambda: asked(proxy.http, "/readiness") == (200, "ok"))


def test_not_started_without_an_engine(echo_emulator, start_fairlead):
    """Which port to listen on is not known before the API has said it."""
    port = lab.free_port()
    echo_emulator.api("connectSettings", delay=3)
    proxy = start_fairlead(echo_emulator, "--health-check", "--http-port",
                           port, port=None)
    proxy.wait_log("Starting health check server")
    assert asked(port, "/startup") == (503, "error")
    assert asked(port, "/readiness") == (503, "proxy is not started")
    assert asked(port, "/liveness") == (200, "ok")


def test_not_started_with_some(echo_emulator, start_fairlead):
    """One listener is there, the other's port is not known."""
    http_port = lab.free_port()
    echo_emulator.api("connectSettings", status=503)
    proxy = start_fairlead(
        echo_emulator, "--health-check", "--http-port", http_port,
        "--wait-ready", port=None,
        instances=[f"{lab.SECOND}?port={lab.free_port()}", lab.INSTANCE])
    proxy.wait_log(re.escape(f"[{lab.INSTANCE}] could not get"))
    assert asked(http_port, "/startup") == (503, "error")


def test_metrics(start):
    proxy = start("--prometheus", "--prometheus-namespace", "shop")
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"
        text = asked(proxy.http, "/metrics")[1]
    labels = (r'\{cloudsql_dialer_id="[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-'
              r'[89ab][0-9a-f]{3}-[0-9a-f]{12}",cloudsql_instance="'
              + re.escape(lab.INSTANCE) + '"')
    for name, kind, value in [
            ("open_connections", "gauge", "1"),
            ("bytes_sent", "counter", "4"),
            ("bytes_received", "counter", "4"),
            ("dial_failure_count", "counter", "0"),
            ("refresh_success_count", "counter", "1")]:
        assert f"# TYPE shop_cloudsqlconn_{name} {kind}\n" in text
        assert re.search(rf"^shop_cloudsqlconn_{name}{labels}\}} {value}$",
                         text, re.M), text
    buckets = re.findall(rf'^shop_cloudsqlconn_dial_latency_bucket{labels},'
                         r'le="([^"]*)"\} \d+$', text, re.M)
    assert buckets == ["5", "25", "100", "250", "500", "1000", "2000", "5000",
                       "30000", "+Inf"]
    assert re.search(rf"^shop_cloudsqlconn_dial_latency_count{labels}\}} 1$",
                     text, re.M)


def test_no_server_unasked(start_fairlead, echo_emulator):
    proxy = start_fairlead(echo_emulator).wait_listening()
    assert "health check server" not in proxy.log()


def test_port_in_use(echo_emulator, start_fairlead):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        proxy = start_fairlead(echo_emulator, "--health-check",
                               "--http-port", port)
        assert proxy.wait() != 0
    assert "failed to start HTTP server" in proxy.log()
    assert "another program listens there" in proxy.log()


def test_quit(start):
    proxy = start("--quitquitquit")
    assert asked(proxy.admin, "/quitquitquit", "PUT")[0] == 400
    assert asked(proxy.admin, "/debug/pprof/")[0] == 404
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert asked(proxy.admin, "/quitquitquit", headers=cross)[0] == 403
    assert asked(proxy.http, "/quitquitquit")[0] == 404
    assert proxy.running()
    assert asked(proxy.admin, "/quitquitquit", "POST") == (200, "")
    assert proxy.wait() == 0
    assert "/quitquitquit received request. Shutting down..." in proxy.log()


def test_quit_with_an_app(start):
    """The app is asked to stop, and its exit code counts."""
    proxy = start("--quitquitquit", app=[
        "sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; "
        "done"])
    proxy.wait_log("(?m)^up$")
    assert asked(proxy.admin, "/quitquitquit")[0] == 200
    assert proxy.wait() == 7


def test_slow_clients_do_not_block_probes(start):
    proxy = start("--health-check")
    crowd = [connect(proxy, proxy.http) for _ in range(40)]
    try:
        for sock in crowd:
            sock.sendall(b"GET /liveness HT")
        assert asked(proxy.http, "/liveness") == (200, "ok")
        for sock in crowd:
            assert until_end(sock) == b""
    finally:
        for sock in crowd:
            sock.close()


def test_backend_check(echo_emulator, start):
    """Each /startup connects; the other pages do not."""
    proxy = start("--health-check", "--with-backend-check")
    before = echo_emulator.count("handshake")
    assert asked(proxy.http, "/startup") == (200, "ok")
    assert asked(proxy.http, "/startup") == (200, "ok")
    seen = echo_emulator.count("handshake")
    assert seen == before + 2
    assert asked(proxy.http, "/readiness") == (200, "ok")
    assert echo_emulator.count("handshake") == seen
    echo_emulator.set(server_cert="expired")
    code, text = asked(proxy.http, "/startup")
    assert code == 503
    assert text.startswith(f"[{echo_emulator.name}] ") and "expired" in text
    assert asked(proxy.http, "/liveness") == (200, "ok")
    echo_emulator.set(server_cert="cn")
    assert asked(proxy.http, "/startup") == (200, "ok")


def test_backend_check_for_many(echo_emulator, start):
    """Who asks while a check goes on gets its result; who leaves is no
    matter."""
    proxy = start("--health-check", "--with-backend-check")
    ask_startup = b"GET /startup HTTP/1.1\r\nHost: localhost\r\n\r\n"
    crowd = [connect(proxy, proxy.http) for _ in range(4)]
    try:
        for sock in crowd:
            sock.sendall(ask_startup)
        crowd.pop().close()
        for sock in crowd:
            assert until_end(sock).startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        for sock in crowd:
            sock.close()
    assert asked(proxy.http, "/startup") == (200, "ok")


def test_servers_outlive_the_tunnel(start):
    proxy = start("--health-check")
    tunnel = proxy.tunnel()
    lab.kill_quietly(tunnel)
    proxy.wait_log("the tunnel was killed by SIGKILL")
    assert asked(proxy.http, "/startup") == (200, "ok")


def test_postgres_is_told_of_the_limit(start):
    proxy = start("--max-connections", "1")
    with connect(proxy) as first:
        assert ask(first) == b"ping"
        with connect(proxy) as sock:
            sock.sendall(SSL_REQUEST)
            assert sock.recv(1) == b"N"
            sock.sendall(STARTUP)
            said = until_end(sock)
        assert said[:1] == b"E" and b"C53300\0" in said
        assert b"max connections (1) exceeded" in said
        # Not a client of PostgreSQL: nothing is said.
        with connect(proxy) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert until_end(sock) == b""
    state = status(proxy)["instances"][0]
    assert state["refused_limit"] == 2 and state["accepted"] == 1


def test_psql_says_why(start):
    proxy = start("--max-connections", "1")
    with connect(proxy) as first:
        assert ask(first) == b"ping"
        done = lab.psql(proxy, "select 1", check=False)
    assert done.returncode == 2
    assert "max connections (1) exceeded" in done.stderr


def test_mysql_is_told_at_once(start, echo_emulator):
    echo_emulator.set(database_version="MYSQL_8_0")
    proxy = start("--max-connections", "1")
    with connect(proxy) as first:
        assert ask(first) == b"ping"
        with connect(proxy) as sock:
            said = until_end(sock)
    assert said[4:7] == b"\xff" + struct.pack("<H", 1040)
    assert said[0] == len(said) - 4 and said[3] == 0


def test_failure_is_told(start, echo_emulator):
    """No identity, so that the engine shows in who speaks first."""
    echo_emulator.api("*", status=403)
    proxy = start()
    with connect(proxy) as sock:
        sock.sendall(STARTUP)
        said = until_end(sock)
    assert b"C08006\0" in said and b"failed to connect to instance" in said
    with connect(proxy) as sock:
        said = until_end(sock)
    assert said[4:7] == b"\xff" + struct.pack("<H", 1105)
    state = status(proxy)["instances"][0]
    assert state["dial_failures"] == 2 and "error" in state
    assert state["refresh_failures"] >= 1


def test_lingering_does_not_count(start, echo_emulator):
    """The instance is done with; the client only does not hang up."""
    proxy = start("--max-connections", "1")
    with connect(proxy) as first:
        assert ask(first) == b"ping"
        echo_emulator.cut()
        lab.wait_until(lambda: status(proxy)["open"] == 0)
        with connect(proxy) as second:
            assert ask(second) == b"ping"


def test_descriptors_run_out(start):
    """Whoever finds none left waits, and is served later."""
    proxy = start("--health-check",
                  preexec_fn=lambda: __import__("resource").setrlimit(
                      __import__("resource").RLIMIT_NOFILE, (64, 64)))
    crowd = [connect(proxy) for _ in range(30)]
    try:
        for sock in crowd[:4]:
            assert ask(sock) == b"ping"
        assert asked(proxy.http, "/liveness") == (200, "ok")
        proxy.wait_log("connections are in use: new ones wait")
        last = crowd.pop()
        while crowd:
            crowd.pop().close()
        assert ask(last) == b"ping"
        last.close()
    finally:
        for sock in crowd:
            sock.close()
    assert "the tunnel" not in proxy.log().replace("tunnel: all", "")


def test_no_secret_is_shown(echo_emulator, start_fairlead):
    port = lab.free_port()
    token = "ya29.secret-of-the-test"
    proxy = start_fairlead(echo_emulator, "--prometheus", "--http-port", port,
                           "--token", token)
    proxy.wait_log("ready for new connections")
    for path in ("/status", "/metrics"):
        text = asked(port, path)[1]
        assert token not in text and "BEGIN" not in text


def test_no_descriptor_for_a_probe(start):
    """It waits in the backlog, and accepting pauses instead of spinning."""
    proxy = start("--health-check")
    tunnel = proxy.tunnel()
    strace = subprocess.Popen(
        ["strace", "-q", "-o", "/dev/null", "-p", str(tunnel),
         "-e", "inject=accept4:error=ENFILE"])
    try:
        lab.wait_until(lambda: pid1.status(tunnel).get("TracerPid") ==
                       str(strace.pid), what="strace")
        with connect(proxy, proxy.http) as sock:
            sock.sendall(b"GET /liveness HTTP/1.1\r\nHost: x\r\n\r\n")
            proxy.wait_log("accept: .*new connections wait")
            strace.terminate()
            strace.wait(lab.PATIENCE)
            assert until_end(sock).startswith(b"HTTP/1.1 200")
    finally:
        strace.kill()
        strace.wait()
