"""A DNS server with the records of a test, and a way to be asked.

The C library asks port 53 of what /etc/resolv.conf names: the server has a
loopback address of its own, and what is started with prefix() sees a
resolv.conf that names it, in a mount namespace of its own.
"""

import os
import random
import socket
import struct
import tempfile
import threading

TYPES = {"A": 1, "CNAME": 5, "TXT": 16, "AAAA": 28}
NXDOMAIN, SERVFAIL = 3, 2


def encode_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def encode_value(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "CNAME":
        return encode_name(value)
    data = value.encode()
    pieces = [data[i:i + 255] for i in range(0, len(data), 255)]
    return b"".join(bytes([len(p)]) + p for p in pieces)


class NameServer:
    """records: {(name, "TXT"): [value...]}; change it at will. broken: every
    answer is SERVFAIL."""

    def __init__(self):
        self.records = {}
        self.broken = False
        self.asked = []
        self.sock = self._bind()
        handle, self.conf = tempfile.mkstemp(prefix="fl-resolv-")
        with os.fdopen(handle, "w") as out:
            out.write(f"nameserver {self.sock.getsockname()[0]}\n"
                      "options timeout:1 attempts:2\n")
        threading.Thread(target=self._serve, daemon=True).start()

    @staticmethod
    def _bind():
        for _ in range(50):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            where = f"127.53.{random.randrange(256)}." \
                    f"{random.randrange(1, 255)}"
            try:
                sock.bind((where, 53))
                return sock
            except OSError:
                sock.close()
        raise AssertionError("no address with a free port 53")

    def prefix(self):
        return ["unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /etc/resolv.conf && exec "$@"', self.conf]

    def _answer(self, query):
        number, = struct.unpack(">H", query[:2])
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind, = struct.unpack(">H", query[at + 1:at + 3])
        question = query[12:at + 5]
        name = ".".join(labels)
        word = {v: k for k, v in TYPES.items()}.get(kind, str(kind))
        self.asked.append((name, word))
        values = self.records.get((name, word), [])
        known = any(n == name for n, _ in self.records)
        code = SERVFAIL if self.broken else 0 if known else NXDOMAIN
        out = struct.pack(">HHHHHH", number, 0x8180 | code, 1,
                          0 if code else len(values), 0, 0) + question
        for value in [] if code else values:
            data = encode_value(word, value)
            out += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 30,
                                             len(data)) + data
        return out

    def _serve(self):
        while True:
            try:
                query, peer = self.sock.recvfrom(4096)
                self.sock.sendto(self._answer(query), peer)
            except OSError:
                return
            except (IndexError, struct.error, UnicodeDecodeError):
                continue

    def close(self):
        self.sock.close()
        os.unlink(self.conf)
