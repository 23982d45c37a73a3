"""tests/judge/README.md says which test shows what: they have to exist."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = (ROOT / "tests/judge/README.md").read_text()
ROWS = [line for line in TABLES.splitlines() if line.startswith("| ")]


def names_in(folder, pattern, files):
    return {name for path in (ROOT / "tests" / folder).glob(files)
            for name in re.findall(pattern, path.read_text(), re.M)}


def test_tests_of_the_tables_exist():
    known = names_in("integration", r"^def (test_\w+)", "test_*.py") \
        | names_in("unit", r"^(\w+)\(void \*\*", "test_*.c")
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row)
             if "_" in name}
    assert named and named - known == set()


def test_scenarios_of_the_tables_exist():
    """By a name of their own, or by what a made-up name begins with."""
    text = "".join(path.read_text() for path in (
        ROOT / "tests/judge/differential").glob("scenarios_*.py"))
    known = {name.replace("_", " ") for name in re.findall(
        r"^ *def (\w+)\(side", text, re.M)} \
        | set(re.findall(r'name=f?"([\w ,:]+)"', text))
    known |= {"fails: " + name for name in re.findall(
        r'^failing\("([^"]+)"', text, re.M)} | {"credentials", "credentials: ..."}
    named = {name for row in ROWS for name in re.findall(r'judge "([^"]+)"',
                                                         row)}
    assert named and named - known == set()


def test_every_row_is_shown():
    """By a test, a scenario or a measurement, or it says why not."""
    bare = [row for row in ROWS if not re.search(
        r"`test_|unit `|judge \"|make bench|that is what fairlead is|^\| (part|row|"
        r"fault|#|`)|`run`", row)]
    assert bare == []
