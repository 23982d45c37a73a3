"""The command line as people and scripts meet it: words, streams, exit codes."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / os.environ.get("OUT", "build") / "fairlead"


@pytest.fixture(name="called")
def fixture_called(tmp_path):
    """Run the program by another program's name."""

    def run(name, *arguments, env=None):
        link = tmp_path / name
        if not link.exists():
            link.symlink_to(BINARY)
        done = subprocess.run([link, *arguments], env=env or {}, timeout=60,
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


class Server(http.server.ThreadingHTTPServer):
    """Answers by path, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return str(self.server_address[1])


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.server.asked.append((self.command, self.path))
        answer = self.server.answers[self.path]
        status, body = answer.pop(0) if len(answer) > 1 else answer[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = answer
    do_POST = answer

    def log_message(self, *_):
        pass


@pytest.fixture(name="server")
def fixture_server():
    servers = []

    def start(answers):
        servers.append(Server(answers))
        return servers[-1]

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


def test_version_says_what_it_was_built_from(called):
    code, out, _ = called("fairlead", "version")
    assert code == 0
    assert re.fullmatch(
        r"fairlead version \d+\.\d+\.\d+\n"
        r"commit ([0-9a-f]{12}|unknown) of (\d{4}-\d\d-\d\d|an unknown day)\n"
        r"BearSSL \d+\.\d+, \d+ roots of ca-certificates \d+\n", out)


@pytest.mark.parametrize("name, missing", [
    ("cloud-sql-proxy", "Error: missing instance_connection_name "
                        "(e.g., project:region:instance)"),
    ("alloydb-auth-proxy", "Error: missing instance uri (e.g., projects/"
                           "$PROJECT/locations/$LOCATION/clusters/$CLUSTER/"
                           "instances/$INSTANCE)"),
])
def test_proxies_names(called, name, missing):
    """Version line, errors and exit code of the proxy of that name."""
    code, out, err = called(name, "--version")
    assert (code, err) == (0, "")
    assert re.fullmatch(name + r" version \d+\.\d+\.\d+\+fairlead\.\S+\n", out)
    code, out, err = called(name)
    assert (code, out) == (1, "")
    assert err.splitlines()[:3] == [
        missing, "Usage:",
        f"  {name} " + ("INSTANCE_URI" if "uri" in missing
                        else "INSTANCE_CONNECTION_NAME") + "... [flags]"]


def test_environment_that_does_not_parse_is_an_error(called):
    code, _, err = called("cloud-sql-proxy", "p:r:i",
                          env={"CSQL_PROXY_PORT": "many"})
    assert code == 1
    assert err.startswith("Error: CSQL_PROXY_PORT: ")


def test_config_file_error_has_its_place(called, tmp_path):
    file = tmp_path / "proxy.toml"
    file.write_text("quiet = true\nport = many\n")
    code, _, err = called("cloud-sql-proxy", "--config-file", str(file))
    assert code == 1
    assert err.startswith(
        f"Error: failed to load configuration from {file}:2: ")


def test_wait_polls_until_ready(called, server):
    http_server = server({"/startup": [(503, b"error"), (503, b"error"),
                                       (200, b"ok")]})
    assert called("cloud-sql-proxy", "wait", "--max", "30s", "--http-port",
                  http_server.port) == (0, "", "")
    assert http_server.asked == [("GET", "/startup")] * 3


def test_wait_gives_up(called, server):
    http_server = server({"/startup": [(503, b"error")]})
    code, _, err = called("fairlead", "wait", "--max=1s", "--http-port",
                          http_server.port)
    assert code == 1
    assert err.startswith("Error: command failed to complete successfully\n")
    assert "HTTP 503" in err


def test_wait_without_a_server(called, server):
    http_server = server({})
    port = http_server.port
    http_server.shutdown()
    http_server.server_close()
    code, _, err = called("fairlead", "wait", "--max=0s", "--http-port", port)
    assert code == 1 and "Connection refused" in err


def test_shutdown_posts(called, server):
    admin = server({"/quitquitquit": [(200, b"")]})
    assert called("fairlead", "shutdown", "--admin-port", admin.port) == (
        0, "", "")
    assert admin.asked == [("POST", "/quitquitquit")]
    admin = server({"/quitquitquit": [(404, b"")]})
    code, _, err = called("fairlead", "shutdown", "--admin-port", admin.port)
    assert code == 1
    assert err.startswith("Error: failed to send shutdown request: ")


def test_status_is_printed_for_people(called, server):
    status = {
        "version": "1.2", "up": True, "none": {},
        "instances": [{"name": "p:r:i", "open": 3, "row": list(range(20))},
                      {"name": "evil\u001b[31m", "empty": []}],
    }
    http_server = server({"/status": [(200, json.dumps(status).encode())]})
    code, out, err = called("fairlead", "status", "--http-port",
                            http_server.port)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:4] == ["version: 1.2", "up: true", "none: ", "instances: "]
    assert "    name: p:r:i" in lines and "    open: 3" in lines
    assert "    row: (20 values) ... 12 13 14 15 16 17 18 19" in lines
    assert "\x1b" not in out


def test_status_of_something_else(called, server):
    http_server = server({"/status": [(200, b"<html>")]})
    code, out, err = called("fairlead", "status", "--http-port",
                            http_server.port)
    assert (code, out) == (1, "")
    assert "is not what /status gives" in err
