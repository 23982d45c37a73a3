"""TLS resumption end to end: the server says which sessions it resumed."""

import lab
import pytest
from echo import ask
from test_tunnel_identity import connect, served


def resumed(emulator):
    return [e["resumed"] for e in emulator.log("handshake")]


def talk(proxy):
    """A connection that is over on all sides, with its tickets taken."""
    assert served(proxy), proxy.log()


@pytest.fixture
def start(echo_emulator, start_fairlead):
    def start_listening(*options):
        proxy = start_fairlead(echo_emulator, "--debug-logs", *options)
        proxy.wait_log("Listening on")
        return proxy
    return start_listening


def test_second_connection_is_resumed(echo_emulator, start):
    proxy = start()
    for _ in range(4):
        talk(proxy)
    assert resumed(echo_emulator) == [False, True, True, True]
    proxy.wait_log("resumed a TLS session")


def test_postgres_over_a_resumed_session(emulator, fairlead):
    """The fixture's probe of the port is a connection too, and may shake
    hands beside the first of these: their order is nobody's."""
    for _ in range(3):
        assert lab.psql(fairlead, "select 6 * 7") == "42"
    seen = resumed(emulator)
    assert False in seen and seen.count(True) >= 2


def test_each_ticket_is_used_once(echo_emulator, start):
    """More connections at once than tickets: the others shake hands in
    full."""
    proxy = start()
    talk(proxy)
    socks = [connect(proxy) for _ in range(6)]
    try:
        for sock in socks:
            assert ask(sock) == b"ping"
    finally:
        for sock in socks:
            sock.close()
    counts = resumed(echo_emulator)
    assert counts[0] is False
    assert counts.count(True) >= 2


def test_resumption_off_never_offers(echo_emulator, start):
    proxy = start("--tls-resumption=off")
    for _ in range(3):
        talk(proxy)
    assert resumed(echo_emulator) == [False, False, False]
    assert "resumed" not in proxy.log()


def test_new_certificate_drops_tickets(echo_emulator, start):
    """The server would still take the old ticket: it must not see it."""
    proxy = start()
    talk(proxy)
    talk(proxy)
    issued = echo_emulator.count("api.generateEphemeralCert")
    echo_emulator.set(clients="refuse")     # makes the tunnel ask again
    with connect(proxy) as sock:
        try:
            sock.sendall(b"x")
            sock.recv(100)
        except OSError:
            pass
    echo_emulator.wait_count("api.generateEphemeralCert", issued + 1)
    echo_emulator.set(clients="accept")
    before = len(resumed(echo_emulator))
    for _ in range(2):
        talk(proxy)
    assert resumed(echo_emulator)[before:] == [False, True]
    serials = [e["serial"] for e in echo_emulator.log("handshake")]
    assert serials[0] == serials[1] != serials[-1] == serials[-2]


def test_server_that_declines_costs_nothing(echo_emulator, start):
    """Other keys for its tickets: a full handshake, in one connection."""
    proxy = start()
    talk(proxy)
    echo_emulator.set(tickets=1)    # a new TLS context there
    talk(proxy)
    talk(proxy)
    assert resumed(echo_emulator) == [False, False, True]
    assert echo_emulator.log("handshake-failed") == []
    assert echo_emulator.count("accept") == 3


def test_server_without_tickets(echo_emulator, start):
    echo_emulator.set(tickets=0)
    proxy = start()
    for _ in range(2):
        talk(proxy)
    assert resumed(echo_emulator) == [False, False]


def test_resumed_after_a_retry(echo_emulator, start):
    echo_emulator.set(groups="P-384")
    proxy = start()
    for _ in range(2):
        talk(proxy)
    assert resumed(echo_emulator) == [False, True]
