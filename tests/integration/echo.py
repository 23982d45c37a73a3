"""A backend for the tests of bytes: it sends back what it gets."""

import socket
import threading


class EchoServer:
    """A backend that sends back what it gets, and at the end of input says
    how much that was: it sees a half-close and answers after it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.where = "%s:%d" % self.listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(sock,),
                             daemon=True).start()

    @staticmethod
    def _echo(sock):
        total = 0
        try:
            while True:
                data = sock.recv(65536)
                if not data:
                    sock.sendall(b"total %d" % total)
                    return
                total += len(data)
                sock.sendall(data)
        except OSError:
            pass
        finally:
            sock.close()

    def close(self):
        self.listener.close()


def ask(sock, data=b"ping"):
    """Sends, and returns as many bytes of the answer."""
    sock.sendall(data)
    return receive(sock, len(data))


def receive(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(65536)
        assert piece, f"end after {len(data)} of {size} bytes"
        data += piece
    return data
