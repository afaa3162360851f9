"""What the project needs in a database, on the embedded server or one of your own: roles, raw schema, passwords."""

from __future__ import annotations

import os
import sys

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import encrypt_password

from with_venv import ROOT, UserError

DATABASE = "sales_funnel"
ROLES = ("loader", "transformer", "reporter", "reporter_named")
INIT_SQL = ROOT / "init.sql"
MINIMUM_VERSION = 160000


def connect(database: str = "") -> Connection:
    """To the server that PG* names, and to its PGDATABASE where none is given."""
    return psycopg2.connect(dbname=database or os.environ.get("PGDATABASE") or DATABASE, connect_timeout=10)


def initialize(connection: Connection, passwords: dict[str, str]) -> None:
    """Run init.sql and set the passwords given by role, in one transaction; safe to repeat.

    The connection is a superuser's, to the project's database. Passwords are hashed here, so that no server log
    can hold them. Raises UserError for an old server or another encoding, psycopg2.Error for what is refused.
    """
    if connection.server_version < MINIMUM_VERSION:
        found = connection.info.parameter_status("server_version")
        raise UserError(f"PostgreSQL 16 or newer is required, {connection.info.host} runs {found}")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UserError(
            f"database {connection.info.dbname} is encoded in {encoding}, and UTF8 is needed; drop it, or name another "
            "one in PGDATABASE, and init makes it"
        )
    with connection, connection.cursor() as cursor:
        cursor.execute("set local client_min_messages = warning; set local standard_conforming_strings = on")
        connection.notices.clear()
        cursor.execute(INIT_SQL.read_text(encoding="utf-8"))
        for warning in connection.notices:
            print(" ".join(warning.split()).replace("WARNING:", "init.sql: warning:"), file=sys.stderr)
        for role, password in passwords.items():
            hashed = encrypt_password(password, role, scope=connection, algorithm="scram-sha-256")
            cursor.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(hashed))
            )


def create_database(connection: Connection, name: str) -> bool:
    """Create the database unless it exists; whether it was created. The connection is to another database.

    From template0, since the other template has the encoding of the whole server, which may be another one; and where
    PostgreSQL brings it along (17 and later), with the locale of the embedded server, by which letters are letters
    whatever the server's own is.
    """
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select from pg_database where datname = %s", [name])
        if cursor.fetchone() is not None:
            return False
        statement = "create database {} template template0 encoding 'UTF8'"
        if connection.server_version >= 170000:
            statement += " locale 'C' locale_provider builtin builtin_locale 'C.UTF-8'"
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
        return True
