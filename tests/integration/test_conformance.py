"""What others made to find faults in code like ours, as far as it is committed:
tests/conformance/README.md.
"""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "suite, cases", [("wycheproof", "6726"), ("limbo", "280")], ids=["wycheproof", "limbo"]
)
def test_committed_cases(suite, cases):
    """Every case ends as it should, and none has got lost."""
    done = subprocess.run(
        [str(ROOT / "tests/conformance" / suite / "run")],
        cwd=ROOT,
        env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == f"{cases} passed, 0 failed", done.stdout


def test_mutants_have_their_places():
    """`make mutation` takes a while; that it can be run is seen here."""
    done = subprocess.run(
        [str(ROOT / "tests/mutation/run"), "--check"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout
