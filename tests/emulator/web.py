"""A small HTTP/1.1 server that can answer wrongly on request.

Threads, keep-alive, requests with Content-Length or chunks.  An application
is a function: Request -> Response.  The response carries the fault that
belongs to it; this file only knows how to deliver bytes badly.
"""

import gzip
import http.client
import http.server
import itertools
import json
import socket
import socketserver
import ssl
import struct
import threading
import time
import urllib.parse

MAX_REQUEST_BODY = 1 << 20
IDLE_SECONDS = 120


class Request:
    def __init__(self, method, target, headers, body, peer, connection, nth):
        self.method = method
        self.target = target
        self.path, _, query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query))
        self.headers = headers
        self.body = body
        self.peer = peer
        self.connection = connection    # number of the TCP connection
        self.nth = nth                  # 1 for the first request on it


class Response:
    def __init__(self, status, body=b"", content_type="application/json",
                 headers=None, fault=None):
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers or {}
        self.fault = fault or {}


def json_response(status, value, **how):
    return Response(status, json.dumps(value, indent=1).encode(),
                    "application/json; charset=UTF-8", **how)


REASONS = {400: "invalid", 401: "authError", 403: "notAuthorized",
           404: "instanceDoesNotExist", 409: "conflict",
           429: "rateLimitExceeded", 500: "backendError",
           503: "backendError"}
STATUS_WORDS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED",
                403: "PERMISSION_DENIED", 404: "NOT_FOUND",
                409: "ABORTED", 429: "RESOURCE_EXHAUSTED",
                500: "INTERNAL", 503: "UNAVAILABLE"}


def google_error(status, message=None, reason=None):
    """The error body of Google's JSON APIs."""
    message = message or http.client.responses.get(status, "error")
    reason = reason or REASONS.get(status, "unknown")
    return {"error": {
        "code": status, "message": message,
        "errors": [{"message": message, "domain": "global",
                    "reason": reason}],
        "status": STATUS_WORDS.get(status, "UNKNOWN")}}


HTML = ("<!DOCTYPE html>\n<html lang=en>\n<title>Error {0} ({1})!!1</title>\n"
        "<p><b>{0}.</b> That is an error.\n<p>Your client does not have "
        "permission to get this page from this server.\n</html>\n")


def apply_fault(response, fault, error=google_error):
    """Changes what is said.  How it is said badly comes in deliver()."""
    response.fault = fault
    if "status" in fault:
        response.status = fault["status"]
        response.body = json.dumps(error(
            fault["status"], fault.get("message"),
            fault.get("reason"))).encode()
    if "set" in fault:
        value = json.loads(response.body)
        value.update(fault["set"])
        value = {k: v for k, v in value.items() if v is not None}
        response.body = json.dumps(value).encode()
    if fault.get("html"):
        response.content_type = "text/html; charset=UTF-8"
        response.body = HTML.format(
            response.status,
            http.client.responses.get(response.status, "?")).encode()
    if "body" in fault:
        response.body = fault["body"].encode()
    if "content_type" in fault:
        response.content_type = fault["content_type"]
    if fault.get("broken"):
        response.body = response.body[:len(response.body) // 2]
    if "pad" in fault:
        response.body = (response.body[:-1] + b" " * fault["pad"]
                         + response.body[-1:])
    if "retry_after" in fault:
        response.headers["Retry-After"] = str(fault["retry_after"])
    response.headers.update(fault.get("headers", {}))
    return response


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "fairlead-emulator"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    date = None

    def setup(self):
        self.connection_number = next(self.server.numbers)
        self.nth = 0
        self.clean = True
        wrap = self.server.wrap
        if wrap is not None:
            self.request.settimeout(30)
            self.request = wrap(self.request, self.client_address)
        self.server.track(self.request)
        super().setup()

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass
        try:
            if self.clean and isinstance(self.request, ssl.SSLSocket):
                # Says close_notify; waits but a moment for the answer.
                self.request.settimeout(0.5)
                self.request.unwrap()
        except (OSError, ValueError):
            pass
        self.server.untrack(self.request)
        self.request.close()

    def parse_request(self):
        # A request line that is wrong is answered by the base class.
        self.nth += 1
        return super().parse_request()

    def _read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_REQUEST_BODY:
            raise ValueError("request too large")
        return self.rfile.read(length)

    def _read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline(100).split(b";")[0], 16)
            if len(body) + size > MAX_REQUEST_BODY:
                raise ValueError("request too large")
            body += self.rfile.read(size)
            if size == 0:
                while self.rfile.readline(8192).strip():
                    pass
                return body
            self.rfile.readline(10)

    def _serve(self):
        try:
            body = self._read_body()
        except ValueError as err:
            self.close_connection = True
            self._deliver(json_response(400, google_error(400, str(err))))
            return
        request = Request(self.command, self.path, self.headers, body,
                          "%s:%d" % self.client_address[:2],
                          self.connection_number, self.nth)
        self._deliver(self.server.application(request))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve

    def date_time_string(self, timestamp=None):
        """A fault may lie about the time."""
        return self.date or super().date_time_string(timestamp)

    def _deliver(self, response):
        fault = response.fault
        if self._instead(fault):
            return
        body = response.body
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            # As Google does for whoever says it can read that.
            body = gzip.compress(body, 6)
            response.headers["Content-Encoding"] = "gzip"
        chunk = fault.get("chunked")
        self.date = response.headers.pop("Date", None)
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if chunk:
            self.send_header("Transfer-Encoding", "chunked")
            body = in_chunks(body, 1024 if chunk is True else int(chunk))
        elif fault.get("until_close"):
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(
                len(body) + fault.get("content_length", 0)))
        if fault.get("content_length"):
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self._headers_buffer.append(b"\r\n")
        head = b"".join(self._headers_buffer)
        self._headers_buffer = []
        self._send(head, b"" if self.command == "HEAD" else body, fault)

    def _instead(self, fault):
        """True if the fault was: no response at all."""
        if "delay" in fault:
            time.sleep(fault["delay"])
        if "silence" in fault:
            self.server.stopping.wait(fault["silence"])
        if "silence" in fault or fault.get("close") == "before":
            self.clean = False
            self.close_connection = True
            return True
        return False

    def _send(self, head, body, fault):
        cut = fault.get("close")
        if cut in ("mid-body", "reset"):
            body = body[:len(body) // 2]
            self.close_connection = True
            self.clean = False
        if "drip" in fault:
            for byte in head + body:
                self.wfile.write(bytes([byte]))
                time.sleep(fault["drip"])
        else:
            self.wfile.write(head + body)
        self.wfile.flush()
        if cut == "reset":
            reset(self.request)

    def log_message(self, *args):
        pass


def in_chunks(body, size):
    out = []
    for at in range(0, len(body), size):
        piece = body[at:at + size]
        out.append(b"%x\r\n%s\r\n" % (len(piece), piece))
    return b"".join(out) + b"0\r\n\r\n"


def reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass

    def track(self, sock):
        with self.open_lock:
            self.open.add(sock)

    def untrack(self, sock):
        with self.open_lock:
            self.open.discard(sock)


class WebServer:
    """One listener; can be closed and opened again at the same port."""

    def __init__(self, host, port, application, wrap=None):
        self.application = application
        self.wrap = wrap
        self.address = (host, port)
        self._numbers = itertools.count(1)
        self._server = None
        self.open()

    def open(self):
        if self._server:
            return
        server = _Server(self.address, _Handler)
        server.application = self.application
        server.wrap = self.wrap
        server.numbers = self._numbers
        server.stopping = threading.Event()
        server.open = set()
        server.open_lock = threading.Lock()
        self.address = server.server_address
        self._server = server
        threading.Thread(target=server.serve_forever, daemon=True,
                         kwargs={"poll_interval": 0.05}).start()

    def close(self):
        """Stops listening and cuts what is open."""
        server, self._server = self._server, None
        if not server:
            return
        server.stopping.set()
        server.shutdown()
        server.server_close()
        with server.open_lock:
            cut = list(server.open)
        for sock in cut:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def hostport(self):
        host, port = self.address[:2]
        return f"{host}:{port}"
