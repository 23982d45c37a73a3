"""No branch and no address of the TLS client depends on a secret: handshakes
under valgrind, which is told that the secrets are undefined memory."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = os.environ.get("OUT", "build")
PROGRAM = ROOT / OUT / "tools/constant_time"
WAIT = 600


def memcheck(*argv):
    return subprocess.run(
        ["valgrind", "-q", "--error-exitcode=9", "--num-callers=8",
         "--suppressions=tests/tools/constant_time.supp", *argv],
        cwd=ROOT, capture_output=True, text=True, timeout=WAIT, check=False)


@pytest.fixture(scope="module", autouse=True)
def program():
    if shutil.which("valgrind") is None:
        pytest.skip("machine: valgrind is not installed")
    subprocess.run(["make", "--no-print-directory", f"OUT={OUT}",
                    f"{OUT}/tools/constant_time"], cwd=ROOT, check=True,
                   capture_output=True, timeout=WAIT)


def test_nothing_depends_on_a_secret():
    ran = memcheck(str(PROGRAM))
    assert "constant_time: done" in ran.stdout, ran.stderr[-4000:]
    assert ran.returncode == 0, ran.stderr[-4000:]


def test_that_a_leak_would_be_seen():
    ran = memcheck(str(PROGRAM), "leak")
    assert ran.returncode == 9
    assert "uninitialised" in ran.stderr
