"""SIGHUP: instances come and go, the others do not notice."""

import os
import signal
import socket

import lab
import pytest
from echo import ask

ORDERS = "my-project:us-central1:orders"
STOCK = "my-project:us-central1:stock"
USERS = "my-project:us-central1:users"


@pytest.fixture(scope="module")
def _google(echo):
    emulator = lab.Emulator(echo.where, instances=[
        f"{name}?address={lab.free_address()}"
        for name in (ORDERS, STOCK, USERS)])
    yield emulator.start()
    emulator.stop()


@pytest.fixture
def google(_google):
    _google.reset()
    return _google


class Config:
    """A config file, and the ports of the instances that were ever in it."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "fairlead.toml")
        self.ports = {name: lab.free_port() for name in (ORDERS, STOCK, USERS)}
        self.options = ""

    def write(self, *names):
        """By a rename, as Kubernetes' mounts change."""
        with open(self.path + ".new", "w") as out:
            out.write(self.options)
            for n, name in enumerate(names):
                out.write(f'instance-connection-name-{n} = "{name}'
                          f'?port={self.ports[name]}"\n')
        os.rename(self.path + ".new", self.path)


@pytest.fixture
def config(tmp_path):
    return Config(tmp_path)


@pytest.fixture
def run(google, config, start_fairlead):
    def start(*names, options=(), **how):
        config.write(*names)
        proxy = start_fairlead(google, "--config-file", config.path, *options,
                               port=None, instances=[], **how)
        proxy.wait_log("ready for new connections")
        return proxy
    return start


def open_to(config, name):
    return socket.create_connection(("127.0.0.1", config.ports[name]),
                                    lab.PATIENCE)


def served(config, name):
    with open_to(config, name) as sock:
        return ask(sock) == b"ping"


def served_now(config, name):
    """It may still be on its way in, or on its way out."""
    try:
        return served(config, name)
    except (AssertionError, OSError):
        return False


def refused(config, name):
    return not lab.can_connect("127.0.0.1", config.ports[name])


def reload(proxy, config, *names):
    """Returns what the log says of it: (kept, removed, added)."""
    before = proxy.log().count("SIGHUP: instances:")
    config.write(*names)
    proxy.send_signal(signal.SIGHUP)
    lab.wait_until(
        lambda: proxy.log().count("SIGHUP: instances:") > before,
        what="the reload")
    words = [line for line in proxy.log().splitlines()
             if "SIGHUP: instances:" in line][-1].split("instances:")[1]
    return [int(part.split()[0]) for part in words.split(",")]


def test_instances_come_and_go(config, run):
    proxy = run(ORDERS, STOCK)
    tunnel = proxy.tunnel()
    with open_to(config, ORDERS) as kept, open_to(config, STOCK) as old:
        assert ask(kept) == ask(old) == b"ping"
        assert reload(proxy, config, ORDERS, USERS) == [1, 1, 1]
        assert served(config, USERS)
        assert served(config, ORDERS)
        assert refused(config, STOCK)
        # Those of an instance that is gone go on, too.
        assert ask(kept) == ask(old) == b"ping"
    assert proxy.tunnel() == tunnel


def test_what_is_gone_may_come_back(config, run):
    """More often than there are places for instances."""
    proxy = run(ORDERS, STOCK)
    with open_to(config, ORDERS) as kept:
        assert ask(kept) == b"ping"
        for _ in range(20):
            assert reload(proxy, config, ORDERS) == [1, 1, 0]
            assert reload(proxy, config, ORDERS, STOCK, USERS) == [1, 0, 2]
            assert reload(proxy, config, ORDERS, STOCK) == [2, 1, 0]
        assert ask(kept) == b"ping"
    lab.wait_until(lambda: served(config, STOCK), what="the last one back")


def test_place_of_one_with_connections_is_not_taken(config, run):
    proxy = run(ORDERS)
    with open_to(config, ORDERS) as old:
        assert ask(old) == b"ping"
        assert reload(proxy, config, USERS) == [0, 1, 1]
        assert served(config, USERS)
        assert reload(proxy, config, STOCK) == [0, 1, 1]
        assert served(config, STOCK)
        assert ask(old) == b"ping"


def test_another_port(config, run):
    proxy = run(ORDERS, STOCK)
    before = config.ports[ORDERS]
    config.ports[ORDERS] = lab.free_port()
    assert reload(proxy, config, ORDERS, STOCK) == [1, 1, 1]
    assert served(config, ORDERS)
    assert not lab.can_connect("127.0.0.1", before)


def test_ports_change_places(config, run):
    proxy = run(ORDERS, STOCK)
    ports = config.ports
    ports[ORDERS], ports[STOCK] = ports[STOCK], ports[ORDERS]
    assert reload(proxy, config, ORDERS, STOCK) == [0, 2, 2]
    assert served(config, ORDERS) and served(config, STOCK)


@pytest.mark.parametrize("text, words", [
    ("no-such-option = 1\n", "no-such-option"),
    ('instance-connection-name = "nonsense"\n', "nonsense"),
    ("port = [\n", "fairlead.toml"),
])
def test_bad_file_changes_nothing(config, run, text, words):
    proxy = run(ORDERS)
    with open(config.path, "w") as out:
        out.write(text)
    proxy.send_signal(signal.SIGHUP)
    line = proxy.wait_log("SIGHUP: nothing is changed: (.*)")[1]
    assert words in line
    assert served(config, ORDERS)
    assert reload(proxy, config, ORDERS, STOCK) == [1, 0, 1]
    assert served(config, STOCK)


def test_missing_file_changes_nothing(config, run):
    proxy = run(ORDERS)
    os.unlink(config.path)
    proxy.send_signal(signal.SIGHUP)
    proxy.wait_log("SIGHUP: nothing is changed: .*fairlead.toml")
    assert served(config, ORDERS)


def test_port_in_use(config, run):
    """The instance is not served; everything else is."""
    proxy = run(ORDERS)
    with socket.create_server(("127.0.0.1", config.ports[STOCK])):
        assert reload(proxy, config, ORDERS, STOCK, USERS) == [1, 0, 1]
    proxy.wait_log(r"stock\] Unable to mount socket: .*in use")
    assert served(config, ORDERS) and served(config, USERS)
    # It is no part of what runs: the next attempt adds it.
    assert reload(proxy, config, ORDERS, STOCK, USERS) == [2, 0, 1]
    assert served(config, STOCK)


def test_tunnel_that_dies_afterwards(config, run):
    """Its successor has what was reloaded."""
    proxy = run(ORDERS, STOCK)
    assert reload(proxy, config, ORDERS, USERS) == [1, 1, 1]
    tunnel = proxy.tunnel()
    os.kill(tunnel, signal.SIGKILL)
    # The one that dies may still have accepted.
    lab.wait_until(lambda: proxy.tunnel() != tunnel, what="its successor")
    assert served(config, USERS) and served(config, ORDERS)
    assert refused(config, STOCK)
    assert reload(proxy, config, STOCK) == [0, 2, 1]
    assert served(config, STOCK)


def test_unix_sockets(config, run, tmp_path):
    folder = tmp_path / "sockets"
    folder.mkdir()
    config.options = f'unix-socket = "{folder}"\n'
    config.write = lambda *names: open(config.path, "w").write(
        config.options + "".join(
            f'instance-connection-name-{n} = "{name}"\n'
            for n, name in enumerate(names)))
    proxy = run(ORDERS, STOCK)
    assert sorted(os.listdir(folder)) == [ORDERS, STOCK]
    reload(proxy, config, STOCK, USERS)
    # The engine of the new one decides its path.
    lab.wait_until(lambda: (folder / USERS / ".s.PGSQL.5432").exists(),
                   what="the socket")
    assert not (folder / ORDERS / ".s.PGSQL.5432").exists()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(folder / USERS / ".s.PGSQL.5432"))
        assert ask(sock) == b"ping"


def test_an_app_gets_the_signal_too(config, run):
    proxy = run(ORDERS, app=[
        "sh", "-c", "trap 'echo app: hup' HUP; echo up; "
        "while :; do sleep 0.05; done"])
    proxy.wait_log("(?m)^up$")
    assert reload(proxy, config, ORDERS, STOCK) == [1, 0, 1]
    proxy.wait_log("app: hup")
    assert served(config, STOCK)
    assert proxy.running()


def test_metrics_and_status_follow(config, run):
    port = lab.free_port()
    proxy = run(ORDERS, STOCK, options=["--prometheus", "--http-port", port])
    assert reload(proxy, config, STOCK, USERS) == [1, 1, 1]
    assert served(config, USERS)
    with socket.create_connection(("127.0.0.1", port), lab.PATIENCE) as sock:
        sock.sendall(b"GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n")
        text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    assert STOCK in text and USERS in text and ORDERS not in text


def test_many_signals_at_once(config, run):
    """None is lost: what the file says after the last one holds."""
    proxy = run(ORDERS)
    before = proxy.log().count("SIGHUP: instances:")
    for names in [(ORDERS, STOCK), (STOCK,), (USERS,), (ORDERS, USERS)] * 12:
        config.write(*names)
        proxy.send_signal(signal.SIGHUP)
    lab.wait_until(lambda: served_now(config, ORDERS)
                   and served_now(config, USERS) and refused(config, STOCK),
                   what="the last configuration")
    assert proxy.log().count("SIGHUP: instances:") > before


def test_nothing_is_left_open(config, run):
    proxy = run(ORDERS, STOCK)
    places = [proxy.pid, proxy.tunnel()]

    def descriptors():
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in places]

    reload(proxy, config, ORDERS, USERS)
    reload(proxy, config, ORDERS, STOCK)
    lab.wait_until(lambda: served(config, STOCK), what="service")
    lab.wait_until(lambda: set(proxy.children().values())
                   == {"fairlead-tunnel"}, what="quiet")
    before = descriptors()
    for _ in range(25):
        reload(proxy, config, ORDERS, USERS)
        reload(proxy, config, ORDERS, STOCK)
    assert served(config, STOCK)
    lab.wait_until(lambda: set(proxy.children().values())
                   == {"fairlead-tunnel"}, what="quiet")
    # Before, a connection of served() may not have been closed yet.
    lab.wait_until(lambda: all(n <= was for n, was in
                               zip(descriptors(), before)),
                   what=f"descriptors as before, {before}")
    assert proxy.tunnel() == places[1]


def test_new_credentials(google, start_fairlead, tmp_path):
    """They are asked with at once; without a config file, too."""
    path = tmp_path / "key.json"
    path.write_text(open(google.credentials("service_account")).read())
    proxy = start_fairlead(google, "--credentials-file", path,
                           env=google.through_proxy())
    proxy.wait_log("Listening on")
    google.wait_count("api.generateEphemeralCert")
    before = google.count("api.generateEphemeralCert")
    path.write_text(open(google.credentials("authorized_user")).read())
    proxy.send_signal(signal.SIGHUP)
    google.wait_count("api.generateEphemeralCert", before + 1)
    assert proxy.running()


def test_without_files_it_ends_a_proxy(google, start_fairlead):
    proxy = start_fairlead(google)
    proxy.wait_log("Listening on")
    proxy.send_signal(signal.SIGHUP)
    assert proxy.wait() == 128 + signal.SIGHUP
