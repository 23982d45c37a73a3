"""AlloyDB as a persistent service, outside of containers: the examples of
docker/examples with the supervisors that they are for."""

import os
import pty
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess

import lab
import pid1
import pytest

EXAMPLES = os.path.join(lab.ROOT, "docker", "examples")
SYSTEMD = "/lib/systemd/systemd"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="machine: supervisors "
                             "of other users' programs need root")


@pytest.fixture
def emulator(start_emulator):
    return start_emulator(instances=[lab.ALLOYDB])


def example(name):
    with open(os.path.join(EXAMPLES, name)) as source:
        return source.read()


def replace(text, old, new):
    """Every place of OLD, of which there must be one."""
    assert old in text, old
    return text.replace(old, new)


class Service:
    """The example's fairlead.toml and what it needs, in a folder that other
    users may read; only names, the port and Google's side are replaced."""

    def __init__(self, emulator, folder, text=None):
        self.host, self.port = "127.0.0.1", lab.free_port()
        self.folder = str(folder)
        # A key leads to Google's own token service, by its name.
        self.env = {"HTTPS_PROXY": "http://" + emulator.ready["proxy"],
                    "NO_PROXY": emulator.address, **emulator.env()}
        os.chmod(folder, 0o755)
        self.path = os.path.join(self.folder, "fairlead.toml")
        self.binary = os.path.join(self.folder, "fairlead")
        shutil.copy(lab.FAIRLEAD, self.binary)
        ca = shutil.copy(emulator.ca_file, self.folder)
        os.chmod(ca, 0o644)
        text = replace(text or example("fairlead.toml"), "?port=5432",
                       f"?port={self.port}")
        with open(self.path, "w") as out:
            out.write(text + f"""
alloydbadmin-api-endpoint = "{emulator.api_url}"
ca-file = "{ca}"
http-port = {lab.free_port()}
""")
        os.chmod(self.path, 0o644)

    def here(self, text):
        """An example's text, with the places of these files."""
        return replace(
            replace(text, "/usr/local/bin/fairlead ", self.binary + " "),
            "/etc/fairlead.toml", self.path)

    def select(self):
        return lab.psql(self, "select name from items where id = 2")

    def ask_as(self, uid):
        return lab.select_as(uid, self.host, self.port)


@pytest.fixture
def folder():
    """Where every user gets to, unlike pytest's own."""
    path = subprocess.check_output(["mktemp", "-d", "/tmp/fl-svc-XXXXXX"],
                                   text=True).strip()
    yield path
    shutil.rmtree(path)


def named(pid, name):
    """The processes under PID that are called so."""
    return [one for one in lab.descendants(pid)
            if pid1.status(one).get("Name") == name and not ended(one)]


def ended(pid):
    """... even if nobody has waited for it."""
    return pid1.status(pid).get("State", "Z")[0] == "Z"


# -- systemd ----------------------------------------------------------------

def unit_of(service):
    return service.here(example("fairlead.service"))


def directives(text):
    """[(name, value)] of a unit file, in their order."""
    return re.findall(r"^([A-Z]\w*)=(.*)$", text, re.M)


@pytest.fixture
def service(emulator, folder):
    return Service(emulator, folder)


def test_unit_is_one(service):
    path = os.path.join(service.folder, "fairlead.service")
    with open(path, "w") as out:
        out.write(unit_of(service))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_units_command_is_ready_when_it_listens(service):
    """READY=1 of the process itself (NotifyAccess=main), once it may be
    connected to; then the code that does not count as a failure."""
    start, = [v for k, v in directives(unit_of(service)) if k == "ExecStart"]
    name = os.path.join(service.folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outer:
        outer.bind(name)
        outer.settimeout(lab.PATIENCE)
        outer.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

        def told():
            data, control, _, _ = outer.recvmsg(100, 100)
            return data, int.from_bytes(control[0][2][:4], "little")
        server = lab.Server(
            shlex.split(start), os.path.join(service.folder, "log"),
            env=lab.clean_env({"NOTIFY_SOCKET": name, **service.env}))
        try:
            assert told() == (b"READY=1\n", server.pid)
            assert service.select() == "bollard"
            server.send_signal(signal.SIGTERM)
            assert told() == (b"STOPPING=1\n", server.pid)
            assert server.wait() == 0
        finally:
            server.stop()


class Systemd:
    """A systemd as PID 1 of namespaces of its own, with no units but those
    of FOLDER/units; its network is ours."""

    TARGETS = ("sysinit", "basic", "shutdown", "network-online")
    BOOT = """
        mount --make-rprivate /
        mount -t tmpfs none /sys/fs/cgroup &&
        mount -t cgroup2 none /sys/fs/cgroup &&
        mount -t tmpfs none /run &&
        mount --bind "$(tty)" /dev/console &&
        mount --make-rshared / &&
        exec env -i container=other PATH="$PATH" LC_ALL=C \
            SYSTEMD_UNIT_PATH="$1" SYSTEMD_LOG_TARGET=console \
            "$2" --system --show-status=0"""

    def __init__(self, folder):
        self.units = os.path.join(folder, "units")
        self.log_path = os.path.join(folder, "systemd.log")
        os.mkdir(self.units)
        for name in self.TARGETS:
            self.unit(f"{name}.target",
                      "[Unit]\nDefaultDependencies=no\n")
        self.unit("default.target", "[Unit]\nDefaultDependencies=no\n")
        self.process = None

    def unit(self, name, text):
        path = os.path.join(self.units, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)

    def start(self):
        """False, and why is in the log, where it cannot run."""
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["unshare", "-fpmCiu", "--kill-child", "--mount-proc",
             "setsid", "-c", "sh", "-c", self.BOOT, "sh", self.units,
             SYSTEMD], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True)
        os.close(slave)
        lab.wait_until(self._settled, what="systemd", every=0.1)
        return self.process.poll() is None

    def _settled(self):
        return self.process.poll() is not None or self.ctl(
            "is-active", "default.target").stdout == "active\n"

    def pid(self):
        found = lab.descendants(self.process.pid)
        return found[0] if found else 0

    def ctl(self, *words):
        return subprocess.run(
            ["nsenter", "-t", str(self.pid()), "-m", "-p", "-r", "systemctl",
             "--no-pager", *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=60)

    def show(self, unit, key):
        return self.ctl("show", "-P", key, unit).stdout.strip()

    def main(self, unit):
        """The unit's main process, as we see it."""
        inner = self.show(unit, "MainPID")
        for pid in lab.descendants(self.pid()):
            if pid1.status(pid).get("NSpid", "").split()[-1:] == [inner]:
                return pid
        raise AssertionError(f"no process {inner} under systemd")

    def tunnel(self):
        return lab.wait_until(lambda: named(self.pid(), "fairlead-tunnel"),
                              what="the tunnel")[0]

    def wait_restart(self, unit, times):
        lab.wait_until(lambda: self.show(unit, "NRestarts") == str(times)
                       and self.show(unit, "ActiveState") == "active",
                       what=f"restart of {unit}", every=0.1)

    def text(self):
        os.set_blocking(self.master, False)
        data = b""
        try:
            while piece := os.read(self.master, 65536):
                data += piece
        except OSError:
            pass
        return data.decode(errors="replace")

    def close(self):
        if self.process is None:
            return
        # With it end all processes of its namespace.
        if self.process.poll() is None:
            lab.kill_quietly(self.pid() or self.process.pid)
            lab.kill_quietly(self.process.pid)
        self.process.wait()
        print(self.text())
        os.close(self.master)


@pytest.fixture
def systemd(folder):
    one = Systemd(folder)
    yield one
    one.close()


def boot(systemd, service, key=None):
    """The unit in a systemd; a drop-in has what is not for production."""
    log = os.path.join(service.folder, "log")
    unit = unit_of(service)
    if key:
        unit = replace(unit, "/etc/fairlead-key.json", key)
        unit = replace(unit, "#LoadCredential=", "LoadCredential=")
        unit = replace(unit, "#Environment=", "Environment=")
    systemd.unit("fairlead.service", unit)
    systemd.unit("fairlead.service.d/test.conf", "\n".join([
        "[Service]", f"StandardOutput=append:{log}",
        f"StandardError=append:{log}", f"BindReadOnlyPaths={service.folder}",
        *(f"Environment={k}={v}" for k, v in service.env.items()), ""]))
    if not systemd.start():
        pytest.skip("machine: systemd cannot run: " + systemd.text()[-200:])
    done = systemd.ctl("start", "fairlead.service")
    assert done.returncode == 0, systemd.ctl("status", "-l", "fairlead").stdout
    return log


def read(path):
    with open(path, errors="replace") as source:
        return source.read()


@as_root
@pytest.mark.product
def test_unit_under_systemd(service, systemd):
    """The unit's restrictions are there, fairlead's own on top of them, and
    whatever ends is back."""
    log = boot(systemd, service)
    assert systemd.show("fairlead", "ActiveState") == "active"
    assert service.select() == "bollard"
    main = systemd.main("fairlead")
    tunnel = systemd.tunnel()
    for pid in (main, tunnel):
        fields = pid1.status(pid)
        assert fields["CapEff"] == fields["CapBnd"] == "0" * 16
        assert fields["NoNewPrivs"] == "1"
        assert fields["Uid"].split()[0] != "0"
    assert int(pid1.status(tunnel)["Seccomp_filters"]) == \
        int(pid1.status(main)["Seccomp_filters"]) + 1
    assert "sandbox" not in read(log)

    os.kill(tunnel, signal.SIGSEGV)
    assert service.select() == "bollard"
    assert systemd.main("fairlead") == main
    os.kill(main, signal.SIGKILL)
    systemd.wait_restart("fairlead", 1)
    assert service.select() == "bollard"

    assert systemd.ctl("stop", "fairlead").returncode == 0
    assert systemd.show("fairlead", "Result") == "success"
    assert systemd.show("fairlead", "ActiveState") == "inactive"
    assert "sandbox" not in read(log)


@as_root
@pytest.mark.product
def test_unit_reloads(emulator, service, systemd):
    """An instance that is new in the file is served."""
    boot(systemd, service)
    main = systemd.main("fairlead")
    port = lab.free_port()
    with open(service.path, "a") as out:
        out.write(f'instance-uri-1 = "{emulator.name}?port={port}"\n')
    done = systemd.ctl("reload", "fairlead")
    assert done.returncode == 0, done.stdout
    lab.wait_until(lambda: lab.can_connect(service.host, port),
                   what="the new instance")
    assert lab.psql(service, "select name from items where id = 2",
                    port=port) == "bollard"
    assert service.select() == "bollard"
    assert systemd.main("fairlead") == main


@as_root
@pytest.mark.product
def test_unit_with_a_key_file(emulator, service, systemd):
    """The key is root's alone; fairlead's user has a copy that no other user
    can open."""
    key = os.path.join(service.folder, "key")
    shutil.copy(emulator.credentials("service_account"), key)
    os.chmod(key, 0o400)
    boot(systemd, service, key)
    assert service.select() == "bollard"
    assert emulator.count("auth.token:200") and not emulator.count("metadata")
    copy = f"/proc/{systemd.main('fairlead')}/root/run/credentials/" \
        "fairlead.service/key.json"
    assert read(copy) == read(key)
    done = subprocess.run(["cat", copy], user=12346, group=12346,
                          extra_groups=[], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 1 and "Permission denied" in done.stdout


@as_root
@pytest.mark.product
def test_unit_with_users_that_may(emulator, folder, systemd):
    """... asks the kernel, which the unit allows."""
    text = replace(example("fairlead.toml"), '#allow-uid = "orders,root"',
                   'allow-uid = "12345"')
    service = Service(emulator, folder, text=text)
    boot(systemd, service)
    assert service.ask_as(12345) == "bollard"
    assert "user 12346 may not connect" in service.ask_as(12346)


# -- supervisord ------------------------------------------------------------

def test_under_supervisord(service):
    """SIGKILL for the tunnel is not noticed, for all of it made good."""
    text = service.here(example("supervisord.conf"))
    text = replace(text, "/run/supervisord.pid", service.folder + "/pid")
    user = pwd.getpwuid(os.geteuid() and os.geteuid() or 65534).pw_name
    text = replace(text, "user=fairlead\n", f"user={user}\n")
    if os.geteuid() != 0:
        text = replace(text, "user=root\n", "")
    path = os.path.join(service.folder, "supervisord.conf")
    with open(path, "w") as out:
        out.write(text)
    server = lab.Server(
        ["supervisord", "-c", path], os.path.join(service.folder, "log"),
        env=lab.clean_env(service.env), cwd=service.folder)
    try:
        server.wait_log("entered RUNNING state")
        assert service.select() == "bollard"
        main, = pid1.children(server.pid)
        tunnel, = named(main, "fairlead-tunnel")
        assert pid1.status(main)["Uid"].split()[0] == \
            str(pwd.getpwnam(user).pw_uid)

        os.kill(tunnel, signal.SIGKILL)
        assert service.select() == "bollard"
        assert pid1.children(server.pid) == [main]

        tunnel, = lab.wait_until(lambda: named(main, "fairlead-tunnel"),
                                 what="the next tunnel")
        os.kill(main, signal.SIGKILL)
        server.wait_log("(?s)exited: fairlead.*entered RUNNING state")
        assert service.select() == "bollard"
        assert pid1.children(server.pid) != [main]
        # What the first one left behind ended with it.
        lab.wait_until(lambda: ended(tunnel), what="its tunnel")

        server.send_signal(signal.SIGTERM)
        server.wait_log(r"stopped: fairlead \(exit status 0\)")
        assert server.wait() == 0
    finally:
        server.stop()
