"""fairlead on a terminal: the keys reach the app, the window's size and the
hang-up too; and fairlead is a job that a shell can stop and continue."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import lab
import pid1

# Leader of a session whose terminal is standard input, as a container
# runtime makes PID 1.
LEADER = ("import fcntl, os, sys, termios; os.setsid(); "
          "fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
          "os.execvp(sys.argv[1], sys.argv[1:])")
UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *argv, as_pid1=False):
        self.master, slave = pty.openpty()
        mode = termios.tcgetattr(slave)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        front = [*UNSHARE, *user] if as_pid1 else []
        self.process = subprocess.Popen(
            [*front, lab.PYTHON, "-c", LEADER, *argv], stdin=slave,
            stdout=slave, stderr=slave,
            env=lab.clean_env({"PS1": "prompt>", "PS0": "", "TERM": "dumb"}))
        os.close(slave)
        self.seen = ""

    def _read(self, deadline):
        ready, _, _ = select.select([self.master], [], [],
                                    max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"no more on the terminal: {self.seen!r}")
        try:
            self.seen += os.read(self.master, 4096).decode()
        except OSError:
            raise EOFError(f"the terminal closed: {self.seen!r}") from None

    def expect(self, pattern):
        """Wait until it was printed, and forget what came before."""
        deadline = time.monotonic() + lab.PATIENCE
        while True:
            match = re.search(pattern, self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return match
            self._read(deadline)

    def expect_at_prompt(self, text):
        """Wait until a shell says it of a job. It does before a prompt, and
        only of what it has noticed: a stop that /proc shows already may
        still be news to it, and it would not continue that job."""
        def said():
            self.type("\n")
            return text in self.expect("(?s).*?prompt>")[0]
        lab.wait_until(said, what=f"{text} before a prompt")

    def type(self, text):
        os.write(self.master, text.encode())

    def wait(self):
        """The exit code, with the terminal read to its end."""
        deadline = time.monotonic() + lab.PATIENCE
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.02)[0]:
                try:
                    self._read(deadline)
                except EOFError:
                    time.sleep(0.02)
            assert time.monotonic() < deadline, f"still running: {self.seen!r}"
        return self.process.returncode

    def below(self, name):
        """The pid of a process of this name below the command."""
        def find():
            for pid in lab.descendants(self.process.pid):
                if pid1.status(pid).get("Name") == name:
                    return pid
            return None
        return lab.wait_until(find, what=f"{name}; {self.seen!r}")

    def hang_up(self):
        os.close(self.master)
        self.master = -1

    def close(self):
        for pid in lab.descendants(self.process.pid):
            lab.kill_quietly(pid)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def screen():
    made = []

    def make(*argv, **how):
        made.append(Terminal(*argv, **how))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


modes = pytest.mark.parametrize("options", [[], ["--session"]],
                                ids=["group", "session"])

SHELL = ["bash", "--norc", "--noprofile", "-i"]


@modes
def test_interactive_shell(screen, as_pid1, options):
    """The keys stop and end jobs, not the shell; its code comes through."""
    t = screen(lab.FAIRLEAD, *options, "--", *SHELL, as_pid1=as_pid1)
    t.expect("prompt>")
    t.type("echo flags $-\n")
    assert "m" in t.expect(r"flags (\w+)")[1]
    for key, code in (("\x03", 130), ("\x1c", 131)):
        t.type("sleep 1000\n")
        t.below("sleep")
        t.type(key)
        t.expect("prompt>")
        t.type("echo code $?.\n")
        t.expect(rf"code {code}\.")
    t.type("sleep 1000\n")
    t.below("sleep")
    t.type("\x1a")
    t.expect("Stopped")
    # The stopped job is left to whoever cleans up.
    t.type("disown -a; exit 5\n")
    assert t.wait() == 5


@pytest.mark.parametrize("key,number", [("\x03", 2), ("\x1c", 3)],
                         ids=["ctrl-c", "ctrl-backslash"])
def test_keys_end_a_plain_app(screen, as_pid1, key, number):
    t = screen(lab.FAIRLEAD, "--", "sh", "-c", "echo up; exec cat",
               as_pid1=as_pid1)
    t.expect("up")
    t.below("cat")
    t.type(key)
    assert t.wait() == 128 + number


def test_ctrl_z_where_no_shell_can_continue(screen, as_pid1):
    """Nobody could ever say fg: the app goes on, as it would without us."""
    t = screen(lab.FAIRLEAD, "--", "sh", "-c", "echo up; exec cat",
               as_pid1=as_pid1)
    t.expect("up")
    t.below("cat")
    for line in ("one", "two"):
        t.type("\x1a")
        t.type(line + "\n")
        t.expect(line)
    t.type("\x04")
    assert t.wait() == 0


@modes
def test_window_size(screen, as_pid1, options):
    code = ("import os, signal\n"
            "def show(*_): os.write(1, repr(os.get_terminal_size(0)).encode())\n"
            "signal.signal(signal.SIGWINCH, show)\nos.write(1, b'up\\n')\n"
            "while True: signal.pause()")
    t = screen(lab.FAIRLEAD, *options, "--", lab.PYTHON, "-c", code,
               as_pid1=as_pid1)
    t.expect("up")
    fcntl.ioctl(t.master, termios.TIOCSWINSZ,
                struct.pack("HHHH", 33, 77, 0, 0))
    t.expect("columns=77, lines=33")


@modes
def test_hang_up(screen, as_pid1, options):
    t = screen(lab.FAIRLEAD, *options, "--", "sh", "-c",
               "echo up; exec sleep 1000", as_pid1=as_pid1)
    t.expect("up")
    t.hang_up()
    assert t.process.wait(lab.PATIENCE) == 129


def test_job_of_a_shell(screen):
    """Ctrl-Z stops fairlead with the app; fg and bg continue both."""
    t = screen(*SHELL)
    t.expect("prompt>")
    t.type(f"{lab.FAIRLEAD} -- cat\n")
    cat = t.below("cat")
    ours = t.below("fairlead")
    t.type("first\n")
    t.expect("first")
    t.type("\x1a")
    t.expect("Stopped")
    assert pid1.state(cat) == "T" and pid1.state(ours) == "T"
    t.type("fg\n")
    t.expect("fairlead")
    t.type("second\n")
    t.expect("\nsecond\r\n")
    t.type("\x1a")
    t.expect("Stopped")
    # In the background it may not read, so both stop again.
    t.type("bg\n")
    t.expect("fairlead")
    t.expect_at_prompt("Stopped")
    assert pid1.state(cat) == "T" and pid1.state(ours) == "T"
    t.type("fg\n")
    t.expect("fairlead")
    t.type("third\n")
    t.expect("\nthird\r\n")
    t.type("\x04")
    t.expect("prompt>")
    t.type("echo code $?.\n")
    t.expect(r"code 0\.")


def test_started_in_the_background(screen):
    t = screen(*SHELL)
    t.expect("prompt>")
    t.type(f"{lab.FAIRLEAD} -- sh -c 'echo up; exec cat' &\n")
    t.expect("up")
    t.expect_at_prompt("Stopped")
    assert pid1.state(t.below("cat")) == "T"
    t.type("fg\n")
    t.expect("fairlead")
    t.type("line\n")
    t.expect("\nline\r\n")
    t.type("\x04")
    t.expect("prompt>")


def test_background_with_tostop(screen):
    """Where a background job may not even write: it stops when it does, and
    not before, and goes on in the foreground."""
    t = screen(*SHELL)
    t.expect("prompt>")
    t.type("stty tostop\n")
    t.expect("prompt>")
    t.type(f"{lab.FAIRLEAD} -- sh -c 'sleep 0.3; echo said; exit 3' &\n")
    t.expect_at_prompt("Stopped")
    t.type("fg\n")
    t.expect("said\\r\\n")
    t.expect("prompt>")
    t.type("echo code $?.\n")
    t.expect(r"code 3\.")


def test_terminal_is_given_back(screen):
    """To a parent that does no job control and reads on."""
    t = screen("sh", "-c", f"{lab.FAIRLEAD} -- true; echo next; read x; "
               "echo got $x")
    t.expect("next")
    t.type("this\n")
    t.expect("got this")
    assert t.wait() == 0


def test_tstp_where_no_shell_can_continue():
    """It is passed on, and the app continued: nobody else would do it."""
    init = pid1.Init("--", lab.PYTHON, "-c",
                     "import signal\nsignal.signal(signal.SIGCONT, "
                     "lambda *_: print('continued', flush=True))\n"
                     "print('up', flush=True)\n"
                     "while True: signal.pause()", pid1=False)
    try:
        init.wait_log("up")
        os.kill(init.init, signal.SIGTSTP)
        init.wait_log("continued")
        os.kill(init.init, signal.SIGTERM)
        assert init.wait() == 143
    finally:
        init.close()
