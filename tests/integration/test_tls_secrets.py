"""No key, certificate or token in a log, however much goes wrong; and no
connection at all where the cryptography gives wrong answers."""

import base64
import hashlib
import os
import shutil
import struct

import lab
import pytest
from leaks import leaks
from test_tunnel_identity import refused, served

# What goes wrong between the tunnel and the server, one after the other.
BROKEN = [
    {"server_cert": "wrong-cn"}, {"server_cert": "wrong-both"},
    {"server_cert": "no-name"}, {"server_cert": "wrong-ca"},
    {"server_cert": "forged-ca"}, {"server_cert": "not-a-ca"},
    {"server_cert": "expired"}, {"server_cert": "not-yet-valid"},
    {"server_cert": "client-auth"}, {"tls": "1.2"}, {"clients": "refuse"},
    {"clients": "close"}, {"connect": "reset"}, {"connect": "refuse"},
]
# And what, before that, between the fetcher and the API.
FAULTS = [
    ("api", "connectSettings", {"status": 403}),
    ("api", "connectSettings", {"broken": True}),
    ("api", "connectSettings", {"set": {"serverCaCert": None}}),
    ("api", "generateEphemeralCert", {"status": 503}),
    ("api", "generateEphemeralCert", {"broken": True}),
    ("api", "generateEphemeralCert", {"close": "mid-body"}),
    ("api", "generateEphemeralCert",
     {"set": {"ephemeralCert": {"cert": "-----BEGIN CERTIFICATE-----\n"
                                "AAAA\n-----END CERTIFICATE-----\n"}}}),
    ("metadata", "token", {"status": 500}),
    ("metadata", "token", {"broken": True}),
]
# Beginnings of tables that BearSSL computes with.
TABLES = {
    "HKDF with SHA-256": struct.pack("<2I", 0x428A2F98, 0x71374491),
    "HKDF with SHA-384": struct.pack("<2Q", 0x428A2F98D728AE22,
                                     0x7137449123EF65CD),
}


@pytest.fixture
def talkative(echo_emulator, start_fairlead):
    """The proxy with the access token inside its certificate, at debug
    level."""
    def start():
        return start_fairlead(echo_emulator, "--debug-logs",
                              "--auto-iam-authn")
    return start


def test_leaks_are_found():
    """The judge of the logs below: what it looks for is what it finds."""
    secret = hashlib.sha256(b"secret").digest()
    for text in (secret.hex(), secret.hex().upper(), secret.hex(" "),
                 secret.hex(":"), base64.b64encode(secret).decode(),
                 base64.urlsafe_b64encode(secret).decode().strip("="),
                 secret.decode("latin-1"), "Bearer ya29.a0",
                 "-----BEGIN PRIVATE KEY-----", "eyJhbGciOiJSUzI1NiJ9"):
        assert leaks(f"fairlead: key is {text} here\n"), text
    assert not leaks(
        "[my-project:us-central1:orders] failed to connect to instance: "
        "Config error: 127.64.3.2 port 3307: /tmp/pytest-of-root/pytest-12/"
        "test_name_of_a_long_test_function_0/deep/folder/credentials.json: "
        "googleapi: Error 403: boss::NOT_AUTHORIZED, notAuthorized "
        "certificate had CN \"my-project:orders\", TLS_AES_128_GCM_SHA256\n")


def test_no_secret_in_the_log_of_a_good_day(echo_emulator, talkative):
    proxy = talkative()
    proxy.wait_log("Listening on")
    for settings in ({}, {"suites": "TLS_CHACHA20_POLY1305_SHA256"},
                     {"groups": "P-256"}, {"key_update_after": 1}):
        echo_emulator.set(**settings)
        assert served(proxy) and served(proxy)
    proxy.wait_log("resumed a TLS session")
    assert not leaks(proxy.log())


def test_no_secret_in_the_log_of_a_bad_day(echo_emulator, talkative):
    """Server after server that is none; the certificate has been made."""
    proxy = talkative()
    proxy.wait_log("Listening on")
    assert served(proxy)
    good = {"server_cert": "cn", "tls": "1.3", "clients": "accept",
            "connect": "accept"}
    for settings in BROKEN:
        echo_emulator.set(**{**good, **settings})
        assert refused(proxy), settings
    assert proxy.log().count("failed to connect to instance") >= 3
    assert not leaks(proxy.log())


def test_no_secret_in_the_log_of_a_failed_fetch(echo_emulator, talkative):
    for where, operation, fault in FAULTS:
        echo_emulator.reset()
        getattr(echo_emulator, where)(operation, **fault)
        proxy = talkative()
        echo_emulator.wait_count(f"{where}.{operation}")
        proxy.stop()
        assert not leaks(proxy.log()), fault


@pytest.mark.product
@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_broken_primitive_is_noticed(echo_emulator, start_fairlead, tmp_path,
                                       monkeypatch, name):
    """One bit of the program's tables is another: nothing goes out."""
    with open(lab.FAIRLEAD, "rb") as src:
        program = bytearray(src.read())
    assert program.count(TABLES[name]) == 1
    program[program.index(TABLES[name])] ^= 1
    broken = os.path.join(tmp_path, "fairlead")
    with open(broken, "wb") as out:
        out.write(program)
    shutil.copymode(lab.FAIRLEAD, broken)
    monkeypatch.setattr(lab, "FAIRLEAD", broken)
    proxy = start_fairlead(echo_emulator)
    proxy.wait_log(f"self-test failed: {name} gives wrong answers here")
    proxy.stop()
    assert not [key for key in echo_emulator.counts()
                if key.startswith(("api.", "metadata.", "accept"))]
