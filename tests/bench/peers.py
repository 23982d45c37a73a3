"""Programs that carry a database connection through TLS, side by side.

All of them meet the same server: haproxy in front of one PostgreSQL, at the
address where the emulator tells connectors to find the instance. The emulator
itself is written in Python and would be what is measured.
"""

import datetime
import math
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile

import lab
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

TCK = os.sysconf("SC_CLK_TCK")

# Debian puts it where only root's PATH leads.
HAPROXY = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin") or ""

CONFIG = """
global
  maxconn 4000
  nbthread 1
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen proxy
  {lines}
"""


class Haproxy:
    """One haproxy with one listener; lines may name files in {folder}."""

    def __init__(self, lines, files=None):
        self.folder = tempfile.mkdtemp(prefix="fl-bench-")
        for name, data in (files or {}).items():
            pathlib.Path(self.folder, name).write_bytes(data)
        config = pathlib.Path(self.folder, "config")
        text = "\n  ".join(line.format(folder=self.folder) for line in lines)
        config.write_text(CONFIG.format(lines=text))
        self.server = lab.Server(
            [HAPROXY, "-f", str(config), "-db"], os.path.join(self.folder, "log")
        )

    def close(self):
        self.server.stop()
        shutil.rmtree(self.folder)


def common_name(certificate):
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return names[0].value if names else ""


class Terminator(Haproxy):
    """The server's side, in place of the emulator's data plane. It asks for a
    client certificate and takes any: who issued it costs a client nothing."""

    def __init__(self, emulator, backend):
        emulator.set(connect="refuse")
        project, _, instance = emulator.name.rpartition(":")
        wanted = f"{project.rpartition(':')[0]}:{instance}"
        chains = [
            path.read_bytes() for path in pathlib.Path(emulator.folder).glob("chains/*")
        ]
        [chain] = [
            data
            for data in chains
            if common_name(x509.load_pem_x509_certificate(data)) == wanted
        ]
        where = f"{emulator.address}:3307"
        super().__init__(
            [
                f"bind {where} ssl crt {{folder}}/chain.pem ssl-min-ver TLSv1.3"
                f" ca-file {emulator.ca_file} verify optional"
                " ca-ignore-err all crt-ignore-err all",
                f"server s {backend}",
            ],
            {"chain.pem": chain},
        )
        wait_for(self.server, emulator.address, 3307)


def wait_for(server, host, port):
    lab.wait_until(
        lambda: not server.running() or lab.can_connect(host, port),
        what=f"{server.argv[0]} at {host}:{port}",
    )
    if not server.running():
        raise RuntimeError(server.log())


class Peer:
    """name, binary, host, port, server"""

    host = "127.0.0.1"

    def pids(self):
        return [self.server.pid, *lab.descendants(self.server.pid)]

    def seconds(self):
        """Processor time of its processes so far."""
        total = 0
        for pid in self.pids():
            try:
                stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
            except FileNotFoundError:
                continue  # a fetcher that has done its work
            fields = stat.rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TCK

    def pss_kb(self):
        """Of all its processes; not a number where only root may know."""
        total = 0
        for pid in self.pids():
            try:
                total += lab.memory(pid)["Pss"]
            except PermissionError:
                return math.nan
        return total

    def close(self):
        self.server.stop()


class Fairlead(Peer):
    name = "fairlead"

    def __init__(self, emulator, folder):
        # A copy: pages of the file that others have mapped would count less.
        self.binary = os.path.join(folder, "fairlead")
        shutil.copy(lab.FAIRLEAD, self.binary)
        self.port = lab.free_port()
        argv = [self.binary, "--sqladmin-api-endpoint", emulator.api_url]
        argv += ["--ca-file", emulator.ca_file, "--port", str(self.port)]
        argv += [emulator.name]
        self.server = lab.Server(
            argv, os.path.join(folder, "fairlead.log"), env=lab.clean_env(emulator.env())
        )
        wait_for(self.server, self.host, self.port)


class CloudSqlProxy(Peer):
    name = "cloud-sql-proxy"
    binary = os.path.join(lab.BUILD, "judge", "bin", "cloud-sql-proxy")

    def __init__(self, emulator, folder):
        self.port = lab.free_port()
        argv = [self.binary, "--enable-builtin-metrics=false"]
        argv += ["--sqladmin-api-endpoint", emulator.api_url]
        argv += ["--port", str(self.port), emulator.name]
        env = {"SSL_CERT_FILE": emulator.ca_file, **emulator.env()}
        self.server = lab.Server(
            argv, os.path.join(folder, "cloud-sql-proxy.log"), env=lab.clean_env(env)
        )
        wait_for(self.server, self.host, self.port)


class HaproxyClient(Peer):
    """Not a connector: what a fast proxy needs for the bytes alone."""

    name = "haproxy"
    binary = HAPROXY

    def __init__(self, emulator, _):
        self.port = lab.free_port()
        self.proxy = Haproxy(
            [
                f"bind 127.0.0.1:{self.port}",
                f"server s {emulator.address}:3307 ssl verify none"
                " crt {folder}/client.pem ssl-min-ver TLSv1.3 no-ssl-reuse",
            ],
            {"client.pem": self_signed()},
        )
        self.server = self.proxy.server
        wait_for(self.server, self.host, self.port)

    def close(self):
        self.proxy.close()


def self_signed():
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.datetime.utcnow()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(
        serialization.Encoding.PEM
    ) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def session(where, user="postgres", database="orders"):
    """A connection that PostgreSQL has let in, idle."""
    sock = socket.create_connection((where.host, where.port), lab.PATIENCE)
    words = b"user\0%s\0database\0%s\0\0" % (user.encode(), database.encode())
    sock.sendall(struct.pack("!II", 8 + len(words), 3 << 16) + words)
    answer = b""
    # ReadyForQuery, idle: the last message of the greeting.
    while not answer.endswith(b"Z\0\0\0\5I"):
        piece = sock.recv(4096)
        if not piece:
            raise RuntimeError(f"no greeting through {where.port}: {answer!r}")
        answer += piece
    return sock


def copy_out(where, rows):
    """Rows of 1000 bytes to nowhere; the seconds it took are the caller's."""
    sql = f"copy (select repeat('x', 999) from generate_series(1, {rows})) to stdout"
    subprocess.run(
        ["psql", "-X", "-q", "-h", where.host, "-p", str(where.port)]
        + ["-U", "postgres", "-d", "orders", "-c", sql],
        env=lab.clean_env({"PGSSLMODE": "disable"}),
        stdout=subprocess.DEVNULL,
        check=True,
    )
