"""Instances that are given by a DNS name."""

import socket

import lab
import pytest
from echo import ask
from nameserver import NameServer

DOMAIN = "db.example.com"
GOOGLES = "0123456789ab.fedcba987654.us-central1.sql.goog"


@pytest.fixture
def names():
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def start(echo_emulator, start_fairlead, names):
    def start_named(*options, domain=DOMAIN):
        return start_fairlead(echo_emulator, *options, instances=[domain],
                              prefix=names.prefix()).wait_listening()
    return start_named


def connect(proxy):
    return socket.create_connection((proxy.host, proxy.port), lab.PATIENCE)


def served(proxy):
    with connect(proxy) as sock:
        try:
            return ask(sock) == b"ping"
        except (AssertionError, OSError):
            return False


def failure(proxy):
    return proxy.wait_log("could not get an ephemeral certificate: (.*)")[1]


def test_txt_record(echo_emulator, start, names):
    """Of several the first in the alphabet that is a connection name."""
    names.records[DOMAIN, "TXT"] = ["v=spf1", "z:z:z", echo_emulator.name]
    assert served(start())


def test_server_name_is_the_domain(echo_emulator, start, names):
    names.records[DOMAIN, "TXT"] = [echo_emulator.name]
    echo_emulator.set(server_cert="san", dns_name=DOMAIN)
    assert served(start())
    assert echo_emulator.log("handshake")[0]["sni"] == DOMAIN


def test_cname_records(echo_emulator, start, names):
    names.records[DOMAIN, "CNAME"] = ["one.example.com"]
    names.records["one.example.com", "CNAME"] = ["two.example.com."]
    names.records["two.example.com", "TXT"] = [echo_emulator.name]
    assert served(start())


def test_circle_of_cname_records(start, names):
    names.records[DOMAIN, "CNAME"] = ["one.example.com"]
    names.records["one.example.com", "CNAME"] = [DOMAIN]
    assert "cname lookup limit exceeded" in failure(start())


def test_no_record(start, names):
    line = failure(start())
    assert f'no DNS record found for "{DOMAIN}"' in line
    assert "TXT record with a connection name" in line


def test_googles_own_name(echo_emulator, start, names):
    """The API knows which instance that is; it is not looked up again."""
    echo_emulator.set(dns_name=GOOGLES + ".")
    proxy = start("--failover-period", "100ms", domain=GOOGLES)
    assert served(proxy)
    assert echo_emulator.count("api.resolveConnectSettings") == 1
    assert not [n for n, kind in names.asked if kind == "TXT"]


def test_address_of_the_domain_goes_first(echo_emulator, start, names):
    """The address that the API reports is one where nobody listens."""
    names.records[DOMAIN, "TXT"] = [echo_emulator.name]
    names.records[DOMAIN, "A"] = [echo_emulator.address]
    echo_emulator.set(ip_addresses=[
        {"type": "PRIMARY", "ipAddress": "127.99.99.99"}])
    assert served(start())


@pytest.fixture
def second(start_emulator, echo_emulator):
    """Where connections would go, if the name's new instance were another
    project's: the API of the first does not know it."""
    return "my-project:us-central1:elsewhere"


def test_name_that_leads_elsewhere(echo_emulator, start, names, second):
    names.records[DOMAIN, "TXT"] = [echo_emulator.name]
    proxy = start("--failover-period", "200ms")
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"
        names.records[DOMAIN, "TXT"] = [second]
        proxy.wait_log(f"leads to {second} now, no longer to "
                       f"{echo_emulator.name}: closing its connections")
        try:
            assert sock.recv(1) == b""
        except ConnectionResetError:
            pass
    assert "does not exist" in failure(proxy)
    assert not served(proxy)


def test_lookups_that_fail_close_nothing(echo_emulator, start, names):
    names.records[DOMAIN, "TXT"] = [echo_emulator.name]
    proxy = start("--failover-period", "100ms", "--debug-logs")
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"
        names.broken = True
        proxy.wait_log("could not be looked up: .*could not look up")
        names.broken = False
        names.records = {}
        proxy.wait_log("could not be looked up: .*no DNS record")
        assert ask(sock) == b"ping"
    names.records[DOMAIN, "TXT"] = [echo_emulator.name]
    assert served(proxy)


def test_lookups_are_no_questions_to_the_api(echo_emulator, start, names):
    names.records[DOMAIN, "TXT"] = [echo_emulator.name]
    proxy = start("--failover-period", "50ms")
    assert served(proxy)
    before = len(names.asked)
    lab.wait_until(lambda: len(names.asked) > before + 20, what="20 lookups")
    assert echo_emulator.count("api.connectSettings") == 1
    assert "refreshed too often" not in proxy.log()
    assert served(proxy)
