#!/usr/bin/env python3
"""How the rows of the marts differ between two schemas: what a pull request changes, in figures.

    python3 scripts/with_venv.py scripts/checks/diff_marts.py marts dev_marts

Connects as PG* says. Prints Markdown, and appends it to GITHUB_STEP_SUMMARY where that is set. Load times are not
compared. Always ends with 0: a difference is for the reviewer to judge.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from command import command, publish
from server.database import connect

IGNORED = "_loaded_at"


def compare(connection: Connection, before: str, after: str, partial: bool = False) -> list[tuple[str, str]]:
    """(relation, what differs) for every relation that is not the same in both schemas; `partial`: `after` holds only
    the relations that were built again, so one that it lacks was not removed."""
    columns = {schema: _columns(connection, schema) for schema in (before, after)}
    differences = []
    for name in sorted(columns[before].keys() | columns[after].keys()):
        if name not in columns[after]:
            if not partial:
                differences.append((name, "removed"))
        elif name not in columns[before]:
            differences.append((name, f"new, {_count(connection, sql.Identifier(after, name)):,} rows"))
        else:
            notes = _compare_columns(columns[before][name], columns[after][name])
            shared = [column for column in columns[before][name] if column in columns[after][name]]
            gone = _only_in(connection, (before, after), name, shared)
            come = _only_in(connection, (after, before), name, shared)
            if gone or come:
                notes.append(
                    f"{gone:,} rows gone, {come:,} rows new, of {_count(connection, sql.Identifier(before, name)):,}"
                )
            if notes:
                differences.append((name, "; ".join(notes)))
    return differences


def _columns(connection: Connection, schema: str) -> dict[str, dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname, attname, format_type(atttypid, atttypmod) from pg_attribute"
            " inner join pg_class on pg_class.oid = attrelid where relnamespace = to_regnamespace(%s)"
            " and relkind in ('r', 'v') and attnum > 0 and not attisdropped order by relname, attnum",
            [schema],
        )
        found: dict[str, dict[str, str]] = {}
        for relation, column, kind in cursor.fetchall():
            found.setdefault(relation, {})[column] = kind
        return found


def _compare_columns(before: dict[str, str], after: dict[str, str]) -> list[str]:
    notes = [f"column {name} removed" for name in before if name not in after]
    notes += [f"column {name} new" for name in after if name not in before]
    both = [name for name in before if name in after]
    return notes + [f"column {n} is {after[n]}, was {before[n]}" for n in both if after[n] != before[n]]


def _only_in(connection: Connection, schemas: tuple[str, str], name: str, columns: list[str]) -> int:
    row = sql.SQL("to_jsonb(row({}))").format(
        sql.SQL(", ").join(sql.Identifier(column) for column in columns if column != IGNORED)
    )
    one, other = (sql.Identifier(schema, name) for schema in schemas)
    rows = sql.SQL("(select {row} from {one} except all select {row} from {other}) as only_here")
    return _count(connection, rows.format(row=row, one=one, other=other))


def _count(connection: Connection, rows: sql.Composable) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select count(*) from {}").format(rows))
        [(count,)] = cursor.fetchall()
        return int(count)


def format_markdown(differences: list[tuple[str, str]]) -> str:
    if not differences:
        return "## Marts\n\nNo row of any mart changes on the sample.\n"
    lines = [f"| {name} | {what} |" for name, what in differences]
    return "\n".join(
        ["## Marts that change on the sample", "", "| mart | difference |", "|---|---|", *lines, ""]
    )


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="diff_marts.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("before", help="schema")
    parser.add_argument("after", help="schema")
    parser.add_argument(
        "--partial", action="store_true", help="the second schema holds only what was built again"
    )
    options = parser.parse_args(arguments)
    with closing(connect()) as connection:
        publish(format_markdown(compare(connection, options.before, options.after, options.partial)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
