"""What the integration tests, the judges and the demo stand on.

Starts and ends real servers: PostgreSQL, the emulator of Google's side, and
fairlead itself.  Everything is a child of this process, ended by its pid,
on loopback, with its files in private folders that are removed.
"""

import glob
import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("OUT", "build"))
FAIRLEAD = os.environ.get("FAIRLEAD_BINARY",
                          os.path.join(BUILD, "fairlead"))
EMULATOR = os.path.join(ROOT, "tests", "emulator", "emulator.py")
PYTHON = "/usr/bin/python3"
# What the log has when a build with sanitizers found something.
SANITIZER = r"Sanitizer: |runtime error: "
INSTANCE = "my-project:us-central1:orders"
# Its project belongs to a domain, which makes the name one colon longer.
SECOND = "example.com:my-project:europe-west1:users"
ALLOYDB = "projects/my-project/locations/us-central1/clusters/fleet" \
    "/instances/primary"
ALLOYDB_SHORT = "my-project.us-central1.fleet.primary"

# A deadline, not a duration: nothing waits this long unless it is broken.
PATIENCE = 30


def wait_until(condition, timeout=PATIENCE, what="condition", every=0.02):
    """Calls condition() until it is true; returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(every)


def free_port(host="127.0.0.1"):
    with socket.socket() as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


def free_address(*ports):
    """A loopback address of one's own on which PORTS are free: connectors
    know one port only, so parallel servers need different addresses."""
    ports = ports or (3307, 5433)
    for _ in range(100):
        address = "127.%d.%d.%d" % (random.randint(64, 127),
                                    random.randint(0, 255),
                                    random.randint(2, 254))
        if all(can_bind(address, port) for port in ports):
            return address
    raise RuntimeError(f"no loopback address with ports {ports} free")


def can_bind(host, port):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            return True
        except OSError:
            return False


def can_connect(host, port):
    try:
        socket.create_connection((host, port), 5).close()
        return True
    except OSError:
        return False


def descendants(pid):
    """Pids of all the children, and their children, of a process."""
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as src:
                fields = src.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def kill_quietly(pid, signum=signal.SIGKILL):
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        pass


def memory(pid):
    """kB by the names of smaps_rollup."""
    fields = {}
    with open(f"/proc/{pid}/smaps_rollup") as src:
        for line in src:
            words = line.split()
            if len(words) == 3 and words[2] == "kB":
                fields[words[0].rstrip(":")] = int(words[1])
    return fields


class Server:
    """A child process with its output in a file, ended by pid."""

    def __init__(self, argv, log_path, **how):
        self.argv = argv
        self.log_path = log_path
        with open(log_path, "wb") as log:
            how.setdefault("stdout", log)
            how.setdefault("stderr", log)
            how.setdefault("stdin", subprocess.DEVNULL)
            self.process = subprocess.Popen(argv, start_new_session=True,
                                            **how)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def log(self):
        with open(self.log_path, errors="replace") as src:
            return src.read()

    def wait_log(self, pattern, timeout=PATIENCE):
        """Waits until the log matches the regular expression."""
        def seen():
            found = re.search(pattern, self.log())
            if not found and not self.running():
                found = re.search(pattern, self.log())
                if not found:
                    raise AssertionError(
                        f"ended with {self.process.returncode} before "
                        f"{pattern!r} in its log:\n{self.log()}")
            return found
        try:
            return wait_until(seen, timeout, f"log line {pattern!r}")
        except TimeoutError as err:
            raise TimeoutError(f"{err}\n{self.log()}") from None

    def send_signal(self, signum):
        self.process.send_signal(signum)

    def wait(self, timeout=PATIENCE):
        """The exit code; negative for a signal, as subprocess has it."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.argv[0]} did not end:\n"
                               + self.log()) from None

    def stop(self, signum=signal.SIGTERM, timeout=10):
        """Ends it: politely, then not. Returns the exit code."""
        children = descendants(self.pid) if self.running() else []
        if self.running():
            self.process.send_signal(signum)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                pass
        if self.running():
            children = descendants(self.pid)
            self.process.kill()
        # Only what was its own: it may have left its session.
        for pid in children:
            kill_quietly(pid)
        return self.process.wait()


class Postgres:
    """A PostgreSQL cluster of our own, database "orders" with two tables:
    items(id, name) with three rows, and notes(id serial, body) empty."""

    SCHEMA = """
        create table items(id int primary key, name text not null);
        insert into items values (1, 'anchor'), (2, 'bollard'), (3, 'cleat');
        create table notes(id serial primary key, body text not null);
    """

    def __init__(self):
        self.bin = self.find()
        self.user = self._unprivileged()
        self.folder = tempfile.mkdtemp(prefix="fl-pg-")
        self.server = None
        if self.user:
            shutil.chown(self.folder, self.user.pw_name, self.user.pw_gid)

    @staticmethod
    def find():
        found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
        if not found:
            raise RuntimeError("no PostgreSQL in /usr/lib/postgresql: "
                               "apt-get install postgresql")
        return os.path.dirname(max(
            found, key=lambda p: int(re.search(r"\d+", p)[0])))

    @staticmethod
    def _unprivileged():
        """postgres refuses to run as root: take a user that exists."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise RuntimeError("neither user postgres nor nobody")

    def _as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid,
                "extra_groups": []}

    def start(self):
        data = os.path.join(self.folder, "data")
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC",
               "HOME": self.folder}
        done = subprocess.run(
            [os.path.join(self.bin, "initdb"), "-D", data, "-U", "postgres",
             "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            env=env, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            **self._as_user())
        if done.returncode:
            raise RuntimeError("initdb: " + done.stdout)
        self.host = "127.0.0.1"
        self.port = free_port()
        argv = [os.path.join(self.bin, "postgres"), "-D", data,
                "-k", self.folder, "-p", str(self.port)]
        for setting in ("listen_addresses=127.0.0.1", "fsync=off",
                        "full_page_writes=off", "synchronous_commit=off",
                        "max_connections=500", "shared_buffers=32MB",
                        "log_min_messages=warning"):
            argv += ["-c", setting]
        self.server = Server(argv, os.path.join(self.folder, "log"),
                             env=env, cwd=self.folder, **self._as_user())
        wait_until(self._ready, what="PostgreSQL")
        psql(self, "create database orders", database="postgres")
        psql(self, self.SCHEMA)
        return self

    def _ready(self):
        if not self.server.running():
            raise RuntimeError("postgres ended: " + self.server.log())
        return subprocess.run(
            [os.path.join(self.bin, "pg_isready"), "-q", "-h", self.folder,
             "-p", str(self.port)]).returncode == 0

    @property
    def socket(self):
        """The path of the Unix socket: a backend for the emulator."""
        return os.path.join(self.folder, f".s.PGSQL.{self.port}")

    def stop(self):
        try:
            if self.server:
                self.server.stop(signal.SIGQUIT)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class Emulator:
    """tests/emulator, with its control port in Python's clothes.

        emulator.set(server_cert="expired")         instance settings
        emulator.api("connectSettings", status=503, count=2)
        emulator.metadata("token", delay=2)
        emulator.count("api.connectSettings")
    """

    def __init__(self, backend, *args, address=None, instances=(INSTANCE,),
                 keys=None):
        self.folder = tempfile.mkdtemp(prefix="fl-emu-")
        self.keys = keys or os.path.join(BUILD, "emulator-keys")
        self.backend = backend
        self.args = list(args)
        self.instances = instances
        self.address = address
        self.server = None

    def start(self):
        own = self.address is None
        for attempt in range(3):
            if own:
                self.address = free_address()
            try:
                return self._start()
            except RuntimeError:
                if not own or attempt == 2:
                    self.stop()
                    raise
        return self

    def _start(self):
        argv = [PYTHON, EMULATOR, "--backend", self.backend,
                "--address", self.address, "--keys", self.keys,
                "--state", self.folder]
        for name in self.instances:
            argv += ["--instance", name]
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        self.server = Server(argv + self.args,
                             os.path.join(self.folder, "stderr"),
                             env=env, stdout=subprocess.PIPE)
        line = self.server.process.stdout.readline()
        if not line:
            self.server.wait()
            raise RuntimeError("emulator: " + self.server.log())
        self.ready = json.loads(line)
        self.ca_file = self.ready["ca_file"]
        self.api_url = self.ready["api"]
        self.metadata_host = self.ready["metadata"]
        self.control_url = self.ready["control"]
        self.name = self.instances[0].partition("?")[0]
        return self

    def stop(self):
        try:
            if self.server:
                self.server.stop()
                self.server.process.stdout.close()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(self.control_url + path, data,
                                         method=method)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as err:
            raise ValueError(json.load(err)["error"]["message"]) from None

    def control(self, patch):
        return self.call("POST", "/control", patch)

    def set(self, instance=None, **settings):
        """Instance settings; of all instances or of the one named."""
        if instance:
            return self.control({"instances": {instance: settings}})
        return self.control({"instance": settings})

    def api(self, op="*", **fault):
        """A fault of the SQL Admin API; none given: no fault any more."""
        return self.control({"api": {op: fault or None}})

    def metadata(self, op="*", **fault):
        return self.control({"metadata": {op: fault or None}})

    def auth(self, op="*", **fault):
        """A fault of the token services: token, sts, iam, subject."""
        return self.control({"auth": {op: fault or None}})

    def proxy(self, op="*", **fault):
        return self.control({"proxy": {op: fault or None}})

    def through_proxy(self, auth="", scheme="http"):
        """The environment that leads to Google's own names at our side."""
        return {"HTTPS_PROXY": f"{scheme}://{auth}{self.ready['proxy']}",
                "SSL_CERT_FILE": self.ca_file, **self.env()}

    def credentials(self, kind):
        """The path of a credentials file: service_account, authorized_user."""
        return self.ready["credentials"][kind]

    def https(self, **settings):
        return self.control({"https": settings})

    def listen(self, **which):
        """listen(api=False): nobody listens at the API's port."""
        return self.control({"listen": which})

    def reset(self):
        """As new. The connections of an earlier test end first: what they
        log when they end is not this test's."""
        self.cut()
        wait_until(lambda: self.count("open") == 0, what="the last close")
        return self.call("POST", "/control/reset", {})

    def cut(self):
        """Resets all open data-plane connections."""
        return self.call("POST", "/control/cut", {})

    def log(self, event=None, since=0):
        query = f"?since={since}" + (f"&event={event}" if event else "")
        return self.call("GET", "/control/log" + query)

    def counts(self):
        return self.call("GET", "/control/counts")

    def count(self, key):
        """How often: "api.connectSettings", "metadata.token:200",
        "handshake", "accept", ..."""
        return self.counts().get(key, 0)

    def wait_count(self, key, at_least=1, timeout=PATIENCE):
        wait_until(lambda: self.count(key) >= at_least, timeout,
                   f"{at_least} x {key}")

    def env(self):
        """The environment that leads a program to our metadata server."""
        return {"GCE_METADATA_HOST": self.metadata_host}


# Of the tester's environment only what a program needs to run at all: a
# setting of theirs must not decide a test.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS",
        "LLVM_PROFILE_FILE")


def clean_env(extra=None):
    env = {k: os.environ[k] for k in KEPT if k in os.environ}
    env.update(extra or {})
    return env


class Fairlead(Server):
    """build/fairlead as an ordinary process (not PID 1)."""

    def __init__(self, emulator, *options, instances=None, app=None,
                 env=None, port=True, folder=None, prefix=(), **how):
        self.emulator = emulator
        self.host = "127.0.0.1"
        self.port = free_port() if port is True else port
        self.own = tempfile.mkdtemp(prefix="fl-run-")
        argv = [*prefix, FAIRLEAD]
        if emulator:
            argv += ["--sqladmin-api-endpoint", emulator.api_url,
                     "--alloydbadmin-api-endpoint", emulator.api_url,
                     "--ca-file", emulator.ca_file]
        if self.port:
            argv += ["--port", str(self.port)]
        argv += [str(o) for o in options]
        if instances is None:
            instances = [emulator.name] if emulator else []
        argv += instances
        if app is not None:
            argv += ["--"] + list(app)
        env = {**(emulator.env() if emulator else {}), **(env or {})}
        super().__init__(argv, os.path.join(self.own, "log"),
                         env=clean_env(env), cwd=self.own, **how)

    def children(self):
        """{pid: command name} of the processes under it."""
        found = {}
        for pid in descendants(self.pid):
            try:
                with open(f"/proc/{pid}/comm") as src:
                    found[pid] = src.read().strip()
            except OSError:
                continue
        return found

    def tunnel(self):
        """The tunnel's pid, as soon as it has its name."""
        return wait_until(lambda: next(
            (pid for pid, name in self.children().items()
             if name == "fairlead-tunnel"), None), what="the tunnel")

    def wait_listening(self, timeout=PATIENCE):
        wait_until(lambda: not self.running()
                   or can_connect(self.host, self.port), timeout,
                   f"fairlead at port {self.port}")
        if not self.running():
            raise AssertionError("fairlead ended:\n" + self.log())
        return self

    def close(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.own, ignore_errors=True)


def python_as(uid, script, *args):
    """What a program in Python prints that somebody else runs, with nothing
    of ours."""
    done = subprocess.run(
        [PYTHON, "-c", script, *map(str, args)], user=uid, group=uid,
        extra_groups=[], cwd="/", env=clean_env({"HOME": "/"}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=60)
    return done.stdout.strip() or done.stderr.strip()


SELECT = """
import sys
import psycopg2
try:
    link = psycopg2.connect(host=sys.argv[1], port=int(sys.argv[2]),
                            user="postgres", dbname="orders",
                            sslmode="disable")
    row = link.cursor()
    row.execute("select name from items where id = 2")
    print(row.fetchone()[0])
except psycopg2.OperationalError as err:
    print(err)
"""


def select_as(uid, host, port):
    """The row for another user, or what that one is refused with."""
    return python_as(uid, SELECT, host, port)


def psql(where, sql, database="orders", user="postgres", timeout=120,
         check=True, host=None, port=None, binary=False):
    """Runs psql against something with host and port. Returns its output
    (unaligned, tuples only), or with check=False the finished process."""
    argv = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-h", host or where.host, "-p", str(port or where.port),
            "-U", user, "-d", database]
    if isinstance(sql, str):
        argv += ["-c", sql]
    done = subprocess.run(
        argv, env=clean_env({"PGSSLMODE": "disable",
                             "PGCONNECT_TIMEOUT": str(PATIENCE)}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=not binary, timeout=timeout)
    if not check:
        return done
    if done.returncode:
        raise AssertionError(f"psql: {done.returncode}: {done.stderr}")
    return done.stdout if binary else done.stdout.strip()


def pgbench(where, *args, database="orders", user="postgres", timeout=120):
    """Runs pgbench; fails if it failed. Returns its report."""
    done = subprocess.run(
        ["pgbench", "-h", where.host, "-p", str(where.port), "-U", user,
         *args, database],
        env=clean_env({"PGSSLMODE": "disable"}), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=timeout)
    if done.returncode:
        raise AssertionError("pgbench: " + done.stdout)
    return done.stdout


if __name__ == "__main__":
    sys.exit("this is a library of the tests")
