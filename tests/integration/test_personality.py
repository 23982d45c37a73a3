"""fairlead under the names of other inits: what people's command lines and
scripts rely on. The others' own test suites: tests/conformance/README.md."""

import os
import re
import signal
import subprocess

import pytest

import lab
import pid1


@pytest.fixture
def called(tmp_path):
    """Run fairlead by another name; returns code, stdout and stderr."""
    def run(name, *args, env=None):
        path = tmp_path / name
        if not path.exists():
            os.symlink(lab.FAIRLEAD, path)
        done = subprocess.run([path, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True,
                              env=lab.clean_env(env), timeout=lab.PATIENCE)
        return done.returncode, done.stdout, done.stderr
    return run


@pytest.mark.parametrize("name", ["tini", "docker-init", "catatonit",
                                  "podman-init", "dumb-init"])
def test_runs_a_command(called, name):
    code, out, _ = called(name, "--", "sh", "-c", "echo out; exit 9")
    assert (code, out) == (9, "out\n")
    # Options end at the first word that is none.
    code, out, _ = called(name, "echo", "-h", "--", "-x")
    assert (code, out) == (0, "-h -- -x\n")
    assert called(name, "/does/not/exist")[0] == 127
    assert called(name, "/etc")[0] == 126
    assert called(name)[0] == 1


def test_tini(called):
    assert called("tini", "--version")[1].startswith("tini version ")
    code, _, err = called("tini")
    assert code == 1 and "supervision of a valid init process" in err
    assert "more verbose" in err
    assert called("tini", "-h")[0] == 0
    assert called("tini", "-l")[0] == 0
    assert called("tini", "-e", "3", "sh", "-c", "exit 3")[0] == 0
    err = called("tini", "true")[2]
    assert re.match(r"\[WARN  tini \(\d+\)\] .*zombie reaping won't work",
                    err)
    assert called("tini", "-s", "true") == (0, "", "")
    assert called("tini", "true", env={"TINI_SUBREAPER": ""}) == (0, "", "")
    assert called("tini", "true", env={"TINI_VERBOSITY": "0"}) == (0, "", "")
    out = called("tini", "true", env={"TINI_VERBOSITY": "3"})[1]
    assert re.search(r"\[DEBUG tini \(\d+\)\] Received SIGCHLD", out)
    err = called("tini", "-sw", "sh", "-c", "(true &); sleep 0.2")[2]
    assert "Reaped zombie process with pid=" in err


def test_dumb_init(called):
    version = called("dumb-init", "-V")
    assert version[0] == 0 and re.match(r"dumb-init v[\d.]+\n", version[2])
    show = ("import os; print(os.getsid(0) == os.getpid())")
    assert called("dumb-init", lab.PYTHON, "-c", show)[1] == "True\n"
    assert called("dumb-init", "-c", lab.PYTHON, "-c", show)[1] == "False\n"
    assert called("dumb-init", lab.PYTHON, "-c", show,
                  env={"DUMB_INIT_SETSID": "0"})[1] == "False\n"
    err = called("dumb-init", "true", env={"DUMB_INIT_DEBUG": "1"})[2]
    assert err.startswith("[dumb-init] setsid complete.\n")
    assert called("dumb-init", "-r", "15", "true")[0] == 1


def test_catatonit(called):
    assert called("catatonit", "--version")[1].startswith("tini version ")
    code, _, err = called("catatonit", "/does/not/exist")
    assert code == 127
    assert re.match(r"ERROR \(catatonit:\d+\): ", err)
    err = called("catatonit", "true", env={"CATATONIT_DEBUG": "1"})[2]
    assert "DEBUG (catatonit:" in err


def test_proxies_name_themselves(called):
    assert called("cloud-sql-proxy", "--version")[1].startswith(
        "cloud-sql-proxy version ")


@pytest.fixture
def start(start, tmp_path):
    """Factory: start(name, *arguments)."""
    def make(name, *args, **how):
        path = tmp_path / name
        os.symlink(lab.FAIRLEAD, path)
        # env(1) stands before fairlead's own path, which it drops.
        wrapper = [lab.PYTHON, "-c", "import os, sys; "
                   "os.execv(sys.argv[1], [sys.argv[1]] + sys.argv[3:])",
                   str(path)]
        return start(*args, wrapper=wrapper, **how)
    return make


@pytest.mark.parametrize("name", ["tini", "dumb-init", "catatonit"])
def test_asked_many_times_is_no_kill(start, name):
    """None of them kills an app that is asked for the third time."""
    init = start(name, "--", "sh", "-c", "trap 'echo asked' TERM; echo up; "
                 "while :; do sleep 0.05; done")
    init.wait_log("up")
    for _ in range(4):
        count = init.log().count("asked")
        init.signal(signal.SIGTERM)
        lab.wait_until(lambda: init.log().count("asked") > count,
                       what="asked once more")
    assert init.running()
    os.kill(init.app, signal.SIGKILL)
    assert init.wait() == 137


@pytest.mark.parametrize("name", ["tini", "dumb-init", "catatonit"])
def test_as_pid1_stragglers_may_clean_up(start, name):
    init = start(name, "--", "sh", "-c",
                 "(setsid sh -c 'trap \"sleep 0.1; echo clean >clean; exit\" "
                 "TERM; echo up >up; while :; do sleep 0.05; done' &); "
                 "while ! test -e up; do sleep 0.02; done; exit 3")
    assert init.wait() == 3
    assert init.read("clean") == "clean\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_pause(start, number):
    init = start("catatonit", "-P")
    lab.wait_until(lambda: pid1.state(init.init) == "S", what="asleep")
    init.signal(signal.SIGUSR1)
    assert init.running()
    init.signal(number)
    assert init.wait() == 0
