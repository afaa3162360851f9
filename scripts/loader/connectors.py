"""Tables that a connector keeps in this database, read as files that the loader knows: one SELECT for each.

`connectors/<crm>/<connector>/<file>.sql` begins with what the loader has to know, in comments:

    -- mode: full                          as --mode; `full, optional`: left out where a needed table is missing
    -- needs deals: id, user_id/owner_id   tables and columns without which the load is refused
    -- takes deals: currency               those that may be missing: the column is then empty, the table has no rows
    -- newest of deals: id by synced_at    of rows with one id the newest, where a connector keeps what it read before
    -- lacks: deletions                          for the reader, and docs/connectors.md

The SELECT itself sees these columns only, under the first of the names given, all of them as text: of several that are
there the first that is filled, numbers without trailing zeros, times as they stand there, of which the loader reads
those without an offset in UTC. Names match in any case. A column `_is_deleted` of the result marks soft deletes.

Where two connectors of a CRM copy the same tables, one of them has the SELECT, and the other says in place of it:

    -- like: airbyte                       that connector's SELECT, with what it needs and takes
    -- table deals: deal_list              what a table is called here
    -- without deals: user_id/owner_id     columns that stay empty here, whatever the table holds
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.export_files import Source
from loader.messages import LoadError, one_line, say

FOLDER = Path(__file__).parent / "connectors"
SHIPPED = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*") if path.is_dir())
DECLARATION = re.compile(r"-- (needs|takes|without) (\w+): (.+)")
NEWEST = re.compile(r"-- newest of (\w+): (\S+) by (\S+)")
TABLES = """
    select
        relname, has_table_privilege(pg_class.oid, 'select'), attname, format_type(atttypid, null)
    from pg_catalog.pg_class
    left join pg_catalog.pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    where relkind in ('r', 'p', 'v', 'm', 'f')
        and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %s)
"""
# How a column of a type becomes text; others are cast.
AS_TEXT = {
    "numeric": "trim_scale({})::text",
    "jsonb": "{} #>> '{{}}'",
    "json": "{} #>> '{{}}'",
}


@dataclass(frozen=True)
class Select:
    """The SELECT of one raw table. Of each source table `columns` has the names, and how they were declared; `newest`
    the id of its rows and the column that tells the newest of one id, where there may be several; `tables` what it is
    called, where that is not what the SELECT calls it."""

    path: Path
    mode: str
    is_optional: bool
    columns: dict[str, dict[str, str]]
    newest: dict[str, tuple[str, str]]
    tables: dict[str, str]
    query: str

    @property
    def known_as(self) -> str:
        return f"{self.path.stem}.csv"

    def needs(self, table: str) -> bool:
        return "needs" in self.columns[table].values()

    def named(self, table: str) -> str:
        return self.tables.get(table, table)


class Column(NamedTuple):
    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """A table as the schema has it; its columns by the lower case of their names."""

    name: str
    is_readable: bool
    columns: dict[str, Column]

    def find(self, names: str) -> list[Column]:
        """The columns that have one of the names, which slashes divide."""
        return [self.columns[name] for name in names.split("/") if name in self.columns]


def read_select(path: Path) -> Select:
    mode, is_optional = "", False
    columns: dict[str, dict[str, str]] = {}
    newest: dict[str, tuple[str, str]] = {}
    tables: dict[str, str] = {}
    text = path.read_text(encoding="utf-8")
    query = re.sub(r"(?m)^--.*\n", "", text).strip().rstrip(";")
    for line in text.splitlines():
        if found := re.match(r"-- mode: (full|delta)(, optional)?\b", line):
            mode, is_optional = found[1], bool(found[2])
        elif found := re.match(r"-- like: (\w+)", line):
            other = read_select(path.parents[1] / found[1] / path.name)
            columns, query = other.columns, other.query
        elif found := re.match(r"-- table (\w+): (\w+)", line):
            tables[found[1]] = found[2]
        elif found := NEWEST.match(line):
            newest[found[1]] = found[2], found[3]
        elif found := DECLARATION.match(line):
            named = columns.setdefault(found[2], {})
            named.update(dict.fromkeys(found[3].replace(" ", "").split(","), found[1]))
    if not mode or not columns:
        raise LoadError(f"{path}: begins with no mode, or names no table that it needs")
    return Select(path, mode, is_optional, columns, newest, tables, query)


def read(cursor: Cursor, schema: str, connector: str, folder: Path) -> list[tuple[Source, str]]:
    """Write the result of each SELECT into `folder`; the files, and the modes in which they are to be loaded.

    In one snapshot, where the cursor's transaction is REPEATABLE READ. Raises LoadError for what is missing.
    """
    selects = [read_select(path) for path in sorted((FOLDER / connector).glob("*.sql"))]
    tables = read_tables(
        cursor, schema, {select.named(name) for select in selects for name in select.columns}
    )
    # The temporary views below come before it, as PostgreSQL has it, and nothing else is found.
    cursor.execute("set local search_path = pg_catalog")
    sources = []
    for select in selects:
        needed = [select.named(name) for name in select.columns if select.needs(name)]
        absent = [name for name in needed if name not in tables]
        if absent and select.is_optional:
            say(
                f"schema {schema} has no table {' and no table '.join(absent)}: {select.known_as} is not loaded"
            )
            continue
        if absent:
            raise LoadError(
                f"schema {schema} has no table {absent[0]}, which {connector} needs for {select.known_as}"
            )
        missing: set[str] = set()
        for name in select.columns:
            missing |= create_view(cursor, schema, select, name, tables.get(select.named(name)))
        path = folder / select.known_as
        try:
            with path.open("wb") as file:
                cursor.copy_expert(
                    f"copy ({select.query}\n) to stdout with (format csv, header, encoding 'UTF8')", file
                )
        except (psycopg2.ProgrammingError, psycopg2.DataError) as error:
            where = select.path.relative_to(FOLDER)
            raise LoadError(
                f"connectors/{where}: schema {schema} cannot be read: {one_line(error)}"
            ) from error
        cursor.execute(sql.SQL("drop view {}").format(sql.SQL(", ").join(map(view, select.columns))))
        sources.append(
            (
                Source(
                    path,
                    f"{connector} {path.stem}",
                    select.known_as,
                    is_mapped=True,
                    from_table=True,
                    lost=made_of(select.query, missing),
                ),
                select.mode,
            )
        )
    return sources


def read_tables(cursor: Cursor, schema: str, wanted: set[str]) -> dict[str, Table]:
    """Those of the wanted tables that the schema has. Raises LoadError where it, or one of them, may not be read."""
    cursor.execute(
        "select has_schema_privilege(oid, 'usage'), current_user from pg_catalog.pg_namespace where nspname = %s",
        [schema],
    )
    found = cursor.fetchone()
    if not found:
        raise LoadError(f"the database has no schema {schema}")
    may_use, role = found
    cursor.execute(TABLES, [schema])
    tables: dict[str, Table] = {}
    for name, is_readable, column, kind in cursor.fetchall():
        if name.lower() in wanted:
            table = tables.setdefault(name.lower(), Table(name, is_readable, {}))
            table.columns[str(column).lower()] = Column(column, kind)
    if not may_use or not all(table.is_readable for table in tables.values()):
        raise LoadError(
            f"the role {role} may not read schema {schema}; as its owner run: "
            f'grant usage on schema "{schema}" to {role}; grant select on all tables in schema "{schema}" to {role}'
        )
    return tables


def made_of(query: str, missing: set[str]) -> frozenset[str]:
    """The columns of a SELECT that it makes of these columns of its tables, on a line of their own."""
    lines = [re.findall(r"\w+", line) for line in query.splitlines()]
    return frozenset(words[-1] for words in lines if missing.intersection(words))


def create_view(cursor: Cursor, schema: str, select: Select, name: str, table: Table | None) -> set[str]:
    """A temporary view of what the SELECT names in a table, and what of it is missing, as the SELECT calls it. Says so,
    and raises LoadError if it is needed."""
    columns, missing = [], []
    for names, how in select.columns[name].items():
        found = table.find(names) if table and how != "without" else []
        if table and not found and how == "needs":
            raise LoadError(f"{schema}.{table.name} has no column {names}, which {select.known_as} needs")
        if not found and how == "takes":
            missing.append(names)
        columns.append(sql.SQL("{} as {}").format(as_text(found), sql.Identifier(names.split("/")[0])))
    if table is None:
        say(f"schema {schema} has no table {select.named(name)}: {select.known_as} is loaded without it")
    elif missing:
        say(f"{schema}.{table.name} has no {', '.join(missing)}: {select.known_as} is loaded without")
    start: sql.Composable = sql.SQL("create temporary view {} as select").format(view(name))
    end: sql.Composable = sql.SQL("where false")
    if table:
        end = sql.SQL("from {}").format(sql.Identifier(schema, table.name))
    if table and name in select.newest:
        key, age = map(table.find, select.newest[name])
        start = sql.SQL("{} distinct on ({})").format(start, as_text(key))
        if age:
            end = sql.SQL("{} order by {}, {} desc nulls last").format(
                end, as_text(key), sql.Identifier(age[0].name)
            )
    cursor.execute(sql.SQL(" ").join([start, sql.SQL(", ").join(columns), end]))
    return {names.split("/")[0] for names in (missing if table else select.columns[name])}


def as_text(columns: list[Column]) -> sql.Composable:
    """Of these columns the first that is filled."""
    texts = [sql.SQL(AS_TEXT.get(kind, "{}::text")).format(sql.Identifier(name)) for name, kind in columns]
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join(texts or [sql.SQL("null::text")]))


def view(name: str) -> sql.Identifier:
    return sql.Identifier("pg_temp", name)
