"""The two programs of tutorial/, as they are, under fairlead as PID 1.

Each has an IAM user without a password; the emulator lets only certificates
with a login token through to the database, as Cloud SQL logs in nobody else.
The programs start with fairlead: their first connect() comes before there is
a certificate.
"""

import json
import os
import shutil
import signal
import tempfile
import urllib.request

import install
import lab
from mariadb import MariaDB

PROGRAMS = {
    "pg Pool": ("postgres.js", "POSTGRES_15", "app@my-project.iam"),
    "mysql2/promise connection": ("mysql.js", "MYSQL_8_0", "app"),
}


def now(port):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/", timeout=60) as answer:
        return json.load(answer)["now"]


def serve(emulator, folder, program, engine, user):
    emulator.set(database_version=engine, iam_only=True)
    http, state = lab.free_port(), tempfile.mkdtemp(prefix="fl-tutorial-")
    address, port = "127.0.0.1", lab.free_port()
    namespace = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        namespace.insert(1, "--map-root-user")
    server = lab.Server(
        [*namespace, lab.FAIRLEAD, "--sqladmin-api-endpoint",
         emulator.api_url, "--ca-file", emulator.ca_file, "--address",
         address, "--port", str(port), "--auto-iam-authn", emulator.name,
         "--", install.command("node"), program],
        os.path.join(state, "log"), cwd=folder, env=lab.clean_env({
            **emulator.env(), "PORT": str(http), "DB_PORT": str(port),
            "DB_USER": user, "DB_NAME": "orders"}))
    try:
        lab.wait_until(lambda: not server.running()
                       or lab.can_connect("127.0.0.1", http), what="the app")
        assert server.running(), server.log()
        assert now(http)[:2] == "20"
        assert now(http)[:2] == "20"
        assert emulator.count("api.generateEphemeralCert:200") == 1
        # PID 1 of the namespace is unshare's child.
        init = lab.descendants(server.pid)[0]
        os.kill(init, signal.SIGTERM)
        assert server.wait() == 0, server.log()
    except Exception as err:
        raise AssertionError(f"{err}\n{server.log()}") from None
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)


def hear(postgres, tally, words):
    """PostgreSQL is the caller's, with the user already."""
    cases = {f"tutorial: {name}": how for name, how in PROGRAMS.items()
             if all(w in f"fairlead: tutorial: {name}" for w in words)}
    if not cases:
        return
    folder = install.tutorial()
    mariadb = MariaDB()
    try:
        mariadb.start()
        for case, (program, engine, user) in cases.items():
            backend = mariadb.socket if engine.startswith("MYSQL") \
                else postgres.socket
            emulator = lab.Emulator(backend).start()
            try:
                tally.add("fairlead", case, serve, emulator, folder, program,
                          engine, user)
            finally:
                emulator.stop()
    finally:
        mariadb.stop()
