#!/usr/bin/env python3
"""The report: one page that opens from a file, with no server and no request, made from the marts.

    python3 scripts/with_venv.py scripts/report/write_report.py [--schema marts] [--output FILE]

Each query in page/sql becomes one data set of the page, read as the role `reporter` in one transaction; the
page only adds its rows up, so that a figure on it is a figure of a mart. A query lies in the folder of its domain, and
is left out where that is switched off. Where PGHOST is set, that server is read
(as PGUSER=reporter); else the embedded one. The same marts give the same bytes. Owners are masked, as in the marts;
where the var show_owner_names is true, the page is made as the role reporter_named, shows their names and says so.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import os
import re
import shlex
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from command import command
from report.page_data import Dataset, Datasets, embed, fold_owners, keep_deals
from server import postgres
from server.database import DATABASE, connect
from with_venv import ROOT, UserError

PAGE = ROOT / "scripts" / "report" / "page"
QUERIES = PAGE / "sql"
SCHEMA = "dev_marts"
# The scripts of the page in the order in which they build on each other.
SCRIPTS = (
    *("format.js", "data.js", "coverage.js", "chart.js", "bars.js", "lines.js", "table.js", "download.js"),
    *("deals.js", "cards/funnel.js", "tiles.js", "attention.js", "cards/stages.js", "cards/losses.js"),
    *("cards/pipeline.js", "cards/quarters.js", "cards/forecast.js", "cards/channels.js", "cards/all.js"),
    *("filters.js", "page.js"),
)


# Every write of a table counts here, whoever made it, and a table that is made anew has another number. What is loaded
# changes the page by way of the marts alone, so raw is left out, to which each load adds a row.
TABLES_AS_THEY_ARE = """
    select md5(string_agg(
        concat_ws(' ', relid, relfilenode, n_tup_ins, n_tup_upd, n_tup_del), ', ' order by relid
    ))
    from pg_stat_user_tables
    inner join pg_class on pg_class.oid = relid
    where schemaname <> 'raw'
"""


@functools.cache
def choose_role() -> str:
    """Whom the page is made as: what the var show_owner_names says."""
    import yaml  # a page that is up to date by its note needs it nowhere else

    text = (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
    project = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 ten times as quick
    return "reporter_named" if project["vars"]["show_owner_names"] else "reporter"


def find_output(kind: str, database: str) -> Path:
    """target/report for the sample's database, target/report-<name> for that of other exports."""
    own_name = database.removeprefix(DATABASE).replace("_", "-")
    return ROOT / "target" / f"{kind}{own_name if own_name.startswith('-') else ''}"


def write_report(connection: Connection, output: Path, schema: str = SCHEMA) -> Path:
    """Write the page for the marts in `schema`. Raises UserError, psycopg2.Error, OSError."""
    page = render(read_marts(connection, schema))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    return output


def renew_report(connection: Connection, output: Path) -> bool:
    """Write the page, unless it is there as this very code made it of the marts as they are; whether it was written.

    A note beside the page says what it was made from. Names in clear text may be forgotten at any time, so a page
    with names is always written. Raises as write_report.
    """
    note = output.with_suffix(".made_from")
    # Looked up before the marts are read: of what is written meanwhile, the next call makes the page again.
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES_AS_THEY_ARE)
        [(tables,)] = cursor.fetchall()
    made_from = f"database {connection.info.dbname}: {tables}, code: {hash_code()}, page: "
    is_noted = choose_role() == "reporter" and output.exists() and note.exists()
    if is_noted and note.read_text(encoding="utf-8") == made_from + hash_file(output):
        return False
    write_report(connection, output)
    note.write_text(made_from + hash_file(output), encoding="utf-8")
    return True


def hash_code() -> str:
    """A digest of what makes the page of the marts."""
    files = [Path(__file__), Path(__file__).with_name("page_data.py"), *sorted(PAGE.rglob("*"))]
    return hashlib.sha256("".join(hash_file(path) for path in files if path.is_file()).encode()).hexdigest()


def hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_marts(connection: Connection, schema: str = SCHEMA) -> Datasets:
    """Run every query on one snapshot: {name: {"columns": [...], "rows": [[...]]}}, None where its mart is absent or
    its domain switched off. As reporter_named, owners have their names.

    Raises UserError for another role than the var show_owner_names asks for, and where there is no mart at all.
    """
    wanted = choose_role()
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection, connection.cursor() as cursor:
        cursor.execute("select current_user, to_regnamespace(%s) is null", [schema])
        [(role, is_missing)] = cursor.fetchall()
        if role != wanted:
            raise UserError(
                f"connected as {role}; the var show_owner_names makes the report as PGUSER={wanted}"
            )
        if is_missing:
            raise UserError(
                f"no schema {schema} in {connection.info.dbname}; make demo or dbt build makes it"
            )
        cursor.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(schema)))
        as_of = read_query(cursor, QUERIES / "as_of.sql")
        if as_of is None:
            raise UserError(f"no marts in schema {schema} of {connection.info.dbname}; dbt build makes them")
        column = as_of["columns"].index("switched_off")
        off = {domain for row in as_of["rows"] for domain in (row[column] or "").split(", ")}
        datasets = {
            path.stem: None if path.parent.name in off else read_query(cursor, path)
            for path in sorted(QUERIES.rglob("*.sql"))
        }
        as_of["columns"].append("names")
        for row in as_of["rows"]:
            row.append("names are masked" if wanted == "reporter" else "names are in clear text")
        datasets["as_of"] = as_of
        if wanted == "reporter_named":
            put_names(cursor, datasets["owners"])
    return keep_deals({name: data and fold_owners(data) for name, data in datasets.items()})


def read_query(cursor: Cursor, path: Path) -> Dataset | None:
    """The result of a query; None where a table that it reads does not exist: a source of a later release."""
    cursor.execute("savepoint query")
    try:
        cursor.execute(path.read_text(encoding="utf-8"))
    except psycopg2.errors.UndefinedTable:
        cursor.execute("rollback to savepoint query")
        return None
    except psycopg2.errors.InsufficientPrivilege as error:
        raise UserError(f"{path.name}: {str(error).splitlines()[0]}; dbt build grants it") from error
    rows = [[simplify(value) for value in row] for row in cursor.fetchall()]
    return {"columns": [column.name for column in cursor.description or ()], "rows": rows}


def put_names(cursor: Cursor, owners: Dataset | None) -> None:
    """Write names over the masked ones; an owner without one stays as in the marts."""
    if owners is None:
        return
    cursor.execute("select crm_source, owner_id, owner_name from named.owners where owner_name is not null")
    names = {(crm, owner): name for crm, owner, name in cursor.fetchall()}
    crm, owner, shown = (owners["columns"].index(name) for name in ("crm", "owner", "name"))
    for row in owners["rows"]:
        row[shown] = names.get((row[crm], row[owner]), row[shown])


def simplify(value: Any) -> Any:
    """A value that JSON can hold; a whole number as one, which is shorter."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def render(datasets: Datasets) -> str:
    """The page, all of it in one file."""
    parts = {
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "data": embed(datasets),
        "script": "\n".join((PAGE / name).read_text(encoding="utf-8") for name in SCRIPTS),
    }
    # One pass, so that nothing that was filled in is searched again.
    return re.sub(
        r"\{\{(\w+)\}\}", lambda found: parts[found[1]], (PAGE / "index.html").read_text(encoding="utf-8")
    )


def open_command(page: Path) -> str:
    """A line for the terminal that opens the page in a browser: paths with blanks and other letters are quoted."""
    return f"python3 -m webbrowser {shlex.quote(page.resolve().as_uri())}"


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="write_report.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--schema", default=SCHEMA, help=f"schema of the marts (default: {SCHEMA})")
    parser.add_argument("--database", help="of the embedded server (default: that of the last make demo)")
    parser.add_argument(
        "--output", type=Path, help="default: index.html in target/report, or target/report-<name>"
    )
    options = parser.parse_args(arguments)
    own_server = os.environ.get("PGHOST")
    name = options.database or (DATABASE if own_server else postgres.last_demo())
    opened = connect() if own_server else postgres.start(database=name).connect(choose_role(), name)
    with contextlib.closing(opened) as connection:
        output = options.output or find_output("report", name) / "index.html"
        write_report(connection, output, options.schema)
    print(f"{os.path.relpath(output)} ({output.stat().st_size / 1e6:.1f} MB)")
    print(f"Open it: {open_command(output)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
