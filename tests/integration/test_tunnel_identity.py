"""Whom the tunnel trusts, and what it does without a good identity."""

import os
import re
import signal
import socket
import time

import lab
import pid1
import pytest
from dripper import Dripper
from echo import ask

REFUSED = {
    "wrong-cn": 'certificate had CN ".*", expected "my-project:orders"',
    "wrong-both": "certificate",
    "no-name": "certificate",
    "wrong-ca": "certificate",
    "forged-ca": "certificate",
    "not-a-ca": "certificate",
    "expired": "expired",
    "not-yet-valid": "not yet valid",
    "client-auth": "certificate",
}
ACCEPTED = ["cn", "san", "san-dot", "both", "wrong-san", "intermediate",
            "no-eku"]


def connect(proxy):
    return socket.create_connection((proxy.host, proxy.port), lab.PATIENCE)


def refused(proxy, data=b"secret of the client"):
    """A client that speaks first is turned away without an answer."""
    with connect(proxy) as sock:
        try:
            sock.sendall(data)
            return sock.recv(100) == b""
        except (ConnectionResetError, BrokenPipeError):
            return True


def served(proxy):
    with connect(proxy) as sock:
        try:
            return ask(sock) == b"ping"
        except (AssertionError, OSError):
            return False


@pytest.fixture
def start(echo_emulator, start_fairlead):
    def start_listening(*options):
        proxy = start_fairlead(echo_emulator, *options)
        proxy.wait_log("Listening on")
        return proxy
    return start_listening


@pytest.fixture
def proxy(start):
    return start()


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_server_certificate_refused(echo_emulator, start, kind):
    echo_emulator.set(server_cert=kind)
    proxy = start()
    assert refused(proxy)
    line = proxy.wait_log("failed to connect to instance: (.*)")[1]
    assert re.search(REFUSED[kind], line), line
    echo_emulator.wait_count("close")
    assert echo_emulator.count("first-bytes") == 0
    assert all(e["up"] == 0 for e in echo_emulator.log("close"))


@pytest.mark.parametrize("kind", ACCEPTED)
def test_server_certificate_accepted(echo_emulator, start, kind):
    echo_emulator.set(server_cert=kind)
    proxy = start()
    assert served(proxy), proxy.log()


def test_server_that_knows_no_newer_tls(echo_emulator, proxy):
    echo_emulator.set(tls="1.2")
    assert refused(proxy)
    proxy.wait_log("failed to connect to instance: .*tls")
    assert echo_emulator.count("first-bytes") == 0


def test_client_certificate_refused(echo_emulator, proxy):
    """The alert comes after our handshake: it must not look like a close,
    and the next dial has a new certificate."""
    assert served(proxy)
    issued = echo_emulator.count("api.generateEphemeralCert")
    echo_emulator.set(clients="refuse")
    assert refused(proxy)
    proxy.wait_log("failed to connect to instance: the server refused the "
                   "ephemeral certificate: remote error: tls: ")
    echo_emulator.wait_count("api.generateEphemeralCert", issued + 1)
    echo_emulator.set(clients="accept")
    assert served(proxy)


def trusts_new_certificates_only(emulator, client_ca=1):
    """What an alert of the server's says about the one we have."""
    emulator.set(client_ca=client_ca)


@pytest.mark.parametrize("size", [4, 16000])
def test_refused_certificate_costs_the_client_nothing(echo_emulator, proxy,
                                                      size):
    """A client that speaks first: its bytes go to the second server too."""
    assert served(proxy)
    trusts_new_certificates_only(echo_emulator)
    data = b"x" * (size - 1) + b"!"
    with connect(proxy) as sock:
        sock.sendall(data)
        got = b""
        while len(got) < size:
            got += sock.recv(65536) or pytest.fail(proxy.log())
        assert got == data
        assert ask(sock) == b"ping"
    assert "trying once more with a new ephemeral certificate: remote " \
           "error: tls: " in proxy.log()
    assert "failed to connect" not in proxy.log()


def test_refused_certificate_of_a_silent_client(echo_emulator, proxy):
    """One that waits for the server's greeting, as with MySQL."""
    assert served(proxy)
    trusts_new_certificates_only(echo_emulator)
    with connect(proxy) as sock:
        proxy.wait_log("trying once more")
        assert ask(sock) == b"ping"


def test_bytes_too_many_to_be_sent_again(echo_emulator, proxy):
    """Part of them must never be taken for the whole."""
    assert served(proxy)
    trusts_new_certificates_only(echo_emulator)
    echo_emulator.set(judge_after=20_000)
    assert refused(proxy, b"x" * 200_000)
    proxy.wait_log("the server refused the ephemeral certificate")
    assert "trying once more" not in proxy.log()
    assert all(e["up"] == 0 for e in echo_emulator.log("close")[1:])


def test_refused_twice(echo_emulator, proxy):
    """Once more means once."""
    assert served(proxy)
    echo_emulator.set(clients="refuse")
    assert refused(proxy)
    proxy.wait_log("the server refused the ephemeral certificate")
    assert proxy.log().count("trying once more") == 1


def test_new_server_authority(echo_emulator, proxy):
    """The certificate that we do not trust yet is read about at once."""
    assert served(proxy)
    echo_emulator.set(server_ca=1, published_cas=[1])
    assert served(proxy), proxy.log()
    assert "failed to connect" not in proxy.log()


def test_expired_client_certificate(echo_emulator, start):
    """A certificate that is too old when it comes: our clock is wrong, or
    theirs."""
    echo_emulator.set(cert_lifetime=-60)
    proxy = start()
    assert refused(proxy)
    proxy.wait_log("clock")


def test_reconnect_loop_does_not_use_up_the_quota(echo_emulator, proxy):
    echo_emulator.set(server_cert="wrong-cn")
    for _ in range(60):
        assert refused(proxy)
    assert echo_emulator.count("api.generateEphemeralCert") <= 2
    assert echo_emulator.count("api.connectSettings") <= 2


def test_instance_that_nobody_answers_at(echo_emulator, proxy):
    echo_emulator.set(connect="refuse")
    assert refused(proxy)
    proxy.wait_log(r"failed to connect to instance: .*127\.\d+\.\d+\.\d+ "
                   r"port 3307: .*refused")
    echo_emulator.set(connect="accept")
    assert served(proxy)


def test_server_port(start):
    """Another port than the server-side proxies' own."""
    proxy = start("--server-port", "1")
    assert refused(proxy)
    proxy.wait_log(r"failed to connect to instance: .*127\.\d+\.\d+\.\d+ "
                   r"port 1: .*refused")


def test_instance_that_resets(echo_emulator, proxy):
    echo_emulator.set(connect="reset")
    assert refused(proxy)
    proxy.wait_log("failed to connect to instance: .*")
    echo_emulator.set(connect="accept")
    assert served(proxy)


def test_instance_that_keeps_silent(echo_emulator, start):
    proxy = start("--dial-timeout", "1s")
    lab.wait_until(lambda: served(proxy), what="the identity")
    echo_emulator.set(connect="silent")
    assert refused(proxy)
    proxy.wait_log("failed to connect to instance: .*timed out")


def test_handshake_that_never_gets_done(echo_emulator, start):
    """A byte now and then does not put the end of a dial off."""
    proxy = start("--dial-timeout", "2s")
    lab.wait_until(lambda: served(proxy), what="the identity")
    echo_emulator.set(connect="refuse")
    with Dripper(echo_emulator.address, 3307) as dripper:
        lab.wait_until(
            lambda: refused(proxy) and re.search(
                "failed to connect to instance: .*"
                "the TLS handshake timed out", proxy.log()),
            what="the end of the dial")
        assert dripper.sent > 0


def test_instance_that_closes_without_a_word(echo_emulator, proxy):
    echo_emulator.set(clients="close")
    assert refused(proxy)
    proxy.wait_log("instance closed the connection|"
                   "connection aborted|failed to connect")
    echo_emulator.set(clients="accept")
    assert served(proxy)


def test_first_connection_waits_for_the_identity(echo_emulator, start):
    echo_emulator.metadata("token", delay=2)
    proxy = start()
    socks = [connect(proxy) for _ in range(10)]
    for sock in socks:
        assert ask(sock) == b"ping"
        sock.close()
    assert echo_emulator.count("api.generateEphemeralCert") == 1


def test_client_that_gives_up_while_it_waits(echo_emulator, start):
    echo_emulator.metadata("token", silence=60)
    proxy = start()
    sock = connect(proxy)
    proxy.wait_log("Accepted connection")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    b"\1\0\0\0\0\0\0\0")
    sock.close()
    proxy.wait_log("client closed the connection")


def test_identity_that_does_not_come(echo_emulator, start):
    echo_emulator.metadata("token", silence=60)
    proxy = start("--dial-timeout", "1s")
    assert refused(proxy)
    proxy.wait_log("failed to connect to instance: .*--dial-timeout")


@pytest.mark.parametrize("status", [403, 404, 429])
def test_api_that_refuses(echo_emulator, start, status):
    """Dials are turned away at once, with the API's reason in the log."""
    echo_emulator.api("connectSettings", status=status)
    proxy = start()
    proxy.wait_log("could not get an ephemeral certificate: .*")
    started = time.monotonic()
    for _ in range(20):
        assert refused(proxy)
    assert time.monotonic() - started < lab.PATIENCE
    assert len(re.findall("failed to connect to instance: ",
                          proxy.log())) == 20
    assert echo_emulator.count("api.connectSettings") <= 3


def test_api_that_recovers(echo_emulator, start):
    echo_emulator.api("connectSettings", status=403, count=1)
    proxy = start()
    proxy.wait_log("could not get an ephemeral certificate: .*")
    assert refused(proxy)
    lab.wait_until(lambda: served(proxy), what="a new question", every=0.3)


def test_good_identity_outlives_a_failing_api(echo_emulator, start):
    """So short a certificate is renewed at once, which fails."""
    echo_emulator.set(cert_lifetime=200)
    echo_emulator.api("connectSettings", status=403, after=1)
    proxy = start()
    proxy.wait_log("could not get an ephemeral certificate: .*")
    for _ in range(5):
        assert served(proxy)


def test_refresh_keeps_the_key(echo_emulator, start):
    """The second certificate is another one, and connections go on."""
    echo_emulator.set(cert_lifetime=100)
    proxy = start()
    with connect(proxy) as first:
        assert ask(first) == b"ping"
        echo_emulator.wait_count("api.generateEphemeralCert", 2)
        lab.wait_until(lambda: served(proxy) and len(
            {e["serial"] for e in echo_emulator.log("handshake")}) == 2,
            what="a handshake with the new certificate")
        assert ask(first) == b"ping"


@pytest.fixture(scope="module")
def guarded(echo):
    """Its SOCKS5 proxy wants a password."""
    emulator = lab.Emulator(echo.where, "--proxy-auth", "me:p@ss:word")
    yield emulator.start()
    emulator.stop()


def through(start_fairlead, emulator, auth="", **env):
    where = f"socks5://{auth}{emulator.ready['proxy']}"
    proxy = start_fairlead(emulator, env={"ALL_PROXY": where, **env})
    proxy.wait_log("Listening on")
    return proxy


def led(emulator):
    return [e["target"] for e in emulator.log("proxy")
            if e["op"] == "socks5" and e["status"] == 200]


@pytest.mark.parametrize("auth", ["", "me:p%40ss:word@"])
def test_all_proxy(echo_emulator, guarded, start_fairlead, auth):
    emulator = guarded if auth else echo_emulator
    proxy = through(start_fairlead, emulator, auth)
    before = len(led(emulator))
    assert served(proxy), proxy.log()
    targets = led(emulator)[before:]
    assert targets and all(t.endswith(":3307") for t in targets)


def test_all_proxy_wrong_password(guarded, start_fairlead):
    proxy = through(start_fairlead, guarded, "me:no-pass@")
    assert refused(proxy)
    proxy.wait_log(r"failed to connect to instance: .* port 3307 through the "
                   r"proxy .* \(ALL_PROXY\): it refused the user or the")
    assert "no-pass" not in proxy.log()


def test_all_proxy_by_name(echo_emulator, start_fairlead):
    port = echo_emulator.ready["proxy"].rpartition(":")[2]
    proxy = start_fairlead(echo_emulator,
                           env={"ALL_PROXY": f"socks5://localhost:{port}"})
    proxy.wait_log("Listening on")
    assert served(proxy), proxy.log()
    assert led(echo_emulator)


def test_all_proxy_by_a_name_without_address(echo_emulator, start_fairlead):
    """Only the instances that NO_PROXY does not list suffer from it."""
    where = {"ALL_PROXY": "socks5://me:no-pass@no-such.invalid"}
    proxy = start_fairlead(echo_emulator, env=where)
    proxy.wait_log("ALL_PROXY: could not look up no-such.invalid")
    assert refused(proxy)
    proxy.wait_log("could not look up the proxy of ALL_PROXY, no-such.invalid")
    assert "no-pass" not in proxy.log()
    beside = start_fairlead(echo_emulator,
                            env={**where, "NO_PROXY": "127.0.0.0/8"})
    beside.wait_log("Listening on")
    assert served(beside), beside.log()


def test_no_proxy_for_an_instance(echo_emulator, start_fairlead):
    proxy = through(start_fairlead, echo_emulator, NO_PROXY="127.0.0.0/8")
    assert served(proxy), proxy.log()
    assert led(echo_emulator) == []


def test_all_proxy_of_another_kind(echo_emulator, start_fairlead):
    proxy = start_fairlead(echo_emulator, env={"ALL_PROXY": "http://u:pw@x"})
    proxy.wait_log("ALL_PROXY is no socks5:// proxy")
    assert served(proxy), proxy.log()
    assert "pw@" not in proxy.log()


def test_frozen_for_longer_than_a_certificate(echo_emulator, start):
    """As a container without CPU is: all of it stops. The first connection
    afterwards is served, by a certificate of its own time. It waits for that:
    two short ones before have used what the limiter permits in 30 s."""
    life = 4
    echo_emulator.set(cert_lifetime=life)
    proxy = start("--dial-timeout", "60s")
    lab.wait_until(lambda: served(proxy), what="the first certificate")
    frozen = [proxy.pid, proxy.tunnel()]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Fetchers go on; whatever they got has expired by then, too.
        lab.wait_until(lambda: all(pid1.state(pid) in "TZ?"
                                   for pid in lab.descendants(proxy.pid)),
                       what="fetchers")
        time.sleep(life + 1)
        before = echo_emulator.count("api.generateEphemeralCert")
        echo_emulator.set(cert_lifetime=3600)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    lab.wait_until(lambda: served(proxy), 3 * lab.PATIENCE,
                   what="service after the freeze")
    assert echo_emulator.count("api.generateEphemeralCert") > before
    assert proxy.tunnel() == frozen[1]
