"""The clients that people have, as they are: mysql, psql's library and
SQLAlchemy's pools, against a real MariaDB and a real PostgreSQL. The programs
of Node.js are in tests/judge."""

import concurrent.futures
import hashlib
import os

import lab
import pytest
import sqlalchemy
from mariadb import MariaDB, mysql

ROWS = [(1, "anchor"), (2, "bollard"), (3, "cleat")]
IAM_USER = "app@my-project.iam"     # of PostgreSQL; MariaDB's is "app"


@pytest.fixture(scope="session")
def mariadb():
    server = MariaDB()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def _my_emulator(mariadb):
    emulator = lab.Emulator(mariadb.socket, "--set",
                            '{"instance": {"database_version": "MYSQL_8_0"}}')
    try:
        yield emulator.start()
    finally:
        emulator.stop()


@pytest.fixture
def my_emulator(_my_emulator):
    _my_emulator.reset()
    _my_emulator.set(database_version="MYSQL_8_0")
    return _my_emulator


@pytest.fixture(scope="session")
def _pg_emulator(postgres):
    lab.psql(postgres, f'create role "{IAM_USER}" superuser login')
    emulator = lab.Emulator(postgres.socket)
    try:
        yield emulator.start()
    finally:
        emulator.stop()
        lab.psql(postgres, f'drop role "{IAM_USER}"')


@pytest.fixture
def pg_emulator(_pg_emulator):
    _pg_emulator.reset()
    return _pg_emulator


def test_mysql_client(my_emulator, start_fairlead):
    proxy = start_fairlead(my_emulator).wait_listening()
    assert mysql(proxy, "select * from items order by id") == \
        "1\tanchor\n2\tbollard\n3\tcleat\n"
    out = mysql(proxy, "select seq, concat(md5(seq), repeat('x', 1000)) "
                "from seq_1_to_10000 order by seq")
    assert hashlib.sha256(out.encode()).digest() == hashlib.sha256(b"".join(
        b"%d\t%s%s\n" % (n, hashlib.md5(b"%d" % n).hexdigest().encode(),
                         b"x" * 1000) for n in range(1, 10001))).digest()
    wrong = mysql(proxy, "select 1", password="wrong", check=False)
    assert "Access denied for user 'clerk'" in wrong.stderr


def test_mysql_client_at_a_socket(my_emulator, start_fairlead, tmp_path):
    """Called as Cloud Run calls it: DIR/P:R:I."""
    proxy = start_fairlead(my_emulator, "--unix-socket", tmp_path, port=None)
    proxy.wait_log("ready for new connections")
    path = os.path.join(tmp_path, my_emulator.name)
    assert mysql(path, "select count(*) from items") == "3\n"


def test_mysql_default_port(my_emulator, start_fairlead):
    address = lab.free_address(3306)
    proxy = start_fairlead(my_emulator, "--address", address, port=None)
    proxy.host, proxy.port = address, 3306
    proxy.wait_log("ready for new connections")
    assert mysql(proxy, "select count(*) from items") == "3\n"


def test_mysql_iam_user_without_password(my_emulator, start_fairlead):
    """The token is in the certificate: the database asks for nothing."""
    my_emulator.set(iam_only=True)
    proxy = start_fairlead(my_emulator, "--auto-iam-authn").wait_listening()
    assert mysql(proxy, "select current_user()", "app", None) == \
        "app@localhost\n"


def test_mysql_without_a_login_token(my_emulator, start_fairlead):
    my_emulator.set(iam_only=True)
    proxy = start_fairlead(my_emulator).wait_listening()
    assert mysql(proxy, "select 1", "app", None, check=False).returncode == 1


def test_mysql_metadata_exchange(my_emulator, start_fairlead, tmp_path):
    """The server is told what kind of socket the client has, which decides
    how caching_sha2_password goes on, and no client notices."""
    my_emulator.set(mdx=True)
    port = lab.free_port()
    proxy = start_fairlead(my_emulator, port=None, instances=[
        f"{my_emulator.name}?port={port}",
        f"{my_emulator.name}?unix-socket-path={tmp_path}/db"])
    proxy.host, proxy.port = "127.0.0.1", port
    proxy.wait_log("ready for new connections")
    assert mysql(proxy, "select count(*) from items") == "3\n"
    assert mysql(f"{tmp_path}/db", "select count(*) from items") == "3\n"
    assert [e["request"] for e in my_emulator.log("mdx")] == ["1001", "1003"]


def test_mysql_says_why_over_the_limit(my_emulator, start_fairlead):
    proxy = start_fairlead(my_emulator, "--max-connections", "1")
    proxy.wait_log("ready for new connections")
    engine = sqlalchemy.create_engine(url("mysql+pymysql", proxy, "clerk",
                                          "secret"))
    with engine.connect():
        done = mysql(proxy, "select 1", check=False)
    engine.dispose()
    assert done.returncode == 1
    assert "1040" in done.stderr
    assert "max connections (1) exceeded" in done.stderr


def test_mysql_says_why_it_failed(my_emulator, start_fairlead):
    my_emulator.api("*", status=403)
    proxy = start_fairlead(my_emulator).wait_listening()
    done = mysql(proxy, "select 1", check=False)
    assert done.returncode == 1
    assert "needed: roles/cloudsql.client" in done.stderr


def url(driver, proxy, user, password=None):
    return sqlalchemy.engine.URL.create(
        driver, username=user, password=password, host=proxy.host,
        port=proxy.port, database="orders")


def engines(kind, my_emulator, pg_emulator):
    """emulator, driver, user of the database's IAM authentication"""
    if kind == "mariadb":
        return my_emulator, "mysql+pymysql", "app"
    return pg_emulator, "postgresql+psycopg2", IAM_USER


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_sqlalchemy_pool(kind, my_emulator, pg_emulator, start_fairlead):
    """Twelve threads share four connections of an IAM user; all of them are
    cut and the pool goes on."""
    emulator, driver, user = engines(kind, my_emulator, pg_emulator)
    emulator.set(iam_only=True)
    proxy = start_fairlead(emulator, "--auto-iam-authn").wait_listening()
    engine = sqlalchemy.create_engine(
        url(driver, proxy, user), pool_size=4, max_overflow=0,
        pool_pre_ping=True, pool_timeout=lab.PATIENCE)

    def work(_):
        with engine.begin() as link:
            link.execute(sqlalchemy.text(
                "insert into notes(body) values ('written')"))
            return [tuple(row) for row in link.execute(sqlalchemy.text(
                "select id, name from items order by id"))]

    try:
        with concurrent.futures.ThreadPoolExecutor(12) as threads:
            assert all(rows == ROWS for rows in threads.map(work, range(60)))
            # Those of the pool, and the one that looked whether it listens.
            assert emulator.count("handshake") <= 5
            emulator.cut()
            assert all(rows == ROWS for rows in threads.map(work, range(60)))
        with engine.connect() as link:
            assert link.execute(sqlalchemy.text(
                "select count(*) from notes where body = 'written'")) \
                .scalar() == 120
        with engine.begin() as link:
            link.execute(sqlalchemy.text("delete from notes"))
    finally:
        engine.dispose()


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_sqlalchemy_says_why(kind, my_emulator, pg_emulator, start_fairlead):
    emulator, driver, user = engines(kind, my_emulator, pg_emulator)
    emulator.api("*", status=403, reason="notAuthorized")
    proxy = start_fairlead(emulator).wait_listening()
    engine = sqlalchemy.create_engine(url(driver, proxy, user))
    with pytest.raises(sqlalchemy.exc.OperationalError,
                       match="needed: roles/cloudsql.client"):
        engine.connect()
    engine.dispose()
