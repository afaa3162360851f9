#!/usr/bin/env python3
"""Before a deployment: does the database that PG* names have what init.sql makes?

    python3 scripts/with_venv.py scripts/checks/check_database.py

A deployment runs as the transformer, who cannot run init.sql. One line says what is missing; exit status 1.
"""

from __future__ import annotations

import re
import sys
from contextlib import closing

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from command import command
from server.database import INIT_SQL, ROLES, connect
from with_venv import UserError

MEND = "run scripts/server/postgres.py init as a superuser"


def find_missing(connection: Connection) -> list[str]:
    """What the database lacks: tables, functions and roles of init.sql, and the privilege to read raw."""
    init_sql = INIT_SQL.read_text(encoding="utf-8")
    tables = re.findall(r"^create table if not exists (raw\.\w+)", init_sql, re.MULTILINE)
    functions = re.findall(r"^create or replace function (raw\.\w+)", init_sql, re.MULTILINE)
    wanted = {
        "table": ("to_regclass", tables),
        "function": ("to_regproc", functions),
        "role": ("to_regrole", ROLES),
    }
    missing = []
    with connection.cursor() as cursor:
        for kind, (find, names) in wanted.items():
            query = sql.SQL("select name from unnest(%s) as name where {}(name) is null")
            cursor.execute(query.format(sql.Identifier(find)), [list(names)])
            missing += [f"{kind} {name}" for (name,) in cursor.fetchall()]
        if not missing:
            cursor.execute(
                "select has_table_privilege('raw.deal_changes', 'select'),"
                " has_database_privilege(current_database(), 'create')"
            )
            [(may_read, may_create)] = cursor.fetchall()
            if not (may_read and may_create):
                missing.append("privileges of the transformer")
    return missing


@command
def main() -> int:
    with closing(connect()) as connection:
        missing = find_missing(connection)
    if missing:
        raise UserError(f"the database lacks {', '.join(missing)}; {MEND}")
    print("The database has every table and role of init.sql")
    return 0


if __name__ == "__main__":
    sys.exit(main())
