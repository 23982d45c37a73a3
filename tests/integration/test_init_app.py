"""What fairlead does to the app's process: user, limits, environment,
directory, descriptors; and what it hears from it: readiness, life signs."""

import os
import pwd
import shutil
import signal
import socket
import tempfile
import time

import pytest

import lab
import pid1

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="machine: only root may become somebody else")
NOBODY = pwd.getpwnam("nobody")


def shell(*options, text, code=0, **how):
    got, log = pid1.run(*options, "--", "sh", "-c", text, **how)
    assert got == code, log
    return log


# ------------------------------------------------------------------- the user


@as_root
@pytest.mark.parametrize("user,ids", [
    ("nobody", f"{NOBODY.pw_uid} {NOBODY.pw_gid} {NOBODY.pw_gid}"),
    (str(NOBODY.pw_uid), f"{NOBODY.pw_uid} {NOBODY.pw_gid} {NOBODY.pw_gid}"),
    ("nobody:daemon", f"{NOBODY.pw_uid} 1 1"),
    ("54321", "54321 54321 54321"),
    ("54321:54322", "54321 54322 54322"),
    ("0:0", "0 0 0"),
])
def test_user(user, ids, as_pid1):
    assert shell("--user", user, text="echo $(id -u) $(id -g) $(id -G)",
                 pid1=as_pid1) == ids + "\n"


@as_root
def test_user_cannot_come_back():
    code = ("import os\n"
            "for f in (os.setuid, os.setgid, os.seteuid, os.setegid):\n"
            "    try:\n"
            "        f(0)\n"
            "        print(f)\n"
            "    except PermissionError: pass\n"
            "try: os.setgroups([0]); print('groups')\n"
            "except PermissionError: pass\n"
            "s = open('/proc/self/status').read()\n"
            "print([l.split()[1] for l in s.splitlines()"
            " if l[:6] in ('CapPrm', 'CapEff', 'CapAmb')])")
    zero = "0" * 16
    assert pid1.run("--user", "nobody", "--", lab.PYTHON, "-c", code) == \
        (0, f"{[zero] * 3}\n")


@as_root
def test_supplementary_groups(start, tmp_path):
    """From files of our own, in a mount namespace of our own."""
    (tmp_path / "passwd").write_text("app:x:4001:4002::/srv/app:/bin/sh\n")
    (tmp_path / "group").write_text("a:x:4003:x,app\nb:x:4004:app\nc:x:5:x\n")
    bind = "".join(f"mount --bind {tmp_path}/{f} /etc/{f} && "
                   for f in ("passwd", "group"))
    init = start("--user", "app", "--", "sh", "-c",
                 "echo $(id -G) $HOME >ids", pid1=False,
                 wrapper=["unshare", "--mount", "sh", "-c",
                          bind + 'exec "$@"', "sh"])
    os.chmod(init.own, 0o777)
    assert init.wait() == 0
    assert init.read("ids") == "4002 4003 4004 /srv/app\n"


@as_root
def test_home_of_the_user():
    env = {"HOME": "/root"}
    assert shell("--user", "nobody", text="echo $HOME", env=env) == \
        NOBODY.pw_dir + "\n"
    assert shell("--user", "54321", text="echo $HOME", env=env) == "/\n"
    assert shell("--user", "nobody", "--env", "HOME=/x", text="echo $HOME",
                 env=env) == "/x\n"
    assert shell(text="echo $HOME", env=env) == "/root\n"


@pytest.mark.parametrize("user", ["no-such-user", "nobody:no-such-group",
                                  "4294967295", ":", "nobody:"])
def test_unknown_user(user):
    code, log = pid1.run("--user", user, "--", "echo", "ran", pid1=False)
    assert code == 1 and "--user" in log and "ran" not in log


@as_root
def test_user_without_the_right(start):
    drop = ["setpriv", "--reuid", "54321", "--regid", "54321",
            "--clear-groups"]
    init = start("--user", "nobody", "--restart", "always", "--", "echo",
                 "ran", pid1=False, wrapper=drop, cwd="/")
    assert init.wait() == 126
    assert "--user" in init.log() and "ran" not in init.log()
    # An image's USER and --user may say the same.
    init = start("--user", "54321", "--", "echo", "ran", pid1=False,
                 wrapper=drop, cwd="/")
    assert (init.wait(), init.log()) == (0, "ran\n")


@as_root
def test_signals_reach_another_user(start, as_pid1):
    init = start("--user", "nobody", "--", "sleep", "1000", pid1=as_pid1)
    assert init.app
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


@as_root
def test_setuid_app_of_an_init_that_is_not_root(start):
    """It cannot be signalled; init says so, and waits for its end."""
    folder = tempfile.mkdtemp(prefix="fl-setuid-")
    try:
        os.chmod(folder, 0o755)
        copy = shutil.copy(shutil.which("setpriv"), folder)
        os.chmod(copy, 0o4755)
        init = start("--", copy, "--reuid", "0", "sleep", "1000", pid1=False,
                     cwd="/", wrapper=["setpriv", "--reuid", "54321", "--regid",
                              "54321", "--clear-groups"])
        lab.wait_until(lambda: pid1.argv_of(init.app)[0] == b"sleep",
                       what="sleep")
        init.signal(signal.SIGTERM)
        init.wait_log("cannot send SIGTERM")
        assert init.running()
        os.kill(init.app, signal.SIGKILL)
        assert init.wait() == 137
    finally:
        shutil.rmtree(folder)


@as_root
def test_commands_are_looked_up_as_the_user(start, tmp_path):
    os.chmod(tmp_path, 0o700)
    assert pid1.run("--user", "nobody", "--workdir", str(tmp_path), "--",
                    "echo", "ran")[0] == 126


# ---------------------------------------- privileges, limits, directory


def test_no_new_privs(as_pid1):
    text = "grep NoNewPrivs /proc/self/status"
    assert shell("--no-new-privs", text=text, pid1=as_pid1).split()[1] == "1"
    assert shell(text=text, pid1=as_pid1).split()[1] == "0"


def test_no_new_privs_denied():
    """It is refused, not done without."""
    code, log = pid1.run("--no-new-privs", "--", "echo", "ran", pid1=False,
                         wrapper=pid1.strace("inject=prctl:error=EPERM"))
    assert code == 126 and "--no-new-privs" in log and "ran" not in log


def test_limits():
    text = "ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -t"
    assert shell("--rlimit", "nofile=100:200", "--rlimit", "core=0",
                 "--rlimit=cpu=77", text=text) == "100\n200\n0\n77\n"
    code, log = pid1.run("--rlimit", "nofile=999999999", "--", "echo", "ran",
                         pid1=False)
    assert code == 126 and "--rlimit" in log and "ran" not in log


def test_limits_are_the_apps_alone(start):
    init = start("--rlimit", "nofile=100", "--", "sleep", "1000")
    assert init.app
    with open(f"/proc/{init.init}/limits") as src:
        own = next(x for x in src if x.startswith("Max open files"))
    assert own.split()[3] != "100"


def test_directory(start, as_pid1, tmp_path):
    os.mkdir(tmp_path / "sub")
    init = start("--workdir", str(tmp_path / "sub"), "--restart",
                 "on-failure:1", "--", "sh", "-c", "pwd; exit 3",
                 pid1=as_pid1)
    assert init.wait() == 3
    assert init.log().count(f"{tmp_path}/sub\n") == 2
    code, log = pid1.run("--workdir", "no-such", "--", "true", pid1=as_pid1)
    assert code == 127 and "--workdir" in log


def test_directory_of_a_relative_command(tmp_path):
    script = tmp_path / "prog"
    script.write_text("#!/bin/sh\npwd\n")
    script.chmod(0o755)
    # Where the app starts is also where its command is looked for.
    assert pid1.run("--workdir", str(tmp_path), "--", "./prog") == \
        (0, f"{tmp_path}\n")


# ---------------------------------------------------------------- environment


def environment(*options, env=None, files=()):
    init = pid1.Init(*options, "--", "env", "-0", pid1=False, env=env)
    try:
        assert init.wait() == 0, init.log()
        return [x for x in init.log().split("\0") if x]
    finally:
        init.close()


def test_variables(tmp_path):
    env = {"KEEP": "1", "GO": "2", "CHANGE": "3"}
    before = environment(env=env)
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("# comment\n\n  A=file \r\nB=1\nKEEP\nCHANGE=file\n")
    second.write_text('B="2"')
    after = environment(
        "--unset-env", "GO", "--unset-env", "NOT_THERE",
        "--env-file", str(first), "--env-file", str(second),
        "--env", "CHANGE=4", "--env", "EMPTY=", "--env", "EQUALS=a=b",
        "--env", "KEEP", "--env", "CHANGE=5", env=env)
    changed = [x for x in before if x not in ("GO=2", "CHANGE=3")]
    assert after[:len(changed)] == changed
    assert sorted(after[len(changed):]) == sorted(
        ["A=file ", 'B="2"', "CHANGE=5", "EMPTY=", "EQUALS=a=b"])


def test_no_option_changes_nothing(start):
    """A megabyte, byte for byte and in its order; argv, too."""
    big = {f"V{n}": "x" * 100000 for n in range(10)}
    odd = {"BYTES": "\udcff\udc80", "EMPTY": "", "LISTEN_PID": "77"}
    copy = ("import os, sys; open('env', 'wb').write("
            "open('/proc/self/environ', 'rb').read()); open('argv', 'wb')"
            ".write(open('/proc/self/cmdline', 'rb').read())")
    argv = [lab.PYTHON, "-c", copy, "", "--", "\udcfe", "-x", ""]
    env = {**lab.clean_env(), **big, **odd}
    init = start("--", *argv, env={**big, **odd}, pid1=False)
    assert init.wait() == 0
    want = b"".join(os.fsencode(f"{k}={v}") + b"\0" for k, v in env.items())
    with open(init.path("env"), "rb") as src:
        assert src.read() == want
    with open(init.path("argv"), "rb") as src:
        assert src.read() == b"".join(os.fsencode(a) + b"\0" for a in argv)


@pytest.mark.parametrize("name", ["TOKEN", "JSON_CREDENTIALS"])
def test_secrets_are_not_the_apps(name):
    env = {p + name: "secret"
           for p in ("FAIRLEAD_", "CSQL_PROXY_", "ALLOYDB_PROXY_")}
    seen = environment(env={**env, "MY_TOKEN": "mine"})
    assert not [x for x in seen if "secret" in x]
    assert "MY_TOKEN=mine" in seen


@pytest.mark.parametrize("text,word", [
    ("export A=1\n", "export A"), ("=1\n", "env-file"),
    ("A=1\n\0=2\n", "env-file")])
def test_bad_environment_file(tmp_path, text, word):
    (tmp_path / "file").write_text(text)
    code, log = pid1.run("--env-file", str(tmp_path / "file"), "--", "true")
    assert code == 1 and word in log
    code, log = pid1.run("--env-file", str(tmp_path / "none"), "--", "true")
    assert code == 1 and "No such file" in log


def test_value_is_not_shown_when_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("MY PASSWORD=geheim\n")
    code, log = pid1.run("--env-file", str(tmp_path / "file"), "--", "true")
    assert code == 1 and "geheim" not in log


# ---------------------------------------------------------------- descriptors


LISTEN = ("import os, sys; os.environ['LISTEN_PID'] = str(os.getpid() + "
          "int(sys.argv[1])); os.execv(sys.argv[2], sys.argv[2:])")


# The pid before it is not the app's; the one behind it often is.
@pytest.mark.parametrize("other,matches", [(0, True), (-1, False)])
def test_listen_pid(start, other, matches):
    init = start("--restart", "on-failure:2", "--", "sh", "-c",
                 "echo $$ $LISTEN_PID; exit 1", pid1=False,
                 wrapper=[lab.PYTHON, "-c", LISTEN, str(other)])
    assert init.wait() == 1
    lines = [x.split() for x in init.log().splitlines() if "init:" not in x]
    assert len(lines) == 3
    for own, said in lines:
        assert (own == said) == matches
    if not matches:
        assert len({said for _, said in lines}) == 1


def test_listening_socket_of_every_start(start):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        fd = server.fileno()
        init = start("--restart", "on-failure:1", "--", lab.PYTHON, "-c",
                     f"import socket\ns = socket.socket(fileno={fd})\n"
                     "c = s.accept()[0]\nc.sendall(b'hello')\nc.close()\n"
                     "raise SystemExit(1)", pid1=False, pass_fds=(fd,))
        port = server.getsockname()[1]
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.settimeout(lab.PATIENCE)
                assert client.recv(9) == b"hello"
        assert init.wait() == 1


# -------------------------------------------------------- restarts and codes


def test_codes_that_are_final(start, as_pid1):
    init = start("--restart", "always", "--no-restart-on", "3,64-78",
                 "--", "sh", "-c", "echo x >>runs; test $(wc -l <runs) -lt 2 "
                 "&& exit 5; exit 70", pid1=as_pid1)
    assert init.wait() == 70
    assert init.log().count("starting it again") == 1
    assert init.log().count("--no-restart-on") == 1


def test_signals_can_be_final(start):
    init = start("--restart", "always", "--no-restart-on", "137", "--",
                 "sh", "-c", "kill -9 $$")
    assert init.wait() == 137


def test_crash_loop_ends_with_one_line(start):
    init = start("--restart", "always:2", "--", "sh", "-c", "exit 9")
    assert init.wait() == 9
    assert init.log().count("giving up") == 1


# ------------------------------------------------------------------ readiness

# Sends its arguments to NOTIFY_SOCKET, one datagram each, then sleeps.
NOTIFIER = """
import os, socket, sys, time
name = os.environ["NOTIFY_SOCKET"]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("\\0" + name[1:] if name[0] == "@" else name)
for text in sys.argv[1:]:
    s.send(text.encode())
print("said", flush=True)
time.sleep(1000)
"""


class Outer:
    """A supervisor's socket."""

    def __init__(self, folder, abstract=False):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = f"@fl-test-{os.getpid()}" if abstract else \
            os.path.join(folder, "notify")
        self.sock.bind("\0" + self.name[1:] if abstract else self.name)
        self.sock.settimeout(lab.PATIENCE)
        self.env = {"NOTIFY_SOCKET": self.name}

    def get(self):
        return self.sock.recv(65536).decode()

    def nothing(self):
        self.sock.setblocking(False)
        try:
            return self.sock.recv(65536) is None
        except BlockingIOError:
            self.sock.settimeout(lab.PATIENCE)
            return True


@pytest.fixture(params=[False, True], ids=["path", "abstract"])
def outer(request, tmp_path):
    one = Outer(str(tmp_path), request.param)
    yield one
    one.sock.close()


def test_notifications_are_passed_on(start, outer, as_pid1):
    init = start("--notify", "--", lab.PYTHON, "-c", NOTIFIER,
                 "STATUS=warming\nMAINPID=5", "junk", "READY=1\nX=y",
                 pid1=as_pid1, env=outer.env)
    assert outer.get() == "STATUS=warming\n"
    assert outer.get() == "READY=1\n"
    init.wait_log("said")
    init.signal(signal.SIGTERM)
    assert outer.get() == "STOPPING=1\n"
    assert init.wait() == 143


def test_without_notify_the_socket_is_the_apps(start, outer):
    init = start("--", lab.PYTHON, "-c", NOTIFIER, "READY=1\nMAINPID=5",
                 env=outer.env)
    assert outer.get() == "READY=1\nMAINPID=5"
    init.wait_log("said")
    assert outer.nothing()


def test_nobody_outside(start, tmp_path):
    init = start("--notify", "--", lab.PYTHON, "-c", NOTIFIER, "READY=1",
                 env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    init.wait_log("said")
    assert "NOTIFY_SOCKET" in init.log()
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_flood_of_notifications(start, outer):
    """Nobody reads outside; init must not wait for them."""
    init = start("--notify", "--", lab.PYTHON, "-c",
                 NOTIFIER, *["STATUS=x"] * 2000, env=outer.env)
    init.wait_log("said")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


@pytest.mark.parametrize("fd", [3, 5, 9])
def test_newline_on_a_descriptor(start, outer, as_pid1, fd):
    init = start("--notify-fd", str(fd), "--restart", "on-failure:1", "--",
                 "sh", "-c", f"echo >&{fd}; ls /proc/self/fd >>fds; "
                 f"exec {fd}>&-; sleep 0.2; exit 4",
                 pid1=as_pid1, env=outer.env)
    assert outer.get() == "READY=1\n"
    assert outer.get() == "READY=1\n"
    assert init.wait() == 4
    # Nothing but it, and what ls opens to look.
    assert init.read("fds") == f"0\n1\n2\n3\n{max(fd, 4)}\n" * 2


def test_descriptor_without_a_newline(start, outer):
    init = start("--notify-fd", "4", "--", "sh", "-c",
                 "printf junk >&4; exec 4>&-; echo said; sleep 1000",
                 env=outer.env)
    init.wait_log("said")
    init.signal(signal.SIGTERM)
    assert outer.get() == "STOPPING=1\n"
    assert init.wait() == 143


def test_bad_descriptor():
    for n in ("1", "2", "4000"):
        code, log = pid1.run("--notify-fd", n, "--", "true")
        assert code == 1 and "--notify-fd" in log


LIVES = NOTIFIER.replace("time.sleep(1000)", """
print("usec", os.environ["WATCHDOG_USEC"], flush=True)
for _ in range(12):
    time.sleep(0.1)
    s.send(b"WATCHDOG=1")
print("tired", flush=True)
time.sleep(1000)
""")


def test_watchdog(start, as_pid1):
    init = start("--watchdog", "900ms", "--restart", "on-failure:1", "--",
                 lab.PYTHON, "-c", LIVES, "READY=1", pid1=as_pid1,
                 env={"WATCHDOG_PID": "1"})
    assert init.wait() == 134
    log = init.log()
    assert log.count("tired") == 2
    assert log.count("usec 900000") == 2
    assert log.count("sign of life") == 2


def test_watchdog_waits_for_the_first_sign(start):
    init = start("--watchdog", "100ms", "--", "sleep", "1")
    assert init.wait() == 0


def test_watchdog_kills_who_ignores_it(start):
    init = start("--watchdog", "200ms", "--", lab.PYTHON, "-c",
                 "import signal; signal.signal(6, signal.SIG_IGN)\n"
                 + NOTIFIER, "READY=1")
    assert init.wait() == 137


def test_app_can_ask_for_its_end(start):
    init = start("--watchdog", "1h", "--", lab.PYTHON, "-c", NOTIFIER,
                 "READY=1", "WATCHDOG=trigger")
    assert init.wait() == 134


def test_pause_is_no_hang(start):
    """All of us stopped for a while: the app gets another period."""
    beat = NOTIFIER.replace("time.sleep(1000)",
                            "while True:\n    s.send(b'WATCHDOG=1')\n"
                            "    time.sleep(0.1)")
    init = start("--watchdog", "1500ms", "--", lab.PYTHON, "-c", beat,
                 "READY=1", pid1=False)
    init.wait_log("said")
    app = init.app
    os.kill(app, signal.SIGSTOP)
    os.kill(init.init, signal.SIGSTOP)
    time.sleep(pid1.many("PAUSE", 3, 60))
    os.kill(init.init, signal.SIGCONT)
    os.kill(app, signal.SIGCONT)
    time.sleep(2)
    assert init.running() and "sign of life" not in init.log()
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_proxy_alone_says_that_it_is_ready(start, echo_emulator, tmp_path):
    outer = Outer(str(tmp_path))
    init = start("--sqladmin-api-endpoint", echo_emulator.api_url,
                 "--ca-file", echo_emulator.ca_file, "--port",
                 str(lab.free_port()), echo_emulator.name,
                 env={**echo_emulator.env(), **outer.env}, pid1=False)
    assert outer.get() == "READY=1\n"
    init.signal(signal.SIGTERM)
    assert outer.get() == "STOPPING=1\n"
    assert init.wait() == 143
    outer.sock.close()


@as_root
def test_tunnel_of_another_user(start, echo_emulator):
    """The app can end all that is its own, but not the tunnel."""
    port = lab.free_port()
    init = start("--sqladmin-api-endpoint", echo_emulator.api_url,
                 "--ca-file", echo_emulator.ca_file, "--port", str(port),
                 "--user", "nobody", echo_emulator.name, "--", lab.PYTHON,
                 "-c", "import os, signal, time\n"
                 "try: os.kill(-1, signal.SIGKILL)\n"
                 "except OSError: pass\n"
                 "print('killed', flush=True); time.sleep(1000)",
                 env=echo_emulator.env())
    tunnel = lab.wait_until(lambda: init.role("fairlead-tunnel"),
                            what="the tunnel")
    init.wait_log("killed")
    assert pid1.status(tunnel)["Uid"].split() == ["65533"] * 4
    assert pid1.status(tunnel)["Groups"] == ""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(lab.PATIENCE)
        client.sendall(b"ping")
        assert client.recv(4) == b"ping"
    assert init.role("fairlead-tunnel") == tunnel
    os.kill(init.init, signal.SIGKILL)
    lab.wait_until(lambda: pid1.state(tunnel) in "?ZX", what="its end")
