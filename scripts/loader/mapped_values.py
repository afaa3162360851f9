"""The value that a rule of a mapping makes of a row of a foreign file."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from loader.lookups import Lookup
from loader.mapping import written
from loader.mapping_rules import OF_THE_FILE, Rule, names_in, template, texts
from loader.written_values import by_decimal, by_formats, member_of, multiplied

PSEUDONYM_LENGTH = 12
OF_TYPES = {"date_format", "decimal"}
Maker = Callable[[list[str]], object]  # from the values of a row to one of the row that is made of it


@dataclass(frozen=True)
class Cell:
    """What the names in rules stand for: a place in the row, or a text. Of a row of the file one is made; where columns
    are unpivoted, one of each of them, whose `header` this is."""

    names: dict[str, int | str]
    header: str = ""


def value_maker(rule: Rule, cell: Cell, is_typed: bool, lookup: Lookup | None) -> Maker:
    """A typed value is left for the loader to read."""
    if "constant" in rule:
        return lambda _: rule["constant"]
    readers = list(filter(None, (_reader(column, cell.names) for column in texts(rule["column"]))))
    if len(readers) == 1 and not set(rule) - {"column", "optional"} - (OF_TYPES if is_typed else set()):
        return readers[0]  # most columns
    values, way, separator = in_any_case(rule.get("values", {})), written(rule), rule.get("first_of")
    members = texts(rule.get("member", ()))
    factor, sign = rule.get("factor"), rule.get("decimal", ".")
    secret = rule.get("pseudonym", "").encode()

    def make(row: list[str]) -> object:
        text = next(filter(None, (read(row) for read in readers)), "")
        text = text.split(separator)[0].strip() if separator else text
        text = member_of(text, members) if members else text
        value: object = text
        if lookup:
            value = lookup.find(text, rule.get("otherwise", text))
        elif (found := values.get(text, values.get(text.casefold()))) is not None:
            value = found
        elif text and "otherwise" in rule:
            value = rule["otherwise"]
        elif text and factor:
            number = by_decimal(text, sign)
            product = text if number is None else multiplied(number, factor)
            value = product.replace(".", sign) if is_typed and number is not None else product
        elif text and not is_typed:
            text = by_formats(text, way.date_formats) or text
            value = (way.decimal and by_decimal(text, way.decimal)) or text
        if value != "" and secret:
            return hmac.new(secret, str(value).encode(), "sha256").hexdigest()[:PSEUDONYM_LENGTH]
        return value

    return make


def in_any_case(values: dict[str, object]) -> dict[str, object]:
    """With their small letters beside them: `won` and `WON` are what `Won` is, unless they are listed themselves."""
    return {text.casefold(): value for text, value in reversed(values.items())} | values


def origin(rule: Rule, cell: Cell) -> str:
    """Where a value comes from, for who reads that it is wrong."""
    if "constant" in rule:
        return "a constant of the mapping"
    parts = []
    for part in (part for column in texts(rule["column"]) for part in names_in(column)):
        if cell.header and part == "value":
            parts.append(cell.header)
        elif part == OF_THE_FILE:
            parts.append("the file's name")
        elif isinstance(cell.names.get(part), str):
            parts.append(f"the header {cell.header}")
        elif part in cell.names:
            parts.append(part)
    ways = {"lookup": "lookup", "values": "values", "otherwise": "values"}
    way = next((f" by the {way} of the mapping" for part, way in ways.items() if part in rule), "")
    return ", ".join(dict.fromkeys(parts)) + way


def _reader(column: str, names: dict[str, int | str]) -> Callable[[list[str]], str] | None:
    """The function from the values of a row to a column, or to a text put together of several, which is empty where one
    of them is. None where the file lacks one."""
    parts, end = template(column)
    if any(name not in names for _, name in parts):
        return None
    places = [(before, names[name]) for before, name in parts]
    if [before for before, _ in parts] == [end] == [""]:
        [(_, only)] = places
        return (lambda row: row[only].strip()) if isinstance(only, int) else lambda _: only

    def read(row: list[str]) -> str:
        found = [(before, row[at].strip() if isinstance(at, int) else at) for before, at in places]
        is_whole = all(text for _, text in found)
        return "".join(before + text for before, text in found) + end if is_whole else ""

    return read
