"""The data plane with a real PostgreSQL behind the emulator."""

import hashlib
import os
import re
import signal
import subprocess
import tempfile

import lab
import pytest

GIGABYTE = 1 << 30


def psql_argv(where, sql):
    return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-h", where.host, "-p", str(where.port), "-U", "postgres",
            "-d", "orders", "-c", sql]


def psql_process(where, sql, **how):
    return subprocess.Popen(psql_argv(where, sql),
                            env=lab.clean_env({"PGSSLMODE": "disable"}),
                            stderr=subprocess.PIPE, **how)


@pytest.fixture(scope="session")
def pgbench_tables(postgres):
    lab.pgbench(postgres, "-i", "-s", "1", "-q")


def test_psql_over_tcp(fairlead):
    assert lab.psql(fairlead, "select name from items where id = 2") == \
        "bollard"


def test_psql_over_ipv6(emulator, start_fairlead):
    proxy = start_fairlead(emulator, "--address", "::1")
    proxy.host = "::1"
    proxy.wait_listening()
    assert lab.psql(proxy, "select 1") == "1"


def test_psql_over_unix_sockets(emulator, start_fairlead):
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        proxy = start_fairlead(emulator, "--unix-socket", folder, port=None)
        proxy.wait_log("ready for new connections")
        host = os.path.join(folder, lab.INSTANCE)
        assert lab.psql(proxy, "select count(*) from items", host=host,
                        port=5432) == "3"
        path = os.path.join(host, ".s.PGSQL.5432")
        assert os.stat(path).st_mode & 0o777 == 0o777


def test_pgbench(fairlead, pgbench_tables):
    report = lab.pgbench(fairlead, "-c", "8", "-T", "5", "-S")
    assert "number of failed transactions: 0 (" in report, report


def test_pgbench_with_a_connection_for_each_transaction(fairlead,
                                                        pgbench_tables):
    report = lab.pgbench(fairlead, "-c", "4", "-t", "25", "-S", "-C")
    assert "number of transactions actually processed: 100/100" in report


def test_gigabyte_down(fairlead):
    """1 GB of result set, byte for byte."""
    line = "0123456789abcdef" * 64
    rows = GIGABYTE // (len(line) + 8)
    process = psql_process(
        fairlead, "copy (select lpad(i::text, 7, '0') || "
                  f"repeat('0123456789abcdef', 64) from "
                  f"generate_series(1, {rows}) i) to stdout",
        stdout=subprocess.PIPE)
    got, expected = hashlib.sha1(), hashlib.sha1()
    while piece := process.stdout.read(1 << 20):
        got.update(piece)
    assert process.wait() == 0, process.stderr.read()
    for start in range(1, rows + 1, 10000):
        expected.update("".join(
            f"{i:07d}{line}\n" for i in
            range(start, min(start + 10000, rows + 1))).encode())
    process.stderr.close()
    process.stdout.close()
    assert got.hexdigest() == expected.hexdigest()


def test_gigabyte_up(fairlead, postgres):
    """1 GB of COPY IN: the server hashes each row and keeps the hash."""
    lab.psql(postgres, """
        create table hashes(n serial, h text);
        create table sink(t text);
        create function note() returns trigger language plpgsql as $$
        begin
            insert into hashes(h) values (md5(new.t));
            return null;
        end $$;
        create trigger sink before insert on sink
            for each row execute function note();
    """)
    try:
        process = psql_process(fairlead, "copy sink from stdin",
                               stdin=subprocess.PIPE)
        chunk = os.urandom(64 * 1024).hex().encode()
        total = hashlib.md5()
        for i in range(GIGABYTE // len(chunk)):
            row = b"%08d" % i + chunk
            total.update(hashlib.md5(row).hexdigest().encode())
            process.stdin.write(row + b"\n")
        process.stdin.close()
        assert process.wait() == 0, process.stderr.read()
        process.stderr.close()
        assert lab.psql(postgres, "select md5(string_agg(h, '' order by n)) "
                                  "from hashes") == total.hexdigest()
    finally:
        lab.psql(postgres, "drop table sink, hashes; drop function note()")


def test_cancel_request(fairlead):
    """A query is cancelled over a second, very short connection."""
    process = psql_process(fairlead, "select pg_sleep(600)",
                           stdout=subprocess.DEVNULL)
    lab.wait_until(lambda: lab.psql(
        fairlead, "select count(*) from pg_stat_activity "
                  "where query = 'select pg_sleep(600)'") == "1",
        what="the query")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=lab.PATIENCE)
    assert b"canceling statement due to user request" in err


@pytest.mark.product
def test_large_result_and_a_reader_who_sleeps(fairlead):
    """Back-pressure: a result that nobody reads is not kept in memory."""
    process = psql_process(
        fairlead, "copy (select repeat('x', 1023) from "
                  "generate_series(1, 200000)) to stdout",
        stdout=subprocess.PIPE)
    assert process.stdout.read(1024) == b"x" * 1023 + b"\n"

    def memory():
        with open(f"/proc/{fairlead.tunnel()}/status") as src:
            return int(re.search(r"RssAnon:\s*(\d+)", src.read())[1])

    # As soon as a second connection works, the loop has seen the first
    # one blocked, and has had every reason to buffer.
    for _ in range(10):
        assert lab.psql(fairlead, "select 1") == "1"
    assert memory() < 4096
    rest = len(process.stdout.read())
    assert process.wait() == 0
    process.stdout.close()
    process.stderr.close()
    assert rest == 199999 * 1024


def filtered(pid):
    with open(f"/proc/{pid}/status") as src:
        return "\nSeccomp:\t2\n" in src.read()


@pytest.mark.product
def test_sandbox(fairlead):
    """The kernel of the tests has every layer, and so must be used."""
    pid = fairlead.tunnel()
    lab.wait_until(lambda: filtered(pid), what="the filter")
    with open(f"/proc/{pid}/status") as src:
        assert "\nNoNewPrivs:\t1\n" in src.read()
    with open(f"/proc/{pid}/limits") as src:
        core = [line for line in src if line.startswith("Max core file")]
    assert core[0].split()[4:6] == ["0", "0"]
    assert lab.psql(fairlead, "select 1") == "1"
    for word in ("Landlock", "seccomp"):
        assert f"no {word}" not in fairlead.log()


def in_memory(pid, needle):
    """How often NEEDLE stands in the memory of a process."""
    count = 0
    with open(f"/proc/{pid}/maps") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end = re.match("([0-9a-f]+)-([0-9a-f]+) ", line).groups()
            try:
                memory.seek(int(start, 16))
                count += memory.read(int(end, 16) - int(start, 16)
                                     ).count(needle)
            except (OSError, OverflowError):
                continue  # the kernel's own pages
    return count


@pytest.mark.product
@pytest.mark.parametrize("how", ["argument", "variable"])
def test_tunnel_has_no_token(start_emulator, start_fairlead, how):
    """It talks to the database's network: tokens are the fetchers'."""
    token = "a-token-given-by-the-user"
    emulator = start_emulator("--accept-token", token)
    if how == "argument":
        fairlead = start_fairlead(emulator, "--token", token)
    else:
        fairlead = start_fairlead(emulator, env={"CSQL_PROXY_TOKEN": token})
    fairlead.wait_listening()
    assert lab.psql(fairlead, "select 1") == "1"
    assert in_memory(fairlead.pid, token.encode()) > 0
    assert in_memory(fairlead.tunnel(), token.encode()) == 0


def test_killed_tunnel_costs_its_connections_alone(fairlead):
    assert lab.psql(fairlead, "select 1") == "1"
    process = psql_process(fairlead, "select pg_sleep(600)",
                           stdout=subprocess.DEVNULL)
    lab.wait_until(lambda: lab.psql(
        fairlead, "select count(*) from pg_stat_activity "
                  "where query = 'select pg_sleep(600)'") == "1",
        what="the query")
    before = fairlead.tunnel()
    os.kill(before, signal.SIGKILL)
    assert lab.psql(fairlead, "select 2") == "2"
    assert process.wait(timeout=lab.PATIENCE) != 0
    process.stderr.close()
    assert fairlead.tunnel() != before
    assert fairlead.running()
