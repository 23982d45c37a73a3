"""Rows of the table of faults that have no file of their own;
tests/judge/README.md has the whole table."""

import socket

import lab
from echo import ask


# Turned away at once: whoever speaks so is no client of a database.
NO_ENGINES = b"GET / HTTP/1.1\r\n\r\n"


def connect(proxy):
    return socket.create_connection((proxy.host, proxy.port), lab.PATIENCE)


def served(proxy):
    with connect(proxy) as sock:
        try:
            return ask(sock, NO_ENGINES) == NO_ENGINES
        except (AssertionError, OSError):
            return False


def test_instance_that_moved(echo_emulator, start_fairlead):
    """A dial that fails asks the API again, and finds the new address."""
    echo_emulator.set(ip_addresses=[
        {"type": "PRIMARY", "ipAddress": lab.free_address()}])
    proxy = start_fairlead(echo_emulator)
    echo_emulator.wait_count("api.generateEphemeralCert:200")
    echo_emulator.set(ip_addresses=None)
    assert not served(proxy)
    lab.wait_until(lambda: served(proxy), what="the new address")
    assert echo_emulator.count("api.generateEphemeralCert") == 2


def watched(host, port):
    """How many sockets from or to a port have a keepalive timer running."""
    address = "".join(f"{int(n):02X}" for n in reversed(host.split(".")))
    wanted = f"{address}:{port:04X}"
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return {("from" if row[1] == wanted else "to") for row in rows
            if wanted in (row[1], row[2]) and row[3] == "01"
            and row[5].startswith("02:")}


def test_peers_that_are_gone_are_noticed(echo_emulator, start_fairlead):
    """The kernel probes both legs while nothing is said."""
    proxy = start_fairlead(echo_emulator).wait_listening()
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"
        lab.wait_until(lambda: "from" in watched(proxy.host, proxy.port),
                       what="keepalive towards the client")
        lab.wait_until(lambda: "to" in watched(echo_emulator.address, 3307),
                       what="keepalive towards the instance")
