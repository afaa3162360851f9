"""Files that the loader knows, made of a foreign file as a mapping says: row by row, so that memory does not grow with
the file. Where other rows count, their keys are held: by a lookup those of the second file, by `earliest` and `latest`
those of this one, which is then read twice."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NamedTuple

from loader.csv_reader import Header, OpenFile, careful_records, read_header
from loader.export_files import Rule as Written
from loader.export_files import Source, known_name
from loader.lookups import Lookup
from loader.mapped_values import Cell, Maker, origin, value_maker
from loader.mapping import Target, written
from loader.mapping_rules import OF_THE_FILE, header_parts, names_in, texts
from loader.messages import LoadError, MissingColumns, say, show
from loader.raw_tables import IS_DELETED, RawTable
from loader.written_values import DATES, NUMBERS, rank


class Row(NamedTuple):
    """One that cannot be read has no values, and a fault."""

    line: int
    cell: int
    values: list[str]
    fault: str = ""


def map_source(
    source: Source,
    target: Target,
    tables: dict[str, RawTable],
    encoding: str,
    delimiter: str | None,
    folder: Path,
    tell: Callable[[str], None] = say,
    kept: Collection[str] = (),
) -> list[Source]:
    """Write the files that the target makes of the source into `folder`, as UTF-8 with commas, line for line: one, or
    one for each column that is unpivoted. Dates and numbers stay as they are, and go with the rules by which the loader
    reads them. Columns of the source that are to be `kept` as they are stand beside those of the target.

    Raises LoadError where the mapping names a file or a column that is not there, or a row cannot be read.
    """
    if target.load_as not in tables:
        known = ", ".join(sorted(tables))
        raise LoadError(f"the mapping of {source.name} loads it as {target.load_as}; known names are {known}")
    try:
        made = MappedFile(source, target, tables[target.load_as], encoding, delimiter, tell, kept)
        return made.write(folder)
    except MissingColumns as error:
        if not target.is_optional:
            raise
        tell(f"{error}; so what this column gives of {target.load_as} is left out")
        return []


class MappedFile:
    """One foreign file on its way into a target."""

    def __init__(
        self,
        source: Source,
        target: Target,
        table: RawTable,
        encoding: str,
        delimiter: str | None,
        tell: Callable[[str], None],
        kept: Collection[str],
    ) -> None:
        types = {column.name: column.type for column in table.columns}
        if unknown := set(target.columns or ()) - set(types) - {IS_DELETED}:
            raise LoadError(
                f"the mapping of {source.name} names columns that {target.load_as} lacks: "
                f"{', '.join(sorted(unknown))}"
            )
        self.source, self.encoding, self.tell = source, encoding, tell
        self.header, self.target = self._read_header(target, table, delimiter)
        self.columns = dict(self.target.columns or {})
        self._add_kept([name for name in kept if name not in types])
        self.cells = self._find_cells()
        self.rules = {
            name: rule
            for name in self.columns
            if name in types and (rule := self._typed_rule(name, types[name]))
        }
        self.lookups = {
            name: Lookup(source, encoding=encoding, delimiter=delimiter, **rule["lookup"])
            for name, rule in self.columns.items()
            if "lookup" in rule
        }

    def _read_header(self, target: Target, table: RawTable, delimiter: str | None) -> tuple[Header, Target]:
        """The header, and the target with a rule for each of its columns."""
        columns = target.columns
        if columns is None:
            columns = {mark: {"column": mark, "optional": True} for mark in table.marks_of_deletion} | {
                column.name: {"column": column.name, "optional": column.optional} for column in table.columns
            }
        never_empty = {column.name for column in table.columns if column.required}
        needed = {
            part
            for name, rule in columns.items()
            for part in names_in(texts(rule.get("column", ("",)))[0])
            if name in never_empty
        }
        with OpenFile(self.source, self.encoding) as file:
            header = read_header(file, replace(target, columns=columns).needs, delimiter, needed)
        if header.titles:
            self.tell(
                f"{self.source.name}: what stands above line {header.lines} is taken for a title and not loaded"
            )
        if target.columns is None:
            columns = {name: rule for name, rule in columns.items() if name in header.positions}
        return header, replace(target, columns=columns)

    def _add_kept(self, names: list[str]) -> None:
        """Columns that the setting funnel_dimensions names go with the row, as they are."""
        found = [name for name in names if name in self.header.names and name not in self.header.repeated]
        self.columns |= {name: {"column": name} for name in found}
        places = {name: self.header.names.index(name) for name in found}
        self.header = replace(self.header, positions=self.header.positions | places)

    def _find_cells(self) -> list[Cell]:
        """One, or where columns are unpivoted one for each of them, which the header then holds as well."""
        patterns = self.target.unpivot
        found: dict[str, dict[str, int | str]] = {}
        for title in self.header.written:
            fitting = (header_parts(pattern, title) for pattern in patterns)
            if (parts := next((parts for parts in fitting if parts is not None), None)) is not None:
                if title.lower() in self.header.repeated:
                    raise LoadError(f"{self.source.name}: the header names {show(title)} more than once")
                found[title] = dict(parts)
        places = {title.lower(): self.header.written.index(title) for title in found}
        self.header = replace(self.header, positions=self.header.positions | places)
        names: dict[str, int | str] = {name: place for place, name in enumerate(self.header.positions)}
        names[OF_THE_FILE] = starred(self.source)
        if not patterns:
            return [Cell(names)]
        return [
            Cell(names | {"value": names[title.lower()], "column": title} | parts, title)
            for title, parts in found.items()
        ]

    def _typed_rule(self, name: str, kind: str) -> Written | None:
        """How the loader has to read a column of dates or numbers, where the mapping says so."""
        own, of_file = written(self.columns[name]), self.target.written
        formats = own.date_formats or of_file.date_formats if kind in DATES else ()
        decimal = own.decimal or of_file.decimal if kind in NUMBERS else ""
        if kind in NUMBERS and "factor" in self.columns[name]:
            decimal = decimal or "."
        return Written(formats, decimal) if formats or decimal else None

    def write(self, folder: Path) -> list[Source]:
        if not self.cells:
            patterns = " or ".join(self.target.unpivot)
            self.tell(
                f"{self.source.name}: no column fits {patterns}; {self.target.load_as} has no rows of such ones"
            )
        chosen = self._choose()
        makers = [[self._maker(name, cell) for name in self.columns] for cell in self.cells]
        first = len(list(folder.iterdir()))
        faults: dict[int, str] = {}
        paths = [folder / f"{first + n}-{self.target.load_as}" for n in range(len(self.cells))]
        with contextlib.ExitStack() as files:
            opened = [
                LineCount(files.enter_context(path.open("w", encoding="utf-8", newline=""))) for path in paths
            ]
            writers = [csv.writer(lines, lineterminator="\n") for lines in opened]
            for lines, writer in zip(opened, writers, strict=True):
                lines.write("\n" * (self.header.lines - 1))
                writer.writerow(self.columns)
            told = lambda message: self.tell(f"{self.source.name}: {message}")  # noqa: E731
            for place, row in enumerate(self._rows(told)):
                if row.fault or chosen is None or place in chosen:
                    lines = opened[row.cell]
                    lines.write("\n" * (row.line - lines.number))  # for the loader to name the right one
                if row.fault:
                    faults[row.line] = row.fault
                    writers[row.cell].writerow(["unreadable"] * (len(self.columns) + 1))
                elif chosen is None or place in chosen:
                    writers[row.cell].writerow([make(row.values) for make in makers[row.cell]])
        for name, lookup in self.lookups.items():
            lookup.tell(f"{self.source.name}, column {name}")
        mapped = replace(
            self.source,
            known_as=self.target.load_as,
            is_mapped=True,
            marks_deleted=IS_DELETED in self.columns,
            rules=self.rules,
            origin=self.source.path,
            faults=faults,
        )
        return [
            replace(
                mapped, path=path, origins={name: origin(rule, cell) for name, rule in self.columns.items()}
            )
            for path, cell in zip(paths, self.cells, strict=True)
        ]

    def _rows(self, told: Callable[[str], None] = lambda _: None) -> Iterator[Row]:
        """Those that `keep` and `drop` leave, of an unpivoted column where it holds something."""
        filters = [
            [
                (self._maker(name, cell), set(values), stays)
                for named, stays in ((self.target.keep, True), (self.target.drop, False))
                for name, values in named.items()
            ]
            for cell in self.cells
        ]
        filled = {
            list(self.header.positions).index(name.strip().lower()): "" for name in self.target.fill_down
        }
        with OpenFile(self.source, self.encoding) as file:
            for record in careful_records(file, self.header, told):
                if record.values is None:
                    # Not what stands there: the loader is to read a part of these columns alone.
                    fault = f"{record.column} {record.reason}" if record.column else str(record.reason)
                    yield from [Row(record.line, 0, [], fault)] if self.cells else []
                    continue
                for place, above in filled.items():
                    filled[place] = record.values[place] = record.values[place].strip() or above
                for number, cell in enumerate(self.cells):
                    if cell.header and not record.values[int(cell.names["value"])].strip():
                        continue
                    if all(
                        (str(make(record.values)).casefold() in values) == stays
                        for make, values, stays in filters[number]
                    ):
                        yield Row(record.line, number, record.values)

    def _choose(self) -> set[int] | None:
        """Which rows are the earliest or latest of those that are equal, by their place among all; None: each row."""
        choice = self.target.choice
        if choice is None:
            return None
        equal = [[self._maker(name, cell) for name in choice.of] for cell in self.cells]
        by = [self._maker(choice.by, cell) if choice.by else None for cell in self.cells]
        rule = written(self.target.rule_of(choice.by))
        formats = rule.date_formats or self.target.written.date_formats
        best: dict[object, tuple[Any, ...]] = {}  # ends with the place
        for place, row in enumerate(self._rows()):
            if row.fault:
                continue
            found = [str(make(row.values)) for make in equal[row.cell]]
            key = found[0] if len(found) == 1 else tuple(found)
            order: tuple[Any, ...] = (place,)
            if make := by[row.cell]:
                text = str(make(row.values))
                if (ranked := rank(text, formats)) is None:
                    raise LoadError(
                        f"{self.source.name}, line {row.line}, column {choice.by}: '{show(text)[:60]}' is neither a "
                        "date with one meaning nor a number, so it cannot be told which row comes first: write the "
                        'rule "date_format" into the mapping'
                    )
                # An empty one is chosen last; of equal ones the first is the earliest and the last the latest.
                order = (bool(text) == choice.is_latest, *ranked, place)
            if key not in best or (order > best[key]) == choice.is_latest:
                best[key] = order
        return {order[-1] for order in best.values()}

    def _maker(self, name: str, cell: Cell) -> Maker:
        """That of a column of the target, or of the foreign file."""
        rule, name = self.target.rule_of(name), name.lower()
        if "factor" in rule:
            rule = {"decimal": self.target.written.decimal or "."} | rule
        return value_maker(rule, cell, name in self.rules, self.lookups.get(name))


def starred(source: Source) -> str:
    """What the first * of the name in the mapping stands for in the file's own."""
    pattern = re.escape(source.known_as).replace(r"\*", "(.*)").replace(r"\?", ".")
    match = re.fullmatch(pattern, known_name(source.path))
    return match[1].strip() if match and match.groups() else ""


class LineCount:
    """A text file that knows the number of the line that is written next."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.number = file, 1

    def write(self, text: str) -> None:
        self.number += text.count("\n")
        self.file.write(text)
