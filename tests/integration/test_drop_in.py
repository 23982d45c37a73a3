"""What people who come from Google's proxies rely on, beyond what has a file
of its own; `make judge` holds far more of it against the proxies themselves."""

import os
import re
import socket
import urllib.request

import lab
import pytest
from echo import ask


def unix(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(lab.PATIENCE)
    sock.connect(path)
    return sock


def test_ports_in_the_order_given(echo_emulator, start_fairlead):
    """Whoever is answered first: the first instance has the first port."""
    address = lab.free_address(5432, 5433)
    echo_emulator.api("connectSettings", delay=1, count=1)
    proxy = start_fairlead(echo_emulator, "--address", address, port=None,
                           instances=[lab.INSTANCE, lab.SECOND])
    proxy.wait_log("ready for new connections")
    found = re.findall(r"\[(.*)\] Listening on .*:(\d+)", proxy.log())
    assert found == [(lab.INSTANCE, "5432"), (lab.SECOND, "5433")]


def test_one_of_several_is_skipped(echo_emulator, start_fairlead, tmp_path):
    proxy = start_fairlead(
        echo_emulator, "--unix-socket", tmp_path, "--health-check",
        "--http-port", lab.free_port(), "--skip-failed-instance-config",
        port=None, instances=["my-project:us-central1:nobody", lab.INSTANCE])
    proxy.wait_log("ready for new connections")
    proxy.wait_log(r"nobody\] Unable to mount socket: .*skip-failed")
    with unix(f"{tmp_path}/{lab.INSTANCE}/.s.PGSQL.5432") as sock:
        assert ask(sock) == b"ping"


def test_one_of_several_fails(echo_emulator, start_fairlead, tmp_path):
    proxy = start_fairlead(
        echo_emulator, "--unix-socket", tmp_path, port=None,
        instances=["my-project:us-central1:nobody", lab.INSTANCE])
    assert proxy.wait() == 1
    assert "instanceDoesNotExist" in proxy.log()


@pytest.mark.parametrize("options, words", [
    ([], "Authorizing with Application Default Credentials"),
    (["--token", "secret"], "Authorizing with OAuth2 token"),
    (["--credentials-file", "/nowhere/k"],
     'Authorizing with the credentials file at "/nowhere/k"'),
    (["--json-credentials", "{}"],
     "Authorizing with JSON credentials environment variable"),
    (["--token", "secret", "--impersonate-service-account", "a@b.c"],
     "Impersonating service account with OAuth2 token"),
])
def test_says_which_credentials(echo_emulator, start_fairlead, options,
                                words):
    proxy = start_fairlead(echo_emulator, *options)
    proxy.wait_log("ready for new connections")
    assert f" {words}\n" in proxy.log() and "secret" not in proxy.log()


@pytest.mark.parametrize("reason, needed", [
    ("accessNotConfigured", "this API, enabled in the project"),
    ("SERVICE_DISABLED", "this API, enabled in the project"),
    ("notAuthorized", "roles/cloudsql.client"),
])
def test_what_is_needed(echo_emulator, start_fairlead, reason, needed):
    """... is in the log, and the reason in the metrics."""
    echo_emulator.api("*", status=403, reason=reason)
    http = lab.free_port()
    proxy = start_fairlead(echo_emulator, "--prometheus", "--http-port", http)
    proxy.wait_log(f"Error 403: .*{reason}; needed: {needed}")
    # urlopen heeds a proxy of the environment; this is a local server.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{http}/metrics",
                     timeout=lab.PATIENCE) as page:
        text = page.read().decode()
    assert re.search(r'^cloudsqlconn_refresh_failure_count\{cloudsql_dialer_'
                     r'id="[^"]*",cloudsql_error_code="' + reason
                     + r'",cloudsql_instance="[^"]*"\} \d+$', text, re.M)


def test_a_client_that_leaves_is_no_error(echo_emulator, start_fairlead):
    """Its instance's last words have nobody to go to."""
    proxy = start_fairlead(echo_emulator).wait_listening()
    with socket.create_connection((proxy.host, proxy.port)) as sock:
        assert ask(sock) == b"ping"
        port = sock.getsockname()[1]
    proxy.wait_log(f"Accepted connection from 127.0.0.1:{port}")
    proxy.wait_log("client closed the connection")
    assert proxy.stop() == 143
    assert "aborted" not in proxy.log()


def test_flags_of_2026_are_accepted(echo_emulator, start_fairlead):
    proxy = start_fairlead(
        echo_emulator, "--enable-builtin-metrics=false",
        "--application-name", "shop", "--compute-platform", "cloud_run",
        env={"CSQL_PROXY_ENABLE_BUILTIN_METRICS": "true"})
    proxy.wait_log("ready for new connections")
    assert os.path.exists(f"/proc/{proxy.pid}")
