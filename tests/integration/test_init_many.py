"""Behaviours of an init that want a number: of system calls to be interrupted
at, clients, starts, restarts. Here it is a small one; see pid1.many."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

import lab
import pid1

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))

import wall_clock  # noqa: E402

as_root = pytest.mark.skipif(os.geteuid() != 0,
                             reason="machine: needs root")


def with_tunnel(emulator, port):
    return ["--sqladmin-api-endpoint", emulator.api_url, "--ca-file",
            emulator.ca_file, "--port", str(port), emulator.name]


# ------------------------------------------------- TERM, wherever init stands


def traced(start, *rules):
    """fairlead as PID 1, and strace as a process beside it."""
    return start("--kill-group", "--", "sleep", "1000", wrapper=[
        "strace", "-D", "-q", "-o", "trace", *rules])


def waits(init):
    """It has started the app and waits for whatever comes."""
    return re.search(r"^poll\(.*, -1$", init.read("trace"), re.M)


def calls_made(init):
    return re.findall(r"^(\w+)\(", init.read("trace"), re.M)


@pytest.mark.product
def test_term_at_every_system_call_of_the_start(start):
    """As PID 1. The signal comes on entry to the call, of all those between
    the one that blocks all signals and the wait for whatever comes."""
    init = traced(start)
    lab.wait_until(lambda: waits(init), what="the end of the start")
    names = calls_made(init)
    calls = [(name, names[:n].count(name) + 1) for n, name in enumerate(names)]
    calls = calls[calls.index(("rt_sigprocmask", 1)) + 1:]
    assert len(calls) > 20
    interrupted = 0
    for name, nth in calls[::pid1.many("CALLS_STEP", 5, 1)]:
        init = traced(start, "-e", f"inject={name}:signal=SIGTERM:when={nth}")

        def missed():
            """It slept less often this time, and waits."""
            return waits(init) and calls_made(init).count(name) < nth

        lab.wait_until(lambda: not init.running() or missed(),
                       what=f"the end by SIGTERM at {name} {nth}")
        if not init.running():
            assert init.wait() == 143, (name, nth)
            interrupted += 1
    assert interrupted


# ------------------------------------------------------------------- limits


@as_root
def test_no_process_for_a_restart(start):
    """The limit of processes is reached when the app is to be started again:
    that is tried until there is room."""
    user = 200000 + os.getpid() % 100000
    init = start("--restart", "always", "--", "sh", "-c",
                 "echo run; read x; exit 1", stdin=subprocess.PIPE, cwd="/",
                 wrapper=["prlimit", "--nproc=3:3", "setpriv", "--reuid",
                          str(user), "--regid", str(user), "--clear-groups"])
    init.wait_log("run")
    others = [subprocess.Popen(["sleep", "1000"], user=user)
              for _ in range(3)]
    try:
        init.process.stdin.write(b"\n")
        init.process.stdin.flush()
        lab.wait_until(lambda: init.log().count("cannot make a process") > 1,
                       what="two attempts")
        assert init.running() and init.log().count("run\n") == 1
    finally:
        for other in others:
            other.kill()
            other.wait()
    lab.wait_until(lambda: init.log().count("run\n") == 2, what="a run")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


@as_root
@pytest.mark.skipif(not wall_clock.possible(), reason="machine: x86-64 only")
@pytest.mark.product
def test_restarts_leave_nothing(start):
    """Init's clock is moved on a minute at a time, so that no pause between
    two runs is waited for."""
    reader, writer = os.pipe()
    init = start("--restart", "always", "--", "sh", "-c", "echo run; exit 1",
                 stdout=writer, stderr=subprocess.DEVNULL)
    os.close(writer)
    clock = wall_clock.of(init.init, time.CLOCK_MONOTONIC)
    now = 0
    os.set_blocking(reader, False)

    def run():
        nonlocal now
        try:
            if os.read(reader, 4):
                return True
        except BlockingIOError:
            pass
        now += 60
        clock.jump(now)
        # Makes it look at its clock, and is nothing else to it.
        os.kill(init.init, signal.SIGCHLD)
        return False

    def state():
        status = pid1.status(init.init)
        return (len(os.listdir(f"/proc/{init.init}/fd")), status["VmSize"],
                status["VmData"])

    def own_kb():
        return int(pid1.status(init.init)["RssAnon"].split()[0])

    with os.fdopen(reader, "rb"):
        for _ in range(20):
            lab.wait_until(run, what="a run", every=0.002)
        before, kb = lab.wait_until(lambda: len(pid1.children(init.init)) == 0
                                    and (state(), own_kb()), what="a pause")
        for _ in range(pid1.many("RESTARTS", 200, 10000)):
            lab.wait_until(run, what="a run", every=0.002)
        lab.wait_until(lambda: state() == before, what=f"again {before}")
        assert own_kb() <= kb + 64      # pages used for the first time
        os.kill(init.init, signal.SIGTERM)
        assert init.wait() == 1


# ------------------------------------------------------------- with a tunnel


def test_every_start_finds_the_port(echo_emulator):
    """The app does nothing but connect, before the tunnel can have begun."""
    port = lab.free_port()
    for _ in range(pid1.many("STARTS", 100, 1000)):
        done = subprocess.run(
            [lab.FAIRLEAD, *with_tunnel(echo_emulator, port), "--", "bash",
             "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
            timeout=lab.PATIENCE, env=lab.clean_env(echo_emulator.env()))
        assert done.returncode == 0, done.stdout


def test_clients_of_a_stopped_tunnel(start, echo_emulator):
    """They connect and speak while tunnel and init are stopped, and are
    answered, all of them, when both go on."""
    port = lab.free_port()
    init = start(*with_tunnel(echo_emulator, port), "--", "sleep", "1000",
                 env=echo_emulator.env())
    tunnel = lab.wait_until(lambda: init.role("fairlead-tunnel"),
                            what="the tunnel")
    os.kill(init.init, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(init.init) == "T", what="init stopped")
    os.kill(tunnel, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(tunnel) == "T", what="tunnel stopped")
    clients = []
    try:
        for n in range(pid1.many("CLIENTS", 50, 500)):
            client = socket.create_connection(("127.0.0.1", port),
                                              lab.PATIENCE)
            clients.append(client)
            client.sendall(b"%08d" % n)
        os.kill(init.init, signal.SIGCONT)
        for n, client in enumerate(clients):
            assert client.recv(8, socket.MSG_WAITALL) == b"%08d" % n
    finally:
        for client in clients:
            client.close()
    assert init.role("fairlead-tunnel") == tunnel
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_app_kills_all_where_init_is_not_pid1(start, echo_emulator):
    """It may kill fairlead, and does: nothing of it is left, and the PID 1
    above it, another fairlead, ends with the signal."""
    port = lab.free_port()
    kill = ("import os, signal, sys\nprint('up', flush=True)\n"
            "sys.stdin.readline()\nos.kill(-1, signal.SIGKILL)\n"
            "print('alone', flush=True)\nsignal.pause()\n")
    init = start("--", lab.FAIRLEAD, *with_tunnel(echo_emulator, port),
                 "--pdeathsig", "KILL", "--", lab.PYTHON, "-c", kill,
                 env=echo_emulator.env(), stdin=subprocess.PIPE)
    init.wait_log(r"(?m)^up$")
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(lab.PATIENCE)
        client.sendall(b"ping")
        assert client.recv(4) == b"ping"
        before = list(init.processes())
        assert len(before) >= 3     # fairlead, its tunnel and its app
        init.process.stdin.write(b"\n")
        init.process.stdin.flush()
        assert init.wait() == 137
        try:
            assert client.recv(4) == b""
        except ConnectionResetError:
            pass
    assert all(pid1.state(pid) == "?" for pid in before)
