"""What has to be true of the files that `make` builds."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / os.environ.get("OUT", "build")
BINARY = OUT / "fairlead"
VENDOR = OUT / "vendor"
BUDGET = 400_000


def output(*argv, **more):
    return subprocess.run(
        [str(arg) for arg in argv], check=True, capture_output=True, text=True, **more
    ).stdout


def tree_files():
    """The files of the tree that are not made, also where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = listed.stdout.split("\0")
        return [name for name in names if name and (ROOT / name).is_file()]
    return [
        str(path.relative_to(ROOT))
        for top in ("Makefile", "src", "vendor")
        for path in [ROOT / top, *(ROOT / top).rglob("*")]
        if path.is_file()
    ]


def test_is_static_pie():
    header = output("readelf", "-hW", BINARY)
    assert re.search(r"Type:\s+DYN", header), "not position-independent"
    segments = output("readelf", "-lW", BINARY)
    assert "INTERP" not in segments, "asks for a dynamic loader"
    dynamic = output("readelf", "-dW", BINARY)
    assert "(NEEDED)" not in dynamic, "needs a shared library"
    assert re.search(r"FLAGS_1\).*\bPIE\b", dynamic), "not marked as PIE"


def test_is_hardened():
    segments = output("readelf", "-lW", BINARY)
    assert "GNU_RELRO" in segments
    assert re.search(r"FLAGS\).*BIND_NOW", output("readelf", "-dW", BINARY))
    stack = re.search(r"GNU_STACK.*", segments)
    assert stack and " RW " in stack[0], "the stack is executable"
    loaded = re.findall(r"^\s+LOAD.*?0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ (...) ", segments, re.M)
    assert loaded and not [flags for flags in loaded if "W" in flags and "E" in flags]


def test_is_stripped_and_small():
    sections = output("readelf", "-SW", BINARY)
    assert ".symtab" not in sections and ".debug" not in sections
    assert BINARY.stat().st_size < BUDGET


def test_runs_where_there_is_nothing_else(tmp_path):
    """In a root folder that holds the one file, as in FROM scratch."""
    shutil.copy(BINARY, tmp_path / "fairlead")
    # A user namespace for who is not root; it can't be had inside a chroot.
    enter = ["chroot"] if os.geteuid() == 0 else ["unshare", "-r", "--root"]
    result = subprocess.run(
        [*enter, tmp_path, "/fairlead", "version"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare:" in result.stderr:
        pytest.skip(f"kernel: no user namespace: {result.stderr.strip()}")
    assert result.returncode == 0, result.stderr
    version = re.search(r"^VERSION := (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert version[1] in result.stdout


def test_symbols_have_no_path_of_this_machine():
    """Neither in what ships nor in the debug information beside it."""
    for file in (BINARY, OUT / "fairlead.debug"):
        assert os.fsencode(ROOT) not in file.read_bytes(), file


def test_two_folders_give_the_same_bytes(tmp_path):
    """The tree as it is, built again in two folders of different length.

    Built there from the start, BearSSL included; only its tarball is handed
    over, so that nothing is fetched again.
    """
    tarballs = [p for p in VENDOR.iterdir() if re.fullmatch(r"bearssl.*\.tar\.[gx]z", p.name)]
    tarballs += (ROOT / "vendor").glob("*.tar.?z")
    digests = set()
    for name in ("a", "a-longer-name/with-another-folder"):
        tree = tmp_path / name
        for file in tree_files():
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, tree / file)
        for tarball in tarballs:
            shutil.copy(tarball, tree / "vendor")
        # The commit is part of the program.
        (tree / ".git").write_text(f"gitdir: {ROOT / '.git'}\n")
        # The variables of the make that runs this test are not for this one.
        env = {
            key: value
            for key, value in os.environ.items()
            if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "OUT", "VENDOR")
        }
        subprocess.run(
            ["make", "-s", f"-j{os.cpu_count()}"],
            cwd=tree,
            env=env,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        digests.add(output("sha256sum", tree / "build/fairlead").split()[0])
    assert len(digests) == 1, "the build depends on the folder it is done in"
    assert output("sha256sum", BINARY).split()[0] in digests


def test_bearssl_has_the_decoder_fix():
    source = (VENDOR / "bearssl/src/x509/skey_decoder.c").read_text()
    assert source.count("T0_INT2(3 * BR_X509_BUFSIZE_SIG)") == 1
    assert "3 * BR_X509_BUFSIZE_KEY" not in source


def test_bearssl_has_the_processors_instructions():
    """GCM without them is thirty times slower, and nothing else would say so."""
    if os.uname().machine != "x86_64":
        pytest.skip("machine: these instructions are x86-64's")
    objects = VENDOR / "musl"
    for file, instruction in (
        ("symcipher/aes_x86ni_ctr.o", "aesenc"),
        ("hash/ghash_pclmul.o", "pclmul"),
    ):
        assert instruction in output("objdump", "-d", objects / file), file


def test_bearssl_is_whole():
    """What is left out in bearssl.mk is not called by what is in.

    Otherwise a first caller would meet an undefined symbol much later.
    """
    symbols = output("nm", "-P", VENDOR / "musl/libbearssl.a")
    named = [line.split() for line in symbols.splitlines() if len(line.split()) >= 2]
    defined = {words[0] for words in named if words[1] != "U"}
    wanted = {words[0] for words in named if words[1] == "U"}
    assert {name for name in wanted - defined if name.startswith("br_")} == set()


@pytest.mark.parametrize(
    "name", ["br_prng_seeder_system", "br_ssl_engine_sendapp_buf", "br_md5_init"]
)
def test_bearssl_lacks_what_must_not_be_used(name):
    assert not re.search(rf"\b{name} T", output("nm", "-P", VENDOR / "musl/libbearssl.a"))


def test_fetch_refuses_another_tarball(tmp_path):
    bad = tmp_path / "bearssl-0.6.tar.gz"
    bad.write_bytes(b"not the one")
    result = subprocess.run(
        [ROOT / "vendor/fetch-bearssl", tmp_path, tmp_path / "bearssl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "does not have the sha256" in result.stderr
    assert not (tmp_path / "bearssl").exists()


def test_roots_are_refused_when_one_is_another(tmp_path):
    names = [
        line.split()[0]
        for line in (ROOT / "vendor/roots").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    good = pathlib.Path("/usr/share/ca-certificates/mozilla")
    for name in names:
        shutil.copy(good / name, tmp_path / name)
    make = [ROOT / "vendor/make-roots", tmp_path]
    header = output(*make)
    assert header == (OUT / "gen/roots_data.h").read_text()
    shutil.copy(good / names[0], tmp_path / names[1])
    swapped = subprocess.run(make, capture_output=True, text=True, check=False)
    assert swapped.returncode != 0 and names[1] in swapped.stderr
    (tmp_path / names[1]).unlink()
    missing = subprocess.run(make, capture_output=True, text=True, check=False)
    assert missing.returncode != 0 and "missing" in missing.stderr
