"""A proxy alone: how it starts with a connection test, and how it leaves."""

import re
import signal
import socket
import subprocess

import lab
import pid1
import pytest
from echo import ask


def connect(proxy):
    return socket.create_connection((proxy.host, proxy.port), lab.PATIENCE)


@pytest.fixture
def start(echo_emulator, start_fairlead):
    def start_listening(*options):
        return start_fairlead(echo_emulator, *options).wait_listening()
    return start_listening


def test_serves_on_for_the_min_delay(start):
    """New connections, too."""
    proxy = start("--min-sigterm-delay", "2s")
    with connect(proxy) as old:
        assert ask(old) == b"ping"
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_log("SIGTERM signal received. Shutting down")
        with connect(proxy) as new:
            assert ask(new) == b"ping"
            assert ask(old) == b"ping"
        assert proxy.wait() == 143


def test_max_delay_lets_connections_end(start):
    """New ones are served while old ones are waited for; the last one's end
    is the proxy's."""
    proxy = start("--max-sigterm-delay", "60s")
    with connect(proxy) as old:
        assert ask(old) == b"ping"
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_log("SIGTERM signal received. Shutting down")
        with connect(proxy) as new:
            assert ask(new) == b"ping"
        assert ask(old) == b"ping"
    assert proxy.wait() == 143


def test_max_delay_that_is_over(start):
    proxy = start("--max-sigterm-delay", "300ms")
    with connect(proxy) as old:
        assert ask(old) == b"ping"
        proxy.send_signal(signal.SIGTERM)
        assert proxy.wait() == 1
        assert "1 connection(s) still open after waiting 300ms" in proxy.log()


def test_no_delay(start):
    proxy = start()
    with connect(proxy) as old:
        assert ask(old) == b"ping"
        proxy.send_signal(signal.SIGTERM)
        assert proxy.wait() == 143


@pytest.mark.parametrize("signo, code",
                         [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_exit_zero(start, signo, code):
    proxy = start("--exit-zero-on-sigterm")
    proxy.send_signal(signo)
    assert proxy.wait() == code


def test_third_request_ends_the_delay(start):
    proxy = start("--min-sigterm-delay", "10m")
    for _ in range(3):
        proxy.send_signal(signal.SIGTERM)
        # Two of a kind that are pending are one.
        lab.wait_until(lambda: signal.SIGTERM not in pid1.signal_set(
            proxy.pid, "ShdPnd"), what="the request taken")
    assert proxy.wait() == 143


def test_connection_test_passes(start):
    proxy = start("--run-connection-test")
    proxy.wait_log("Connection test passed")
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"


def test_connection_test_without_tickets(echo_emulator, start):
    """A server that says nothing has taken us as well."""
    echo_emulator.set(tickets=0)
    start("--run-connection-test").wait_log("Connection test passed")


@pytest.mark.parametrize("fault, why", [
    ({"server_cert": "wrong-cn"}, "certificate had CN"),
    ({"clients": "refuse"}, "the server refused the ephemeral certificate"),
    ({"connect": "refuse"}, "refused"),
])
def test_connection_test_fails(echo_emulator, start_fairlead, fault, why):
    echo_emulator.set(**fault)
    proxy = start_fairlead(echo_emulator, "--run-connection-test")
    assert proxy.wait() == 1
    assert why in proxy.log()
    assert "Connection test failed" in proxy.log()


def test_connection_test_is_not_repeated(echo_emulator, start):
    """By a tunnel that has to be started again: a database that is down at
    that time is not a reason to leave."""
    proxy = start("--run-connection-test")
    proxy.wait_log("Connection test passed")
    echo_emulator.set(connect="refuse")
    lab.kill_quietly(proxy.tunnel())
    proxy.wait_log("the tunnel was killed by SIGKILL")
    with connect(proxy) as sock:
        sock.settimeout(lab.PATIENCE)
        try:
            sock.sendall(b"ping")
            assert sock.recv(1) == b""
        except ConnectionError:
            pass
    proxy.wait_log("failed to connect to instance")
    echo_emulator.set(connect="accept")
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"
    assert proxy.log().count("Connection test started") == 1


def test_app_waits_for_the_connection_test(echo_emulator, start_fairlead):
    echo_emulator.set(connect="refuse")
    proxy = start_fairlead(echo_emulator, "--run-connection-test",
                           app=["sh", "-c", "echo app ran"])
    assert proxy.wait() == 1
    assert "app ran" not in proxy.log()


def check(emulator, *options):
    return subprocess.run(
        [lab.FAIRLEAD, "check", "--sqladmin-api-endpoint", emulator.api_url,
         "--ca-file", emulator.ca_file, *options, emulator.name],
        env=lab.clean_env(emulator.env()), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=lab.PATIENCE)


def test_check(echo_emulator, start):
    """Beside a proxy that runs at that port."""
    proxy = start()
    done = check(echo_emulator, "--port", str(proxy.port))
    assert done.returncode == 0, done.stdout
    assert f"[{echo_emulator.name}] connection test passed" in done.stdout


def test_check_that_fails(echo_emulator):
    echo_emulator.api("connectSettings", status=403)
    done = check(echo_emulator)
    assert done.returncode == 1
    assert f"[{echo_emulator.name}] connection test failed: " in done.stdout
    assert "403" in done.stdout


def test_check_goes_through_all(echo_emulator):
    """The first failure is not the end, and nobody is told to come."""
    echo_emulator.api("generateEphemeralCert", delay=1)
    missing = "my-project:us-central1:nowhere"
    done = check(echo_emulator, missing)
    assert done.returncode == 1
    assert f"[{missing}] connection test failed: " in done.stdout
    assert f"[{echo_emulator.name}] connection test passed" in done.stdout
    assert "ready for new connections" not in done.stdout


def test_check_beside_a_running_proxy(echo_emulator):
    """All ports are its own, that of the HTTP server too."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = check(echo_emulator, "--port", port, "--health-check",
                     "--http-port", port, "--quitquitquit", "--admin-port",
                     port)
        assert done.returncode == 0, done.stdout


def test_instance_that_cannot_listen_is_skipped(echo_emulator, start_fairlead):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        proxy = start_fairlead(
            echo_emulator, "--skip-failed-instance-config",
            instances=[f"{echo_emulator.name}?port={port}",
                       echo_emulator.name])
        proxy.wait_log("skipped due to skip-failed-instance-config flag")
        proxy.wait_listening()
        with connect(proxy) as sock:
            assert ask(sock) == b"ping"


def test_skipped_instance_is_out_of_the_way(echo_emulator, start_fairlead):
    """It takes no other port instead, and neither the app nor who asks for
    the start waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        http = lab.free_port()
        skipped = f"{lab.SECOND}?port={port}"
        proxy = start_fairlead(
            echo_emulator, "--skip-failed-instance-config", "--wait-ready",
            "--health-check", "--http-port", str(http),
            instances=[skipped, echo_emulator.name],
            app=[lab.FAIRLEAD, "wait", "--http-port", str(http)])
        assert proxy.wait() == 0
        assert f"[{lab.SECOND}] Listening" not in proxy.log()


def test_skipped_instance_ends_nothing(echo_emulator, start_fairlead):
    echo_emulator.api("connectSettings", status=403)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        proxy = start_fairlead(
            echo_emulator, "--skip-failed-instance-config",
            instances=[f"{lab.SECOND}?port={port}", echo_emulator.name])
        for name in (lab.SECOND, echo_emulator.name):
            proxy.wait_log(re.escape(f"[{name}] could not get an ephemeral"))
        proxy.send_signal(signal.SIGTERM)
        assert proxy.wait() == 143
