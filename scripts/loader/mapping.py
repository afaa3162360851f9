"""Exports of other systems, read as files that the loader knows: a mapping file instead of code.

A mapping is JSON: the name of a foreign file → one target or several, each with the file to `load_as` and where
the `columns` of that file come from. `docs/mapping.md` has an example.

    "Id": "opportunity_id"                                              another name
    "CurrencyIsoCode": {"constant": "USD"}                              the same for every row
    "IsWon": {"column": "stage", "values": {"Won": "true"}, "otherwise": "false"}
    "CloseDate": {"column": "closed", "date_format": "%d.%m.%Y"}        as in Python's strptime, or a list of such
    "Amount": {"column": "value", "decimal": ","}                       1.054,00 € is 1054.00
    "OwnerId": {"column": "agent", "pseudonym": "any secret words"}     a keyed hash instead of a name

`values` replaces whole values; those not listed become `otherwise`, or stay as they are without it. An empty value
stays empty unless `values` lists "". A `pseudonym` is taken of the result. A value that does not fit `date_format` or
`decimal` is rejected. Both may also stand beside `load_as`, for all dates and numbers of the file; and without
`columns` the file's own names hold. The name of a foreign file may have wildcards: sales_*.csv.
"""

from __future__ import annotations

import csv
import hmac
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from loader.csv_reader import Header, OpenFile, careful_records, read_header
from loader.export_files import Rule as Written
from loader.export_files import Source, known_name
from loader.messages import NUL, UNREADABLE, LoadError, say
from loader.raw_tables import RawTable
from loader.written_values import DATES, NUMBERS, by_decimal, by_formats

Rule = dict[str, Any]  # as the mapping file has it, after it was checked
PSEUDONYM_LENGTH = 12
A_MOMENT = datetime(2024, 2, 3, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Target:
    """What one foreign file becomes: `columns` maps a known column, in lower case, to its rule; None: all that the file
    has, by their names. `written`: of dates and numbers without a rule of their own."""

    load_as: str
    columns: dict[str, Rule] | None
    written: Written


def read_mapping(path: Path) -> dict[str, list[Target]]:
    """Targets by foreign file name in lower case. Raises LoadError for a file that is not a mapping."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise LoadError(f"{path}, line {error.lineno}: is not JSON: {error.msg}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise LoadError(f"{path}: cannot be read as a mapping: {error}") from error
    if not isinstance(document, dict):
        raise LoadError(f"{path}: a mapping is an object of file names")
    targets = {}
    for name, entries in document.items():
        known = known_name(Path(name))
        if known in targets:
            raise LoadError(f"{path}: names {known} twice")
        targets[known] = [
            _target(f"{path}, {name}", entry)
            for entry in (entries if isinstance(entries, list) else [entries])
        ]
    return targets


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError for an object that names a thing twice: the first would be lost."""
    names = [name for name, _ in pairs]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{json.dumps(repeated[0])} stands twice in one object")
    return dict(pairs)


def _is_text(given: Any) -> bool:
    """A text that a file can hold."""
    return isinstance(given, str) and not UNREADABLE.search(given.replace("\0", NUL))


def _is_value(given: Any) -> bool:
    return _is_text(given) or isinstance(given, bool | int | float)


def _is_date_format(given: Any) -> bool:
    """Whether strptime takes it back from what strftime makes of it."""
    try:
        return _is_text(given) and bool(datetime.strptime(A_MOMENT.strftime(given), given)) and "%" in given
    except (ValueError, TypeError, re.error, IndexError):
        return False


# What a rule may say, whether that is said rightly, and what would be right.
PARTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "column": (lambda given: _is_text(given) and bool(given.strip()), "the name of a column"),
    "constant": (_is_value, "a text, a number, true or false"),
    "values": (
        lambda given: (
            isinstance(given, dict) and all(map(_is_text, given)) and all(map(_is_value, given.values()))
        ),
        "an object of texts, numbers, true or false",
    ),
    "otherwise": (_is_value, "a text, a number, true or false"),
    "date_format": (
        lambda given: (
            bool(given) and all(map(_is_date_format, given if isinstance(given, list) else [given]))
        ),
        'a format of strptime such as "%d/%m/%Y %H:%M", or a list of such',
    ),
    "decimal": (lambda given: given in (".", ","), '"." or ","'),
    "pseudonym": (lambda given: _is_text(given) and bool(given), "a text that nobody guesses"),
}
OF_A_FILE = ("date_format", "decimal")


def _check_parts(where: str, rule: Rule, allowed: Iterable[str]) -> None:
    for part, given in rule.items():
        if part not in allowed:
            raise LoadError(f"{where}: {json.dumps(part)} is no rule; there are {', '.join(allowed)}")
        is_right, right = PARTS[part]
        if not is_right(given):
            shown = json.dumps(given)
            raise LoadError(f"{where}: {part} is {shown[:80]}, and has to be {right}")


def _target(where: str, entry: Any) -> Target:
    if not isinstance(entry, dict) or not _is_text(entry.get("load_as")):
        raise LoadError(f'{where}: needs an object with "load_as", the name of a known file, and "columns"')
    _check_parts(where, {k: v for k, v in entry.items() if k not in ("load_as", "columns")}, OF_A_FILE)
    given_columns = entry.get("columns")
    if not isinstance(given_columns, dict) and (given_columns is not None or not set(entry) & set(OF_A_FILE)):
        raise LoadError(f'{where}: needs "load_as" and "columns", an object of columns and their rules')
    columns: dict[str, Rule] = {}
    for name, given in (given_columns or {}).items():
        rule = {"column": given} if isinstance(given, str) else given
        if not isinstance(rule, dict) or ("column" in rule) == ("constant" in rule):
            raise LoadError(
                f"{where}, {name}: needs a column name, or an object with either column or constant; "
                f"it may have {', '.join(part for part in PARTS if part not in ('column', 'constant'))}"
            )
        _check_parts(f"{where}, {name}", rule, tuple(PARTS))
        if name.lower() in columns:
            raise LoadError(f"{where}: names {name.lower()} twice")
        columns[name.lower()] = rule
    load_as = known_name(Path(entry["load_as"]))
    return Target(load_as, None if given_columns is None else columns, _written(entry))


def _written(rule: Rule) -> Written:
    formats = rule.get("date_format", ())
    return Written((formats,) if isinstance(formats, str) else tuple(formats), rule.get("decimal", ""))


def map_source(
    source: Source,
    target: Target,
    tables: dict[str, RawTable],
    encoding: str,
    delimiter: str | None,
    folder: Path,
) -> Source:
    """Write the file that the target makes of the source into `folder`, as UTF-8 with commas, line for line. Dates and
    numbers stay as they are, and go with the rules by which the loader reads them.

    Raises LoadError where the mapping names a file or a column that is not there, or a row cannot be read.
    """
    if target.load_as not in tables:
        known = ", ".join(sorted(tables))
        raise LoadError(f"the mapping of {source.name} loads it as {target.load_as}; known names are {known}")
    known_columns = {column.name: column for column in tables[target.load_as].columns}
    unknown = set(target.columns or ()) - set(known_columns)
    if unknown:
        raise LoadError(
            f"the mapping of {source.name} names columns that {target.load_as} lacks: {', '.join(sorted(unknown))}"
        )
    header, columns = _header_and_columns(source, target, tables[target.load_as], encoding, delimiter)
    place = {name: number for number, name in enumerate(header.positions)}
    rules = {}
    for name, rule in columns.items():
        kind, own = known_columns[name].type, _written(rule)
        formats = own.date_formats or target.written.date_formats if kind in DATES else ()
        decimal = own.decimal or target.written.decimal if kind in NUMBERS else ""
        if formats or decimal:
            rules[name] = Written(formats, decimal)
    makers = [_maker(rule, place, is_typed=name in rules) for name, rule in columns.items()]
    path = folder / f"{len(list(folder.iterdir()))}-{target.load_as}"
    with OpenFile(source, encoding) as file, path.open("w", encoding="utf-8", newline="") as mapped:
        lines = LineCount(mapped)
        writer = csv.writer(lines, lineterminator="\n")
        lines.write("\n" * (header.lines - 1))
        writer.writerow(columns)
        told = lambda message: say(f"{source.name}: {message}")  # noqa: E731
        for record in careful_records(file, header, told):
            if record.values is None:
                raise LoadError(
                    f"{source.name}, line {record.line}: {record.column or 'the row'} {record.reason}"
                )
            lines.write("\n" * (record.line - lines.number))  # for the loader to name the right one
            writer.writerow([make(record.values) for make in makers])
    return Source(path, source.name, target.load_as, is_mapped=True, rules=rules, origins=_origins(columns))


def _origins(columns: dict[str, Rule]) -> dict[str, str]:
    """Where the value of each column comes from, for who reads that it is wrong."""
    return {
        name: "a constant of the mapping"
        if "constant" in rule
        else f"{rule['column']}{' by the values of the mapping' if {'values', 'otherwise'} & set(rule) else ''}"
        for name, rule in columns.items()
    }


class LineCount:
    """A text file that knows the number of the line that is written next."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.number = file, 1

    def write(self, text: str) -> None:
        self.number += text.count("\n")
        self.file.write(text)


def _header_and_columns(
    source: Source, target: Target, table: RawTable, encoding: str, delimiter: str | None
) -> tuple[Header, dict[str, Rule]]:
    """The header of the foreign file, and the rule of each column of the target."""
    never_empty = {column.name for column in table.columns if column.required}
    if target.columns is None:
        wanted = [column.name for column in table.columns]
        required = {column.name for column in table.columns if not column.optional}
        needed = never_empty
    else:
        given = {name: str(rule.get("column", "")).strip().lower() for name, rule in target.columns.items()}
        wanted = sorted(set(filter(None, given.values())))
        required = set(wanted)
        needed = {given[name] for name in never_empty & set(given)}
    with OpenFile(source, encoding) as file:
        header = read_header(file, wanted, required, delimiter, needed)
    if header.titles:
        say(f"{source.name}: what stands above line {header.lines} is taken for a title and not loaded")
    if target.columns is None:
        return header, {name: {"column": name} for name in header.positions}
    return header, target.columns


def _maker(rule: Rule, place: dict[str, int], is_typed: bool) -> Callable[[list[str]], object]:
    """The function from a row's values to the value of one column; a typed one is left for the loader to read."""
    if "constant" in rule:
        return lambda _: rule["constant"]
    number = place[str(rule["column"]).strip().lower()]
    values, written = rule.get("values", {}), _written(rule)
    secret = rule.get("pseudonym", "").encode()

    def make(row: list[str]) -> object:
        value = row[number].strip()
        if value in values:
            value = values[value]
        elif value and "otherwise" in rule:
            value = rule["otherwise"]
        elif value and not is_typed:
            value = by_formats(value, written.date_formats) or value
            value = (written.decimal and by_decimal(value, written.decimal)) or value
        if value != "" and secret:
            return hmac.new(secret, str(value).encode(), "sha256").hexdigest()[:PSEUDONYM_LENGTH]
        return value

    return make
