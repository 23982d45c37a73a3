"""What fairlead makes of signals and exit codes when it is told to:
--rewrite, --remap-exit, --session, --stragglers, --pdeathsig, --pause."""

import ctypes
import errno
import os
import signal
import subprocess

import pytest

import lab
import pid1


def pending(pid, number):
    lab.wait_until(lambda: number in pid1.signal_set(pid, "ShdPnd"),
                   what=f"signal {number} at the app")


# ----------------------------------------------------------------- rewrite


def test_rewrite(start, as_pid1):
    init = start("--rewrite", "TERM:QUIT,USR1:0", "--rewrite", "34:RTMIN+3",
                 "--", "sleep", "1000", pid1=as_pid1,
                 wrapper=pid1.pre("ball"))
    app = init.app
    init.signal(signal.SIGUSR1)
    os.kill(init.init, 34)
    pending(app, 37)
    init.signal(signal.SIGTERM)
    pending(app, signal.SIGQUIT)
    got = pid1.signal_set(app, "ShdPnd")
    assert got == {signal.SIGQUIT, 37}
    os.kill(app, signal.SIGKILL)
    assert init.wait() == 137


def test_rewritten_stop_is_still_a_stop(start):
    """No restart after it, and the deadline runs."""
    init = start("--rewrite", "TERM:USR1", "--restart", "always",
                 "--stop-timeout", "300ms", "--", "sh", "-c",
                 "trap 'echo got' USR1; echo up; while :; do sleep 0.05; done")
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    assert init.wait() == 137
    assert "got" in init.log()
    assert "did not end within 300 ms; killing it" in init.log()


def test_dropped_stop_stops_nothing(start):
    init = start("--rewrite", "TERM:0", "--stop-timeout", "100ms", "--",
                 "sh", "-c", "trap 'echo usr' USR1; trap 'echo term' TERM; "
                 "echo up; while :; do sleep 0.05; done")
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    init.signal(signal.SIGUSR1)
    init.wait_log("usr")
    assert "term" not in init.log()
    init.signal(signal.SIGKILL)


# ------------------------------------------------------------------ values


# The app and another of its group say what they get, until it is signal 41.
BOTH = r"""
import ctypes, os, struct
libc = ctypes.CDLL(None)
mask, info = (ctypes.c_uint64 * 16)(3 << 39), bytes(128)
libc.sigprocmask(0, mask, None)
who = "app" if os.fork() else "other"
print(who, "up", flush=True)
while True:
    number = libc.sigwaitinfo(mask, info)
    code, value = struct.unpack_from("8xi12xi", info)
    print(who, number, code, value, flush=True)
    if number == 41: break
if who == "app": os.wait()
"""


def values_in_group(init):
    init.wait_log("app up")
    init.wait_log("other up")
    libc = ctypes.CDLL(None, use_errno=True)
    for value in (7, 123456):
        assert libc.sigqueue(init.init, 40, ctypes.c_void_p(value)) == 0
    os.kill(init.init, 41)
    assert init.wait() == 0
    return [[line.split()[1:] for line in init.log().splitlines()
             if line.startswith(who)][1:] for who in ("app", "other")]


@pytest.mark.parametrize("options", [["--kill-group"], ["--session"]],
                         ids=["group", "session"])
def test_value_of_sigqueue_to_a_group(start, as_pid1, options):
    """Everybody in it has the values, in order and once; before Linux 6.9
    the signals alone."""
    init = start(*options, "--", lab.PYTHON, "-c", BOTH, pid1=as_pid1)
    for got in values_in_group(init):
        if pid1.group_takes_values():
            assert got == [["40", "-1", "7"], ["40", "-1", "123456"],
                           ["41", "0", "0"]]
        else:
            assert [line[0] for line in got] == ["40", "40", "41"]


@pytest.mark.parametrize("call", ["pidfd_open", "pidfd_send_signal"])
def test_values_to_a_group_denied(start, call):
    """The signals come all the same, once each."""
    init = start("--kill-group", "--", lab.PYTHON, "-c", BOTH,
                 wrapper=pid1.deny(errno.EPERM, call))
    for got in values_in_group(init):
        assert [line[:2] for line in got] == \
            [["40", "0"], ["40", "0"], ["41", "0"]]


# -------------------------------------------------------------- exit codes


@pytest.mark.parametrize("app,code", [
    ("exit 3", 7), ("exit 4", 4), ("exit 11", 0), ("kill -TERM $$", 0),
    ("kill -KILL $$", 9), ("exit 0", 1)])
def test_remap_exit(app, code):
    got, _ = pid1.run("--remap-exit", "3=7,10-12", "--remap-exit", "143",
                      "--remap-exit", "137=9,0=1", "--", "sh", "-c", app,
                      pid1=False)
    assert got == code


def test_remapped_success_is_no_failure(start):
    init = start("--remap-exit", "3", "--restart", "on-failure:5", "--", "sh",
                 "-c", "echo run >>runs; exit 3")
    assert init.wait() == 0
    assert init.read("runs") == "run\n"


def test_exec_failure_is_not_remapped():
    code, _ = pid1.run("--remap-exit", "0-255=3", "--", "/does/not/exist")
    assert code == 127


# ----------------------------------------------------------------- session


SHOW = ("import os; print('sid', os.getsid(0) == os.getpid(), 'pgid', "
        "os.getpgrp() == os.getpid(), flush=True)")


def test_session(as_pid1):
    assert pid1.run("--session", "--", lab.PYTHON, "-c", SHOW,
                    pid1=as_pid1) == (0, "sid True pgid True\n")
    assert pid1.run("--", lab.PYTHON, "-c", SHOW, pid1=as_pid1) == \
        (0, "sid False pgid True\n")


@pytest.mark.parametrize("call", ["setsid"])
def test_signal_before_the_session_is_not_lost(start, call):
    init = start("--session", "--", "/bin/sleep", "1000", pid1=False,
                 wrapper=pid1.strace(f"inject={call}:delay_enter=700000"))
    lab.wait_until(lambda: pid1.children(init.init), what="the child")
    os.kill(init.init, signal.SIGTERM)
    assert init.wait() == 143


def test_session_reaches_the_group(start):
    init = start("--session", "--", "sh", "-c",
                 "sh -c 'trap \"echo inner; exit\" USR1; echo up; while :; do "
                 "sleep 0.05; done' & trap '' USR1; wait; wait; exit 6")
    init.wait_log("up")
    init.signal(signal.SIGUSR1)
    assert init.wait() == 6
    assert "inner" in init.log()


def test_setsid_denied(start):
    init = start("--session", "--", "sh", "-c", "echo up; exec sleep 1000",
                 pid1=False, wrapper=pid1.strace("inject=setsid:error=EPERM"))
    init.wait_log("up")
    os.kill(init.init, signal.SIGTERM)
    assert init.wait() == 143
    assert "setsid was denied" in init.log()


# -------------------------------------------------------------- stragglers


LEFT = ("sh -c 'trap \"echo asked >asked\" TERM; echo $$ >pid; "
        "while :; do sleep 0.05; done' & while ! test -s pid; do sleep 0.02; "
        "done; exit 3")


@pytest.mark.parametrize("options,asked", [
    (["--stragglers", "leave"], False),
    (["--stragglers", "ask"], False),
    (["--stragglers", "ask", "--kill-group"], True)],
    ids=["leave", "ask", "ask-group"])
def test_stragglers_that_stay(start, options, asked):
    init = start(*options, "--", "sh", "-c", LEFT, pid1=False)
    assert init.wait() == 3
    left = int(init.read("pid"))
    try:
        assert pid1.state(left) not in "ZX"
        if asked:
            init.wait_file("asked", "asked")
        else:
            assert not os.path.exists(init.path("asked"))
    finally:
        os.kill(left, signal.SIGKILL)


def test_pid1_leaves_nobody(start):
    """What it does not ask to end the kernel kills."""
    init = start("--stragglers", "leave", "--", "sh", "-c", LEFT)
    assert init.wait() == 3
    assert init.read("asked") == "asked\n"


# ------------------------------------------------------------------- death


def test_pdeathsig(start):
    """The signal comes with the parent's end, and is passed on."""
    script = f"{lab.FAIRLEAD} --pdeathsig USR1 -- sh -c " \
        "'trap \"echo got >got; exit\" USR1; echo $PPID >up; " \
        "while :; do sleep 0.05; done' & " \
        "while ! test -s up; do sleep 0.02; done; exit 0"
    init = start("--stragglers", "leave", "--", "sh", "-c", script,
                 pid1=False)
    assert init.wait() == 0
    init.wait_file("got", "got")


def test_app_dies_with_fairlead(start):
    init = start("--pdeathsig", "TERM", "--", "sleep", "1000", pid1=False)
    app = init.app
    os.kill(init.init, signal.SIGKILL)
    lab.wait_until(lambda: pid1.state(app) in "?Z", what="the app's end")


def test_no_subreaper(start):
    """An orphan goes to whoever adopts it: not to us."""
    init = start("--subreaper=false", "--", "sh", "-c",
                 "sh -c 'sleep 1000 & echo $! >pid'; exec sleep 1000",
                 pid1=False)
    init.wait_file("pid", "\n")
    orphan = int(init.read("pid"))
    try:
        lab.wait_until(lambda: init.app and pid1.status(orphan).get("PPid")
                       not in (None, str(init.app), str(init.init)),
                       what="adopted elsewhere")
    finally:
        os.kill(orphan, signal.SIGKILL)


# ------------------------------------------------------------------- pause


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_pause(start, as_pid1, number):
    init = start("--pause", pid1=as_pid1)
    lab.wait_until(lambda: pid1.signal_set(init.init, "SigBlk") and
                   pid1.state(init.init) == "S", what="asleep")
    for other in (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
        init.signal(other)
    assert init.running()
    init.signal(number)
    assert init.wait() == 0


def test_pause_goes_without_a_command():
    done = subprocess.run([lab.FAIRLEAD, "--pause", "--", "true"],
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 or done.returncode == 1
    assert "--pause goes without a command" in done.stderr
