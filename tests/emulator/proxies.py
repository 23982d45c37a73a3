"""Proxies on the way to Google: HTTP CONNECT and SOCKS5, with or without a
password.  Names of googleapis.com lead to the emulator's API, so that a
client with its own defaults needs nothing but HTTPS_PROXY and our CA.
"""

import base64
import ipaddress
import select
import socket
import socketserver
import struct
import threading


def _exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise OSError("end of stream")
        data += more
    return data


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(30)
        try:
            first = self.request.recv(1, socket.MSG_PEEK)
            if first == b"\x05":
                self._socks()
            elif first:
                self._connect()
        except OSError:
            pass

    def _open(self, kind, host, port, authorized):
        """(a socket or None, HTTP status)"""
        owner = self.server.owner
        fault = owner.settings.fault("proxy", kind)
        status, sock = 200, None
        if owner.auth and not authorized:
            status = 407
        elif fault:
            status = fault.get("status", 502)
        else:
            try:
                sock = socket.create_connection(owner.where(host, port), 10)
            except OSError:
                status = 502
        owner.journal.add("proxy", op=kind, target=f"{host}:{port}",
                          status=status, authorized=authorized)
        return sock, status

    def _connect(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += _exactly(self.request, 1)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        fields = {k.lower(): v.strip() for k, _, v in
                  (line.partition(":") for line in lines[1:] if line)}
        host, _, port = target.rpartition(":")
        given = fields.get("proxy-authorization", "").partition(" ")[2]
        auth = base64.b64decode(given).decode() == self.server.owner.auth
        if method != "CONNECT" or not port.isdigit():
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        sock, status = self._open("connect", host.strip("[]"), int(port),
                                  auth)
        if sock is None:
            self.request.sendall(
                b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
            return
        self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._relay(sock)

    def _socks(self):
        owner = self.server.owner
        _, count = _exactly(self.request, 2)
        methods = _exactly(self.request, count)
        wanted = 2 if owner.auth else 0
        if wanted not in methods:
            self.request.sendall(b"\x05\xff")
            return
        self.request.sendall(bytes([5, wanted]))
        if wanted == 2:
            user = _exactly(self.request, _exactly(self.request, 2)[1])
            word = _exactly(self.request, _exactly(self.request, 1)[0])
            good = f"{user.decode()}:{word.decode()}" == owner.auth
            self.request.sendall(b"\x01" + (b"\0" if good else b"\1"))
            if not good:
                owner.journal.add("proxy", op="socks5", status=407,
                                  target=None, authorized=False)
                return
        _, _, _, kind = _exactly(self.request, 4)
        if kind == 3:
            host = _exactly(self.request,
                            _exactly(self.request, 1)[0]).decode()
        else:
            host = str(ipaddress.ip_address(
                _exactly(self.request, 4 if kind == 1 else 16)))
        port, = struct.unpack("!H", _exactly(self.request, 2))
        sock, _ = self._open("socks5", host, port, True)
        reply = 0 if sock else 5
        self.request.sendall(bytes([5, reply, 0, 3, 1]) + b"x\0\0")
        if sock:
            self._relay(sock)

    def _relay(self, other):
        pair = {self.request: other, other: self.request}
        self.request.settimeout(None)
        other.settimeout(None)
        with other:
            while True:
                for sock in select.select(list(pair), [], [], 120)[0]:
                    data = sock.recv(65536)
                    if not data:
                        return
                    pair[sock].sendall(data)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass


class Proxy:
    """One port for both protocols; auth is "USER:PASSWORD" or empty."""

    def __init__(self, host, port, auth, settings, journal, api):
        self.auth = auth
        self.settings = settings
        self.journal = journal
        self.api = api                  # (host, port) of the API
        self.server = _Server((host, port), _Handler)
        self.server.owner = self
        threading.Thread(target=self.server.serve_forever, daemon=True,
                         kwargs={"poll_interval": 0.05}).start()

    def where(self, host, port):
        if host.rstrip(".").endswith(".googleapis.com") and port == 443:
            return self.api
        return host, port

    @property
    def hostport(self):
        return "%s:%d" % self.server.server_address[:2]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
