"""What Google's API can answer, and what an app then meets.

Every fault: a log line that names it, the app's connection closed, and no
storm of requests; when the fault is over, the next connection works.
"""

import lab
import pytest

# The limit of questions: two at once, then one per 30 s. A question is at
# most 5 requests (retries of 5xx) for each of two operations.
BURST = 2
TRIES = 5


@pytest.fixture(scope="module")
def shared(postgres):
    emulator = lab.Emulator(postgres.socket)
    yield emulator.start()
    emulator.stop()


@pytest.fixture
def emulator(shared):
    shared.reset()
    return shared


def attempt(fairlead):
    return lab.psql(fairlead, "select 1", check=False)


@pytest.mark.parametrize("fault, text", [
    ({"status": 403, "message": "Not authorized here"},
     r"Error 403: Not authorized here, notAuthorized"),
    ({"status": 404}, r"Error 404: .*instanceDoesNotExist"),
    ({"status": 429, "retry_after": 30}, r"Error 429: .*rateLimitExceeded"),
    ({"status": 500}, r"Error 500: .*backendError"),
    ({"status": 403, "html": True}, r"HTTP response code 403 with body: <!"),
    ({"html": True}, r"json|<!doctype"),
    ({"broken": True}, r"json"),
    ({"close": "mid-body"}, r"cut off|closed|truncat"),
    ({"close": "before"}, r"cut off|closed|truncat"),
    ({"close": "reset"}, r"reset|closed"),
    ({"content_length": 100}, r"ended in the middle"),
    ({"pad": 4 << 20}, r"large|long|limit|big"),
    ({"set": {"serverCaCert": None}}, r"server CA certificate"),
    ({"set": {"ipAddresses": []}}, r"IP"),
    ({"set": {"region": "mars-north1"}}, r"region was mismatched"),
    ({"set": {"backendType": "FIRST_GEN"}}, r"Second Generation"),
], ids=str)
def test_fault(emulator, start_fairlead, fault, text):
    emulator.api("connectSettings", **fault)
    fairlead = start_fairlead(emulator).wait_listening()
    done = attempt(fairlead)
    assert done.returncode == 2
    assert "FATAL:  fairlead: failed to connect to instance: " in done.stderr
    fairlead.wait_log(r"(?i)failed to connect to instance: .*(?:"
                      + text + ")")
    for _ in range(20):
        attempt(fairlead)
    assert emulator.count("api.connectSettings") <= BURST * TRIES
    assert fairlead.running()
    assert emulator.count("accept") == 0


@pytest.mark.parametrize("fault", [
    {"chunked": 1}, {"chunked": True}, {"until_close": True},
    {"drip": 0.0001}, {"delay": 2}, {"pad": 60000}], ids=str)
def test_odd_but_right(emulator, start_fairlead, fault):
    emulator.api("*", **fault)
    fairlead = start_fairlead(emulator).wait_listening()
    assert lab.psql(fairlead, "select 1") == "1"


def test_silence(emulator, start_fairlead):
    emulator.api("connectSettings", silence=60, count=1)
    fairlead = start_fairlead(emulator, "--refresh-timeout",
                              "2s").wait_listening()
    fairlead.wait_log("could not get an ephemeral certificate: ")
    assert lab.psql(fairlead, "select 1") == "1"


def test_it_ends_when_the_fault_ends(emulator, start_fairlead):
    emulator.api("connectSettings", status=403, count=1)
    fairlead = start_fairlead(emulator).wait_listening()
    lab.wait_until(lambda: attempt(fairlead).returncode == 0)
    assert emulator.count("api.connectSettings") == 2


@pytest.mark.parametrize("fault", [
    {"status": 404}, {"status": 500}, {"close": "before"}, {"body": "{}"},
    {"body": "x"}], ids=str)
def test_metadata_faults(emulator, start_fairlead, fault):
    emulator.metadata("token", **fault)
    fairlead = start_fairlead(emulator).wait_listening()
    assert attempt(fairlead).returncode == 2
    fairlead.wait_log(r"failed to connect to instance: ")
    assert emulator.count("api") == 0


@pytest.mark.parametrize("cert", ["wrong-host", "wrong-ca", "expired",
                                  "not-yet-valid", "client-auth"])
def test_https(emulator, start_fairlead, cert):
    emulator.https(cert=cert)
    fairlead = start_fairlead(emulator).wait_listening()
    assert attempt(fairlead).returncode == 2
    fairlead.wait_log(r"failed to connect to instance: .*certificate")
    assert emulator.count("api") == 0
