"""One of the two programs in a scenario: how it is run, and what is seen of
it, in words that do not depend on ports, times and folders.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile

import lab

# A deadline for what should come at once: some scenarios wait in vain, and
# that they did is what is compared.
PATIENCE = 15
STARTUP = struct.pack(">II", 18, 196608) + b"user\0app\0\0"


class Product:
    """A program of Google's, and fairlead when it is called by its name."""

    def __init__(self, name, module, prefix, endpoint, instance, second,
                 **more):
        self.name = name
        self.module = module        # of install.GO_MODULES
        self.prefix = prefix        # of environment variables
        self.endpoint = endpoint    # the option that leads to the emulator
        self.instance = instance
        self.second = second
        self.env = more["env"]      # for both programs, in every scenario
        self.instances_key = more["instances_key"]  # variable without prefix
        self.socket_name = more["socket_name"]      # of the first instance
        self.exit_zero = more["exit_zero"]
        self.api = more["api"]      # what is asked for one certificate

    def variable(self, option):
        return self.prefix + option.upper().replace("-", "_")


CLOUDSQL = Product(
    "cloud-sql-proxy", "cloud-sql-proxy", "CSQL_PROXY_",
    "sqladmin-api-endpoint", lab.INSTANCE, lab.SECOND,
    # Its metrics would go to Google, were there a way.
    env={"CSQL_PROXY_ENABLE_BUILTIN_METRICS": "false"},
    instances_key="INSTANCE_CONNECTION_NAME", socket_name=lab.INSTANCE,
    exit_zero="--exit-zero-on-sigterm",
    api=("connectSettings", "generateEphemeralCert"))
ALLOYDB = Product(
    "alloydb-auth-proxy", "alloydb-auth-proxy", "ALLOYDB_PROXY_",
    "alloydbadmin-api-endpoint", lab.ALLOYDB,
    lab.ALLOYDB.replace("/primary", "/readers"),
    env={"ALLOYDB_PROXY_DISABLE_BUILT_IN_TELEMETRY": "true"},
    instances_key="INSTANCE_URI", socket_name=lab.ALLOYDB_SHORT,
    exit_zero="--exit-zero-sigterm",
    api=("connectionInfo", "generateClientCertificate"))

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

# Whether it is said depends on which of two threads is faster.
BY_LUCK = "proxy server error: accept .*: use of closed network connection"


class Program:
    """A process of the side, with its two outputs apart."""

    def __init__(self, side, argv, env, **how):
        self.out_path = os.path.join(side.folder, "stdout")
        self.err_path = os.path.join(side.folder, "stderr")
        # Those of an earlier one stay, to be compared as well.
        self.before = [len(read(p)) for p in (self.out_path, self.err_path)]
        with open(self.out_path, "ab") as out, \
                open(self.err_path, "ab") as err:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=env, cwd=side.folder, start_new_session=True, **how)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def text(self):
        return read(self.out_path)[self.before[0]:] \
            + read(self.err_path)[self.before[1]:]

    def signal(self, signum):
        self.process.send_signal(signum)

    def wait(self):
        """The exit code, or a word for what did not end."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return "does not end"

    def kill(self):
        children = lab.descendants(self.pid) if self.running() else []
        if self.running():
            self.process.kill()
        self.process.wait()
        for pid in children:
            lab.kill_quietly(pid)


def read(path):
    try:
        with open(path, errors="replace") as source:
            return source.read()
    except FileNotFoundError:
        return ""


class Side:
    """What a scenario has in its hands. Every port is at an address of its
    own, so that an engine's default port is free too."""

    def __init__(self, product, binary, theirs, emulator):
        self.product = product
        self.theirs = theirs        # Google's program, whoever we are
        self.emulator = emulator
        self.folder = tempfile.mkdtemp(prefix="fl-side-")
        self.binary = os.path.join(self.folder, product.name)
        os.symlink(binary, self.binary)
        self.address = lab.free_address(3306, 3307, 5432, 5433, 1433, 9090)
        self.instance = product.instance
        self.second = product.second
        self.program = None
        self.seen = {}
        self.by_luck = BY_LUCK      # lines that are not compared
        self.words = [(re.escape(self.folder), "<dir>"),
                      (re.escape(self.address) + r"\b", "<address>")]
        for url, word in ((emulator.api_url, "<api>"),
                          (emulator.metadata_host, "<metadata>")):
            self.words.append((re.escape(url.rpartition("//")[2]), word))
        for address in emulator.addresses:
            self.words.append((re.escape(address) + r"\b", "<instance>"))

    def close(self):
        if self.program:
            self.program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # what a scenario does

    def port(self, name, host=None):
        """A free port, called <name> in what is seen. "localhost" may be
        any loopback address."""
        number = lab.free_port(host or self.address)
        self.words.append((rf"\b{number}\b", f"<{name}>"))
        if name == "port":
            self.words.append((rf"\b{number + 1}\b", f"<{name}+1>"))
        return number

    def path(self, name, text=None):
        """A path in the side's folder; with TEXT a file."""
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w") as out:
                out.write(text)
            os.chmod(path, 0o600)
        return path

    def environment(self, extra=None):
        env = {**self.emulator.env(), **self.product.env,
               self.product.variable(self.product.endpoint):
               self.emulator.api_url,
               self.product.variable("address"): self.address,
               "SSL_CERT_FILE": self.emulator.ca_file, "TZ": "UTC",
               "HOME": self.folder}
        for name, value in (extra or {}).items():
            if value is None:
                env.pop(self.product.variable(name), None)
                env.pop(name, None)
            elif name.islower():
                env[self.product.variable(name)] = value
            else:
                env[name] = value
        return lab.clean_env(env)

    def launch(self, *arguments, env=None, prefix=(), **how):
        """Starts the program with just these arguments. In ENV a name in
        small letters is an option's, and None takes a variable away. PREFIX
        is a command that becomes the program."""
        if self.program:
            self.program.kill()
        argv = [*prefix, self.binary, *(str(a) for a in arguments)]
        self.program = Program(self, argv, self.environment(env), **how)
        return self.program

    def start(self, *arguments, env=None, ready=True):
        """Starts it for its instance, unless ARGUMENTS name some, and waits
        until it says that it is ready, or has ended."""
        named = any(re.match(r"projects/|[\w.:-]*my-project:", str(a))
                    for a in arguments)
        self.launch(*arguments, *([] if named else [self.instance]), env=env)
        if ready:
            self.await_log("ready for new connections")
        return self

    def run(self, *arguments, env=None, **how):
        """Runs it until it ends; the exit code is seen."""
        self.launch(*arguments, env=env, **how)
        self.see("exit", self.program.wait())

    def second_program(self, *arguments, env=None):
        """[exit code, stdout, stderr] of one that runs beside the first."""
        done = subprocess.run(
            [self.binary, *(str(a) for a in arguments)], cwd=self.folder,
            env=self.environment(env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=PATIENCE)
        return [done.returncode, done.stdout, done.stderr]

    def their_flags(self):
        """(name, whether it takes a value), from the help of Google's."""
        text = subprocess.run([self.theirs, "--help"], text=True,
                              stdout=subprocess.PIPE).stdout
        return [(m[1], bool(m[2])) for m in re.finditer(
            r"^ +(?:-\w, )?--([\w-]+)( (?:string|int|uint|duration))? ",
            text, re.M)]

    def stop(self, signum=15):
        self.program.signal(signum)
        self.see("exit", self.program.wait())

    def until(self, condition, what, patience=PATIENCE):
        """Waits; that it waited in vain is seen, not raised."""
        try:
            lab.wait_until(condition, patience, what)
            return True
        except TimeoutError:
            self.see(f"never: {what}", True)
            return False

    def await_log(self, pattern):
        """Until a line matches, or it ended: what it said is compared."""
        program = self.program
        return self.until(lambda: re.search(pattern, program.text())
                          or not program.running(), f"log: {pattern}")

    def connect(self, where):
        """To a port at the side's address, or a Unix socket's path."""
        if isinstance(where, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(PATIENCE)
            sock.connect(where)
            return sock
        return socket.create_connection((self.address, where), PATIENCE)

    def echo(self, where, data=b"ping"):
        """What a client that speaks first gets back."""
        try:
            with self.connect(where) as sock:
                sock.sendall(data)
                return self.answer(sock, len(data))
        except OSError as err:
            return type(err).__name__

    @staticmethod
    def answer(sock, size=None):
        """SIZE bytes, or all until the end, and how it ended."""
        data = b""
        with contextlib.suppress(socket.timeout):
            try:
                while size is None or len(data) < size:
                    piece = sock.recv(65536)
                    if not piece:
                        return data.decode("latin-1") + "<end>"
                    data += piece
            except ConnectionError:
                # Whether the last bytes were read before the end decides
                # between these two, and who was faster decides that.
                return data.decode("latin-1") + "<end>"
            return data.decode("latin-1")
        return data.decode("latin-1") + "<silence>"

    def http(self, port, path, method="GET", host=None):
        """[status, body] of a request, or the error's name."""
        link = http.client.HTTPConnection(host or self.address, port,
                                          timeout=PATIENCE)
        try:
            link.request(method, path)
            answer = link.getresponse()
            return [answer.status, answer.read().decode("latin-1")]
        except OSError as err:
            return type(err).__name__
        finally:
            link.close()

    # what is seen

    def plain(self, value):
        """Without what differs from run to run."""
        if isinstance(value, str):
            for pattern, word in self.words:
                value = re.sub(pattern, word, value)
            value = re.sub(r"(127\.\d+\.\d+\.\d+|\[::1\]):\d+",
                           "<client>", value)
            value = re.sub(UUID, "<uuid>", value)
            return re.sub(r"(version \d+\.\d+\.\d+)\S*", "version <n>", value)
        if isinstance(value, (list, tuple)):
            return [self.plain(v) for v in value]
        if isinstance(value, dict):
            return {self.plain(k): self.plain(v) for k, v in value.items()}
        return value

    def see(self, key, value):
        """A set is compared member by member, anything else as a whole."""
        if isinstance(value, (set, frozenset)):
            value = {self.plain(v) if isinstance(v, str)
                     else json.dumps(self.plain(v)) for v in value}
        else:
            value = self.plain(value)
        self.seen[key] = value

    def lines(self, path):
        """The sentences of a log, each once: repetitions and the order of
        what happens side by side are not compared."""
        text = read(path)
        # An error of usage shows the whole help: another scenario's.
        text = re.sub(r"(?ms)^Usage:.*?^Use \".*?\.$", "<usage>", text)
        text = re.sub(r"(?ms)^Usage:\n.*", "<usage>", text)
        found = set()
        for line in filter(None, text.splitlines()):
            line = re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "<time> ",
                          line)
            line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>", line)
            if not re.search(self.by_luck, line):
                found.add(line)
        return found

    def look(self):
        """What is seen in every scenario."""
        if self.program:
            out = self.lines(self.program.out_path)
            err = self.lines(self.program.err_path)
            # A signal right behind the start meets Google's programs before
            # they look for signals: it is the same one.
            for line in sorted(err):
                if re.search("terminal error: SIG\\w+ signal received", line):
                    err.remove(line)
                    out.add(line.replace("The proxy has encountered a "
                                         "terminal error: ", "")
                            .replace("received", "received. Shutting down...")
                            .replace('"ERROR"', '"INFO"'))
            self.see("stdout", out)
            self.see("stderr", err)
        return self.seen
