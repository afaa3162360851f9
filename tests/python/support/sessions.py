"""Statements sent as one of the project's roles."""

from __future__ import annotations

import contextlib


def run(server, database: str, role: str, *statements: str) -> list[tuple]:
    """Send the statements as `role`, each in a transaction of its own; the rows of the last."""
    with contextlib.closing(server.connect(database, role)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
