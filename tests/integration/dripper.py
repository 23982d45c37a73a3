"""A TLS server that never gets done: one byte of an endless handshake at a
time, so that every wait of its client is a short one."""

import socket
import threading

# The header of the largest record there is; 0.1 s for each byte of it that is
# sent, and so PATIENCE altogether: for ever, to those who wait 2 s in all.
HEADER = b"\x16\x03\x03\x40\x00"
EVERY_SECONDS = 0.1
BYTES = 300


class Dripper:
    """Listens at HOST from the beginning; `with` ends it."""

    def __init__(self, host, port=0):
        self.over = threading.Event()
        self.listener = socket.create_server((host, port))
        self.port = self.listener.getsockname()[1]
        self.sent = 0       # bytes, over all connections
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def _accept(self):
        while not self.over.is_set():
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            thread = threading.Thread(target=self._drip, args=(sock,))
            thread.start()
            self.threads.append(thread)

    def _drip(self, sock):
        with sock:
            for byte in HEADER + bytes(BYTES):
                try:
                    sock.sendall(bytes([byte]))
                except OSError:
                    return
                self.sent += 1
                if self.over.wait(EVERY_SECONDS):
                    return
