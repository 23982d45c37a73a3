"""fairlead as PID 1 under gVisor (runsc), which has its own kernel: system
calls are fewer there, and the unknown ones are reported to the user's log.

The machine needs runsc and a kernel that lets it trace (platform ptrace)."""

import os
import re
import shutil
import subprocess

import pytest

import lab

RUNSC = ["runsc", "--platform=ptrace", "--network=none", "--ignore-cgroups"]


def inside(*argv, options=()):
    """(code, output); the output goes through a pipe: runsc writes at the
    beginning of a file."""
    done = subprocess.run(
        ["timeout", "60", *RUNSC, *options, "do", *argv],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


@pytest.fixture(scope="module", autouse=True)
def gvisor():
    if not shutil.which("runsc"):
        pytest.skip("machine: runsc is not installed")
    if os.geteuid() != 0:
        pytest.skip("machine: runsc needs root here")
    code, output = inside("/bin/true")
    if code != 0:
        pytest.skip(f"kernel: runsc cannot run: {output[-200:]}")


def sh(*options, text):
    return inside(lab.FAIRLEAD, *options, "--", "/bin/sh", "-c", text)


def test_codes():
    for code in (0, 7, 127):
        assert sh(text=f"exit {code}") == (code, "")
    assert sh(text="kill -9 $$") == (137, "")
    assert inside(lab.FAIRLEAD, "--", "/does/not/exist")[0] == 127


def test_signal_is_forwarded():
    """The app asks its init to stop, which asks the app."""
    code, output = sh(text="trap 'echo got; exit 42' TERM; kill -TERM $PPID; "
                      "while :; do sleep 0.1; done")
    assert (code, output) == (42, "got\n")


def test_kill_group_and_stop_timeout():
    code, output = sh("--kill-group", "--stop-timeout", "500ms",
                      text="trap '' TERM; kill -TERM $PPID; "
                      "while :; do sleep 0.1; done")
    assert code == 137 and "did not end within" in output


def test_restart_and_orphans():
    code, output = sh("--restart", "on-failure:2",
                      text="sh -c 'sleep 0.1 & exit 0'; echo run; exit 3")
    assert code == 3 and output.count("run\n") == 3


def test_stragglers():
    code, output = sh(text="trap '' TERM; (sh -c 'trap \"echo bye; exit\" "
                      "TERM; echo up; while :; do sleep 0.1; done') & "
                      "sleep 1; exit 4")
    assert code == 4
    assert output.startswith("up\n")


def test_user_and_environment():
    code, output = sh("--user", "nobody", "--no-new-privs", "--workdir", "/",
                      "--env", "A=1", "--rlimit", "nofile=64",
                      text="id -u; pwd; echo $A; ulimit -n")
    assert (code, output) == (0, "65534\n/\n1\n64\n")


def test_readiness():
    code, output = inside(
        lab.FAIRLEAD, "--notify", "--", lab.PYTHON, "-c",
        "import os, socket\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "s.connect('\\0' + os.environ['NOTIFY_SOCKET'][1:])\n"
        "s.send(b'READY=1')\nprint('sent')")
    assert (code, output) == (0, "sent\n")


def test_tunnel_and_fetcher():
    """No network: the fetcher fails, the tunnel stays, the end is in order."""
    code, output = inside(lab.FAIRLEAD, "--port", "5432", "p:r:i", "--",
                          "/bin/sh", "-c", "sleep 1; exit 6")
    assert code == 6, output
    assert "Listening on 127.0.0.1:5432" in output
    assert "killed by" not in output


def test_no_system_call_that_gvisor_reports(tmp_path):
    """What it does not know goes to Cloud Logging, line by line. (At another
    PID than 1 the adoption of orphans does, on a gVisor before 2023-07.)"""
    log = tmp_path / "log"
    os.mkdir(log)
    code, output = inside(
        lab.FAIRLEAD, "--kill-group", "--restart", "always:1", "--",
        lab.FAIRLEAD, "version",
        options=[f"--debug-log={log}/", "--debug", "--strace"])
    assert code == 0, output
    text = "".join(p.read_text(errors="replace") for p in log.iterdir())
    assert "rt_sigprocmask" in text
    assert not re.findall(r"Unsupported syscall.*", text)
    own = [x for x in text.splitlines() if "fairlead" in x]
    assert not [x for x in own
                if re.search(r"pidfd_open|clone3|ENOSYS|function not impl", x)]


def test_no_system_call_of_the_tunnel_that_gvisor_reports(tmp_path):
    """Nor with an instance, a session and a watchdog. (rseq is asked for by
    the C library of the app.)"""
    log = tmp_path / "log"
    os.mkdir(log)
    code, output = inside(
        lab.FAIRLEAD, "--session", "--watchdog", "60s", "--port", "5432",
        "p:r:i", "--", "/bin/sh", "-c", "sleep 2; exit 6",
        options=[f"--debug-log={log}/", "--debug", "--strace"])
    assert code == 6, output
    text = "".join(p.read_text(errors="replace") for p in log.iterdir())
    assert "epoll" in text
    assert not re.findall(r"Unsupported syscall (?!rseq).*", text)
