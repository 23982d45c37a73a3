"""The status page, in a real browser: what it shows and that it shows it."""

import gzip
import html
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.request

import lab
import pytest
from echo import ask

BROWSER = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--virtual-time-budget=4000",
         "--enable-logging=stderr", "--v=0"]


def get(port, path):
    url = f"http://127.0.0.1:{port}{path}"
    with urllib.request.urlopen(url, timeout=lab.PATIENCE) as answer:
        return answer.headers, answer.read()


def browse(folder, url, *flags):
    """What Chromium prints, and what its console says."""
    done = subprocess.Popen(
        [BROWSER, *FLAGS, f"--user-data-dir={folder}/profile", *flags, url],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
        env=lab.clean_env({"HOME": str(folder)}))
    try:
        out, err = done.communicate(timeout=120)
    finally:
        # Its helpers are in the session that was made for it.
        try:
            os.killpg(done.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return out.decode(), err.decode(errors="replace")


@pytest.fixture
def served(echo_emulator, start_fairlead):
    """fairlead with two instances, one that works and one that does not."""
    http = lab.free_port()
    second = lab.SECOND
    echo_emulator.set(second, server_cert="expired")
    proxy = start_fairlead(echo_emulator, "--http-port", http,
                           instances=[lab.INSTANCE,
                                      f"{second}?port={lab.free_port()}"])
    bad_port = int(proxy.argv[-1].rpartition("=")[2])
    proxy.wait_log("ready for new connections")
    proxy.http = http
    with socket.create_connection((proxy.host, proxy.port), lab.PATIENCE) as s:
        assert ask(s) == b"ping"
        try:
            with socket.create_connection((proxy.host, bad_port),
                                          lab.PATIENCE) as bad:
                bad.sendall(b"x")
                bad.recv(100)
        except ConnectionResetError:
            pass
        yield proxy


def test_page_is_alone(served):
    """No part of it comes from anywhere else, and no script but its own."""
    headers, body = get(served.http, "/")
    page = gzip.decompress(body).decode()
    assert len(body) < 6000
    assert not re.search(r"(?:src|href)=\"(?!status\")|@import|url\(|//[a-z]",
                         page.replace("http://www.w3.org/2000/svg", ""))
    assert not re.search(r"\son\w+=|\sstyle=", page)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert len(re.findall(r"'sha256-[A-Za-z0-9+/]{43}='", policy)) == 2


@pytest.mark.skipif(BROWSER is None,
                    reason="machine: chromium is not installed")
def test_page_in_a_browser(served, tmp_path):
    url = f"http://127.0.0.1:{served.http}/"
    dom, console = browse(tmp_path, url, "--dump-dom")
    assert "Content Security Policy" not in console, console
    assert "Uncaught" not in console, console
    assert "● ready" in dom
    for name in (lab.INSTANCE, lab.SECOND):
        assert f"<h2>{name}</h2>" in dom
    text = html.unescape(re.sub(r"<[^>]*>", " ",
                                dom.replace("\n", "").partition("<script")[0]))
    assert re.search(r"Certificate\s+(?:60|59) min left", text)
    assert re.search(r"Open\s+1\s+Accepted\s+1", text)
    assert re.search(r"Last error, \d+ s ago:\s+.*expired", text)
    assert dom.count("<svg") == 2 and 'aria-label="most ' in dom
    shot = tmp_path / "page.png"
    browse(tmp_path, url, f"--screenshot={shot}", "--window-size=1000,900")
    assert shot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    kept = os.environ.get("FAIRLEAD_SCREENSHOTS")
    if kept:
        shutil.copy(shot, os.path.join(kept, "light.png"))
        browse(tmp_path, url, f"--screenshot={kept}/dark.png",
               "--window-size=1000,900", "--force-dark-mode",
               "--blink-settings=preferredColorScheme=0")
        browse(tmp_path, url, f"--screenshot={kept}/narrow.png",
               "--window-size=500,1100")
