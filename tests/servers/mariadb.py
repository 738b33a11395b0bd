"""A real MariaDB server with TLS, an administrator and a user who may only read.

In: the system's `mariadbd`. Out: the address, the logins, and databases that a test has for itself.
"""

import os
import ssl
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from servers.certificates import Authority
from servers.processes import Server, free_port, program, start_retrying, temporary_folder

if TYPE_CHECKING:
    from pymysql.connections import Connection

PACKAGE = "mariadb-server"
ADMIN = "admin_pruebas"
READER = "lector"
TLS_READER = "lector_tls"
PASSWORD = "solo lectura: %@/?#"  # characters that a connection URL must quote
NUMBERS = count(1)
# The anonymous user of a new server would come before anybody who logs in from "localhost".
FIRST_STATEMENTS = f"""DELETE FROM mysql.global_priv WHERE User = '';
FLUSH PRIVILEGES;
CREATE USER '{ADMIN}'@'%' IDENTIFIED BY '{ADMIN}';
GRANT ALL ON *.* TO '{ADMIN}'@'%' WITH GRANT OPTION;
"""


@dataclass(frozen=True)
class MariaServer:
    """Where MySQL or MariaDB listens and who may do what; `database` is empty until a test asks for one of its own.

    `user` may only SELECT from the databases made here; `tls_user` the same, and is refused without TLS.
    """

    host: str
    port: int
    admin: str
    admin_password: str = field(repr=False)
    user: str = READER
    tls_user: str = TLS_READER
    password: str = field(default=PASSWORD, repr=False)
    database: str = ""
    ca: Path | None = None
    socket: Path | None = None
    made: list[str] = field(default_factory=list, repr=False)

    def sql(self, statement: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Runs one statement as administrator; its rows."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows that have a value for every column of the table."""
        rows = list(rows)
        if not rows:
            return
        places = ", ".join(["%s"] * len(rows[0]))
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO `{table}` VALUES ({places})", rows)

    def connect(self) -> "Connection[Any]":
        """A connection of the administrator that commits every statement."""
        import pymysql

        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.admin,
            password=self.admin_password,
            database=self.database or None,
            ssl=ssl.create_default_context(cafile=self.ca) if self.ca else None,
            charset="utf8mb4",
            autocommit=True,
        )

    def fresh_database(self) -> "MariaServer":
        """The same server with a new, empty database that both readers may SELECT from."""
        name = f"dm_prueba_{os.getpid()}_{next(NUMBERS)}"
        self.sql(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        for user in (self.user, self.tls_user):
            self.sql(f"GRANT SELECT ON `{name}`.* TO '{user}'@'%'")
        self.made.append(name)
        return replace(self, database=name)

    def create_users(self) -> None:
        """The two users that may only read."""
        for user, demand in ((self.user, "NONE"), (self.tls_user, "SSL")):
            self.sql(f"CREATE USER IF NOT EXISTS '{user}'@'%%' IDENTIFIED BY %s REQUIRE {demand}", [self.password])

    def clean(self) -> None:
        """Removes every database and user made here: a server that is not ours is left as it was."""
        for name in self.made:
            self.sql(f"DROP DATABASE IF EXISTS `{name}`")
        for user in (self.user, self.tls_user):
            self.sql(f"DROP USER IF EXISTS '{user}'@'%'")


def from_environment() -> MariaServer | None:
    """The server of `TEST_MYSQL_URL` (`mysql://admin:password@host:3306/?ca=/path/ca.pem`).

    Its user must be allowed to create databases and users; both are removed at the end.
    """
    given = os.environ.get("TEST_MYSQL_URL")
    if not given:
        return None
    parts = urlsplit(given)
    ca = parse_qs(parts.query).get("ca")
    server = MariaServer(
        host=str(parts.hostname),
        port=parts.port or 3306,
        admin=unquote(parts.username or "root"),
        admin_password=unquote(parts.password or ""),
        user=f"dm_lector_{os.getpid()}",
        tls_user=f"dm_lector_tls_{os.getpid()}",
        ca=Path(ca[0]) if ca else None,
    )
    server.create_users()
    return server


def start() -> tuple[Server, MariaServer]:
    """A new server with users and certificate of its own."""
    server = start_retrying(attempt)
    maria = described(server)
    maria.create_users()
    return server, maria


def attempt() -> Server:
    """One try on one free port, which `described` finds again in the folder."""
    daemon, installer = program("mariadbd", PACKAGE), program("mariadb-install-db", PACKAGE)
    server = Server("mariadb", temporary_folder("maria"))
    authority = Authority(server.folder)
    certificate = authority.issue("server")
    (server.folder / "port").write_text(str(free_port()))
    (server.folder / "init.sql").write_text(FIRST_STATEMENTS)
    maria = described(server)
    common = ["--no-defaults", f"--datadir={server.folder / 'data'}", *(["--user=root"] if os.geteuid() == 0 else [])]
    (server.folder / "tmp").mkdir()
    server.run([installer, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
    options = {
        "socket": maria.socket,
        "pid-file": server.folder / "pid",
        "port": maria.port,
        "bind-address": maria.host,
        "tmpdir": server.folder / "tmp",  # in a shared one, another server that starts deletes this one's temporary tables
        "init-file": server.folder / "init.sql",
        "ssl-ca": authority.path,
        "ssl-cert": certificate.certificate,
        "ssl-key": certificate.key,
        "innodb-flush-log-at-trx-commit": 0,  # nothing here must survive a power cut
    }
    server.start([daemon, *common, "--skip-log-bin", *(f"--{name}={value}" for name, value in options.items())], lambda: answers(maria))
    return server


def described(server: Server) -> MariaServer:
    """Address and logins of the server in this folder."""
    port = int((server.folder / "port").read_text())
    return MariaServer("127.0.0.1", port, ADMIN, ADMIN, ca=server.folder / "ca.pem", socket=server.folder / "sock")


def answers(maria: MariaServer) -> bool:
    """Whether the administrator can log in."""
    from pymysql import MySQLError

    try:
        maria.connect().close()
    except (MySQLError, OSError):
        return False
    return True
