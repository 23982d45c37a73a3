"""fairlead as PID 1 of a PID namespace of its own, or as an ordinary process.

    init = pid1.Init("--kill-group", "--", "sleep", "1000")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143
    init.close()

The namespace is made by unshare(1); signals come from outside it, as a
container runtime sends them.
"""

import os
import shutil
import signal
import sys
import tempfile

import lab

# Signal state and descriptors before the exec of fairlead:
# i17 ignores, b10 blocks, ball blocks all 64, c0 closes.
PRE = r"""
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
    signal.signal(number, signal.SIG_DFL)
# glibc's posix_spawn, and so make, leaves its two private signals ignored.
for number in (32, 33):
    libc.syscall(13, number, bytes(32), None, ctypes.c_size_t(8))
words = sys.argv[1:]
while words[0] != "--":
    word = words.pop(0)
    if word == "ball":
        mask = ctypes.c_uint64(2 ** 64 - 1)
        libc.syscall(14, 0, ctypes.byref(mask), None, ctypes.c_size_t(8))
    elif word[0] == "i":
        signal.signal(int(word[1:]), signal.SIG_IGN)
    elif word[0] == "b":
        signal.pthread_sigmask(signal.SIG_BLOCK, [int(word[1:])])
    elif word[0] == "c":
        os.close(int(word[1:]))
os.execv(words[1], words[1:])
"""


def pre(*words):
    """A wrapper that prepares the process that fairlead starts in."""
    return [lab.PYTHON, "-c", PRE, *words, "--"]


# Numbers of system calls: x86-64, arm64. Where the second has none it is -1.
CALLS = {
    "clone": (56, 220), "clone3": (435, 435), "close_range": (436, 436),
    "dup2": (33, -1), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_pwait": (281, 22), "epoll_wait": (232, -1), "eventfd2": (290, 19),
    "fchdir": (81, 50), "fchmodat2": (452, 452), "getpgid": (121, 155),
    "getrandom": (318, 278), "getrlimit": (97, -1), "io_uring_setup":
    (425, 425), "ioctl": (16, 29), "kill": (62, 129),
    "landlock_add_rule": (445, 445), "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446), "madvise": (28, 233),
    "membarrier": (324, 283), "memfd_create": (319, 279), "openat2":
    (437, 437), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424),
    "poll": (7, -1), "ppoll": (271, 73), "prctl": (157, 167),
    "prlimit64": (302, 261), "rseq": (334, 293), "rt_sigqueueinfo":
    (129, 138), "rt_sigprocmask": (14, 135), "rt_sigtimedwait": (128, 137), "seccomp": (317, 277), "setpgid": (109, 154), "setrlimit":
    (160, 164), "setsid": (112, 157), "signalfd4": (289, 74), "statx":
    (332, 291), "timerfd_create": (283, 85), "timerfd_settime": (286, 86),
    "waitid": (247, 95),
}

# Denies system calls by seccomp, as a container's profile does: all that
# follows has to do without, and the app as well.
DENY = r"""
import ctypes, os, struct, sys
number, calls, argv = int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
arch = 0xc000003e if os.uname().machine == "x86_64" else 0xc00000b7
def step(code, k, yes=0, no=0):
    return struct.pack("=HBBI", code, yes, no, k)
program = step(0x20, 4) + step(0x15, arch, 1) + step(6, 0x7fff0000)
program += step(0x20, 0)
for call in map(int, calls):
    program += step(0x15, call, 0, 1) + step(6, 0x50000 | number)
program += step(6, 0x7fff0000)
text = ctypes.create_string_buffer(program, len(program))
head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(text))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(22, 2, head, 0, 0) != 0:
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(argv[0], argv)
"""


def deny(error, *calls):
    """A wrapper that makes system calls fail, by their names."""
    column = 0 if os.uname().machine == "x86_64" else 1
    numbers = [CALLS[name][column] for name in calls]
    return [lab.PYTHON, "-c", DENY, str(error),
            ",".join(str(n) for n in numbers if n >= 0)]


def file(name, text):
    """A wrapper that first writes a file into the working directory."""
    return [lab.PYTHON, "-c", "import os, sys; open(sys.argv[1], 'w').write("
            "sys.argv[2]); os.execv(sys.argv[3], sys.argv[3:])", name, text]


def strace(*rules, log="/dev/null"):
    """A wrapper that delays or refuses system calls, for instance
    "inject=setpgid:delay_enter=500000"."""
    argv = ["strace", "-f", "-q", "-o", log]
    calls = sorted({name for rule in rules
                    for name in rule.split("=")[1].split(":")[0].split(",")})
    argv += ["-e", "trace=" + ",".join(calls), "-e", "signal=none"]
    for rule in rules:
        argv += ["-e", rule]
    return argv


def many(name, few, whole):
    """How often a test does a thing: a few times, or as often as it is told by
    FAIRLEAD_MANY_NAME; with FAIRLEAD_MANY=all the whole number of times, which
    takes long and is for a run by hand."""
    if os.environ.get("FAIRLEAD_MANY") == "all":
        few = whole
    return int(os.environ.get(f"FAIRLEAD_MANY_{name}", few))


def group_takes_values():
    """Linux 6.9 and newer send a signal with a value to a process group."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int(minor)) >= (6, 9)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as src:
            return [int(word) for word in src.read().split()]
    except OSError:
        return []


def status(pid):
    """The fields of /proc/PID/status; none when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as src:
            lines = src.read().splitlines()
    except OSError:
        return {}
    return {k: v.strip() for k, _, v in (x.partition(":") for x in lines)}


def signal_set(pid, field):
    """SigPnd, ShdPnd, SigBlk, SigIgn or SigCgt as a set of numbers."""
    mask = int(status(pid).get(field, "0"), 16)
    return {n for n in range(1, 65) if mask >> (n - 1) & 1}


def state(pid):
    return status(pid).get("State", "?")[0]


def argv_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as src:
            return src.read().split(b"\0")[:-1]
    except OSError:
        return []


class Init(lab.Server):
    """One run. stdout and stderr of all of it are in log(). unshare: more
    options of unshare(1), for PID 1; program: another init, to compare."""

    def __init__(self, *args, pid1=True, wrapper=(), env=None, unshare=(),
                 program=None, **how):
        self.program = program or lab.FAIRLEAD
        self.own = tempfile.mkdtemp(prefix="fl-init-")
        self.namespace = pid1
        argv = [*wrapper, self.program, *args]
        if pid1:
            user = [] if os.geteuid() == 0 else ["--map-root-user"]
            argv = ["unshare", *user, "--pid", "--fork", "--mount-proc",
                    "--kill-child", *unshare, *argv]
        how.setdefault("cwd", self.own)
        super().__init__(argv, os.path.join(self.own, "log"),
                         env=lab.clean_env(env), **how)

    def path(self, name):
        return os.path.join(self.own, name)

    def read(self, name):
        """What the app wrote there; nothing yet is the empty string."""
        try:
            with open(self.path(name), errors="surrogateescape") as src:
                return src.read()
        except FileNotFoundError:
            return ""

    def wait_file(self, name, text=""):
        lab.wait_until(lambda: text in self.read(name) and
                       os.path.exists(self.path(name)),
                       what=f"{text!r} in {name}; the log:\n{self.log()}")

    def _find(self):
        for pid in [self.pid] + lab.descendants(self.pid):
            if self._runs_it(pid):
                return pid
        return None

    def _runs_it(self, pid):
        """None when it is gone. By the file: where the tests run below a
        chroot, the link of a process in its own mount namespace has a
        longer name."""
        try:
            return os.path.samefile(f"/proc/{pid}/exe", self.program)
        except OSError:
            return None

    @property
    def init(self):
        """The pid of fairlead, seen from here."""
        if not getattr(self, "_init", None):
            self._init = lab.wait_until(self._find, what="fairlead's pid")
        return self._init

    @property
    def app(self):
        """The pid of the app: the child of fairlead that runs something
        else."""
        def find():
            for pid in children(self.init):
                if self._runs_it(pid) is False:
                    return pid
            return None
        return lab.wait_until(find, what="the app's pid; the log:\n"
                              + self.log())

    def role(self, name):
        """The pid of "fairlead-tunnel" or "fairlead-fetch", or None."""
        for pid in children(self.init):
            if status(pid).get("Name") == name and state(pid) not in "?Z":
                return pid
        return None

    def signal(self, number):
        """Send it to fairlead and wait until it has been read."""
        os.kill(self.init, number)
        lab.wait_until(lambda: number not in signal_set(self.init, "ShdPnd"),
                       what=f"signal {number} taken")

    def processes(self):
        """Everything below fairlead: {pid: state}."""
        return {pid: state(pid) for pid in lab.descendants(self.init)}

    def close(self):
        try:
            if self.running():
                # With the namespace everything in it goes.
                for pid in lab.descendants(self.pid):
                    lab.kill_quietly(pid)
                self.process.kill()
            self.process.wait()
        finally:
            shutil.rmtree(self.own, ignore_errors=True)


def run(*args, **how):
    """Runs to the end; returns (exit code, log)."""
    init = Init(*args, **how)
    try:
        code = init.wait()
        return code, init.log()
    finally:
        init.close()


if __name__ == "__main__":
    sys.exit("this is a library of the tests")
