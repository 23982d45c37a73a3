"""Who may connect: --allow-uid, --socket-mode, --socket-owner."""

import os
import socket
import stat
import subprocess

import lab
import pytest
from echo import ask

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="machine: only root may be several "
                                "users")

# Connects as somebody else; prints what came back.
CLIENT = """
import socket, sys
family, where = sys.argv[1], sys.argv[2]
if family == "unix":
    s = socket.socket(socket.AF_UNIX)
    s.connect(where)
else:
    s = socket.create_connection(("127.0.0.1", int(where)), 30)
s.settimeout(30)
try:
    s.sendall(b"ping")
    print(s.recv(100).decode())
except ConnectionError:
    print()
"""


def ask_as(uid, family, where):
    return lab.python_as(uid, CLIENT, family, where)


def test_allow_uid_over_tcp(echo_emulator, start_fairlead):
    proxy = start_fairlead(echo_emulator, "--allow-uid", "12345")
    proxy.wait_log("Listening on")
    assert ask_as(12345, "tcp", proxy.port) == "ping"
    assert ask_as(12346, "tcp", proxy.port) != "ping"
    proxy.wait_log(r"refused 127\.0\.0\.1:\d+: user 12346 may not connect")
    with socket.create_connection((proxy.host, proxy.port), 30) as sock:
        assert ask(sock) == b"ping"


def test_everybody_by_default(echo_emulator, start_fairlead):
    proxy = start_fairlead(echo_emulator)
    proxy.wait_log("Listening on")
    assert ask_as(12346, "tcp", proxy.port) == "ping"


def test_the_apps_user_by_default(echo_emulator, start_fairlead):
    """With --user the app has its connections for itself."""
    proxy = start_fairlead(echo_emulator, "--user", "12345",
                           app=["sleep", "300"])
    proxy.wait_log("Listening on")
    assert ask_as(12345, "tcp", proxy.port) == "ping"
    assert ask_as(12346, "tcp", proxy.port) != "ping"


def test_any_with_an_app(echo_emulator, start_fairlead):
    proxy = start_fairlead(echo_emulator, "--user", "12345", "--allow-uid",
                           "any", app=["sleep", "300"])
    proxy.wait_log("Listening on")
    assert ask_as(12346, "tcp", proxy.port) == "ping"


@pytest.fixture
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("s")
    for part in (path, path.parent, path.parent.parent):
        os.chmod(part, 0o755)
    return path


def test_allow_uid_over_unix(echo_emulator, start_fairlead, folder):
    path = f"{folder}/.s.PGSQL.5432"
    proxy = start_fairlead(
        echo_emulator, "--allow-uid", "12345", port=None,
        instances=[f"{lab.INSTANCE}?unix-socket-path={path}"])
    proxy.wait_log("Listening on")
    assert ask_as(12345, "unix", path) == "ping"
    assert ask_as(12346, "unix", path) != "ping"
    proxy.wait_log("user 12346 may not connect")


def test_socket_mode_and_owner(echo_emulator, start_fairlead, folder):
    path = f"{folder}/db/.s.PGSQL.5432"
    proxy = start_fairlead(
        echo_emulator, "--socket-mode", "600", "--socket-owner", "12345:12347",
        port=None, instances=[f"{lab.INSTANCE}?unix-socket-path={path}"])
    proxy.wait_log("Listening on")
    found = os.stat(path)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (found.st_uid, found.st_gid) == (12345, 12347)
    # In a folder for all, anybody could put a socket of theirs in its place.
    assert stat.S_IMODE(os.stat(f"{folder}/db").st_mode) == 0o755
    assert ask_as(12345, "unix", path) == "ping"
    assert "PermissionError" in ask_as(12346, "unix", path)
