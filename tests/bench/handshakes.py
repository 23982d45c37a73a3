"""Processor time of a client for one TLS 1.3 handshake, beside OpenSSL's.

Three clients, in turns, against one `openssl s_server`: RSA-2048 certificates
on both sides, X25519, AES-128-GCM, the server verified by name and chain.

- fairlead: its engine with the flags of the program (handshakes.c);
- libssl: the same loop over OpenSSL (handshakes_libssl.c);
- s_client: `openssl s_client`, a process for each handshake.

What is counted is user and system time of the whole client process (wait4):
the handshake with its system calls. The start of a process is no part of it:
of the loops, a run with one handshake is taken off one with COUNT more; of
s_client, a run that gets as far as connect(), to a port where nobody listens,
with keys and certificates read by then. A resumed handshake takes a ticket of
the one before; s_client the same file each time, which is read with the rest.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile

import lab

sys.path.insert(0, os.path.join(lab.ROOT, "tests", "emulator"))
import pki  # noqa: E402

COUNT = 100
ROUNDS = 9
PROCESSES = 10  # of s_client in a round
NAME = "server.test"


def cpu_ms(argv, **how):
    """Of one process, with what it wrote."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **how,
    ) as process:
        said = process.stdout.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return (usage.ru_utime + usage.ru_stime) * 1e3, process.returncode, said


class Files:
    def __init__(self, folder):
        self.ca, self.server, self.certificate, self.key, self.key_pem = (
            os.path.join(folder, name)
            for name in ("ca.pem", "server.pem", "client.pem", "client.der", "key.pem")
        )
        self.session = os.path.join(folder, "session.pem")
        authority = pki.Authority(pki.name_of("CA"), pki.make_key("rsa2048"))
        key = pki.make_key("rsa2048")
        leaf = authority.issue(
            key.public_key(), pki.name_of(NAME), sans=[pki.dns_or_ip(NAME)]
        )
        self.put(self.ca, authority.pem)
        self.put(self.server, pki.key_pem(key) + pki.cert_pem(leaf))
        key = pki.make_key("rsa2048")
        own = authority.issue(key.public_key(), pki.name_of("client"), eku=None)
        self.put(self.certificate, pki.cert_pem(own))
        self.put(self.key_pem, pki.key_pem(key))
        der = pki.serialization.load_pem_private_key(pki.key_pem(key), None)
        self.put(
            self.key,
            der.private_bytes(
                pki.serialization.Encoding.DER,
                pki.serialization.PrivateFormat.TraditionalOpenSSL,
                pki.serialization.NoEncryption(),
            ),
        )

    @staticmethod
    def put(path, data):
        with open(path, "wb") as out:
            out.write(data)


class Loop:
    """COUNT handshakes in one process."""

    def __init__(self, name, program, files, port):
        self.name = name
        self.argv = [program, str(port), files.ca, files.certificate, files.key]

    def run(self, count, kind):
        took, status, said = cpu_ms([*self.argv, str(count), kind])
        if status != 0:
            raise RuntimeError(f"{self.argv}: {said}")
        return took

    def measure(self, kind):
        return (self.run(COUNT, kind) - self.run(0, kind)) / COUNT


class Client:
    """A handshake in each of so many processes."""

    name = "s_client"

    def __init__(self, files, port):
        self.port = port
        self.argv = ["openssl", "s_client", "-CAfile", files.ca]
        self.argv += ["-cert", files.certificate, "-key", files.key_pem]
        self.argv += ["-servername", NAME, "-verify_hostname", NAME]
        self.argv += ["-verify_return_error"]
        self.session = files.session
        # Its input stays open until the ticket has come.
        with subprocess.Popen(
            [*self.argv, "-connect", f"127.0.0.1:{port}", "-sess_out", self.session],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            lab.wait_until(
                lambda: os.path.exists(self.session) and os.path.getsize(self.session),
                what="a session of s_client",
            )
            process.stdin.close()
            process.wait()

    def run(self, port, kind, expect):
        argv = [*self.argv, "-connect", f"127.0.0.1:{port}"]
        if kind == "resumed":
            argv += ["-sess_in", self.session]
        took, _, said = cpu_ms(argv)
        if not re.search(expect, said):
            raise RuntimeError(f"{argv}: {said}")
        return took

    def measure(self, kind):
        expect = "^Reused, TLSv1.3" if kind == "resumed" else "^New, TLSv1.3"
        nobody = lab.free_port()
        total = 0
        for _ in range(PROCESSES):
            total += self.run(self.port, kind, f"(?m){expect}")
            total -= self.run(nobody, kind, "Connection refused")
        return total / PROCESSES


def serve(files, folder):
    port = lab.free_port()
    argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-tls1_3"]
    argv += ["-cert", files.server, "-key", files.server, "-CAfile", files.ca]
    argv += ["-ciphersuites", "TLS_AES_128_GCM_SHA256", "-groups", "X25519"]
    argv += ["-Verify", "1", "-verify_return_error", "-rev"]
    server = lab.Server(argv, os.path.join(folder, "server.log"))
    lab.wait_until(lambda: lab.can_connect("127.0.0.1", port), what="s_server")
    return server, port


def measure(programs):
    """Returns {client: {kind: [ms, ...]}}; programs: those of the loops."""
    with tempfile.TemporaryDirectory(prefix="fl-bench-") as folder:
        files = Files(folder)
        server, port = serve(files, folder)
        try:
            clients = [Loop(name, path, files, port) for name, path in programs.items()]
            clients.append(Client(files, port))
            took = {c.name: {"full": [], "resumed": []} for c in clients}
            for _ in range(ROUNDS):
                for kind in ("full", "resumed"):
                    for client in clients:
                        took[client.name][kind].append(client.measure(kind))
        finally:
            server.stop()
    return took


def show(programs):
    took = measure(programs)
    version = subprocess.run(
        ["openssl", "version"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split()[1]
    print(
        f"\nTLS 1.3 handshake beside OpenSSL {version}, CPU ms of the client, without"
        f"\nits start; medians of {ROUNDS} rounds of {COUNT} handshakes (s_client:"
        f" {PROCESSES})"
    )
    print(f"{'':<24}" + "".join(f"{name:>22}" for name in took))
    for kind in ("full", "resumed"):
        ours = statistics.median(took["fairlead"][kind])
        line = f"{kind:<24}"
        for name, kinds in took.items():
            value = statistics.median(kinds[kind])
            text = f"{value:.2f}"
            if name != "fairlead":
                text += f" ({value / ours:.2f})"
            line += f"{text:>22}"
        print(line)
