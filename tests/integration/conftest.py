"""Fixtures of the integration tests; the machinery is in lab.py."""

import os
import re
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import lab  # noqa: E402
import pid1  # noqa: E402
from echo import EchoServer  # noqa: E402
from google_client import Client  # noqa: E402


def undo_ignored_signals():
    """A background job of a shell, or of nohup, ignores some signals, and what
    is started here would too: fairlead passes that on to its app."""
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    undo_ignored_signals()
    config.addinivalue_line(
        "markers", "product: about the static binary alone, not about one "
        "with sanitizers (FAIRLEAD_BINARY)")


@pytest.fixture(scope="session")
def postgres():
    """A real PostgreSQL; see lab.Postgres for what is in it."""
    server = lab.Postgres()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def start_emulator(postgres):
    """Factory: start_emulator(*options, instances=..., backend=...)."""
    started = []

    def start(*options, backend=None, **how):
        emulator = lab.Emulator(backend or postgres.socket, *options, **how)
        emulator.start()
        started.append(emulator)
        return emulator

    yield start
    for emulator in started:
        emulator.stop()


@pytest.fixture
def emulator(start_emulator):
    """One emulator with lab.INSTANCE at an address of its own."""
    return start_emulator()


def unclean(logs):
    """A tunnel that a sanitizer ended is started again: only its log tells."""
    return [log for log in logs if re.search(lab.SANITIZER, log)]


@pytest.fixture
def start_fairlead():
    """Factory: start_fairlead(emulator, *options, app=[...], env={...}).
    The log of each is shown when a test fails."""
    started = []

    def start(emulator, *options, **how):
        if not os.access(lab.FAIRLEAD, os.X_OK):
            pytest.fail(f"{lab.FAIRLEAD} is not built")
        process = lab.Fairlead(emulator, *options, **how)
        started.append(process)
        return process

    yield start
    logs = []
    for process in started:
        process.stop()
        logs.append(process.log())
        print(f"-- log of {' '.join(process.argv)}\n{logs[-1]}")
        process.close()
    assert not unclean(logs)


@pytest.fixture(params=[True, False], ids=["pid1", "ordinary"])
def as_pid1(request):
    """What an init does as PID 1 and as an ordinary process."""
    return request.param


@pytest.fixture
def start():
    """Factory of pid1.Init; the log of each is shown when a test fails."""
    started = []

    def make(*args, **how):
        init = pid1.Init(*args, **how)
        started.append(init)
        return init

    yield make
    logs = []
    for init in started:
        logs.append(init.log())
        print(f"-- log of {' '.join(init.argv)}\n{logs[-1]}")
        init.close()
    assert not unclean(logs)


@pytest.fixture
def fairlead(emulator, start_fairlead):
    """A proxy alone for the emulator's instance, listening."""
    return start_fairlead(emulator).wait_listening()


@pytest.fixture(scope="session")
def echo():
    """A backend that sends back what it gets; see echo.py."""
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _echo_emulator(echo):
    emulator = lab.Emulator(echo.where, instances=[
        lab.INSTANCE, lab.SECOND + "?address=" + lab.free_address()])
    yield emulator.start()
    emulator.stop()


@pytest.fixture
def echo_emulator(_echo_emulator):
    """An emulator in front of the echo, as new: settings and log reset."""
    _echo_emulator.reset()
    return _echo_emulator


@pytest.fixture
def client(echo_emulator):
    """A connector of our own for the emulator that echoes."""
    client = Client(echo_emulator)
    yield client
    client.close()
