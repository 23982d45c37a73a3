"""The wall clock of a running process, made to jump without touching that of
the machine: for processes that ask the kernel's vDSO, as fairlead does.

    wall_clock.possible()
    clock = wall_clock.of(pid)
    clock.jump(3600)                an hour forward; 0 is the true time again

The code that the kernel lends the process for clock_gettime is replaced, in its
memory alone, by a few instructions that ask the kernel and add a number of
seconds to CLOCK_REALTIME, or to the clock that of() is told. What it forks
afterwards starts with its clock. x86-64 and root only.
"""

import ctypes
import os
import struct
import time

SYMBOL = b"__vdso_clock_gettime"
CODE = bytes.fromhex(
    "b8e4000000"  # mov eax, SYS_clock_gettime
    "0f05"        # syscall
    "83ff00"      # cmp edi, CLOCK_REALTIME
    "750a"        # jne the end
    "488b0d0d000000"  # mov rcx, the number behind the code
    "48010e"      # add [rsi], rcx
    "c3"          # ret
    "9090909090909090" "90")
WHICH = 9  # where the clock stands in it
NUMBER = 32
SEIZE, INTERRUPT, DETACH, PEEKUSER = 0x4206, 0x4207, 17, 3
RIP = 16 * 8  # in struct user
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p,
                        ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def vdso(pid):
    """Where it is in that process: (begin, end), or None."""
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            if line.rstrip().endswith("[vdso]"):
                begin, end = line.split()[0].split("-")
                return int(begin, 16), int(end, 16)
    return None


def symbol(image):
    """The offset of clock_gettime in the vDSO."""
    headers, = struct.unpack_from("<Q", image, 40)
    size, count = struct.unpack_from("<HH", image, 58)
    for i in range(count):
        at = headers + i * size
        kind, = struct.unpack_from("<I", image, at + 4)
        where, length, link = struct.unpack_from("<QQI", image, at + 24)
        if kind != 11:  # SHT_DYNSYM
            continue
        names, = struct.unpack_from("<Q", image, headers + link * size + 24)
        for entry in range(where, where + length, 24):
            name, = struct.unpack_from("<I", image, entry)
            end = image.index(b"\0", names + name)
            if image[names + name:end] == SYMBOL:
                return struct.unpack_from("<Q", image, entry + 8)[0]
    return None


class Clock:
    """One process's."""

    def __init__(self, pid, at, clock):
        self.pid = pid
        self.at = at
        self.code = CODE[:WHICH] + bytes([clock]) + CODE[WHICH + 1:]

    def write(self, offset, data):
        memory = os.open(f"/proc/{self.pid}/mem", os.O_RDWR)
        try:
            os.pwrite(memory, data, self.at + offset)
        finally:
            os.close(memory)

    def is_ours(self):
        with open(f"/proc/{self.pid}/mem", "rb") as memory:
            memory.seek(self.at)
            return memory.read(len(CODE)) == self.code

    def replace(self, begin, end):
        """While it is nowhere in that code. False: try again."""
        if libc.ptrace(SEIZE, self.pid, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
        try:
            libc.ptrace(INTERRUPT, self.pid, None, None)
            os.waitpid(self.pid, WALL)
            ctypes.set_errno(0)
            here = libc.ptrace(PEEKUSER, self.pid, RIP, None) & (2 ** 64 - 1)
            if begin <= here < end:
                return False
            self.write(0, self.code + struct.pack("<q", 0))
            return True
        finally:
            libc.ptrace(DETACH, self.pid, None, None)

    def jump(self, seconds):
        self.write(NUMBER, struct.pack("<q", seconds))


def possible():
    return os.uname().machine == "x86_64" and os.geteuid() == 0 and \
        vdso(os.getpid()) is not None


def of(pid, which=time.CLOCK_REALTIME):
    place = vdso(pid)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(place[0])
        offset = symbol(memory.read(place[1] - place[0]))
    clock = Clock(pid, place[0] + offset, which)
    while not clock.is_ours() and not clock.replace(*place):
        pass
    return clock
