"""fairlead as an init: signals, exit codes, zombies, stragglers, restarts.

What both can do is tested as PID 1 and as an ordinary process."""

import ctypes
import os
import pty
import re
import signal
import socket
import subprocess
import time

import pytest

import lab
import pid1

UNFORWARDABLE = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
FORWARDABLE = [n for n in range(1, 65) if n not in UNFORWARDABLE]


def executable(init_folder, name, text, mode=0o755):
    path = os.path.join(init_folder, name)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, mode)
    return path


# ------------------------------------------------------------- exit codes


def test_every_exit_code():
    for code in range(256):
        done = subprocess.run([lab.FAIRLEAD, "--", "sh", "-c", f"exit {code}"])
        assert done.returncode == code


@pytest.mark.parametrize("code", [0, 1, 127, 126, 137, 255])
def test_exit_code_and_silence(code, as_pid1):
    assert pid1.run("--", "sh", "-c", f"exit {code}",
                    pid1=as_pid1) == (code, "")


@pytest.mark.parametrize("number", [1, 2, 3, 6, 9, 11, 14, 15, 34, 40, 64])
def test_death_by_signal(number, as_pid1):
    how = "import os, signal; os.kill(os.getpid(), %d); signal.pause()"
    code, _ = pid1.run("--", lab.PYTHON, "-c", how % number, pid1=as_pid1)
    assert code == 128 + number


def test_exec_failures(tmp_path):
    here = str(tmp_path)
    os.symlink("loop", tmp_path / "loop")
    cases = {
        "/does/not/exist": (127, "No such file"),
        "does-not-exist": (127, "PATH"),
        "": (127, "empty"),
        here: (126, "Permission denied"),
        executable(here, "plain", "#!/bin/sh\n", 0o644): (126, "chmod"),
        executable(here, "no-shebang", "exit 0\n"): (126, "#!"),
        executable(here, "bad-shebang", "#!/no/interpreter\n"):
            (127, "interpreter"),
        os.path.join(here, "plain", "x"): (127, "Not a directory"),
        os.path.join(here, "loop"): (126, "ymbolic link"),
    }
    for command, (code, words) in cases.items():
        got, log = pid1.run("--restart", "always", "--", command)
        assert got == code, (command, log)
        assert words in log
        assert f'"{command}"' in log
        assert log.count("\n") == 1, log


def test_path_lookup(tmp_path):
    for name, mode in (("a", 0o644), ("b", 0o755)):
        os.mkdir(tmp_path / name)
        executable(str(tmp_path / name), "prog", f"#!/bin/sh\necho {name}\n",
                   mode)
    path = f"/nowhere:{tmp_path}/a::{tmp_path}/b"
    # The file that may not be executed does not hide the next.
    assert pid1.run("--", "prog", env={"PATH": path}, pid1=False) == \
        (0, "b\n")
    code, log = pid1.run("--", "prog", env={"PATH": f"{tmp_path}/a"},
                         pid1=False)
    assert code == 126 and "Permission denied" in log


# ---------------------------------------------------------------- signals


def forward_all(init, app):
    """The app has them blocked, so they stay pending; but a stop signal
    takes SIGCONT away and the other way round."""
    for number in FORWARDABLE:
        os.kill(init.init, number)
        lab.wait_until(lambda: number in pid1.signal_set(app, "ShdPnd"),
                       what=f"signal {number} at the app")


@pytest.mark.parametrize("options", [[], ["--kill-group"]],
                         ids=["app", "group"])
def test_every_signal_is_forwarded(start, as_pid1, options):
    init = start(*options, "--", "sleep", "1000", pid1=as_pid1,
                 wrapper=pid1.pre("ball"))
    app = init.app
    forward_all(init, app)
    init.signal(signal.SIGCHLD)
    assert init.running()
    assert signal.SIGCHLD not in pid1.signal_set(app, "ShdPnd")
    os.kill(app, signal.SIGKILL)
    assert init.wait() == 137


def test_every_signal_without_signalfd(start):
    init = start("--", "sleep", "1000", pid1=False,
                 wrapper=pid1.strace("inject=signalfd4:error=ENOSYS")
                 + pid1.pre("ball"))
    app = init.app
    forward_all(init, app)
    os.kill(app, signal.SIGKILL)
    assert init.wait() == 137


SHOW_VALUE = r"""
import ctypes
libc = ctypes.CDLL(None)
info = (ctypes.c_int * 32)()
mask = (ctypes.c_uint64 * 16)(*[1 << 39] * 1)
libc.sigprocmask(0, mask, None)
print("waiting", flush=True)
libc.sigwaitinfo(mask, info)
print("code", info[2], "value", info[6], flush=True)
"""


@pytest.mark.parametrize("sent", [40, 41], ids=["same", "rewritten"])
def test_value_of_sigqueue(start, as_pid1, sent):
    init = start("--rewrite", "41:40", "--", lab.PYTHON, "-c", SHOW_VALUE, pid1=as_pid1)
    init.wait_log("waiting")
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.sigqueue(init.init, sent, ctypes.c_void_p(123456)) == 0
    assert init.wait() == 0
    assert "code -1 value 123456" in init.log()


@pytest.mark.parametrize("word", ["i17", "b17"])
def test_sigchld_ignored_or_blocked_on_entry(word, as_pid1):
    code, log = pid1.run("--", "sh", "-c", "exit 3", pid1=as_pid1,
                         wrapper=pid1.pre(word))
    assert (code, log) == (3, "")


def test_signal_state_of_the_app(start, as_pid1):
    words = ["i1", "i13", "i17", "b10", "b40"]
    init = start("--", "sleep", "1000", pid1=as_pid1,
                 wrapper=pid1.pre(*words))
    app = init.app
    assert pid1.signal_set(app, "SigIgn") == {1, 13, 17}
    assert pid1.signal_set(app, "SigBlk") == {10, 40}
    assert pid1.signal_set(app, "SigCgt") == set()
    assert pid1.signal_set(init.init, "SigBlk") == \
        set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP}


def test_signal_state_without_signalfd(start):
    init = start("--", "sleep", "1000", pid1=False,
                 wrapper=pid1.strace("inject=signalfd4:error=EPERM")
                 + pid1.pre("i1", "i13", "i17", "b10", "b40"))
    app = init.app
    assert pid1.signal_set(app, "SigIgn") == {1, 13, 17}
    assert pid1.signal_set(app, "SigBlk") == {10, 40}
    assert pid1.signal_set(app, "SigCgt") == set()


def send_while_child_is_held(start, call, *options):
    """TERM between the app's fork and its exec."""
    init = start(*options, "--", "/bin/sleep", "1000", pid1=False,
                 wrapper=pid1.strace(f"inject={call}:delay_enter=700000"))
    lab.wait_until(lambda: pid1.children(init.init), what="the child")
    os.kill(init.init, signal.SIGTERM)
    assert init.wait() == 143


@pytest.mark.parametrize("call", ["setpgid", "execve", "rt_sigprocmask"])
@pytest.mark.parametrize("options", [[], ["--kill-group"]],
                         ids=["app", "group"])
def test_term_before_the_exec_is_not_lost(start, call, options):
    send_while_child_is_held(start, call, *options)


def test_exec_that_does_not_come_does_not_hold_init(start):
    """Somebody stops the child before its exec; as from a file system that
    does not answer. The app has inherited that SIGTERM is ignored, so only
    the stop timeout can end it."""
    init = start("--stop-timeout", "300ms", "--", "/bin/sleep", "1000",
                 pid1=False, wrapper=[*pid1.strace(
                     "inject=setpgid:signal=SIGSTOP"),
                     *pid1.pre(f"i{signal.SIGTERM.value}")])
    child = lab.wait_until(lambda: pid1.children(init.init),
                           what="the child")[0]
    lab.wait_until(lambda: pid1.state(child) in "tT", what="its stop")
    assert pid1.argv_of(child) == pid1.argv_of(init.init)
    os.kill(init.init, signal.SIGTERM)
    assert init.wait() == 137


def test_stopped_app_can_be_ended(start, as_pid1):
    init = start("--", "sleep", "1000", pid1=as_pid1)
    os.kill(init.app, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(init.app) == "T", what="stopped")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_app_stopped_just_before_term(start, as_pid1):
    init = start("--", "sleep", "1000", pid1=as_pid1)
    app = init.app
    os.kill(init.init, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(init.init) == "T", what="init stopped")
    os.kill(app, signal.SIGSTOP)
    os.kill(init.init, signal.SIGTERM)
    os.kill(init.init, signal.SIGCONT)
    assert init.wait() == 143


def test_running_app_gets_no_sigcont(start):
    init = start("--", "sleep", "1000", wrapper=pid1.pre("ball"))
    app = init.app
    init.signal(signal.SIGTERM)
    lab.wait_until(lambda: 15 in pid1.signal_set(app, "ShdPnd"), what="TERM")
    assert signal.SIGCONT not in pid1.signal_set(app, "ShdPnd")
    os.kill(app, signal.SIGKILL)
    assert init.wait() == 137


def test_stop_signal(start):
    init = start("--stop-signal", "QUIT", "--", "sleep", "1000")
    assert init.app
    init.signal(signal.SIGTERM)
    assert init.wait() == 131


@pytest.mark.parametrize("name,number", [("QUIT", 3), ("RTMIN+3", 37)])
def test_stop_signal_itself_is_a_request(start, name, number):
    """As a runtime sends it for an image with STOPSIGNAL: what it ends is not
    started again."""
    init = start("--stop-signal", name, "--restart", "always", "--",
                 "sh", "-c", "echo run >>runs; exec sleep 1000")
    init.wait_file("runs", "run")
    init.signal(number)
    assert init.wait() == 128 + number
    assert runs(init) == 1


IGNORE_TERM = "trap '' TERM INT; echo up; while :; do sleep 0.05; done"


def test_second_term_is_forwarded_and_third_kills(start, as_pid1):
    init = start("--", "sh", "-c", IGNORE_TERM, pid1=as_pid1)
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    init.signal(signal.SIGINT)
    assert init.running() and pid1.state(init.app) in "SRD"
    init.signal(signal.SIGTERM)
    assert init.wait() == 137
    assert "asked to stop 3 times" in init.log()


def test_stop_timeout(start, as_pid1):
    init = start("--stop-timeout", "300ms", "--", "sh", "-c", IGNORE_TERM,
                 pid1=as_pid1)
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    assert init.wait() == 137
    assert "did not end within 300 ms" in init.log()


def test_wait_ready_without_an_instance():
    assert pid1.run("--wait-ready", "--", "sh", "-c", "exit 3") == (3, "")


def test_term_and_exit_together_keep_the_code(start, as_pid1):
    """Both are there when init looks; with a restart policy, too."""
    init = start("--restart", "always", "--", "sh", "-c",
                 "echo up; read x; exit 5", pid1=as_pid1,
                 stdin=subprocess.PIPE)
    init.wait_log("up")
    app = init.app
    os.kill(init.init, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(init.init) == "T", what="init stopped")
    os.kill(init.init, signal.SIGTERM)
    init.process.stdin.close()
    lab.wait_until(lambda: pid1.state(app) == "Z", what="the app's end")
    os.kill(init.init, signal.SIGCONT)
    assert init.wait() == 5
    assert init.log() == "up\n"


def test_group_mode_reaches_the_group(start):
    script = ("sh -c 'trap \"echo got; exit\" USR1; echo up; "
              "while :; do sleep 0.05; done' & trap '' USR1; wait; wait; "
              "exit 6")
    init = start("--kill-group", "--", "sh", "-c", script)
    init.wait_log("up")
    init.signal(signal.SIGUSR1)
    init.wait_log("got")
    assert init.wait() == 6


def test_group_mode_follows_an_app_that_left_its_group(start):
    init = start("--kill-group", "--", lab.PYTHON, "-c",
                 "import os, signal\n"
                 "if os.fork() == 0:\n    signal.pause()\n"
                 "child = os.fork()\n"
                 "if child == 0:\n    os.setpgid(0, 0)\n    "
                 "signal.pause()\n"
                 "while os.getpgid(child) != child:\n    pass\n"
                 "os.setpgid(0, child)\n"
                 "print('up', flush=True)\n"
                 "signal.pause()")
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


# -------------------------------------------------- zombies and stragglers


def test_orphans_are_reaped(start, as_pid1):
    init = start("--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do (true & "
                 "true); (sh -c 'sleep 0.1 & exit' &); done; echo made; "
                 "exec sleep 1000", pid1=as_pid1)
    init.wait_log("made")
    lab.wait_until(lambda: list(init.processes()) == [init.app],
                   what="only the app left")


FLOOD = r"""
import os, sys
for i in range(2000):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
sys.exit(9)
"""


def test_flood_of_zombies(start):
    """Two thousand at once, among them the app: its code is found."""
    init = start("--", lab.PYTHON, "-c", FLOOD)
    app = init.app
    os.kill(init.init, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(app) == "Z", what="the app's end")
    assert len(init.processes()) > 256
    os.kill(init.init, signal.SIGCONT)
    assert init.wait() == 9


# It cleans up on TERM, but not at once.
CLEANER = ("trap 'sleep 0.2; echo clean >clean; exit' TERM; echo up >up; "
           "while :; do sleep 0.05; done")


@pytest.mark.parametrize("kind", ["", "setsid "], ids=["group", "session"])
def test_stragglers_may_clean_up(start, as_pid1, kind):
    init = start("--", "sh", "-c", f"({kind}sh ./cleaner 2>/dev/null &); "
                 "while ! test -e up; do sleep 0.02; done; exit 3",
                 pid1=as_pid1, wrapper=pid1.file("cleaner", CLEANER))
    assert init.wait() == 3
    assert init.read("clean") == "clean\n"
    assert init.log() == ""


def test_stopped_straggler(start, as_pid1):
    init = start("--", "sh", "-c", "sleep 1000 & echo $! >pid; read x; exit 4",
                 pid1=as_pid1, stdin=subprocess.PIPE)
    init.wait_file("pid", "\n")
    straggler = pid1.children(init.app)[0]
    os.kill(straggler, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(straggler) == "T", what="stopped")
    init.process.stdin.close()
    assert init.wait() == 4
    assert init.log() == ""
    assert pid1.state(straggler) in "?Z"


def test_stubborn_straggler_is_killed(start, as_pid1):
    init = start("--", "sh", "-c", "setsid sh -c \"trap '' TERM; echo up >up; "
                 "while :; do sleep 0.05; done\" & while ! test -e up; do "
                 "sleep 0.02; done; read x; exit 5", pid1=as_pid1,
                 stdin=subprocess.PIPE)
    init.wait_file("up", "up")
    before = set(init.processes()) - {init.app}
    init.process.stdin.close()
    assert init.wait() == 5
    assert "left did not end" in init.log()
    assert re.search(r"killing process \d+ \(sh\)", init.log())
    lab.wait_until(lambda: all(pid1.state(p) in "?Z" for p in before),
                   what="nothing left")


def test_two_inits_in_one_namespace(start):
    """Stragglers of the one must not be looked for under the other."""
    init = start("--", "sh", "-c",
                 f"{lab.FAIRLEAD} -- sleep 1000 & "
                 f"{lab.FAIRLEAD} -- sh -c 'sleep 1000 & exit 7'; "
                 "echo inner $?; exec sleep 1000")
    init.wait_log("inner 7")
    names = sorted(pid1.argv_of(p)[0] for p in init.processes())
    assert names.count(b"sleep") == 2, names
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_code_through_three_levels():
    f = lab.FAIRLEAD
    assert pid1.run("--", f, "--", f, "--", "sh", "-c", "kill -USR1 $$") == \
        (128 + signal.SIGUSR1, "")


# ---------------------------------------------------- restarts and backoff


def runs(init):
    return init.read("runs").count("run\n")


@pytest.mark.parametrize("policy,code,times", [
    ("no", 1, 1), ("on-failure:3", 1, 4), ("on-failure:3", 0, 1),
    ("always:2", 0, 3), ("on-failure:1", 127, 2), ("on-failure:0", 4, 1)])
def test_restart_policies(start, as_pid1, policy, code, times):
    init = start("--restart", policy, "--", "sh", "-c",
                 f"echo run >>runs; exit {code}", pid1=as_pid1)
    assert init.wait() == code
    assert runs(init) == times
    assert init.log().count("starting it again") == times - 1
    assert ("giving up" in init.log()) == (
        policy.startswith("always") or code != 0 and policy != "no")


def test_restart_after_a_signal(start):
    init = start("--restart", "on-failure:1", "--", "sh", "-c",
                 "echo run >>runs; kill -9 $$")
    assert init.wait() == 137
    assert runs(init) == 2
    assert "SIGKILL" in init.log()


def test_term_during_backoff(start, as_pid1):
    init = start("--restart", "always", "--", "sh", "-c",
                 "echo run >>runs; exit 7", pid1=as_pid1)
    init.wait_log(r"again in (1[5-9]|[2-9]\d)\d\d ms")
    count = runs(init)
    init.signal(signal.SIGTERM)
    assert init.wait() == 7
    assert runs(init) == count


def test_no_restart_after_term(start):
    init = start("--restart", "always", "--", "sh", "-c",
                 "echo run >>runs; exec sleep 1000")
    init.wait_file("runs", "run")
    assert init.app
    init.signal(signal.SIGTERM)
    assert init.wait() == 143
    assert runs(init) == 1


def test_restart_in_the_same_directory(start):
    init = start("--restart", "always:2", "--", "sh", "-c",
                 "pwd >>where; exit 1")
    assert init.wait() == 1
    assert init.read("where") == f"{init.own}\n" * 3


def test_no_process_now_is_no_end(start):
    init = start("--", "sh", "-c", "exit 3", pid1=False,
                 wrapper=pid1.strace("inject=clone:error=EAGAIN:when=1..3"))
    assert init.wait() == 3
    assert init.log().count("cannot make a process") == 3


def test_fork_where_memory_cannot_be_shared(start):
    """As under qemu's emulation of another processor."""
    init = start("--", "sh", "-c", "exit 3", pid1=False,
                 wrapper=pid1.strace("inject=clone:error=EINVAL:when=1"))
    assert init.wait() == 3
    assert init.log() == ""


# ------------------------------------------------- descriptors, directory


@pytest.mark.parametrize("words", [
    [f"c{n}" for n in range(3) if bits >> n & 1] for bits in range(1, 8)],
    ids="-".join)
def test_closed_standard_streams(start, as_pid1, words):
    init = start("--", "sh", "-c", "ls -l /proc/self/fd >fds; exit 3",
                 pid1=as_pid1, wrapper=pid1.pre(*words))
    assert init.wait() == 3
    assert "socket" not in init.read("fds")
    assert "signalfd" not in init.read("fds")


def test_no_descriptor_leaks(start):
    code = ("import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd')"
            " if os.path.exists('/proc/self/fd/' + n)))")
    assert pid1.run("--", lab.PYTHON, "-c", code) == (0, "[0, 1, 2]\n")


def test_init_closes_what_is_the_apps(start):
    ours, theirs = socket.socketpair()
    with ours:
        init = start("--", lab.PYTHON, "-c",
                     f"import os, signal; os.close({theirs.fileno()}); "
                     "signal.pause()", pass_fds=[theirs.fileno()], pid1=False)
        theirs.close()
        ours.settimeout(lab.PATIENCE)
        assert ours.recv(1) == b""
        assert init.running()


def test_close_range_denied(start):
    ours, theirs = socket.socketpair()
    with ours:
        init = start("--", lab.PYTHON, "-c",
                     f"import os, signal; os.close({theirs.fileno()}); "
                     "signal.pause()", pass_fds=[theirs.fileno()], pid1=False,
                     wrapper=pid1.strace("inject=close_range:error=ENOSYS"))
        theirs.close()
        ours.settimeout(lab.PATIENCE)
        # strace(1) holds a copy of its own, so look at fairlead's.
        lab.wait_until(lambda: not [
            n for n in os.listdir(f"/proc/{init.init}/fd")
            if int(n) > 2 and "socket" in
            os.readlink(f"/proc/{init.init}/fd/{n}")], what="closed")


def test_working_directories(start):
    init = start("--", "sleep", "1000")
    app = init.app
    lab.wait_until(lambda: os.path.samefile(f"/proc/{init.init}/cwd", "/"),
                   what="init in /")
    assert os.readlink(f"/proc/{app}/cwd") == init.own


def test_environment_and_arguments_unchanged(start):
    env = {"EMPTY": "", "BYTES": "\udcff\udc80", "EQUALS": "a=b=c"}
    init = start("--", "sh", "-c", "env -0 >env; printf '%s|' \"$@\" >args",
                 "x", "", "-v", "--", "\udcfe", env=env)
    assert init.wait() == 0
    got = dict(x.split("=", 1) for x in init.read("env").split("\0") if x)
    for name, value in env.items():
        assert got[name] == value
    assert init.read("args") == "|-v|--|\udcfe|"


@pytest.mark.parametrize("call", ["setpgid", "prctl", "signalfd4",
                                  "close_range"])
@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_denied_system_calls(start, call, error):
    init = start("--kill-group", "--", "sh", "-c", "echo up; sleep 1000 & "
                 "wait", pid1=False,
                 wrapper=pid1.strace(f"inject={call}:error={error}"))
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_log_pipe_full_or_gone(start):
    for full in (True, False):
        reader, writer = os.pipe()
        if full:
            os.set_blocking(writer, False)
            try:
                while True:
                    os.write(writer, b"x" * 4096)
            except BlockingIOError:
                os.set_blocking(writer, True)
        else:
            os.close(reader)
        init = start("--restart", "on-failure:2", "--", "sh", "-c",
                     "echo run >>runs; exit 6", stdout=writer, stderr=writer)
        os.close(writer)
        assert init.wait() == 6
        assert runs(init) == 3
        if full:
            os.close(reader)


def test_terminal_is_given_to_the_app(tmp_path):
    code = "import os; os._exit(os.tcgetpgrp(0) != os.getpgrp())"
    pid, master = pty.fork()
    if pid == 0:
        os.execv(lab.FAIRLEAD, [lab.FAIRLEAD, "--", lab.PYTHON, "-c", code])
    try:
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(master)
    assert os.waitstatus_to_exitcode(status) == 0


def test_one_file_and_nothing_else(tmp_path):
    """No /proc, no /dev, no shell: the root holds fairlead alone."""
    copy = tmp_path / "fairlead"
    with open(lab.FAIRLEAD, "rb") as src:
        copy.write_bytes(src.read())
    copy.chmod(0o755)
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--kill-child", f"--root={tmp_path}",
         "/fairlead", "--", "/fairlead", "--restart", "no", "--",
         "/fairlead", "--version"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        close_fds=True, timeout=lab.PATIENCE)
    assert done.returncode == 0, done.stdout
    assert re.search(r"fairlead version \d", done.stdout)


@pytest.mark.product
def test_memory_of_an_init_alone(start):
    """Once the app runs, what only the start needed is given back."""
    init = start("--", "sleep", "1000")
    assert init.app
    lab.wait_until(lambda: lab.memory(init.init)["Rss"] <= 100,
                   what="at most 100 kB")


def test_idle_means_asleep(start):
    init = start("--", "sleep", "1000")
    assert init.app

    def wakeups():
        return pid1.status(init.init)["voluntary_ctxt_switches"]

    # Some milliseconds after the start it has one more thing to do.
    lab.wait_until(lambda: os.path.samefile(f"/proc/{init.init}/cwd", "/"),
                   what="the start is over")
    lab.wait_until(lambda: pid1.state(init.init) == "S", what="asleep")
    time.sleep(0.2)
    before = wakeups()
    time.sleep(1.5)
    assert wakeups() == before
