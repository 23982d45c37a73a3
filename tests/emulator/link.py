"""One connection of the server-side proxy: TLS 1.3 in, bytes to a database.

TLS runs over memory buffers instead of a socket, because that is the only
way in Python to send close_notify and go on reading, which half-close needs,
and because it leaves the bytes on the wire to us: small segments, cuts in
the middle.  A connection owns its thread; its faults were read from the
settings when it began.
"""

import collections
import os
import select
import socket
import ssl
import time

import alloydb
import openssl
import pki
import web

CHUNK = 256 * 1024
RECORD = 16384
HIGH_WATER = 1024 * 1024
HANDSHAKE_SECONDS = 30
MDX_MAGIC = b"CSQLMDEX"
# ServerHello.random of a HelloRetryRequest, RFC 8446 section 4.1.3
RETRY_RANDOM = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
# MetadataExchangeResponse{response_status_code: OK}
MDX_ANSWER = MDX_MAGIC + b"\x00\x00\x00\x02\x08\x01"


class Closed(Exception):
    """The end of a connection; the text says why."""


def connect_backend(where):
    if where.startswith("/"):
        if os.path.isdir(where):
            where = os.path.join(where, ".s.PGSQL.5432")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(10)
        sock.connect(where)
        return sock
    host, _, port = where.rpartition(":")
    sock = socket.create_connection((host.strip("[]"), int(port)), 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def wait_for(seconds, *wanted):
    """poll(), not select(): descriptors may be many.  Returns those ready."""
    poll = select.poll()
    for fd, events in wanted:
        poll.register(fd, events)
    timeout = None if seconds is None else int(seconds * 1000)
    return [fd for fd, _ in poll.poll(timeout)]


class Link:
    """One connection from a client to the database."""

    def __init__(self, plane, sock, peer, number):
        self.plane = plane
        self.sock = sock
        self.number = number
        self.peer = peer
        self.now = plane.instance.settings.instance(plane.instance.name)
        self.backend = None
        self.tls = None
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.wire = collections.deque()     # ciphertext for the client
        self.wire_size = 0
        self.plain = collections.deque()    # plaintext for the backend
        self.plain_size = 0
        self.up = 0                         # bytes of the client relayed
        self.down = 0                       # bytes of the backend relayed
        self.first = None                   # size of the client's first read
        self.updates = 0
        self.retry = False                  # HelloRetryRequest was sent
        self.wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._cut = False
        self.client_open = True             # the client may still send
        self.backend_open = True            # the backend may still send
        self.alloydb = plane.instance.product == "alloydb"
        self.preamble = b"" if self.now["mdx"] and not self.alloydb else None

    def log(self, event, **fields):
        self.plane.journal.add(event, instance=self.plane.instance.name,
                               peer=self.peer, connection=self.number,
                               **fields)

    def cut(self):
        with self.plane.lock:
            self._cut = True
            if self.wake is not None:
                os.eventfd_write(self.wake, 1)

    def run(self):
        self.log("accept")
        rst, why = False, "error"
        try:
            why = self._serve()
        except Closed as err:
            why = str(err)
        except ConnectionResetError:
            why = "peer reset"
        except (OSError, ssl.SSLError, openssl.Unsupported) as err:
            why = f"{type(err).__name__}: {err}"
        finally:
            rst = self._cut or why.startswith("reset")
            self._finish(rst)
            self.log("close", reason=why, up=self.up, down=self.down,
                     first=self.first)
            self.plane.forget(self)

    def _finish(self, rst):
        if rst:
            web.reset(self.sock)
        self.sock.close()
        if self.backend:
            self.backend.close()
        with self.plane.lock:
            os.close(self.wake)
            self.wake = None

    # -- start ------------------------------------------------------------

    def _serve(self):
        if self.now["connect"] == "reset":
            return "reset at once"
        if self.now["connect"] == "silent":
            wait_for(None, (self.wake, select.POLLIN))
            return "silent"
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self._handshake()
        if self.now["clients"] == "close":
            return "closed after the handshake"
        if self.now["iam_only"] and not self._has_login():
            return "no login token"
        if self.alloydb and self.exchange_wanted:
            self._exchange()
        try:
            self.backend = connect_backend(self.now["backend"])
        except OSError as err:
            self._shutdown_tls()
            self._flush_blocking()
            self.log("backend-error", error=str(err))
            return f"backend: {err}"
        self.backend.setblocking(False)
        return self._relay()

    def _handshake(self):
        if self.now["handshake_delay"]:
            time.sleep(self.now["handshake_delay"])
        context = self.plane.context(self.now)
        self.tls = context.wrap_bio(self.incoming, self.outgoing,
                                    server_side=True)
        deadline = time.monotonic() + HANDSHAKE_SECONDS
        wanted = 0
        try:
            while True:
                try:
                    self.tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    if self.outgoing.pending:
                        wanted = self.now["judge_after"] or 0
                    self._flush_blocking()
                    self._receive_blocking(deadline)
                    while self.incoming.pending < wanted:
                        self._receive_blocking(deadline)
        except (ssl.SSLError, OSError, Closed) as err:
            self._flush_blocking()      # the alert
            self.log("handshake-failed", error=str(err))
            raise Closed(f"handshake: {err}") from None
        self._flush_blocking()
        cert = self.tls.getpeercert()
        serial = cert["serialNumber"].lower().lstrip("0")
        if self.alloydb:
            self.exchange_wanted = serial not in \
                self.plane.instance.identity.silent \
                and self.now["mdx_reply"] != "postgres"
        name, version, _ = self.tls.cipher()
        self.log("handshake", serial=serial,
                 not_after=cert["notAfter"], version=version, suite=name,
                 sni=getattr(self.tls, "asked_name", None), retry=self.retry,
                 resumed=self.tls.session_reused)

    def _has_login(self):
        cert = pki.x509.load_der_x509_certificate(self.tls.getpeercert(True))
        return any(e.oid == pki.LOGIN_TOKEN_OID for e in cert.extensions)

    def _exchange(self):
        """AlloyDB: one request, one response, before the database."""
        deadline = time.monotonic() + HANDSHAKE_SECONDS
        size = int.from_bytes(self._read_exactly(4, deadline), "big")
        if size > alloydb.FRAME_MAX:
            raise Closed(f"exchange of {size} bytes")
        reply, seen = alloydb.judge(self.plane.instance,
                                    self._read_exactly(size, deadline))
        self.log("mdx", **seen)
        kind = self.now["mdx_reply"]
        if self.now["mdx_delay"]:
            time.sleep(self.now["mdx_delay"])
        if kind == "silent":
            wait_for(None, (self.wake, select.POLLIN))
            raise Closed("silent")
        for piece in alloydb.answer(kind, reply, self.now):
            if kind != "close":
                self.tls.write(piece)
                self._flush_blocking()
        if kind not in alloydb.GOOD_REPLIES \
                or "refused" in seen:
            self._shutdown_tls()
            self._flush_blocking()
            raise Closed(f"exchange: {seen.get('refused', kind)}")

    def _read_exactly(self, size, deadline):
        data = b""
        while len(data) < size:
            try:
                piece = self.tls.read(size - len(data))
            except ssl.SSLWantReadError:
                self._receive_blocking(deadline)
                continue
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                raise Closed("the exchange was not finished")
            data += piece
        return data

    def _receive_blocking(self, deadline):
        left = max(0, deadline - time.monotonic())
        ready = wait_for(left, (self.sock, select.POLLIN),
                         (self.wake, select.POLLIN))
        if self.sock.fileno() not in ready:
            raise Closed("cut" if ready else "timed out")
        data = self.sock.recv(CHUNK)
        if not data:
            raise Closed("client closed without close_notify")
        self.incoming.write(data)

    def _flush_blocking(self):
        self._collect()
        deadline = time.monotonic() + HANDSHAKE_SECONDS
        while self.wire:
            try:
                self._send_wire()
            except BlockingIOError:
                pass
            if self.wire:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Closed("timed out")
                wait_for(left, (self.sock, select.POLLOUT))

    def _strip_preamble(self, data):
        """Takes the metadata exchange off the client's first bytes.
        Returns what belongs to the database; holds back what may not."""
        data = self.preamble + data
        self.preamble = data
        if not MDX_MAGIC.startswith(data[:8]):
            self.preamble = None
            return data
        size = int.from_bytes(data[8:12], "big")
        if len(data) < 12 or len(data) < 12 + size:
            return b""
        self.log("mdx", request=data[12:12 + size].hex())
        self.tls.write(MDX_ANSWER)
        self.preamble = None
        return data[12 + size:]

    # -- relay ------------------------------------------------------------

    def _relay(self):
        told_backend = told_client = False
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        self._from_client(b"")          # what came with the handshake
        while True:
            if not self.client_open and not self.plain and not told_backend:
                self._half_close_backend()
                told_backend = True
            if not self.backend_open and not self.wire and not told_client:
                self._shutdown_tls()
                told_client = True
            if told_backend and told_client and not self.wire:
                return "done"
            self._watch(poll, self.sock, self._client_interest())
            self._watch(poll, self.backend, self._backend_interest())
            for fd, ready in poll.poll():
                if fd == self.wake:
                    raise Closed("cut")
                self._ready(fd == self.sock.fileno(), ready)

    @staticmethod
    def _watch(poll, sock, want):
        """Out of the poll set when nothing is wanted: a hang-up is always
        reported, and would be so for ever."""
        if want:
            poll.register(sock, want)
        else:
            try:
                poll.unregister(sock)
            except KeyError:
                pass

    def _client_interest(self):
        want = select.POLLOUT if self.wire else 0
        if self.client_open and self.plain_size < HIGH_WATER:
            want |= select.POLLIN
        return want

    def _backend_interest(self):
        want = select.POLLOUT if self.plain else 0
        if self.backend_open and self.wire_size < HIGH_WATER:
            want |= select.POLLIN
        return want

    def _ready(self, is_client, ready):
        broken = ready & (select.POLLERR | select.POLLHUP)
        try:
            if is_client:
                if ready & select.POLLIN or broken:
                    self._read_client()
                if ready & select.POLLOUT:
                    self._send_wire()
            else:
                if self.backend_open and (ready & select.POLLIN or broken):
                    self._read_backend()
                if ready & select.POLLOUT:
                    self._send_plain()
        except BlockingIOError:
            pass

    def _read_client(self):
        data = self.sock.recv(CHUNK)
        if not data and self.client_open:
            raise Closed("client closed without close_notify")
        if not data:
            raise Closed("client gone")
        self._from_client(data)

    def _from_client(self, data):
        if data:
            self.incoming.write(data)
        pieces = []
        try:
            while self.client_open:
                piece = self.tls.read(RECORD)
                if not piece:
                    self.client_open = False    # close_notify
                    self.log("close-notify", up=self.up)
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.client_open = False
            self.log("close-notify", up=self.up)
        self._queue_plain(b"".join(pieces))
        self._collect()                 # KeyUpdate answers, alerts

    def _queue_plain(self, data):
        if self.preamble is not None and data:
            data = self._strip_preamble(data)
        if not data:
            return
        if self.first is None:
            self.first = len(data)
            self.log("first-bytes", size=len(data))
        self.up += len(data)
        self.plain.append(memoryview(data))
        self.plain_size += len(data)
        self._limits()
        try:
            self._send_plain()
        except BlockingIOError:
            pass

    def _send_plain(self):
        while self.plain:
            sent = self.backend.send(self.plain[0])
            self.plain_size -= sent
            rest = self.plain.popleft()[sent:]
            if rest:
                self.plain.appendleft(rest)

    def _read_backend(self):
        data = self.backend.recv(CHUNK)
        if not data:
            self.backend_open = False
            self.log("backend-eof", down=self.down)
            return
        self.down += len(data)
        view, step = memoryview(data), self.now["record_size"] or CHUNK
        while view:
            done = self.tls.write(view[:step])
            view = view[done:]
        self._key_update()
        self._collect()
        try:
            self._send_wire()
        except BlockingIOError:
            pass
        self._limits()

    def _key_update(self):
        step = self.now["key_update_after"]
        if step and self.down // step > self.updates:
            self.updates = self.down // step
            openssl.key_update(self.tls)
            self.log("key-update", down=self.down)

    def _collect(self):
        if self.outgoing.pending:
            data = memoryview(self.outgoing.read())
            if not self.backend and bytes(data[11:43]) == RETRY_RANDOM:
                self.retry = True
            step = self.now["drip"] or len(data)
            for at in range(0, len(data), step):
                self.wire.append(data[at:at + step])
            self.wire_size += len(data)

    def _send_wire(self):
        while self.wire:
            sent = self.sock.send(self.wire[0])
            self.wire_size -= sent
            rest = self.wire.popleft()[sent:]
            if rest:
                self.wire.appendleft(rest)

    def _limits(self):
        total = self.up + self.down
        if self.now["reset_after"] and total >= self.now["reset_after"]:
            raise Closed("reset on request")
        if self.now["cut_after"] and total >= self.now["cut_after"]:
            raise Closed("cut on request")

    def _half_close_backend(self):
        try:
            self.backend.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _shutdown_tls(self):
        """close_notify to the client; reading goes on."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass                        # "want read": said, not answered
        self._collect()
        try:
            self._send_wire()
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            if self.client_open:
                raise
            # It said goodbye and left: nobody misses our answer.
            self.wire.clear()
