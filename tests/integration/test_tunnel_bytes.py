"""The relay, byte by byte: an echo behind the emulator."""

import os
import random
import resource
import socket
import threading

import lab
import pytest
from echo import ask, receive


@pytest.fixture
def proxy(echo_emulator, start_fairlead):
    return start_fairlead(echo_emulator, "--debug-logs").wait_listening()


def connect(proxy):
    sock = socket.create_connection((proxy.host, proxy.port), lab.PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def rest_of(sock):
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def round_trip(proxy, size, pieces=65536):
    """Sends size random bytes in pieces while it receives them."""
    data = random.randbytes(size)
    with connect(proxy) as sock:
        def send():
            for at in range(0, size, pieces):
                sock.sendall(data[at:at + pieces])
            sock.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        got = rest_of(sock)
        sender.join()
    assert got == data + b"total %d" % size


def test_echo(proxy):
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"


@pytest.mark.parametrize("size", [1, 16383, 16384, 16385, 65536, 1000003])
def test_sizes(proxy, size):
    round_trip(proxy, size)


def test_one_byte_at_a_time(proxy):
    with connect(proxy) as sock:
        for i in range(256):
            assert ask(sock, bytes([i])) == bytes([i])


@pytest.mark.parametrize("setting", [
    {"drip": 1},
    {"drip": 7, "record_size": 100},
    {"record_size": 1},
    {"key_update_after": 10000},
    {"groups": "P-256"},
    {"suites": "TLS_AES_128_GCM_SHA256"},
    {"suites": "TLS_AES_256_GCM_SHA384"},
    {"suites": "TLS_CHACHA20_POLY1305_SHA256"},
    {"tickets": 0},
    {"tickets": 5},
    {"server_key": "p256"},
    {"server_key": "p384"},
    {"server_key": "rsa4096"},
], ids=str)
def test_servers_of_many_kinds(echo_emulator, proxy, setting):
    echo_emulator.set(**setting)
    slow = setting.get("drip") == 1 or setting.get("record_size") == 1
    round_trip(proxy, 3000 if slow else 300000)


def test_client_closes_its_half_first(proxy):
    """The answer to what was sent before still arrives, whole."""
    with connect(proxy) as sock:
        sock.sendall(b"x" * 100000)
        sock.shutdown(socket.SHUT_WR)
        assert rest_of(sock) == b"x" * 100000 + b"total 100000"
    proxy.wait_log(r"client closed the connection")


def test_server_closes_its_half_first(echo_emulator, start_fairlead):
    """What the client sends after that still reaches the server."""
    got = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        sock, _ = listener.accept()
        with sock:
            sock.sendall(b"hello")
            sock.shutdown(socket.SHUT_WR)
            got.append(rest_of(sock))

    server = threading.Thread(target=serve)
    server.start()
    echo_emulator.set(backend="%s:%d" % listener.getsockname())
    proxy = start_fairlead(echo_emulator)
    proxy.wait_log("Listening on")
    with connect(proxy) as sock:
        assert rest_of(sock) == b"hello"
        sock.sendall(b"y" * 200000)
        sock.shutdown(socket.SHUT_WR)
        server.join(lab.PATIENCE)
    listener.close()
    assert got == [b"y" * 200000]
    proxy.wait_log(r"instance closed the connection")


def test_client_that_sends_and_goes(echo_emulator, proxy):
    """As a PostgreSQL cancel request does: the bytes must arrive."""
    with connect(proxy) as sock:
        sock.sendall(b"cancel")
    lab.wait_until(lambda: [e for e in echo_emulator.log("close")
                            if e["up"] == 6], what="the bytes")


def test_client_that_sends_and_goes_while_the_identity_is_fetched(
        echo_emulator, start_fairlead):
    echo_emulator.metadata("token", delay=1)
    proxy = start_fairlead(echo_emulator).wait_listening()
    with connect(proxy) as sock:
        sock.sendall(b"cancel")
    lab.wait_until(lambda: [e for e in echo_emulator.log("close")
                            if e["up"] == 6], what="the bytes")


def test_reset_by_the_client_reaches_the_server(echo_emulator, proxy):
    sock = connect(proxy)
    assert ask(sock) == b"ping"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    b"\1\0\0\0\0\0\0\0")
    sock.close()
    proxy.wait_log(r"connection aborted - error reading from client: .*reset")
    lab.wait_until(lambda: [e for e in echo_emulator.log("close")
                            if "reset" in e["reason"]], what="the reset")


def test_reset_by_the_server_reaches_the_client(echo_emulator, proxy):
    """As an error or, behind an answer that is on its way, as an end."""
    echo_emulator.set(reset_after=50000)
    with connect(proxy) as sock, pytest.raises((OSError, AssertionError)):
        while True:
            ask(sock, b"x" * 1000)
    proxy.wait_log(r"connection aborted - error (reading from|writing to) "
                   r"instance: .*reset")


def test_end_of_file_without_close_notify(echo_emulator, proxy):
    """What came before is delivered; the end is not hidden."""
    echo_emulator.set(cut_after=8)
    with connect(proxy) as sock:
        sock.sendall(b"ping")
        got = rest_of(sock)
        assert b"ping".startswith(got)
    proxy.wait_log(r"instance closed the connection")


def test_killed_server_connections(echo_emulator, proxy):
    socks = [connect(proxy) for _ in range(5)]
    for sock in socks:
        assert ask(sock) == b"ping"
    echo_emulator.cut()
    for sock in socks:
        try:
            assert sock.recv(10) == b""
        except ConnectionResetError:
            pass
        sock.close()
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"


def test_many_connections_at_once(proxy):
    socks = [connect(proxy) for _ in range(200)]
    for i, sock in enumerate(socks):
        sock.sendall(b"%04d" % i)
    for i, sock in enumerate(socks):
        assert receive(sock, 4) == b"%04d" % i
    for sock in socks:
        sock.close()


def test_max_connections(echo_emulator, start_fairlead):
    proxy = start_fairlead(echo_emulator, "--max-connections", 2)
    proxy.wait_log("Listening on")
    socks = [connect(proxy) for _ in range(2)]
    for sock in socks:
        assert ask(sock) == b"ping"
    with connect(proxy) as third:
        try:
            assert third.recv(1) == b""
        except ConnectionResetError:
            pass
    proxy.wait_log(r"max connections \(2\) exceeded, refusing new connection")
    socks.pop().close()

    def served():
        with connect(proxy) as sock:
            try:
                return ask(sock) == b"ping"
            except (AssertionError, OSError):
                return False
    lab.wait_until(served, what="a free place")
    socks.pop().close()


def test_few_descriptors(echo_emulator, start_fairlead):
    """More clients than descriptors: they wait, and all are served."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    proxy = start_fairlead(echo_emulator, preexec_fn=limit)
    proxy.wait_log("Listening on")
    socks = [connect(proxy) for _ in range(40)]
    for sock in socks:
        assert ask(sock) == b"ping"
        sock.close()
    assert proxy.running()
    assert "all 15 connections are in use" in proxy.log()


def test_nothing_is_left_open(echo_emulator, proxy):
    def descriptors():
        return len(os.listdir(f"/proc/{proxy.tunnel()}/fd"))
    with connect(proxy) as sock:
        assert ask(sock) == b"ping"
    lab.wait_until(lambda: echo_emulator.counts()["open"] == 0,
                   what="the close")
    before = descriptors()
    for _ in range(30):
        with connect(proxy) as sock:
            assert ask(sock) == b"ping"
    lab.wait_until(lambda: echo_emulator.counts()["open"] == 0,
                   what="the closes")
    lab.wait_until(lambda: descriptors() <= before, what="the descriptors")
