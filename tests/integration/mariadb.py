"""A MariaDB server of our own, for what plays Cloud SQL for MySQL.

Database "orders" with the tables of lab.Postgres. Users: root and clerk have
the password "secret"; app has none, as a user of IAM authentication has none
that the database would look at.
"""

import os
import shutil
import subprocess
import tempfile

import lab

# Newer packages have the old name in a package of its own.
CLIENT = shutil.which("mysql") or "mariadb"
SCHEMA = """
create database orders;
create table orders.items(id int primary key, name text not null);
insert into orders.items values (1, 'anchor'), (2, 'bollard'), (3, 'cleat');
create table orders.notes(id int primary key auto_increment, body text);
alter user root@localhost identified by 'secret';
create user clerk@localhost identified by 'secret';
create user app@localhost;
grant all on orders.* to clerk@localhost;
grant all on orders.* to app@localhost;
"""


class MariaDB:
    def __init__(self):
        self.account = lab.Postgres._unprivileged()
        self.folder = tempfile.mkdtemp(prefix="fl-my-")
        # Short: it is the path of a socket.
        self.socket = os.path.join(self.folder, "s")
        self.server = None
        if self.account:
            shutil.chown(self.folder, self.account.pw_name,
                         self.account.pw_gid)

    def _options(self):
        # A server that starts removes the temporary tables of all others.
        options = ["--no-defaults", f"--datadir={self.folder}/data",
                   f"--tmpdir={self.folder}",
                   "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M",
                   "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
        if self.account:
            options.append("--user=" + self.account.pw_name)
        return options

    def start(self):
        done = subprocess.run(
            ["mariadb-install-db", *self._options(), "--skip-test-db",
             "--skip-name-resolve", "--auth-root-authentication-method=normal"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=lab.clean_env(),
            cwd=self.folder)
        if done.returncode:
            raise RuntimeError("mariadb-install-db: " + done.stdout)
        self.server = lab.Server(
            ["/usr/sbin/mariadbd", *self._options(), "--skip-networking",
             f"--socket={self.socket}", "--max-connections=200",
             f"--pid-file={self.folder}/pid"],
            os.path.join(self.folder, "log"), env=lab.clean_env(),
            cwd=self.folder)
        lab.wait_until(self._ready, what="MariaDB")
        self._run(SCHEMA)
        return self

    def _ready(self):
        if not self.server.running():
            raise RuntimeError("mariadbd ended: " + self.server.log())
        return self._run("select 1", check=False) == 0

    def _run(self, sql, check=True):
        done = subprocess.run(
            [CLIENT, "--no-defaults", "-u", "root", "-S", self.socket],
            input=sql, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=lab.clean_env())
        if check and done.returncode:
            raise RuntimeError("mysql: " + done.stdout)
        return done.returncode

    def stop(self):
        try:
            if self.server:
                self.server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def mysql(where, sql, user="clerk", password="secret", check=True):
    """Runs the mysql client at a proxy's port, or at a socket's path. Returns
    its output, or with check=False the finished process."""
    argv = [CLIENT, "--no-defaults", "-u", user, "-N", "-B", "-D", "orders",
            "--connect-timeout", str(lab.PATIENCE), "-e", sql]
    if isinstance(where, str):
        argv += ["-S", where]
    else:
        argv += ["--protocol=TCP", "-h", where.host, "-P", str(where.port)]
    if password is not None:
        argv.append(f"--password={password}")
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=lab.clean_env(), timeout=120)
    if not check:
        return done
    if done.returncode:
        raise AssertionError(f"mysql: {done.returncode}: {done.stderr}")
    return done.stdout
