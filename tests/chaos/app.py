"""The app of the chaos test: it does what it is told to on standard input,
one order per line, and says on a descriptor (its argument) what it did and got.

    zombies N          N children of a process that ends at once
    orphans N MS       N processes that live up to MS ms, without a parent
    keep N             N children that have ended and are not waited for
    straggler KIND     polite, stubborn, stopped or session
    connect PORT       through the tunnel, there and back
    on-term N|ignore   exit code on SIGTERM and SIGINT
    exit N, die N      end, by itself or of a signal

Signals are all blocked and read one by one, so that none is merged with
another here; each is answered by "signal NUMBER CODE VALUE".
"""

import ctypes
import os
import select
import signal
import socket
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
ALL = ctypes.c_uint64(2 ** 64 - 1)
NONE = ctypes.c_uint64(0)
SIGPROCMASK = {"x86_64": 14, "aarch64": 135}[os.uname().machine]
SIGTIMEDWAIT = {"x86_64": 128, "aarch64": 137}[os.uname().machine]
EIGHT = ctypes.c_size_t(8)
OUT = int(sys.argv[1])


def mask(bits):
    libc.syscall(SIGPROCMASK, 2, ctypes.byref(bits), None, EIGHT)


def next_signal():
    """By the system call, because glibc leaves out 32 and 33; and not by a
    signalfd, which some runs deny."""
    info = ctypes.create_string_buffer(128)
    wait = struct.pack("qq", 0, 20_000_000)
    if libc.syscall(SIGTIMEDWAIT, ctypes.byref(ALL), info, wait, EIGHT) <= 0:
        return None
    return info.raw


def say(*words):
    os.write(OUT, (" ".join(map(str, words)) + "\n").encode())


def child(run, *args):
    """A process that must not come back."""
    if os.fork() == 0:
        try:
            run(*args)
        finally:
            os._exit(0)


def crowd(count, run):
    """Processes whose parent has ended."""
    pid = os.fork()
    if pid == 0:
        for n in range(count):
            child(run, n)
        os._exit(0)
    os.waitpid(pid, 0)


def live(n, most):
    """Not as long as each other, and not to the same end."""
    mask(NONE)
    time.sleep((n * 7919 % 1000) / 1000 * most)
    if n % 3 == 0:
        os.kill(os.getpid(), (signal.SIGKILL, signal.SIGTERM,
                              signal.SIGSEGV)[n // 3 % 3])
    os._exit(n % 256)


def straggle(kind):
    if kind == "session":
        os.setsid()
    say("straggler", os.getpid())
    if kind == "stubborn":
        while True:
            time.sleep(1000)
    if kind == "stopped":
        mask(NONE)
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(1000)
    signal.sigwait({signal.SIGTERM})
    time.sleep(0.1)


def connect(port):
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        sock.settimeout(60)
        sock.sendall(b"there and back")
        data = b""
        while len(data) < 14:
            piece = sock.recv(64)
            if not piece:
                break
            data += piece
    say("echoed", data == b"there and back")


class App:
    """What it does with orders and signals."""

    def __init__(self):
        self.on_term = 0

    def order(self, line):
        word, *rest = line.split()
        if word == "zombies":
            crowd(int(rest[0]), lambda n: None)
        elif word == "orphans":
            most = int(rest[1]) / 1000
            crowd(int(rest[0]), lambda n: live(n, most))
        elif word == "keep":
            for _ in range(int(rest[0])):
                child(lambda: None)
        elif word == "straggler":
            child(straggle, rest[0])
        elif word == "connect":
            try:
                connect(int(rest[0]))
            except OSError as err:
                say("error", str(err).replace("\n", " "))
        elif word == "on-term":
            self.on_term = None if rest[0] == "ignore" else int(rest[0])
        elif word == "exit":
            os._exit(int(rest[0]))
        elif word == "die":
            mask(NONE)
            os.kill(os.getpid(), int(rest[0]))
            time.sleep(1000)
        say("done", word)

    def signal(self, info):
        number, _, code = struct.unpack_from("iii", info)
        value = struct.unpack_from("i", info, 24)[0]
        if number == signal.SIGCHLD:
            return
        say("signal", number, code, value)
        if number in (signal.SIGTERM, signal.SIGINT) and \
                self.on_term is not None:
            os._exit(self.on_term)


def main():
    mask(ALL)
    app = App()
    say("up", os.getpid())
    text = b""
    while True:
        info = next_signal()
        if info:
            app.signal(info)
        elif select.select([0], [], [], 0)[0]:
            data = os.read(0, 4096)
            if not data:
                return 0
            text += data
            while b"\n" in text:
                line, _, text = text.partition(b"\n")
                app.order(line.decode())


sys.exit(main())
