"""The raw tables as the catalogue describes them, and the SQL that checks, casts and compares their rows.

Identifiers come from the catalogue and pass through psycopg2.sql; values of a file never become SQL text.
PostgreSQL's casts also take `now`, `infinity`, `NaN`, `0x1A` or `Jan 1, 2024`, so a value must have the shape
of its column's type as well. `KINDS` says which. A file of nothing but plain
values goes straight into typed columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.csv_reader import Header
from loader.messages import LoadError

INSTANT = "timestamp with time zone"
IS_DELETED = "_is_deleted"
RECYCLED = "isdeleted"  # how Salesforce marks what is in its recycle bin
GONE = "_fivetran_deleted"  # how Fivetran marks in its tables what is gone from the CRM
# A file without these columns lists what is there.
SAYS_DELETED = frozenset((RECYCLED, GONE, "is_deleted", "archived"))

_WHOLE = "^ *[+-]?[0-9]+ *$"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Beyond six decimals only zeros: PostgreSQL would round, and rounding can cross midnight.
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6}0*)?)?"
_OFFSET = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"


class Kind(NamedTuple):
    """How the values of a type are written. `shape`, a regular expression of PostgreSQL, is all that is accepted;
    `complaint` says what another value is. `plain`, one of Python over bytes, is the part of it that needs no thought;
    without one the type is as free as text. `hash`: its hash function; keys of other types are hashed as text."""

    complaint: str = ""
    shape: str | None = None
    plain: bytes | None = None
    hash: str | None = None


KINDS = {
    "text": Kind(hash="hashtextextended"),
    "smallint": Kind("is not a whole number", _WHOLE, rb"[+-]?\d+", "hashint2extended"),
    "integer": Kind("is not a whole number", _WHOLE, rb"[+-]?\d+", "hashint4extended"),
    "bigint": Kind("is not a whole number", _WHOLE, rb"[+-]?\d+", "hashint8extended"),
    "numeric": Kind(
        "is not a plain number",
        "^ *[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,4})? *$",
        rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
        "hash_numeric_extended",
    ),
    "boolean": Kind("is not true or false", plain=rb"[A-Za-z01]+"),
    "date": Kind("is not an ISO 8601 date (YYYY-MM-DD)", f"^ *{_DAY} *$", rb"\d{4}-\d\d-\d\d"),
    INSTANT: Kind(
        "is not an ISO 8601 time (YYYY-MM-DD HH:MM:SS, offset optional)",
        f"^ *{_DAY}([ T]{_CLOCK}( ?{_OFFSET})?)? *$",
        rb"\d{4}-\d\d-\d\d(?:[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?",
        "interval_hash_extended",  # of its distance from 1970: PostgreSQL 16 has no function for instants
    ),
    "json": Kind("is not JSON"),
}

# Between semicolons 12.500 may be twelve thousand and five hundred; 1234.500 and 0.500 may not.
_ONE_MEANING = rb"(?:(?<!\.\d{3})|(?<=\d{4}\.\d{3})|(?<=(?<!\d)0\.\d{3}))"

# What Salesforce's reports make of its ids: 15 characters, by those with which the ids of the tables here begin.
SHORT_ID = "(?:00|01|70)[A-Za-z0-9]{13}"
# Looks at one character first, the one behind the fifteenth; so does what follows with the one before the last three.
_NO_SHORT_ID = rb"""(?!"?(?s:.{15})(?:[,;\t|"\r\n](?<=%b.)|\Z(?<=%b)))""" % ((SHORT_ID.encode(),) * 2)

# What databases, spreadsheets and data frames write where there is no value.
MISSING = frozenset(
    ("null", "none", "nan", "nat", "<na>", "na", "n/a", "#n/a", "\\n", "0000-00-00", "0000-00-00 00:00:00")
)
# Of these, as programs spell them, what nobody means as a word: a reason may be called None, and Namibia is NA.
NO_WORD = frozenset(("NULL", "null", "\\N", "<NA>", "#N/A"))


def _none_of(markers: Iterable[str], flags: bytes = b"") -> bytes:
    """The part of a pattern that stands before a field which holds none of these."""
    listed = b"|".join(re.escape(marker.encode()) for marker in sorted(markers))
    return rb"""(?!"? *(?%b:%b) *"?(?:[,;\t|\r\n]|\Z))""" % (flags, listed)


_NO_MARKER, _NO_NULL = _none_of(MISSING, b"i"), _none_of(NO_WORD)
# Around an id of Salesforce: some programs write a blank behind each comma. Behind it also the end of 1.23E+11.
_NO_BLANK = rb'(?!"? )'
_NO_END = rb'(?<! )(?<! ")(?<!E\+\d\d)(?<!E\+\d\d")'

# What a spreadsheet makes of the digits of an id; several of them may then look alike.
SHORTENED = "^ *[+-]?[0-9]*([.,][0-9]*[eE][+-]?|[eE][+])[0-9]+ *$"
NO_WHOLE_ID = "is what a spreadsheet left of an id: export the file again, and do not save it from there"

# An id is a whole number, which is stored in one spelling, or any other text but what spreadsheets and data frames make
# of a number that they do not hold, or not exactly.
_WHOLE_ID = "^ *[+-]?[0-9]+([.]0*)? *$"
_NO_ID = {
    "^.{201}": "is too long for an id",
    "^ *[+-]?[0-9]*([.][0-9]*[1-9][0-9]*|,[0-9]+) *$": "is no id but a number with a fraction",
    SHORTENED: NO_WHOLE_ID,
    "(?i)^ *(#?n/?an?|null|none) *$": "is no id but stands for a missing one",
}
# Matches each text in one way only. With two, a record of ten ids that is not plain takes 2 ** 10 attempts.
_PLAIN_ID = rb"(?:0|[1-9]\d{0,99}|(?![Nn][AOUaou])\d{0,60}[A-Za-z_][\w-]{0,99}|\d{1,60}-[\w-]{1,99})"


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool  # not null
    optional: bool  # a file may lack it
    limit: str | None = None  # SQL that holds for the values that the table takes
    beyond: str | None = None  # what a value is for which it does not
    is_id: bool = False  # a text in which a number is written in one way

    @property
    def id(self) -> sql.Identifier:
        return sql.Identifier(self.name)


DELETED = Column(IS_DELETED, "boolean", required=False, optional=True)
OCCURRENCE = Column("_occurrence", "integer", required=True, optional=False)
DEAL_KEY = Column("_deal_key", "bigint", required=True, optional=False)  # on Citus


@dataclass(frozen=True)
class RawTable:
    """A raw table and the file that feeds it; `columns` are those of the file, without the loader's own.

    `event_time` is set for logs: their rows have an order, and they tell which load first brought each. A setting is a
    user's own values in place of a seed: its file is always whole, and as small as the user likes.
    """

    file_name: str
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    event_time: str | None = None  # of a log: the column that says when
    people_of: str | None = None  # the CRM whose users the file lists
    personal_columns: tuple[str, ...] = ()  # their clear text
    is_setting: bool = False
    deal_key: str | None = None  # SQL that fills the column _deal_key, where the table has one
    left_out_without: tuple[str, ...] = ()  # a row that lacks one of these columns is about no deal
    retired_when: str | None = None  # SQL: of a row that the source gives no longer, and full files lack
    modified: str | None = None  # the column that says when the source last changed a row

    @property
    def id(self) -> sql.Identifier:
        return sql.Identifier("raw", self.name)

    def is_salesforce_id(self, column: Column) -> bool:
        """One id has two forms there: 15 characters, or 18 where case is lost. It is stored with 18. Settings name
        owners and record types by either, and the history of fields has owners among its values."""
        if self.name == "salesforce_opportunity_field_history" and column.name in ("oldvalue", "newvalue"):
            return True
        is_of_salesforce = self.name.startswith(("salesforce_", "settings_"))
        return is_of_salesforce and column.type == "text" and column.name.endswith("id")

    def is_any_id(self, column: Column) -> bool:
        return column.is_id or (self.is_salesforce_id(column) and column.name.endswith("id"))

    @property
    def marks_of_deletion(self) -> tuple[str, ...]:
        """The columns by which a file says so of a row, where the table itself has no such column: the first that it
        has. In a log the deal's own row says it, and a setting is what its file says."""
        if self.event_time or self.is_setting:
            return ()
        return (RECYCLED, GONE) if self.name.startswith("salesforce_") else (GONE,)

    @property
    def counts_first(self) -> tuple[str, ...]:
        """Of several rows with one key that counts for which these are true: a contact may play two parts in a deal,
        once as the primary one."""
        return ("isprimary",) if self.name == "salesforce_opportunity_contact_role" else ()

    @property
    def numbers_equal_rows(self) -> bool:
        """Without an id of its own an event is told from an equal one by its number among them."""
        return OCCURRENCE.name in self.key

    @property
    def has_instants(self) -> bool:
        return any(column.type == INSTANT for column in self.columns)

    @property
    def stored_columns(self) -> list[Column]:
        return [*self.columns, *([OCCURRENCE] if self.numbers_equal_rows else [])]

    @property
    def key_columns(self) -> list[Column]:
        return [column for column in self.stored_columns if column.name in self.key]

    @property
    def file_key_columns(self) -> list[Column]:
        """The part of the key that stands in the file."""
        return [column for column in self.columns if column.name in self.key]

    @property
    def other_columns(self) -> list[Column]:
        return [column for column in self.columns if column.name not in self.key]


def read_tables(cursor: Cursor) -> dict[str, RawTable]:
    """Every raw table by the name of its file. Raises LoadError for a column of a type without a shape.

    The columns of the query are in the order of the fields of RawTable and of Column.
    """
    cursor.execute("select to_regclass('raw.files') is not null")
    [(is_prepared,)] = cursor.fetchall()
    if not is_prepared:
        raise LoadError("the database has no table raw.files; run init.sql on it first")
    cursor.execute(
        r"""
        select files.file_name, files.table_name, files.key_columns, files.optional_columns,
               files.event_time_column, files.people_of, files.personal_columns, files.is_setting,
               files.deal_key, files.left_out_without, files.retired_when, files.modified_column,
               attribute.attname, format_type(attribute.atttypid, attribute.atttypmod), attribute.attnotnull,
               pg_get_expr(bounds.conbin, bounds.conrelid), obj_description(bounds.oid, 'pg_constraint'),
               attribute.attname = any(files.id_columns)
        from raw.files as files
        inner join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = to_regclass(format('raw.%I', files.table_name))
        left join pg_catalog.pg_constraint as bounds
            on bounds.conrelid = attribute.attrelid and bounds.contype = 'c' and bounds.conkey = array[attribute.attnum]
        where attribute.attnum > 0 and not attribute.attisdropped and attribute.attname !~ '^_'
        order by files.file_name, attribute.attnum
        """
    )
    tables: dict[str, RawTable] = {}
    for (file_name, name, key, optional, *traits), rows in groupby(
        cursor.fetchall(), key=itemgetter(slice(12))
    ):
        columns = []
        for column, kind, required, *limits in map(itemgetter(slice(12, None)), rows):
            if kind not in KINDS:
                raise LoadError(
                    f"raw.{name}.{column}: no rule for type {kind}; if an older version of this project made the table,"
                    f" run init.sql on the database again (known types are {', '.join(KINDS)})"
                )
            columns.append(Column(column, kind, required, column in optional, *limits))
        fields: list[Any] = [tuple(trait) if isinstance(trait, list) else trait for trait in traits]
        tables[file_name] = RawTable(file_name, name, tuple(key), tuple(columns), *fields)
    return tables


def plain_records(table: RawTable, header: Header) -> re.Pattern[bytes]:
    """Matches any number of whole records that PostgreSQL reads as RFC 4180 does and whose values are plain."""
    separator = re.escape(header.delimiter.encode())
    text = rb'(?:"[^"]*(?:""[^"]*)*"|[^"\r\n%b]*)' % separator

    def places(columns: Iterable[Column]) -> set[int | None]:
        return {header.positions.get(column.name) for column in columns}

    plains = {
        header.positions.get(column.name): _PLAIN_ID if column.is_id else KINDS[column.type].plain
        for column in table.columns
    }
    documents = places(column for column in table.columns if column.type == "json")
    salesforce_ids = places(column for column in table.columns if table.is_salesforce_id(column))
    texts = places(column for column in table.columns if column.type == "text" and not column.required)
    without = {
        _NO_BLANK: places(column for column in table.columns if table.is_any_id(column)),
        _NO_MARKER: salesforce_ids | documents,
        _NO_NULL: texts - salesforce_ids,
        _NO_SHORT_ID: salesforce_ids,
    }
    if header.delimiter == ";":  # where decimal commas are at home
        for column in table.columns:
            if column.type == "numeric":
                plains[header.positions.get(column.name)] = (KINDS["numeric"].plain or b"") + _ONE_MEANING
    fields = []
    for position in range(len(header.names)):
        plain = plains.get(position)
        begin = b"".join(pattern for pattern, found in without.items() if position in found)
        end = _NO_END if position in without[_NO_BLANK] else b""
        fields.append(begin + (text if plain is None else rb'(?:%b|"%b"|"")?' % (plain, plain)) + end)
    return re.compile(rb"(?:%b(?:\r?\n|\Z))*" % separator.join(fields))


def fault(column: Column) -> sql.Composable:
    """Why the text column cannot be cast, or null; never an error."""
    complaint, shape, *_ = KINDS[column.type]
    value, cases = column.id, []
    if column.required:
        empty = sql.SQL("nullif(btrim({}), '')" if column.is_id else "{}").format(value)
        cases.append(sql.SQL("when {} is null then 'is empty, but the column is required'").format(empty))
    if column.is_id:
        cases.extend(
            sql.SQL("when {} ~ {} then {}").format(value, sql.Literal(pattern), sql.Literal(what))
            for pattern, what in _NO_ID.items()
        )
    if shape is not None:
        cases.append(
            sql.SQL("when {} !~ {} then {}").format(value, sql.Literal(shape), sql.Literal(complaint))
        )
        complaint = f"is out of range for {column.type.split()[0]}"
    if column.type != "text":
        cases.append(
            sql.SQL("when not pg_input_is_valid({}, {}) then {}").format(
                value, sql.Literal(column.type), sql.Literal(complaint)
            )
        )
    if column.limit:
        cases.append(
            sql.SQL("when not (select {} from (select {}::{} as {}) as cast_value) then {}").format(
                *(sql.SQL(column.limit), value, sql.SQL(column.type), value, sql.Literal(column.beyond))
            )
        )
    return sql.SQL("case {} end").format(sql.SQL(" ").join(cases)) if cases else sql.SQL("null::text")


def cast(column: Column) -> sql.Composed:
    """The text column, in which `fault` found nothing, as its type; a time without an offset is read in the session's
    zone, as COPY reads it. Ids 007, +7, 7.0 and 7 are one."""
    if column.is_id:
        return sql.SQL(
            "case when {0} ~ {1} then trim_scale({0}::numeric)::text else nullif(btrim({0}), '') end"
        ).format(column.id, sql.Literal(_WHOLE_ID))
    return sql.SQL("{}::{}").format(column.id, sql.SQL(column.type))


def names(columns: Iterable[Column], prefix: str | None = None) -> sql.Composed:
    """The columns' names, comma separated, each qualified by `prefix` if given."""
    return sql.SQL(", ").join(
        sql.Identifier(prefix, column.name) if prefix else column.id for column in columns
    )


def same_key(key: Iterable[Column], left: str, right: str) -> sql.Composed:
    """Whether the rows `left` and `right` have the same key, NULLs being equal.

    `is not distinct from` can neither be hashed nor merged, so nullable columns are compared as text, in
    which the loader knows no empty value.
    """
    comparisons = []
    for column in key:
        template = "{} = {}" if column.required else "coalesce({}::text, '') = coalesce({}::text, '')"
        pair = sql.Identifier(left, column.name), sql.Identifier(right, column.name)
        comparisons.append(sql.SQL(template).format(*pair))
    return sql.SQL(" and ").join(comparisons)


def key_hash(table: RawTable) -> sql.Composable:
    """64 bits of the key as the file has it, the same for rows of the same key. A function per column is three times as
    quick as hashing a row."""
    hashed: sql.Composable = sql.Literal(0)
    for column in table.file_key_columns:
        function = KINDS[column.type].hash if column.required else None
        template = "coalesce({}::text, '')"
        if function:
            template = "{} - timestamptz 'epoch'" if column.type == INSTANT else "{}"
        value = sql.SQL(template).format(column.id)
        hashed = sql.SQL("{}({}, {})").format(sql.SQL(function or "hashtextextended"), value, hashed)
    return hashed


def differs(columns: Iterable[Column], left: str, right: str) -> sql.Composable:
    """Whether two rows with the same key have different values; json has no equality but that of its text."""
    comparisons = []
    for column in columns:
        template = "{}::text is distinct from {}::text" if column.type == "json" else "{} is distinct from {}"
        pair = sql.Identifier(left, column.name), sql.Identifier(right, column.name)
        comparisons.append(sql.SQL(template).format(*pair))
    return sql.SQL(" or ").join(comparisons) if comparisons else sql.SQL("false")
