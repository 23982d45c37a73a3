"""The listeners of the server-side proxies; a connection is in link.py.

A thread accepts for each instance, and each connection gets another one:
straight-line code, and OpenSSL releases the interpreter while it works.
"""

import itertools
import socket
import ssl
import threading
import time

import openssl
from link import Link


def note_name(tls, name, _context):
    tls.asked_name = name


class DataPlane:
    """Listens for one instance, as its settings say at the moment."""

    def __init__(self, instance, journal):
        self.instance = instance
        self.journal = journal
        self.address = (instance.address, instance.port)
        self.lock = threading.Lock()
        self._live = set()
        self._listener = None
        self._contexts = {}
        self._numbers = itertools.count(1)
        self.adjust()
        if self._listener:
            self.instance.port = self.address[1]

    def adjust(self):
        """After every change of settings: listen or not."""
        refuse = self.instance.settings.instance(
            self.instance.name)["connect"] == "refuse"
        if refuse:
            self._close_listener()
        elif self._listener is None:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(self.address)
                sock.listen(1024)
            except OSError:
                sock.close()
                raise
            self.address = sock.getsockname()
            self._listener = sock
            threading.Thread(target=self._accept, args=(sock,),
                             daemon=True).start()

    def _close_listener(self):
        sock, self._listener = self._listener, None
        if sock:
            # shutdown() wakes the thread in accept(); close() would not.
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _accept(self, listener):
        while True:
            try:
                sock, peer = listener.accept()
            except OSError:
                if self._listener is not listener:
                    return
                time.sleep(0.01)
                continue
            link = Link(self, sock, "%s:%d" % peer, next(self._numbers))
            with self.lock:
                self._live.add(link)
            threading.Thread(target=link.run, daemon=True).start()

    def context(self, now):
        """The TLS side of the settings. The trust decides who comes in:
        only this instance's own client authority.  "refuse" trusts another
        one, so that a good certificate meets a real alert, after the
        client's side of the handshake."""
        identity = self.instance.identity
        slot = (self.instance.chain_file(now), now["tls"], now["groups"],
                now["suites"], now["clients"], now["tickets"],
                now["client_ca"])
        with self.lock:
            if slot in self._contexts:
                return self._contexts[slot]
        context = openssl.server_context(*slot[:4])
        if now["clients"] == "refuse":
            trusted = identity.server_authority(99)
        else:
            trusted = identity.client_authority(now["client_ca"])
        context.load_verify_locations(cadata=trusted.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        context.sni_callback = note_name
        if now["tls"] == "1.3":
            context.num_tickets = now["tickets"]
        # The first of those made side by side is the one for all: each has
        # ticket keys of its own.
        with self.lock:
            return self._contexts.setdefault(slot, context)

    def forget(self, link):
        with self.lock:
            self._live.discard(link)

    def live(self):
        with self.lock:
            return len(self._live)

    def cut(self):
        """Ends every open connection, with RST."""
        with self.lock:
            links = list(self._live)
        for link in links:
            link.cut()

    def close(self):
        self._close_listener()
        self.cut()
