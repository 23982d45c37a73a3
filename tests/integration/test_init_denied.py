"""System calls that a profile denies, by seccomp: the app runs, gets its
signals, its orphans are reaped, and its exit code is ours.

What is denied is denied to all below it, with EPERM as old profiles have it,
and with ENOSYS as an old kernel or gVisor would."""

import ctypes
import errno
import os
import re
import signal
import socket
import subprocess

import pytest

import lab
import pid1

# One at a time: what this program uses and can do without, and what programs
# of its kind probe.
SINGLE = [
    "setpgid", "signalfd4", "close_range", "prctl", "getpgid", "madvise",
    "clone3", "pidfd_open", "pidfd_send_signal", "seccomp",
    "landlock_create_ruleset", "epoll_create1", "epoll_pwait",
    "timerfd_create", "eventfd2", "memfd_create", "openat2", "getrandom",
    "statx", "rt_sigqueueinfo", "membarrier", "prlimit64", "rseq",
    "io_uring_setup",
]
USED = ["setpgid", "signalfd4", "close_range", "prctl", "getpgid", "madvise",
        "waitid"]
# The tunnel's loop is made of epoll, and the fetcher's TLS of getrandom.
LOOP = {"epoll_create1", "epoll_pwait", "epoll_ctl", "epoll_wait", "getrandom"}
errors = pytest.mark.parametrize("error", [errno.EPERM, errno.ENOSYS],
                                 ids=["EPERM", "ENOSYS"])

# Says "up" when an orphan of its own is there, and "got" for each USR1.
APP = ("(sh -c 'exit 5' &) ; (sleep 0.1 &) ; trap 'echo got' USR1; "
       "trap 'exit 41' TERM; echo up; while :; do sleep 0.02; done")


def lines_of_ours(init):
    return [x for x in init.log().splitlines() if x not in ("up", "got")]


def only_the_app(init):
    """Nobody below it but the app, and the sleep that it is in."""
    app = init.app
    return all(pid in (app, *pid1.children(app)) or state != "Z" and
               pid1.status(pid).get("PPid") == str(app)
               for pid, state in init.processes().items())


def runs_an_app(start, error, *calls, options=(), as_pid1=True):
    init = start(*options, "--", "sh", "-c", APP, pid1=as_pid1,
                 wrapper=pid1.deny(error, *calls))
    init.wait_log(r"(?m)^up$")
    init.signal(signal.SIGUSR1)
    init.wait_log(r"(?m)^got$")
    lab.wait_until(lambda: only_the_app(init), what="orphans reaped")
    init.signal(signal.SIGTERM)
    assert init.wait() == 41
    return lines_of_ours(init)


def test_the_filter_denies():
    code = "import os; os.open('/', os.O_PATH); os.setpgid(0, 0)"
    done = subprocess.run([*pid1.deny(errno.EPERM, "setpgid"), lab.PYTHON,
                           "-c", code], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "os.setpgid" in done.stderr or "not permitted" in done.stderr


@pytest.mark.parametrize("call,error", [
    *((call, errno.EPERM) for call in SINGLE),
    *((call, errno.ENOSYS) for call in USED), ("waitid", errno.EPERM)])
def test_one_call_denied(start, call, error):
    """At most one line, and none where nothing is lost by it."""
    log = runs_an_app(start, error, call)
    if call == "waitid":  # it cannot know that nobody is left
        assert len(log) <= 1, log
    else:
        assert len(log) == (call == "setpgid"), log


@errors
@pytest.mark.parametrize("call", ["prctl", "setpgid", "signalfd4"])
def test_one_call_denied_where_it_is_not_pid1(start, call, error):
    log = runs_an_app(start, error, call, as_pid1=False)
    assert len(log) == (call != "signalfd4"), log


@errors
@pytest.mark.parametrize("options", [[], ["--kill-group"]],
                         ids=["app", "group"])
def test_all_denied(start, error, as_pid1, options):
    log = runs_an_app(start, error, *SINGLE, options=options, as_pid1=as_pid1)
    assert len(log) == len(set(log)) <= (1 if as_pid1 else 2), log


@errors
def test_session_denied(start, error):
    log = runs_an_app(start, error, "setsid", "ioctl", options=["--session"])
    assert len(log) == 1 and "setsid" in log[0]


@errors
def test_every_signal_with_all_denied(start, error, as_pid1):
    """From the fallback for signalfd."""
    init = start("--", "sleep", "1000", pid1=as_pid1,
                 wrapper=pid1.pre("ball") + pid1.deny(error, *SINGLE))
    app = init.app
    for number in set(range(1, 65)) - {9, 17, 19}:
        os.kill(init.init, number)
        lab.wait_until(lambda: number in pid1.signal_set(app, "ShdPnd"),
                       what=f"signal {number} at the app", every=0.005)
    os.kill(app, signal.SIGKILL)
    assert init.wait() == 137


COUNT = r"""
import ctypes, struct, sys
libc = ctypes.CDLL(None)
mask, info = ctypes.c_uint64(1 << int(sys.argv[1]) - 1), bytes(128)
block, wait = map(int, sys.argv[2:4])
libc.syscall(block, 0, ctypes.byref(mask), None, ctypes.c_size_t(8))
print("up", flush=True)
got = []
while not got or got[-1] != 39:
    libc.syscall(wait, ctypes.byref(mask), info, None, ctypes.c_size_t(8))
    got.append(struct.unpack_from("i", info, 24)[0])
print("in order" if got == list(range(40)) else got, flush=True)
"""


@pytest.mark.parametrize("number", [34, 35, 64])
def test_queue_of_signals_without_signalfd(start, as_pid1, number):
    """More at once than are read at once, of glibc's first real-time signal
    too, which musl keeps for itself."""
    calls = [pid1.CALLS[name][os.uname().machine != "x86_64"]
             for name in ("rt_sigprocmask", "rt_sigtimedwait")]
    init = start("--", lab.PYTHON, "-c", COUNT, str(number), *map(str, calls),
                 pid1=as_pid1, wrapper=pid1.deny(errno.EPERM, "signalfd4"))
    init.wait_log(r"(?m)^up$")
    os.kill(init.init, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(init.init) == "T", what="stopped")
    libc = ctypes.CDLL(None, use_errno=True)
    for value in range(40):
        assert libc.sigqueue(init.init, number, ctypes.c_void_p(value)) == 0
    os.kill(init.init, signal.SIGCONT)
    assert init.wait() == 0
    assert "in order" in init.log()


@errors
def test_restarts_and_stragglers_with_all_denied(start, error):
    init = start("--restart", "on-failure:2", "--", "sh", "-c",
                 "echo run; (setsid sh -c 'trap \"echo bye; exit\" TERM; "
                 "while :; do sleep 0.02; done' &); sleep 0.2; exit 6",
                 wrapper=pid1.deny(error, *SINGLE))
    assert init.wait() == 6
    assert init.log().count("run\n") == 3
    assert init.log().count("bye\n") == 3


@pytest.mark.parametrize("call,options,code", [
    ("prctl", ["--no-new-privs"], 126), ("setrlimit", ["--rlimit", "core=0"],
                                         126)])
def test_what_was_asked_for_is_not_left_out(call, options, code):
    """A promise that cannot be kept is an end, and says which."""
    calls = [call, "prlimit64"] if call == "setrlimit" else [call]
    got, log = pid1.run(*options, "--", "echo", "ran",
                        wrapper=pid1.deny(errno.EPERM, *calls))
    assert got == code and "ran" not in log and options[0] in log


# ------------------------------------------------------------ with a tunnel


def through(start, emulator, error, *calls):
    port = lab.free_port()
    init = start("--sqladmin-api-endpoint", emulator.api_url, "--ca-file",
                 emulator.ca_file, "--port", str(port), emulator.name, "--",
                 "sh", "-c", APP, env=emulator.env(),
                 wrapper=pid1.deny(error, *calls))
    init.wait_log(r"(?m)^up$")
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(lab.PATIENCE)
        client.sendall(b"ping")
        assert client.recv(4) == b"ping", init.log()
    init.signal(signal.SIGTERM)
    assert init.wait() == 41
    assert "killed by" not in init.log()
    return [x.split(" ", 2)[2] for x in lines_of_ours(init) if re.search(
        r"denied|not permitted|not implemented|cannot|without", x)]


SANDBOX = ["seccomp", "landlock_create_ruleset", "landlock_restrict_self"]
TUNNEL = [call for call in SINGLE if call not in LOOP]


@errors
@pytest.mark.parametrize("calls", [
    ["prctl"], ["close_range"], ["signalfd4"], SANDBOX, TUNNEL],
    ids=["prctl", "close_range", "signalfd4", "sandbox", "all"])
def test_tunnel(start, echo_emulator, calls, error):
    """Each thing that is missing is said once, however many processes miss
    it: four of them need prctl."""
    log = through(start, echo_emulator, error, *calls)
    assert len(log) == len(set(log)), log
    assert len(log) <= {"prctl": 4}.get(calls[0], len(calls)), log
