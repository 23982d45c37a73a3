"""Two minutes of chaos; tests/chaos/run says what has to hold in it."""

import pathlib
import subprocess

import lab

CHAOS = pathlib.Path(__file__).resolve().parents[1] / "chaos" / "run"


def test_two_minutes():
    done = subprocess.run(
        [lab.PYTHON, CHAOS, "--seconds", "120", "--seed", "1", "--pace", "0.1",
         "--life", "12"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    print(done.stdout)
