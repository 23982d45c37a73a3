"""Init with instances: listeners, gates, questions, restarts of the tunnel,
and the order in which things end."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import lab
import pid1
import pytest

CONNECT = """
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
sock.sendall(b"ping")
assert sock.recv(4) == b"ping"
print("answered", flush=True)
"""


@pytest.fixture
def start(start):
    """Factory: start(emulator, *options, app=[...], instance=...)."""
    def make(emulator, *options, app=None, instance=None, env=None, **how):
        argv = ["--sqladmin-api-endpoint", emulator.api_url,
                "--ca-file", emulator.ca_file, *options,
                instance or emulator.name]
        return start(*argv, *(["--", *app] if app else []),
                     env={**emulator.env(), **(env or {})}, **how)
    return make


@pytest.fixture
def port():
    return lab.free_port()


def connecting(port, host="127.0.0.1"):
    return [lab.PYTHON, "-c", CONNECT, host, str(port)]


def connected(port, host="127.0.0.1"):
    sock = socket.create_connection((host, port), lab.PATIENCE)
    sock.settimeout(lab.PATIENCE)
    return sock


def answers(init, port):
    init.wait_log("ready for new connections!")
    with connected(port) as sock:
        sock.sendall(b"ping")
        return sock.recv(4) == b"ping"


def tunnel_of(init):
    return lab.wait_until(lambda: init.role("fairlead-tunnel"),
                          what="the tunnel; the log:\n" + init.log())


# --------------------------------------------------------- start, and gates


def test_first_connect_of_the_app(start, echo_emulator, port):
    """Its first statement connects; the identity takes 2 s."""
    echo_emulator.metadata("token", delay=2)
    init = start(echo_emulator, "--port", str(port), app=connecting(port))
    assert init.wait() == 0
    assert "answered" in init.log()


def test_listening_before_the_app_runs(start, echo_emulator, port):
    init = start(echo_emulator, "--port", str(port), "--debug-logs",
                 app=["true"])
    assert init.wait() == 0
    log = init.log()
    assert log.index(f"[{echo_emulator.name}] Listening on 127.0.0.1:{port}") \
        < log.index("ready for new connections!") < log.index("init: true is")


def test_port_in_use(start, echo_emulator):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        init = start(echo_emulator, "--port", str(taken.getsockname()[1]),
                     app=["sh", "-c", "echo ran"])
        assert init.wait() == 1
    assert f"unable to start: [{echo_emulator.name}] Unable to mount socket" \
        in init.log()
    assert "\nran" not in init.log()


def test_wait_ready(start, echo_emulator, port):
    echo_emulator.metadata("token", delay=1)
    init = start(echo_emulator, "--port", str(port), "--wait-ready", app=[
        "sh", "-c", "echo app-ran"])
    echo_emulator.wait_count("metadata.token")
    assert "app-ran" not in init.log()
    assert init.wait() == 0
    assert "app-ran" in init.log()


def test_wait_ready_gives_up(start, echo_emulator, port):
    echo_emulator.api("connectSettings", status=403)
    init = start(echo_emulator, "--port", str(port), "--wait-ready=2s",
                 app=["sh", "-c", "echo app-ran"])
    assert init.wait() == 1
    assert "not every instance was ready within 2000 ms" in init.log()
    assert "app-ran" not in init.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_at_the_gate(start, echo_emulator, port, as_pid1, number):
    echo_emulator.metadata("token", delay=60)
    init = start(echo_emulator, "--port", str(port), "--wait-ready",
                 app=["sh", "-c", "echo app-ran"], pid1=as_pid1)
    echo_emulator.wait_count("metadata.token")
    init.signal(number)
    assert init.wait() == 128 + number
    assert "app-ran" not in init.log()


def test_port_by_engine(start, echo_emulator):
    """No port given: the app starts when the engine's port is bound."""
    address = lab.free_address(5432)
    echo_emulator.metadata("token", delay=1)
    init = start(echo_emulator, instance=f"{echo_emulator.name}"
                 f"?address={address}", app=connecting(5432, address))
    assert init.wait() == 0
    assert f"Listening on {address}:5432" in init.log()
    assert "answered" in init.log()


def test_startup_failure_without_a_port(start, echo_emulator):
    address = lab.free_address(5432)
    echo_emulator.api("connectSettings", status=403)
    init = start(echo_emulator, instance=f"{echo_emulator.name}"
                 f"?address={address}", app=["sh", "-c", "echo app-ran"])
    assert init.wait() == 1
    assert "403" in init.log()
    assert "app-ran" not in init.log()


def test_unix_sockets_come_and_go(start, echo_emulator):
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        path = os.path.join(folder, echo_emulator.name, ".s.PGSQL.5432")
        init = start(echo_emulator, "--unix-socket", folder,
                     app=["sh", "-c", f"test -S {path} && read x"],
                     stdin=subprocess.PIPE)
        assert init.app
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(lab.PATIENCE)
            sock.connect(path)
            sock.sendall(b"ping")
            assert sock.recv(4) == b"ping"
        init.process.stdin.close()
        assert init.wait() == 1
        assert not os.path.exists(path)


def test_unix_path_is_bound_at_once(start, echo_emulator):
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        path = os.path.join(folder, ".s.PGSQL.5432")
        echo_emulator.metadata("token", delay=60)
        init = start(echo_emulator, instance=f"{echo_emulator.name}"
                     f"?unix-socket-path={path}",
                     app=["sh", "-c", f"test -S {path}"])
        assert init.wait() == 0


# ---------------------------------------------------------- tunnel restarts


def test_nothing_refused_while_the_tunnel_is_killed(start, echo_emulator,
                                                    port):
    init = start(echo_emulator, "--port", str(port), app=["sleep", "1000"])
    assert answers(init, port)
    refused = 0
    for kill in range(1, 6):
        os.kill(tunnel_of(init), signal.SIGKILL)
        for _ in range(20):
            try:
                connected(port).close()
            except ConnectionRefusedError:
                refused += 1
        lab.wait_until(lambda: init.log().count("killed by SIGKILL") == kill,
                       what=f"end {kill}")
    assert refused == 0
    assert answers(init, port)
    assert init.running()
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_app_and_code_survive_the_tunnel(start, echo_emulator, port):
    init = start(echo_emulator, "--port", str(port),
                 app=["sh", "-c", "read x; exit 5"], stdin=subprocess.PIPE)
    app = init.app
    for _ in range(3):
        tunnel = tunnel_of(init)
        os.kill(tunnel, signal.SIGKILL)
        lab.wait_until(lambda: tunnel_of(init) != tunnel, what="a new one")
    assert init.app == app
    init.process.stdin.close()
    assert init.wait() == 5


def test_crash_loop_of_the_tunnel_cannot_storm_google(start, echo_emulator,
                                                      port):
    echo_emulator.metadata("token", delay=60)
    init = start(echo_emulator, "--port", str(port), app=["sleep", "1000"])
    while "refreshed too often" not in init.log():
        tunnel = tunnel_of(init)
        lab.wait_until(lambda: init.role("fairlead-fetch") or
                       "refreshed too often" in init.log(),
                       what="a question")
        os.kill(tunnel, signal.SIGKILL)
        lab.wait_until(lambda: init.role("fairlead-tunnel") not in
                       (None, tunnel), what="the next tunnel")
    assert echo_emulator.count("metadata.token") <= 6


def test_app_restart_keeps_the_tunnel(start, echo_emulator, port):
    init = start(echo_emulator, "--port", str(port), "--restart", "always:2",
                 app=[lab.PYTHON, "-c", CONNECT + "sys.exit(3)", "127.0.0.1",
                      str(port)])
    assert init.wait() == 3
    assert init.log().count("answered") == 3
    assert echo_emulator.count("api.connectSettings") == 1


def test_silent_fetcher_is_reported(start, echo_emulator, port):
    """A fetcher that dies leaves a note to the tunnel, which asks again."""
    echo_emulator.metadata("token", delay=60)
    init = start(echo_emulator, "--port", str(port), app=["sleep", "1000"])
    fetcher = lab.wait_until(lambda: init.role("fairlead-fetch"),
                             what="a fetcher")
    echo_emulator.metadata("token")
    os.kill(fetcher, signal.SIGKILL)
    assert answers(init, port)


# -------------------------------------------------------------------- the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_proxy_alone(start, echo_emulator, port, as_pid1, number):
    init = start(echo_emulator, "--port", str(port), pid1=as_pid1)
    init.wait_log("ready for new connections!")
    assert answers(init, port)
    init.signal(number)
    assert init.wait() == 128 + number
    name = signal.Signals(number).name
    assert f"{name} signal received. Shutting down..." in init.log()


# In its TERM handler the app makes a new connection, as a job that writes
# its state away does.
LAST_WORDS = CONNECT + """
import signal
def on_term(*_):
    new = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
    for one in (sock, new):
        one.sendall(b"late")
        assert one.recv(4) == b"late"
    print("said goodbye", flush=True)
    sys.exit(6)
signal.signal(signal.SIGTERM, on_term)
print("up", flush=True)
while True:
    signal.pause()
"""


def test_tunnel_serves_until_the_app_has_ended(start, echo_emulator, port,
                                               as_pid1):
    init = start(echo_emulator, "--port", str(port), pid1=as_pid1,
                 app=[lab.PYTHON, "-c", LAST_WORDS, "127.0.0.1", str(port)])
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    assert init.wait() == 6
    assert "said goodbye" in init.log()


def test_tunnel_serves_stragglers(start, echo_emulator, port, as_pid1):
    init = start(echo_emulator, "--port", str(port), pid1=as_pid1, app=[
        "sh", "-c", "setsid \"$@\" & read x; exit 7", "sh", lab.PYTHON, "-c",
        LAST_WORDS, "127.0.0.1", str(port)], stdin=subprocess.PIPE)
    init.wait_log("up")
    init.process.stdin.close()
    assert init.wait() == 7
    assert "said goodbye" in init.log()


def test_app_terminates_everything_it_can(start, echo_emulator, port):
    """kill -1 from the app: SIGTERM leaves the tunnel alone."""
    init = start(echo_emulator, "--port", str(port), app=[
        "sh", "-c", "trap '' TERM; read x; kill -TERM -1; read y; exit 4"],
        stdin=subprocess.PIPE)
    assert answers(init, port)
    tunnel = tunnel_of(init)
    init.process.stdin.write(b"\n")
    init.process.stdin.flush()
    assert answers(init, port)
    init.process.stdin.close()
    assert init.wait() == 4
    assert "starting it again" not in init.log(), tunnel


def test_transaction_commits(start, emulator, postgres, port):
    """SIGTERM while the app's transaction runs: it commits, and then all
    ends within the stop timeout, with the app's code."""
    sql = ("begin; insert into notes(body) values ('kept'); "
           "select pg_advisory_xact_lock(7); commit")
    waits = ("select count(*) from pg_locks where locktype = 'advisory' "
             "and not granted")
    gate = subprocess.Popen(
        ["psql", "-X", "-q", "-h", postgres.host, "-p", str(postgres.port),
         "-U", "postgres", "-d", "orders", "-c",
         "select pg_advisory_lock(7)", "-f", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=lab.clean_env())
    try:
        assert b"pg_advisory_lock" in gate.stdout.readline()
        init = start(emulator, "--port", str(port), "--stop-timeout", "20s",
                     app=["sh", "-c", "trap 'echo told; wait $!; exit 9' TERM; "
                          f"setsid psql -h 127.0.0.1 -p {port} -U postgres "
                          f"-d orders -qAt -c \"{sql}\" & wait $!"],
                     env={"PGSSLMODE": "disable"})
        lab.wait_until(lambda: lab.psql(postgres, waits) == "1",
                       what="the transaction at the gate")
        init.signal(signal.SIGTERM)
        init.wait_log("told")
    finally:
        gate.communicate()      # the end of its session opens the gate
    assert init.wait() == 9
    assert lab.psql(postgres, "select count(*) from notes where "
                    "body = 'kept'") == "1"
    assert "killing" not in init.log()


def test_wedged_tunnel_does_not_hold_the_end(start, echo_emulator, port):
    init = start(echo_emulator, "--port", str(port),
                 app=["sh", "-c", "read x; exit 8"], stdin=subprocess.PIPE)
    tunnel = tunnel_of(init)
    # Whatever it does when it is told of the end, there it stays.
    strace = subprocess.Popen(
        ["strace", "-q", "-o", "/dev/null", "-p", str(tunnel), "-e",
         "inject=all:delay_exit=600000000"])
    try:
        lab.wait_until(lambda: pid1.status(tunnel).get("TracerPid") ==
                       str(strace.pid), what="strace")
        init.process.stdin.close()
        init.wait_log("still open after 800 ms")
    finally:
        strace.kill()
        strace.wait()
    # Only now, as a debugger delays the news of a death.
    assert init.wait() == 8


def test_stopped_tunnel_is_continued(start, echo_emulator, port):
    init = start(echo_emulator, "--port", str(port), app=["sleep", "1000"])
    tunnel = tunnel_of(init)
    os.kill(tunnel, signal.SIGSTOP)
    init.wait_log("was stopped; continuing it")
    lab.wait_until(lambda: pid1.state(tunnel) == "S", what="the tunnel")
    assert tunnel_of(init) == tunnel
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_nothing_is_left(start, echo_emulator, port, as_pid1):
    init = start(echo_emulator, "--port", str(port), pid1=as_pid1,
                 app=["sleep", "1000"])
    assert answers(init, port)
    pids = list(init.processes())
    assert len(pids) >= 2
    init.signal(signal.SIGTERM)
    assert init.wait() == 143
    assert all(pid1.state(p) == "?" for p in pids)


def test_killed_init_takes_its_roles_along(start, echo_emulator, port):
    init = start(echo_emulator, "--port", str(port), pid1=False,
                 app=["sleep", "1000"])
    tunnel, app = tunnel_of(init), init.app
    os.kill(init.init, signal.SIGKILL)
    init.wait()
    lab.wait_until(lambda: pid1.state(tunnel) in "?Z", what="tunnel gone")
    lab.kill_quietly(app)


# ------------------------------------------------------------------ isolation


def descriptors(pid):
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
    return found


def test_app_gets_nothing_of_ours(start, echo_emulator, port):
    env = {"CSQL_PROXY_TOKEN": "secret-token", "ORDINARY": "1"}
    init = start(echo_emulator, "--port", str(port), env=env,
                 app=["sleep", "1000"])
    app = init.app
    assert sorted(descriptors(app)) == [0, 1, 2]
    with open(f"/proc/{app}/environ", "rb") as src:
        environ = src.read()
    assert b"ORDINARY=1" in environ
    assert b"secret-token" not in environ
    assert pid1.signal_set(app, "SigBlk") == set()


def test_roles_hold_what_they_need(start, echo_emulator, port):
    reader, writer = os.pipe()
    init = start(echo_emulator, "--port", str(port), app=["sleep", "1000"],
                 pass_fds=[writer])
    assert answers(init, port)
    tunnel = tunnel_of(init)
    pipe = f"pipe:[{os.fstat(writer).st_ino}]"
    os.close(reader)
    os.close(writer)
    for pid in (tunnel, init.init):
        lab.wait_until(lambda: pipe not in descriptors(pid).values(),
                       what="foreign descriptor closed")
    assert descriptors(tunnel)[0] == "/dev/null"
    assert pid1.signal_set(tunnel, "SigBlk") == set()
    assert {1, 2, 3, 13, 15} <= pid1.signal_set(tunnel, "SigIgn")


SPY = """
import os, sys
for pid in (1, *map(int, os.popen("pgrep -x fairlead-tunnel").read().split())):
    for name in ("environ", "mem", "maps", "fd"):
        path = f"/proc/{pid}/{name}"
        try:
            os.listdir(path) if name == "fd" else open(path, "rb").read(1)
            print("open:", path, flush=True)
        except OSError as e:
            print("closed:", name, flush=True)
"""


def test_app_of_the_same_user_cannot_look_inside(start, echo_emulator, port):
    if os.geteuid() != 0:
        pytest.skip("machine: changing the user needs root")
    drop = ["setpriv", "--reuid", "65534", "--regid", "65534",
            "--clear-groups"]
    init = start(echo_emulator, "--port", str(port), wrapper=drop,
                 app=["sh", "-c", f"read x; exec {lab.PYTHON} -c '{SPY}'"],
                 stdin=subprocess.PIPE)
    tunnel_of(init)
    init.process.stdin.close()
    assert init.wait() == 0
    assert init.log().count("closed:") == 8
    assert "open:" not in init.log()


def can_dump(pid):
    """The files of a process that leaves no core are root's, not its own."""
    own = int(pid1.status(pid)["Uid"].split()[1])
    return os.stat(f"/proc/{pid}/stat").st_uid == own


def core_limits(pid):
    with open(f"/proc/{pid}/limits") as src:
        line = next(line for line in src if line.startswith("Max core file"))
    return line.split()[4:6]


def test_no_core_of_a_process_with_secrets(start, echo_emulator, port,
                                           tmp_path_factory):
    """Not as root, whose files look the same either way, and without a user
    of the tunnel's own: a change of the user forbids cores by itself."""
    drop = ["setpriv", "--reuid", "65534", "--regid", "65534",
            "--clear-groups"] if os.geteuid() == 0 else []
    echo_emulator.metadata("token", silence=60)
    readable = tmp_path_factory.mktemp("ca")
    for part in (readable, readable.parent, readable.parent.parent):
        os.chmod(part, 0o755)
    shutil.copy(echo_emulator.ca_file, readable / "ca.pem")
    os.chmod(readable / "ca.pem", 0o644)
    init = start(echo_emulator, "--ca-file", f"{readable}/ca.pem",
                 "--port", str(port), wrapper=drop, app=["sleep", "1000"])
    tunnel = tunnel_of(init)
    fetcher = lab.wait_until(lambda: init.role("fairlead-fetch"),
                             what="a fetcher")
    for pid in (init.init, tunnel, fetcher):
        lab.wait_until(lambda pid=pid: not can_dump(pid), what="no core")
    for pid in (tunnel, fetcher):
        lab.wait_until(lambda pid=pid: core_limits(pid) == ["0", "0"],
                       what="a limit for cores")


def test_idle_means_asleep(start, echo_emulator, port):
    init = start(echo_emulator, "--port", str(port), app=["sleep", "1000"])
    assert answers(init, port)
    tunnel = tunnel_of(init)
    lab.wait_until(lambda: not init.role("fairlead-fetch"), what="quiet")
    time.sleep(0.5)

    def wakeups():
        return [pid1.status(pid)["voluntary_ctxt_switches"]
                for pid in (init.init, tunnel)]

    before = wakeups()
    time.sleep(1.5)
    assert wakeups() == before


def test_relative_paths_work_after_leaving_the_directory(start,
                                                         echo_emulator, port):
    """Init goes to /, its later fetchers still find a relative --ca-file."""
    folder = os.path.dirname(echo_emulator.ca_file)
    init = pid1.Init("--sqladmin-api-endpoint", echo_emulator.api_url,
                     "--ca-file", os.path.basename(echo_emulator.ca_file),
                     "--port", str(port), echo_emulator.name,
                     "--", "sleep", "1000", env=echo_emulator.env(),
                     cwd=folder)
    try:
        assert answers(init, port), init.log()
        os.kill(tunnel_of(init), signal.SIGKILL)
        assert answers(init, port), init.log()
    finally:
        print(re.sub("^", "-- ", init.log()))
        init.close()
