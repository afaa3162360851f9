"""The raw tables as the catalogue describes them, and the SQL that casts, checks and versions their rows.

Identifiers come from the catalogue and pass through psycopg2.sql; values of a file never become SQL text.
Every shape below is a regular expression of PostgreSQL. A value is loaded if it has the shape of its column's type
*and* PostgreSQL casts it, because the casts alone also take `now`, `infinity`, `NaN`, `0x1A` or `Jan 1, 2024`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from csv_files import LoadError
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

_WHOLE = "^ *[+-]?[0-9]+ *$"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Seven digits or more only as zeros: PostgreSQL would round, and rounding can cross midnight.
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6}0*)?)?"
_LOCAL_TIME = f"^ *{_DAY}([ T]{_CLOCK})? *$"
_OFFSET_TIME = f"^ *{_DAY}[ T]{_CLOCK} ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?) *$"
_ANY_TIME = f"^ *{_DAY}([ T]{_CLOCK}( ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?))?)? *$"

# type: (shape or None, what a value without that shape is not)
SHAPES: dict[str, tuple[str | None, str]] = {
    "text": (None, ""),
    "smallint": (_WHOLE, "is not a whole number"),
    "integer": (_WHOLE, "is not a whole number"),
    "bigint": (_WHOLE, "is not a whole number"),
    "numeric": (
        "^ *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,4})? *$",
        "is not a number (digits, at most one decimal point)",
    ),
    "boolean": (None, "is not true or false"),
    "date": (f"^ *{_DAY} *$", "is not an ISO 8601 date (YYYY-MM-DD)"),
    "timestamp without time zone": (
        _ANY_TIME,
        "is not an ISO 8601 time (YYYY-MM-DD HH:MM:SS, optional offset)",
    ),
    "json": (None, "is not JSON"),
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool  # not null
    optional: bool  # the file may lack it

    @property
    def id(self) -> sql.Identifier:
        return sql.Identifier(self.name)


@dataclass(frozen=True)
class RawTable:
    """A raw table and the file that feeds it; `columns` are those of the file, without the loader's own."""

    file_name: str
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def id(self) -> sql.Identifier:
        return sql.Identifier("raw", self.name)

    @property
    def key_columns(self) -> list[Column]:
        return [column for column in self.columns if column.name in self.key]

    @property
    def other_columns(self) -> list[Column]:
        return [column for column in self.columns if column.name not in self.key]


def read_tables(cursor: Cursor) -> dict[str, RawTable]:
    """Every raw table by the name of its file. Raises LoadError for a column of a type without a shape."""
    cursor.execute("select to_regclass('raw.files') is not null")
    if not cursor.fetchone()[0]:
        raise LoadError("the database has no table raw.files: run init.sql on it first")
    cursor.execute(
        """
        select files.file_name, files.table_name, files.key_columns, files.optional_columns,
               attribute.attname, format_type(attribute.atttypid, attribute.atttypmod), attribute.attnotnull
        from raw.files as files
        inner join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = to_regclass(format('raw.%I', files.table_name))
        where attribute.attnum > 0 and not attribute.attisdropped and attribute.attname not like E'\\\\_%'
        order by files.file_name, attribute.attnum
        """
    )
    tables: dict[str, RawTable] = {}
    for file_name, name, key, optional, column, kind, required in cursor.fetchall():
        if kind not in SHAPES:
            raise LoadError(
                f"raw.{name}.{column}: the loader has no rule for type {kind}; use one of {', '.join(SHAPES)}"
            )
        table = tables.get(file_name) or RawTable(file_name, name, tuple(key), ())
        columns = (*table.columns, Column(column, kind, required, column in optional))
        tables[file_name] = RawTable(file_name, name, tuple(key), columns)
    return tables


def cast(column: Column, source_timezone: str) -> sql.Composed:
    """Text column to its type, or an error for whatever `fault` finds. Most values come back from the cast as they
    were, which proves their shape at a fraction of a regular expression's cost."""
    value, kind = column.id, sql.SQL(column.type)
    shape = SHAPES[column.type][0]
    if column.type == "text":
        return sql.Composed([value])
    if shape is None:
        return sql.SQL("{}::{}").format(value, kind)
    parts = {
        "value": value,
        "type": kind,
        "shape": sql.Literal(_LOCAL_TIME if column.type.startswith("timestamp") else shape),
        "refuse": sql.SQL("('refused: ' || {})::{}").format(value, kind),
    }
    if column.type.startswith("timestamp"):
        # 19 characters: not infinity, not BC, not a year of five digits. The `T` is the other usual way to write it.
        return sql.SQL(
            "case when length({value}) = 19 and {value}::{type}::text = replace({value}, 'T', ' ') then {value}::{type}"
            " when {value} ~ {shape} then {value}::{type}"
            " when {value} ~ {offset} then {value}::timestamptz at time zone {zone} else {refuse} end"
        ).format(**parts, offset=sql.Literal(_OFFSET_TIME), zone=sql.Literal(source_timezone))
    if column.type == "date":
        same = sql.SQL("length({value}) = 10 and {value}::date::text = {value}").format(**parts)
    elif column.type == "numeric":
        same = sql.SQL("false")  # NaN and Infinity come back as they were, too
    else:
        same = sql.SQL("{value}::{type}::text = {value}").format(**parts)
    return sql.SQL("case when {same} or {value} ~ {shape} then {value}::{type} else {refuse} end").format(
        **parts, same=same
    )


def fault(column: Column) -> sql.Composed:
    """Why the text column cannot be cast, or null; never an error."""
    shape, complaint = SHAPES[column.type]
    parts = {"value": column.id, "complaint": sql.Literal(complaint), "type": sql.Literal(column.type)}
    branches = []
    if column.required:
        branches.append(
            sql.SQL("when {value} is null then 'is empty, but the column is required'").format(**parts)
        )
    if shape is not None:
        branches.append(
            sql.SQL("when {value} !~ {shape} then {complaint}").format(**parts, shape=sql.Literal(shape))
        )
        range_complaint = sql.Literal(f"is out of range for {column.type.split()[0]}")
    else:
        range_complaint = parts["complaint"]
    if column.type.startswith("timestamp"):
        branches.append(
            sql.SQL(
                "when not pg_input_is_valid({value}, case when {value} ~ {local} then 'timestamp' else 'timestamptz' end)"
                " then {complaint}"
            ).format(value=column.id, local=sql.Literal(_LOCAL_TIME), complaint=range_complaint)
        )
    elif column.type != "text":
        branches.append(
            sql.SQL("when not pg_input_is_valid({value}, {type}) then {complaint}").format(
                value=column.id, type=parts["type"], complaint=range_complaint
            )
        )
    if not branches:
        return sql.SQL("null::text").format()
    return sql.SQL("case {} end").format(sql.SQL(" ").join(branches))


def names(columns: Iterable[Column], prefix: str | None = None) -> sql.Composed:
    """The columns' names, comma separated, each qualified by `prefix` if given."""
    return sql.SQL(", ").join(qualified(column, prefix) for column in columns)


def qualified(column: Column, prefix: str | None) -> sql.Composable:
    return sql.Identifier(prefix, column.name) if prefix else column.id


def same_key(table: RawTable, left: str, right: str) -> sql.Composed:
    """Whether the rows `left` and `right` have the same key, NULLs being equal. `is not distinct from` can neither be
    hashed nor merged, so nullable columns are compared as text, in which the loader knows no empty value."""
    comparisons = []
    for column in table.key_columns:
        pair = {"left": qualified(column, left), "right": qualified(column, right)}
        template = "{left} = {right}"
        if not column.required:
            template = "coalesce({left}::text, '') = coalesce({right}::text, '')"
        comparisons.append(sql.SQL(template).format(**pair))
    return sql.SQL(" and ").join(comparisons)


def differs(table: RawTable, left: str, right: str) -> sql.Composed:
    """Whether two rows with the same key have different values; json is compared as its text."""
    comparisons = []
    for column in table.other_columns:
        template = "{}::text is distinct from {}::text" if column.type == "json" else "{} is distinct from {}"
        comparisons.append(sql.SQL(template).format(qualified(column, left), qualified(column, right)))
    return sql.SQL(" or ").join(comparisons) if comparisons else sql.SQL("false").format()
