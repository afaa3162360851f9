"""What each part of a mapping may say: names of columns, texts put together of them, patterns of headers and more."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from functools import cache
from typing import Any

from loader.messages import NUL, UNREADABLE, LoadError
from loader.written_values import EPOCHS, EXCEL

Rule = dict[str, Any]  # as the mapping file has it, after it was checked
Part = tuple[Callable[[Any], bool], str]  # whether it is said rightly, and what would be right
A_MOMENT = datetime(2024, 2, 3, tzinfo=timezone.utc)
OF_THE_CELL = ("value", "column")  # names that stand for what an unpivoted column holds, and for its header
OF_THE_FILE = "*"  # stands for what * stands for in the file's name


def texts(given: Any) -> tuple[str, ...]:
    """What may be one text or a list of them, as several."""
    return (given,) if isinstance(given, str) else tuple(given)


def pieces(text: str) -> list[tuple[str, str]]:
    """The pieces of a text with {names} in it: what stands before each name, and the name; the last has none. Raises
    ValueError where braces do not match or hold nothing."""
    found = re.split(r"\{([^{}]*)\}", text)
    before, names = found[::2], [name.strip() for name in found[1::2]]
    if any(re.search("[{}]", part) for part in before) or not all(names):
        raise ValueError("braces that hold no name")
    return list(zip(before, [*names, ""], strict=True))


def template(column: str) -> tuple[list[tuple[str, str]], str]:
    """The columns of the foreign file that make up a column, in lower case, each with what stands before it; and what
    stands behind the last."""
    if "{" not in column:
        return [("", column.strip().lower())], ""
    *parts, (end, _) = pieces(column)
    return [(before, name.lower()) for before, name in parts], end


def names_in(column: str) -> list[str]:
    return [name for _, name in template(column)[0]]


ANYTHING = ".+"
_NESTED = r"\((?:[^()]|\([^()]*\))*\)"
CLOSED = rf"(?:[^()]|{_NESTED})+"  # each bracket that opens also closes


def header_parts(pattern: str, header: str) -> dict[str, str] | None:
    """The parts of a header by its pattern, or None. Where it can be split in several ways, as `New (Sales (North))`
    can by `{stage} ({pipeline})`, each part closes the brackets that it opens."""
    for part in (CLOSED, ANYTHING):
        if match := header_pattern(pattern, part).fullmatch(header):
            return {name: text.strip() for name, text in match.groupdict().items()}
    return None


@cache
def header_pattern(text: str, part: str = ANYTHING) -> re.Pattern[str]:
    """What fits a pattern of headers, in any case. Raises ValueError where it cannot be told what is which part."""
    found = pieces(text)
    names = [name.lower() for _, name in found if name]
    if not text.strip() or len(set(names)) < len(names) or set(names) & set(OF_THE_CELL):
        raise ValueError("empty, or a name that is used")
    if not all(name.isidentifier() for name in names) or any(not before for before, _ in found[1:-1]):
        raise ValueError("no name, or two parts with nothing between them")
    parts = (re.escape(before) + (f"(?P<{name.lower()}>{part})" if name else "") for before, name in found)
    return re.compile("".join(parts).strip(), re.IGNORECASE)


def is_text(given: Any) -> bool:
    """A text that a file can hold."""
    return isinstance(given, str) and not UNREADABLE.search(given.replace("\0", NUL))


def _is_value(given: Any) -> bool:
    return is_text(given) or isinstance(given, bool | int | float)


def _is_name(given: Any) -> bool:
    return is_text(given) and bool(given.strip())


def _is_column(given: Any) -> bool:
    try:
        return _is_name(given) and all(names_in(given))
    except ValueError:
        return False


def _is_pattern(given: Any) -> bool:
    try:
        return is_text(given) and bool(header_pattern(given))
    except ValueError:
        return False


def _is_date_format(given: Any) -> bool:
    """Whether strptime takes it back from what strftime makes of it."""
    try:
        return given in (*EPOCHS, EXCEL) or (
            is_text(given) and bool(datetime.strptime(A_MOMENT.strftime(given), given)) and "%" in given
        )
    except (ValueError, TypeError, re.error, IndexError):
        return False


def _or_list(is_right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda given: (
        all(map(is_right, given)) and bool(given) if isinstance(given, list) else is_right(given)
    )


def _object(needed: dict[str, Callable[[Any], bool]], *optional: str) -> Callable[[Any], bool]:
    """An object with these members, and no others."""
    return lambda given: (
        isinstance(given, dict)
        and set(needed) - set(optional) <= set(given) <= set(needed)
        and all(needed[name](member) for name, member in given.items())
    )


def _is_filter(given: Any) -> bool:
    return isinstance(given, dict) and bool(given) and all(
        _is_column(name) and _or_list(is_text)(values) for name, values in given.items()
    )  # fmt: skip


CHOICE: Part = (
    _object({"of": _or_list(_is_column), "by": _is_column}, "by"),
    'an object of "of", the columns whose rows are equal, and "by", a column of dates or numbers',
)
FILTER: Part = (_is_filter, "an object of columns and the text, or the list of texts, that rows have there")
PARTS: dict[str, Part] = {
    "column": (_or_list(_is_column), "the name of a column, a text of {columns}, or a list of such"),
    "constant": (_is_value, "a text, a number, true or false"),
    "values": (
        lambda given: (
            isinstance(given, dict) and all(map(is_text, given)) and all(map(_is_value, given.values()))
        ),
        "an object of texts, numbers, true or false",
    ),
    "otherwise": (_is_value, "a text, a number, true or false"),
    "lookup": (
        _object({"file": _is_name, "key": _is_name, "value": _is_name}),
        'an object of "file" and of the columns of it that are "key" and "value"',
    ),
    "first_of": (
        lambda given: is_text(given) and bool(given),
        'the sign between several values, such as ";"',
    ),
    "member": (_or_list(_is_name), "the name of a member of the object in the cell, or a list of such"),
    "optional": (lambda given: isinstance(given, bool), "true or false"),
    "date_format": (
        _or_list(_is_date_format),
        'a format of strptime such as "%d/%m/%Y %H:%M", "epoch", "epoch_ms" or "excel", or a list of such',
    ),
    "decimal": (lambda given: given in (".", ","), '"." or ","'),
    "factor": (
        lambda given: isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < math.inf,
        "a number greater than 0, such as 0.01 for amounts in cents",
    ),
    "pseudonym": (lambda given: is_text(given) and bool(given), "a text that nobody guesses"),
    "fill_down": (_or_list(_is_name), "the name of a column, or a list of such"),
    "unpivot": (
        _or_list(_is_pattern),
        'headers such as "Entered {stage}", with text between names that differ, or a list of such',
    ),
    "keep": FILTER,
    "drop": FILTER,
    "earliest": CHOICE,
    "latest": CHOICE,
}
OF_BOTH = ("date_format", "decimal", "optional")
OF_A_FILE = (*OF_BOTH, "fill_down", "unpivot", "keep", "drop", "earliest", "latest")
OF_A_COLUMN = tuple(part for part in PARTS if part in OF_BOTH or part not in OF_A_FILE)


def check_parts(where: str, rule: Rule, allowed: Iterable[str]) -> None:
    for part, given in rule.items():
        if part not in allowed:
            raise LoadError(f"{where}: {json.dumps(part)} is no rule; there are {', '.join(allowed)}")
        is_right, right = PARTS[part]
        if not is_right(given):
            shown = json.dumps(given)
            raise LoadError(f"{where}: {part} is {shown[:80]}, and has to be {right}")
