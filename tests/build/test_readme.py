"""README's promises that a program can check."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / os.environ.get("OUT", "build") / "fairlead"
README = (ROOT / "README.md").read_text()


def test_options_are_those_of_help():
    """The block under "Options" is what --help prints, to the letter."""
    block = re.search(r"^## Options\n\n```\n(.*?)```$", README, re.M | re.S)
    printed = subprocess.run([BINARY, "--help"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    assert block and block[1] == printed


def test_help_fits_a_terminal():
    printed = subprocess.run([BINARY, "--help"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    assert [line for line in printed.splitlines() if len(line) > 79] == []


def test_targets_exist():
    """Every `make TARGET` that README names is a target with a help text."""
    made = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", README))
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, check=True,
                            text=True, stdout=subprocess.PIPE).stdout
    assert made <= {line.split()[0] for line in listed.splitlines()}


def test_files_exist():
    """Every relative link and every path in code marks leads somewhere."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    paths = re.findall(r"`((?:src|tests|vendor|docker|\.ci)/[^` ]*)`", README)
    assert [p for p in links + paths if not (ROOT / p).exists()] == []
