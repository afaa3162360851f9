"""What the columns of an unknown file hold, told by their values without showing a text of theirs."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from loader.csv_reader import Header, OpenFile, careful_records
from loader.messages import show
from loader.written_values import (
    EPOCH_DIGITS,
    EXCEL,
    EXCEL_DAY,
    Readings,
    clock_format,
    date_readings,
    number_readings,
    signed_number,
)

MOSTLY = 0.8  # of the values that are not empty: what the column is; the others are what is wrong with it
WORDS = {"true", "false", "yes", "no"}


@dataclass
class Profile:
    """Of one column: how many rows have it, what is written in how many of them, and the first place of each. Of what
    has two meanings `unclear` has the first, by the ways in which it may be written."""

    name: str
    delimiter: str
    filled: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    unclear: dict[frozenset[str], tuple[int, str]] = field(default_factory=dict)
    excel_days: int = 0

    def add(self, text: str, line: int) -> None:
        if not text:
            return
        self.filled += 1
        kind = self._kind(text, line)
        self.kinds[kind] += 1
        self.first.setdefault(kind, line)

    def _kind(self, text: str, line: int) -> str:
        self.excel_days += bool(EXCEL_DAY.fullmatch(text))
        if re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII):
            self.formats.update(form for form, digits in EPOCH_DIGITS.items() if digits.fullmatch(text))
            return "whole number"
        if readings := date_readings(text, keeps_time=True):
            self._note({way + clock_format(text): iso for way, iso in readings.items()}, text, line)
            return "time" if clock_format(text) else "date"
        number, _, unit = signed_number(text)
        if readings := number_readings(number):
            if self.delimiter != ";" and not unit and "," not in number:
                readings = {".": number}
            self._note(readings, text, line)
            return f"number with {unit}" if unit else "number"
        return "true or false" if text.lower() in WORDS else "text"

    def _note(self, readings: Readings, text: str, line: int) -> None:
        meanings = sorted(set(readings.values()))
        if len(readings) == 1:
            self.formats.update(filter(None, readings))
        elif len(meanings) > 1:
            self.unclear.setdefault(frozenset(readings), (line, f"'{show(text)}' is {' or '.join(meanings)}"))

    @property
    def kind(self) -> str:
        """What most of the values are; a whole number is a number as well, and a day a time."""
        if not self.filled:
            return "empty"
        counts = Counter(self.kinds)
        for wider, narrower in (("number", "whole number"), ("time", "date")):
            if counts[wider]:
                counts[wider] += counts.pop(narrower, 0)
        kind, count = counts.most_common(1)[0]
        return kind if count >= self.filled * MOSTLY else "text"

    @property
    def ways(self) -> list[str]:
        """How its dates or numbers are written, the commonest first."""
        kind = "number" if self.kind.startswith("number") else self.kind
        signs = {"number": ".,", "whole number": "e", "date": "%", "time": "%"}.get(kind, " ")
        return [way for way, _ in self.formats.most_common() if way[0] in signs]

    @property
    def rule(self) -> dict[str, object]:
        """The rule that says how it is written; none where that is plain."""
        ways: object = self.ways[0] if len(self.ways) == 1 else self.ways
        if self.kind.startswith("number") and self.ways == [","]:
            return {"decimal": ","}
        is_plain = all(way.startswith("%Y-%m-%d") for way in self.ways)
        return {} if self.kind not in ("date", "time") or is_plain else {"date_format": ways}

    def remarks(self) -> list[str]:
        told = [json.dumps(self.rule)[1:-1]] if self.rule else []
        if self.kind == "whole number" and self.formats[(*self.ways, "")[0]] == self.filled:
            told.append(f'or a time, "date_format": "{self.ways[0]}"')
        if self.filled and self.excel_days >= self.filled * MOSTLY:
            told.append(f'or a day of Excel, "date_format": "{EXCEL}"')
        if self.kind != "text" and "text" in self.first:
            told.append(f"line {self.first['text']} is none")
        if self.kind != "text":
            told.extend(
                f"line {line}: {what}"
                for ways, (line, what) in self.unclear.items()
                if len(ways.intersection(self.ways)) != 1
            )
        return told


def profile(file: OpenFile, header: Header, names: list[str]) -> tuple[int, list[Profile], str]:
    """The rows, the columns, and the first row that cannot be read. Raises LoadError where quotes are damaged."""
    columns, rows, problem = [Profile(name, header.delimiter) for name in names], 0, ""
    for record in careful_records(file, header):
        rows += 1
        if record.values is None:
            problem = problem or f"line {record.line} {record.reason}"
            continue
        for column, value in zip(columns, record.values, strict=True):
            column.add(value.strip(), record.line)
    return rows, columns, problem
