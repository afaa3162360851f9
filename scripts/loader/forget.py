#!/usr/bin/env python3
"""Overwrite the clear text of one user of a CRM in every version of every raw table, and in what later loads bring.

    python3 scripts/with_venv.py scripts/loader/forget.py --crm pipedrive --id 7

Connects as the loader does (PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE; the role `loader` suffices).
docs/operations.md says what it reaches. Exit status: 0 done, 1 refused and nothing changed, 2 usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing

import psycopg2

from loader import transaction
from loader.messages import one_line


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="forget.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--crm", required=True, choices=("pipedrive", "salesforce", "hubspot"))
    parser.add_argument("--id", required=True, help="the user's id in that CRM, as in its export")
    options = parser.parse_args(argv)
    try:
        with closing(transaction.connect()) as connection, connection, connection.cursor() as cursor:
            transaction.take_lock(cursor)  # a load under way would bring the clear text in again
            cursor.execute("select * from raw.forget_person(%s, %s)", [options.crm, options.id.strip()])
            overwritten = [(place, rows) for place, rows in cursor.fetchall() if rows]
    except psycopg2.Error as error:
        reason = error.diag.message_primary or one_line(error)
        print(f"forget.py: error: {reason}; nothing was changed", file=sys.stderr)
        return 1
    for place, rows in overwritten:
        print(f"{place}: {rows:,} rows overwritten")
    print(
        f"User {options.id.strip()} of {options.crm} is forgotten, in later loads as well.\n"
        "Let the marts follow: dbt build --full-refresh"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
