"""Tables that a connector keeps in this database, read as files that the loader knows: one SELECT for each.

`connectors/<crm>/<connector>/<file>.sql` begins with what the loader has to know, in comments:

    -- mode: full                          as --mode; `full, optional`: left out where a needed table is missing
    -- needs deals: id, user_id/owner_id   tables and columns without which the load is refused; the first name counts
    -- takes deals: currency               those that may be missing: the column is then empty, the table has no rows
    -- cannot give: ...                    for the reader, and docs/connectors.md

The SELECT itself sees these columns only, under the names given, all of them as text: times with their offset, times
without one in UTC, numbers without trailing zeros. Names match in any case. A column `_is_deleted` of the result marks
soft deletes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.export_files import Source
from loader.messages import LoadError, one_line, say

FOLDER = Path(__file__).parent / "connectors"
SHIPPED = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*") if path.is_dir())
DECLARATION = re.compile(r"-- (needs|takes) (\w+): (.+)")
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
    "timestamp without time zone": "({} at time zone 'UTC')::text",
    "numeric": "trim_scale({})::text",
    "jsonb": "{} #>> '{{}}'",
    "json": "{} #>> '{{}}'",
}


@dataclass(frozen=True)
class Select:
    """The SELECT of one raw table. `columns`: of each source table the names, and whether it must have them."""

    path: Path
    mode: str
    is_optional: bool
    columns: dict[str, dict[str, bool]]

    @property
    def known_as(self) -> str:
        return f"{self.path.stem}.csv"

    def needs(self, table: str) -> bool:
        return any(self.columns[table].values())


@dataclass(frozen=True)
class Table:
    """A table as the schema has it; `types` of its columns. All names by their lower case."""

    name: str
    is_readable: bool
    types: dict[str, tuple[str, str]]


def read_select(path: Path) -> Select:
    mode, is_optional = "", False
    columns: dict[str, dict[str, bool]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"-- mode: (full|delta)(, optional)?\b", line):
            mode, is_optional = found[1], bool(found[2])
        elif found := DECLARATION.match(line):
            named = columns.setdefault(found[2], {})
            named.update(dict.fromkeys(found[3].replace(" ", "").split(","), found[1] == "needs"))
    if not mode or not columns:
        raise LoadError(f"{path}: begins with no mode, or names no table that it needs")
    return Select(path, mode, is_optional, columns)


def read(cursor: Cursor, schema: str, connector: str, folder: Path) -> list[tuple[Source, str]]:
    """Write the result of each SELECT into `folder`; the files, and the modes in which they are to be loaded.

    In one snapshot, where the cursor's transaction is REPEATABLE READ. Raises LoadError for what is missing.
    """
    selects = [read_select(path) for path in sorted((FOLDER / connector).glob("*.sql"))]
    tables = read_tables(cursor, schema, {name for select in selects for name in select.columns})
    cursor.execute(
        "set local search_path = pg_catalog"
    )  # before it, implicitly: the views below, which are temporary
    sources = []
    for select in selects:
        absent = [name for name in select.columns if select.needs(name) and name not in tables]
        if absent and select.is_optional:
            say(
                f"schema {schema} has no table {' and no table '.join(absent)}: {select.known_as} is not loaded"
            )
            continue
        if absent:
            raise LoadError(
                f"schema {schema} has no table {absent[0]}, which {connector} needs for {select.known_as}"
            )
        for name in select.columns:
            create_view(cursor, schema, select, name, tables.get(name))
        path = folder / select.known_as
        query = re.sub(r"(?m)^--.*\n", "", select.path.read_text(encoding="utf-8")).strip().rstrip(";")
        try:
            with path.open("wb") as file:
                cursor.copy_expert(
                    f"copy ({query}) to stdout with (format csv, header, encoding 'UTF8')", file
                )
        except (psycopg2.ProgrammingError, psycopg2.DataError) as error:
            where = select.path.relative_to(FOLDER)
            raise LoadError(
                f"connectors/{where}: schema {schema} cannot be read: {one_line(error)}"
            ) from error
        cursor.execute(sql.SQL("drop view {}").format(sql.SQL(", ").join(map(view, select.columns))))
        sources.append(
            (Source(path, f"{connector} {path.stem}", select.known_as, from_table=True), select.mode)
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
            table.types[str(column).lower()] = (column, kind)
    if not may_use or not all(table.is_readable for table in tables.values()):
        raise LoadError(
            f"the role {role} may not read schema {schema}; as its owner run: "
            f'grant usage on schema "{schema}" to {role}; grant select on all tables in schema "{schema}" to {role}'
        )
    return tables


def create_view(cursor: Cursor, schema: str, select: Select, name: str, table: Table | None) -> None:
    """A temporary view of what the SELECT names in a table. Says what is missing; raises LoadError if it is needed."""
    columns, missing = [], []
    for names, is_needed in select.columns[name].items():
        known_as, *others = names.split("/")
        found = (
            next((table.types[n] for n in (known_as, *others) if n in table.types), None) if table else None
        )
        if table and not found and is_needed:
            raise LoadError(
                f"{schema}.{table.name} has no column {names}, which is needed for {select.known_as}"
            )
        if found:
            column, kind = found
            value = sql.SQL(AS_TEXT.get(kind, "{}::text")).format(sql.Identifier(column))
        else:
            value = sql.SQL("null::text")
            missing.append(names)
        columns.append(sql.SQL("{} as {}").format(value, sql.Identifier(known_as)))
    if table is None:
        say(f"schema {schema} has no table {name}: {select.known_as} is loaded without it")
    elif missing:
        say(f"{schema}.{table.name} has no {', '.join(missing)}: {select.known_as} is loaded without")
    source = (
        sql.SQL("from {}").format(sql.Identifier(schema, table.name)) if table else sql.SQL("where false")
    )
    cursor.execute(
        sql.SQL("create temporary view {} as select {} {}").format(
            view(name), sql.SQL(", ").join(columns), source
        )
    )


def view(name: str) -> sql.Identifier:
    return sql.Identifier("pg_temp", name)
