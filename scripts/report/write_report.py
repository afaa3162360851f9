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
import json
import os
import re
import shlex
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from command import command
from server import postgres
from server.database import DATABASE, connect
from with_venv import ROOT, UserError

PAGE = ROOT / "scripts" / "report" / "page"
QUERIES = PAGE / "sql"
SCHEMA = "dev_marts"
# Beyond these many rows a data set names only its largest owners; the others are added up as one.
MAX_ROWS = 12_000
# Columns that tell rows apart; all others are added up.
KEYS = {
    "crm",
    "month",
    "quarter",
    "is_complete",
    "pipeline_id",
    "owner",
    "step",
    "stage_id",
    "became",
    "reason",
}
OTHERS = "others"
# So many deals the page lists; of more, those are left out that were closed first, and the page says so.
MAX_DEALS = 10_000
# The scripts of the page in the order in which they build on each other.
SCRIPTS = (
    *("format.js", "data.js", "coverage.js", "chart.js", "bars.js", "lines.js", "table.js", "download.js"),
    *("deals.js", "cards/funnel.js", "tiles.js", "attention.js", "cards/stages.js", "cards/losses.js"),
    *("cards/pipeline.js", "cards/forecast.js", "cards/channels.js", "cards/all.js", "filters.js", "page.js"),
)

Dataset = dict[str, list[Any]]


def choose_role() -> str:
    """Whom the page is made as: what the var show_owner_names says."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
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


def read_marts(connection: Connection, schema: str = SCHEMA) -> dict[str, Dataset | None]:
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
    return leave_out_old_deals({name: data and fold_owners(data) for name, data in datasets.items()})


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


def fold_owners(data: Dataset, max_rows: int = MAX_ROWS) -> Dataset:
    """Keep the page small: in a data set of more than `max_rows` rows, add up the owners with the fewest rows.

    Every sum over all owners stays what it was; a horizon that is NULL for a whole cohort stays NULL.
    """
    columns, rows = data["columns"], data["rows"]
    if "owner" not in columns or "name" in columns or len(rows) <= max_rows:
        return data
    owner = columns.index("owner")
    rows_of: dict[str, int] = defaultdict(int)
    for row in rows:
        rows_of[row[owner]] += 1
    kept, left = set(), max_rows // 2
    for name, count in sorted(rows_of.items(), key=lambda item: (-item[1], item[0])):
        left -= count
        if left < 0:
            break
        kept.add(name)
    keys = [index for index, name in enumerate(columns) if name in KEYS]
    measures = [index for index, name in enumerate(columns) if name not in KEYS]
    added: dict[tuple[Any, ...], list[Any]] = {}
    for found in rows:
        row = list(found)
        row[owner] = row[owner] if row[owner] in kept else OTHERS
        total = added.setdefault(tuple(row[index] for index in keys), row)
        if total is not row:
            for index in measures:
                total[index] = add(total[index], row[index])
    return {"columns": columns, "rows": list(added.values())}


def leave_out_old_deals(
    datasets: dict[str, Dataset | None], max_deals: int = MAX_DEALS
) -> dict[str, Dataset | None]:
    """Keep the first `max_deals` deals: the open ones and the last closed. The data set `page` counts the rest."""
    deals, steps = datasets.get("deals"), datasets.get("deal_steps")
    if not deals:
        return datasets
    kept = deals["rows"][:max_deals]
    page: Dataset = {
        "columns": ["deals_left_out"],
        "rows": [[len(deals["rows"]) - len(kept)]] if kept else [],
    }
    found: dict[str, Dataset | None] = {**datasets, "deals": {**deals, "rows": kept}, "page": page}
    if steps:
        place = [steps["columns"].index(name) for name in ("crm", "deal")]
        known = {(row[0], row[1]) for row in kept}
        rows = [row for row in steps["rows"] if tuple(row[index] for index in place) in known]
        found["deal_steps"] = {**steps, "rows": rows}
    return found


def add(one: Any, other: Any) -> Any:
    """The sum; None counts for nothing beside a number."""
    return one if other is None else other if one is None else one + other


def render(datasets: dict[str, Dataset | None]) -> str:
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


def embed(datasets: dict[str, Dataset | None]) -> str:
    """JSON that cannot end the script element it stands in, whatever names the CRM holds."""
    tables = {name: data and pack(data) for name, data in datasets.items()}
    text = json.dumps(tables, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def pack(data: Dataset) -> dict[str, Any]:
    """A data set by column; a column of repeated texts as its distinct ones (`of`) and their places (`at`)."""
    packed: dict[str, Any] = {}
    for index, name in enumerate(data["columns"]):
        values = [row[index] for row in data["rows"]]
        distinct = list(dict.fromkeys(values))
        is_repeated = 2 * len(distinct) < len(values) and any(isinstance(value, str) for value in distinct)
        place = {value: number for number, value in enumerate(distinct)}
        packed[name] = {"of": distinct, "at": [place[value] for value in values]} if is_repeated else values
    return packed


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
