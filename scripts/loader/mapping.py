"""Exports of other systems, read as files that the loader knows: a mapping file instead of code.

A mapping is JSON: the name of a foreign file → one target or several, each with the file to `load_as` and where
the `columns` of that file come from. `docs/mapping.md` has an example.

    "Id": "opportunity_id"                                              another name
    "CurrencyIsoCode": {"constant": "USD"}                              the same for every row
    "IsWon": {"column": "stage", "values": {"Won": "true"}, "otherwise": "false"}
    "CloseDate": {"column": "closed", "date_format": "%d.%m.%Y"}        as in Python's strptime
    "OwnerId": {"column": "agent", "pseudonym": "any secret words"}     a keyed hash instead of a name

`values` replaces whole values; those not listed become `otherwise`, or stay as they are without it. An empty value
stays empty unless `values` lists "". A `pseudonym` is taken of the result. A value that does not fit `date_format`
stays as it is, and the loader rejects it.
"""

from __future__ import annotations

import csv
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loader.csv_reader import OpenFile, careful_records, read_header
from loader.export_files import Source, known_name
from loader.messages import LoadError
from loader.raw_tables import RawTable

Rule = dict[str, Any]  # as the mapping file has it, after it was checked
RULES = {"column", "constant", "values", "otherwise", "date_format", "pseudonym"}
PSEUDONYM_LENGTH = 12


@dataclass(frozen=True)
class Target:
    """What one foreign file becomes: `columns` maps a known column, in lower case, to its rule."""

    load_as: str
    columns: dict[str, Rule]


def read_mapping(path: Path) -> dict[str, list[Target]]:
    """Targets by foreign file name in lower case. Raises LoadError for a file that is not a mapping."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError) as error:
        raise LoadError(f"{path}: cannot be read as a mapping: {error}") from error
    except json.JSONDecodeError as error:
        raise LoadError(f"{path}, line {error.lineno}: is not JSON: {error.msg}") from error
    if not isinstance(document, dict):
        raise LoadError(f"{path}: a mapping is an object of file names")
    return {
        known_name(Path(name)): [
            _target(f"{path}, {name}", entry)
            for entry in (entries if isinstance(entries, list) else [entries])
        ]
        for name, entries in document.items()
    }


def _target(where: str, entry: Any) -> Target:
    is_entry = isinstance(entry, dict) and set(entry) == {"load_as", "columns"}
    if not is_entry or not isinstance(entry["columns"], dict):
        raise LoadError(f'{where}: needs "load_as" and "columns", and nothing else')
    columns = {}
    for name, given in entry["columns"].items():
        rule = {"column": given} if isinstance(given, str) else given
        if (
            not isinstance(rule, dict)
            or set(rule) - RULES
            or ("column" in rule) == ("constant" in rule)
            or not isinstance(rule.get("values", {}), dict)
            or not (isinstance(rule.get("pseudonym", "-"), str) and rule.get("pseudonym", "-"))
        ):
            raise LoadError(
                f"{where}, {name}: needs a column name, or an object with either column or constant; "
                f"it may have values, otherwise, date_format and pseudonym (a text)"
            )
        columns[name.lower()] = rule
    return Target(known_name(Path(str(entry["load_as"]))), columns)


def map_source(
    source: Source,
    target: Target,
    tables: dict[str, RawTable],
    encoding: str,
    delimiter: str | None,
    folder: Path,
) -> Source:
    """Write the file that the target makes of the source into `folder`, as UTF-8 with commas, in the same order.

    Raises LoadError where the mapping names a file or a column that is not there, or a row cannot be read.
    """
    if target.load_as not in tables:
        known = ", ".join(sorted(tables))
        raise LoadError(f"the mapping of {source.name} loads it as {target.load_as}; known names are {known}")
    unknown = set(target.columns) - {column.name for column in tables[target.load_as].columns}
    if unknown:
        raise LoadError(
            f"the mapping of {source.name} names columns that {target.load_as} lacks: {', '.join(sorted(unknown))}"
        )
    wanted = sorted(
        {str(rule["column"]).strip().lower() for rule in target.columns.values() if "column" in rule}
    )
    with OpenFile(source, encoding) as file:
        header = read_header(file, wanted, set(wanted), delimiter)
    place = {name: number for number, name in enumerate(header.positions)}
    makers = [_maker(rule, place) for rule in target.columns.values()]
    path = folder / f"{len(list(folder.iterdir()))}-{target.load_as}"
    with OpenFile(source, encoding) as file, path.open("w", encoding="utf-8", newline="") as mapped:
        writer = csv.writer(mapped, lineterminator="\n")
        writer.writerow(target.columns)
        for record in careful_records(file, header):
            if record.values is None:
                raise LoadError(
                    f"{source.name}, line {record.line}: {record.column or 'the row'} {record.reason}"
                )
            writer.writerow([make(record.values) for make in makers])
    return Source(path, source.name, target.load_as)


def _maker(rule: Rule, place: dict[str, int]) -> Callable[[list[str]], object]:
    """The function from a row's values to the value of one column."""
    if "constant" in rule:
        return lambda _: rule["constant"]
    number = place[str(rule["column"]).strip().lower()]
    values, date_format = rule.get("values", {}), rule.get("date_format")
    secret = rule.get("pseudonym", "").encode()

    def make(row: list[str]) -> object:
        value = row[number].strip()
        if value in values:
            value = values[value]
        elif value and "otherwise" in rule:
            value = rule["otherwise"]
        elif value and date_format:
            value = _iso_date(value, date_format)
        if value and secret:
            return hmac.new(secret, str(value).encode(), "sha256").hexdigest()[:PSEUDONYM_LENGTH]
        return value

    return make


def _iso_date(value: str, date_format: str) -> str:
    try:
        moment = datetime.strptime(value, date_format)
    except ValueError:
        return value  # which the loader rejects, with its line
    has_time = any(sign in date_format for sign in ("%H", "%I", "%X", "%c"))
    return moment.isoformat() if has_time else moment.date().isoformat()
