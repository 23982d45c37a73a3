"""Rules for an init that are about what it must not do: to children that are
not its own, to processes that have come by a pid of its, and to signals that
only look like news of a child. And what it says of the kernel's kills."""

import ctypes
import os
import re
import signal
import subprocess

import pytest

import lab
import pid1

as_root = pytest.mark.skipif(os.geteuid() != 0,
                             reason="machine: needs root")

# ------------------------------------------------------- inherited children


# A shell with children, as one that has process substitutions, becomes
# fairlead: one has ended, and two end with codes of their own when told.
PARENT = r"""
import os, sys, time
ended = os.fork()
if ended == 0: os._exit(9)
os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
for n in (1, 2):
    if os.fork() == 0:
        while not os.path.exists("end%d" % n): time.sleep(0.02)
        os._exit(70 + n)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("options", [[], ["--restart", "on-failure:3"]],
                         ids=["once", "restart"])
def test_inherited_children(start, as_pid1, options):
    """They are reaped, and neither their ends nor their codes count."""
    init = start(*options, "--", "sh", "-c", "echo run; while ! test -e end; "
                 "do sleep 0.02; done; exit 0", pid1=as_pid1,
                 wrapper=[lab.PYTHON, "-c", PARENT])
    init.wait_log("run")

    def below():
        return len(pid1.children(init.init))

    for left, name in ((3, None), (2, "end1"), (1, "end2")):
        if name:
            open(init.path(name), "w").close()
        lab.wait_until(lambda: below() == left, what=f"{left} children")
    assert init.running()
    open(init.path("end"), "w").close()
    assert (init.wait(), init.log()) == (0, "run\n")


# --------------------------------------------------------- SIGCHLD of others


def test_sigchld_of_a_user_is_no_end(start, as_pid1):
    """Sent by kill and by sigqueue: nobody has ended, and the app, which has
    children of its own, is not told of one."""
    init = start("--restart", "always", "--", "sleep", "1000", pid1=as_pid1,
                 wrapper=pid1.pre("ball"))
    app = init.app
    libc = ctypes.CDLL(None, use_errno=True)
    init.signal(signal.SIGCHLD)
    assert libc.sigqueue(init.init, signal.SIGCHLD, ctypes.c_void_p(1)) == 0
    # Read after the others, because its number is higher.
    os.kill(init.init, 34)
    lab.wait_until(lambda: 34 in pid1.signal_set(app, "ShdPnd"), what="34")
    assert pid1.signal_set(app, "ShdPnd") == {34}
    assert init.app == app
    os.kill(init.init, signal.SIGTERM)
    lab.wait_until(lambda: signal.SIGTERM in pid1.signal_set(app, "ShdPnd"),
                   what="TERM")
    os.kill(app, signal.SIGKILL)
    assert init.wait() == 137


# ------------------------------------------------------------- a pid of ours


# In the namespace: becomes process N, leads a group of that number, and writes
# down what it is sent.
HEIR = r"""
import os, signal, sys, time
number = int(sys.argv[1])
while os.getpid() != number:
    with open("/proc/sys/kernel/ns_last_pid", "w") as out:
        out.write(str(number - 1))
    pid = os.fork()
    if pid == number: os._exit(0)
    if pid > 0: os.waitpid(pid, 0)
    elif os.getpid() != number: os._exit(1)
os.setpgid(0, 0)
mask = set(range(1, 65)) - {9, 19, 32, 33}
signal.pthread_sigmask(signal.SIG_BLOCK, mask)
while True:
    with open("heir", "a") as out:
        print("up", file=out)
    got = signal.sigwait(mask)
    with open("heir", "a") as out:
        print(int(got), file=out)
    if got == signal.SIGTERM: time.sleep(1000)
"""


@as_root
@pytest.mark.parametrize("options", [[], ["--kill-group"]],
                         ids=["app", "group"])
def test_pid_of_the_dead_app_is_somebody_elses(start, options):
    """Between two runs of the app another process gets its number, and leads
    a group of that number: neither is told what is sent to the app."""
    # A crash loop, so that the pause after a run is a long one.
    init = start(*options, "--restart", "always", "--", "sh", "-c",
                 "echo $$ >pid; echo run; exit 7")
    init.wait_log(r"again in \d{4,} ms")
    number = init.read("pid").strip()
    done = subprocess.run(
        ["nsenter", "-t", str(init.init), "-p", "-m", "-r",
         f"--wd={init.own}", lab.PYTHON, "-c", HEIR, number],
        stdin=subprocess.DEVNULL, check=False, timeout=lab.PATIENCE)
    assert done.returncode == 0
    init.wait_file("heir", "up\n")
    for sent in (signal.SIGUSR1, signal.SIGHUP, 40):
        init.signal(sent)
    init.signal(signal.SIGTERM)     # and then everybody is asked to end
    init.wait()
    assert init.read("heir").split() == ["up", str(int(signal.SIGTERM))]


# ------------------------------------------------------------------- memory


EVENTS = "low 0\\nhigh 3\\nmax 7\\noom {0}\\noom_kill {0}\\noom_group_kill 0\\n"


@as_root
@pytest.mark.parametrize("text,second", [
    (EVENTS, "(out of memory)"), ("other 1\\n", "(out of memory?)"),
    ("", "(out of memory?)")], ids=["counted", "unknown", "nothing"])
def test_kill_for_memory_is_told(start, text, second):
    """The first run is killed by somebody, the second for memory, the third
    by somebody; the kernel had killed twice before all of them."""
    mount = ["sh", "-c", "test -d /sys/fs/cgroup || "
             "{ mount -t tmpfs none /sys && mkdir -p /sys/fs/cgroup; }; "
             "mount -t tmpfs none /sys/fs/cgroup && "
             f"printf '{text.format(2)}' >/sys/fs/cgroup/memory.events && "
             'exec "$@"', "sh"]
    init = start("--restart", "on-failure:2", "--", "sh", "-c",
                 "echo run; read x; test $x = 1 && "
                 f"printf '{text.format(3)}' >/sys/fs/cgroup/memory.events; "
                 "kill -9 $$", unshare=["--mount"], wrapper=mount,
                 stdin=subprocess.PIPE)
    # By then it has looked at the start, and knows what was before.
    init.wait_log("run")
    lab.wait_until(lambda: os.path.samefile(f"/proc/{init.init}/cwd", "/"),
                   what="the first start is over")
    for number in range(3):
        init.process.stdin.write(f"{int(number == 1)}\n".encode())
        init.process.stdin.flush()
    assert init.wait() == 137
    said = re.findall(r"was killed by SIGKILL (\(.*?\))", init.log())
    assert said == ["(out of memory?)", second, "(out of memory?)"]


def test_kill_without_cgroups(start):
    """Where nothing can be read the guess is marked as one."""
    init = start("--restart", "on-failure:1", "--", "sh", "-c", "kill -9 $$",
                 pid1=False)
    assert init.wait() == 137
    assert init.log().count("was killed by SIGKILL (out of memory") == 2
