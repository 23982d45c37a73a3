"""Runs scenarios on both sides, and holds what differs against the list of
improvements.
"""

import dataclasses
import fnmatch
import os
import re
import traceback

from side import ALLOYDB, CLOUDSQL, Side

SCENARIOS = []


@dataclasses.dataclass
class Scenario:
    name: str
    products: tuple
    action: object

    def where(self, product):
        return f"{product.name}: {self.name}"


def scenario(*products, name=None):
    """Decorates def SCENARIO(side): for these products, or for both."""
    def add(action):
        label = name or action.__name__.replace("_", " ")
        SCENARIOS.append(Scenario(label, products or (CLOUDSQL, ALLOYDB),
                                  action))
        return action
    return add


@dataclasses.dataclass
class Better:
    """A difference that is meant.

    where   pattern (or patterns) of scenarios, as fnmatch has them; each
            must show the difference; a "*" must show it somewhere
    key     pattern of what was seen
    google  regular expression of the whole value or line, None for nothing
    ours    likewise
    why     the reason
    of      products
    """

    where: object
    key: str
    google: object
    ours: object
    why: str
    of: tuple = (CLOUDSQL, ALLOYDB)
    shown: set = dataclasses.field(default_factory=set)

    def patterns(self):
        return [self.where] if isinstance(self.where, str) else self.where

    def explains(self, product, name, difference):
        if product not in self.of:
            return False
        hits = [p for p in self.patterns() if fnmatch.fnmatchcase(name, p)]
        if not hits or not fnmatch.fnmatchcase(difference.key, self.key):
            return False
        if not self._matches(difference):
            return False
        for half in ("google", "ours"):
            if getattr(difference, half) is not None:
                self.shown |= {(product.name, hit, half) for hit in hits}
        return True

    def _matches(self, difference):
        pairs = [(self.google, difference.google),
                 (self.ours, difference.ours)]
        if difference.member:
            # One half of a pair: the line of one side alone.
            pairs = [(p, v) for p, v in pairs if v is not None]
        return all((p is None) == (v is None)
                   and (p is None or re.fullmatch(p, str(v), re.S))
                   for p, v in pairs)

    def stale(self, product):
        """What of it was not seen in a complete run."""
        if product not in self.of:
            return []
        halves = [half for half in ("google", "ours")
                  if getattr(self, half) is not None]
        return [f"{pattern} ({half})" for pattern in self.patterns()
                for half in halves
                if (product.name, pattern, half) not in self.shown]


@dataclasses.dataclass
class Difference:
    key: str
    google: object
    ours: object
    member: bool = False

    def __str__(self):
        return (f"{self.key}\n      google: {self.google!r}"
                f"\n      ours:   {self.ours!r}")


def differences(google, ours):
    for key in sorted(google.keys() | ours.keys()):
        a, b = google.get(key), ours.get(key)
        if isinstance(a, set) or isinstance(b, set):
            a, b = a or set(), b or set()
            yield from (Difference(key, x, None, True) for x in sorted(a - b))
            yield from (Difference(key, None, x, True) for x in sorted(b - a))
        elif a != b:
            yield Difference(key, a, b)


def observe(scenario, product, binary, theirs, emulator):
    emulator.reset()
    side = Side(product, binary, theirs, emulator)
    try:
        scenario.action(side)
        seen = side.look()
    except Exception:
        text = side.program.text() if side.program else ""
        raise AssertionError(f"{os.path.basename(os.path.dirname(binary))}: "
                             f"{traceback.format_exc()}\n{text}") from None
    finally:
        side.close()
    return seen


class Comparison:
    """All scenarios of one product."""

    def __init__(self, product, google, ours, emulator, improvements):
        self.product = product
        self.binaries = google, ours
        self.emulator = emulator
        self.improvements = improvements
        self.scenarios = self.values = self.meant = 0

    def run(self, scenario):
        """Raises AssertionError for a difference that is not meant."""
        google, ours = (observe(scenario, self.product, binary,
                                self.binaries[0], self.emulator)
                        for binary in self.binaries)
        self.scenarios += 1
        self.values += sum(len(v) if isinstance(v, set) else 1
                           for v in google.values())
        unknown = []
        for difference in differences(google, ours):
            rules = [r for r in self.improvements if r.explains(
                self.product, scenario.name, difference)]
            self.meant += bool(rules)
            if not rules:
                unknown.append(difference)
        assert not unknown, "differs:" + "".join(
            f"\n    {d}" for d in unknown)

    def hear(self, tally, words):
        complete = True
        for one in SCENARIOS:
            if self.product not in one.products:
                continue
            label = "differential: " + one.where(self.product)
            if all(w in label for w in words):
                tally.add("both programs", label, self.run, one)
            else:
                complete = False
        if complete:
            self.check_improvements(tally)
        print(f"differential: {self.product.name}: {self.scenarios} "
              f"scenarios, {self.values} values compared, {self.meant} "
              "differences that are meant")

    def check_improvements(self, tally):
        def nothing_stale():
            stale = [f"{s}: {rule.key}: {rule.why}"
                     for rule in self.improvements
                     for s in rule.stale(self.product)]
            assert not stale, "not seen any more:\n    " + "\n    ".join(stale)
        tally.add("both programs", f"differential: {self.product.name}: the "
                  "list of improvements", nothing_stale)
