"""The same scenario with a proxy of Google's and with fairlead under its
name: flags, listeners, logs, health, metrics, exit codes, errors.

    tests/judge/differential/run [-v] [--list] [WORD...]

WORDs choose scenarios. A difference that improvements.py does not name fails;
so does one that it names and that is gone (in a complete run). --list prints
the improvements.
"""

import sys

import compare
import improvements
import install
import lab
import scenarios_alloydb  # noqa: F401
import scenarios_both  # noqa: F401
import scenarios_cloudsql  # noqa: F401
from echo import EchoServer
from side import ALLOYDB, CLOUDSQL


def emulator(backend):
    """All instances of both products, each at an address of its own."""
    addresses = [lab.free_address() for _ in range(4)]
    names = [p for product in (CLOUDSQL, ALLOYDB)
             for p in (product.instance, product.second)]
    made = lab.Emulator(backend, address=addresses[0], instances=[
        f"{n}?address={a}" for n, a in zip(names, addresses)])
    made.addresses = addresses
    return made


def hear(products, tally, words):
    """Adds to a tally as tests/judge/run has one."""
    echo = EchoServer()
    google_side = emulator(echo.where).start()
    try:
        for product in products:
            try:
                binary = install.go_program(product.module)
            except install.Missing as err:
                tally.failed += 1
                print(f"FAIL {product.name}: {err}", flush=True)
                continue
            compare.Comparison(product, binary, lab.FAIRLEAD, google_side,
                               improvements.IMPROVEMENTS).hear(tally, words)
    finally:
        google_side.stop()
        echo.close()


def show():
    for rule in improvements.IMPROVEMENTS:
        print(f"{', '.join(p.name for p in rule.of)}: "
              f"{'; '.join(rule.patterns())}: {rule.key}\n"
              f"    theirs: {rule.google}\n    ours:   {rule.ours}\n"
              f"    {rule.why}")


class Tally:
    def __init__(self, verbose):
        self.passed = self.failed = 0
        self.verbose = verbose

    def add(self, who, case, action, *args):
        try:
            action(*args)
        except Exception as err:
            self.failed += 1
            print(f"FAIL {case}: {err}", flush=True)
        else:
            self.passed += 1
            if self.verbose:
                print(f"PASS {case}", flush=True)


def main(argv):
    if "--list" in argv:
        show()
        return 0
    tally = Tally("-v" in argv)
    words = [a for a in argv if a != "-v"]
    products = [p for p in (CLOUDSQL, ALLOYDB) if not any(
        w == q.name for w in words for q in (CLOUDSQL, ALLOYDB)
        if q is not p)]
    hear(products, tally, words)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0

