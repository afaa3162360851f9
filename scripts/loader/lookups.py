"""A column of a second file, found by its key."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from loader.csv_reader import Needs, read_rows
from loader.export_files import Source, known_name
from loader.messages import LoadError, say, show


class Lookup:
    """Holds the keys and values of the file, which lies beside the one that looks things up in it."""

    def __init__(
        self, source: Source, file: str, key: str, value: str, encoding: str, delimiter: str | None
    ) -> None:
        name = known_name(Path(file))
        beside = [
            path for path in sorted(source.path.parent.iterdir()) if fnmatchcase(known_name(path), name)
        ]
        if len(beside) != 1:
            found = f"it fits {len(beside)} files" if beside else "there is no such file"
            raise LoadError(f"{source.name}: the mapping looks things up in {file} beside it, and {found}")
        self.file = Source(beside[0], beside[0].name, name)
        self.values: dict[str, str] = {}
        self.missing: set[str] = set()
        wanted = [name.strip().lower() for name in (key, value)]
        columns = list(dict.fromkeys(wanted))
        places = [columns.index(name) for name in wanted]
        lines: dict[str, int] = {}
        for record in read_rows(self.file, encoding, delimiter, Needs(columns, set(columns))):
            if record.values is None:
                raise LoadError(f"{self.file.name}, line {record.line}: the row {record.reason}")
            found_key, found_value = (record.values[place].strip() for place in places)
            if self.values.setdefault(found_key, found_value) != found_value:
                raise LoadError(
                    f"{self.file.name}, line {record.line}: {key} '{show(found_key)[:60]}' has another {value} "
                    f"than in line {lines[found_key]}, so it cannot be looked up; mend the file"
                )
            lines.setdefault(found_key, record.line)
        self.values.pop("", None)

    def find(self, text: str, otherwise: object) -> object:
        if text and text not in self.values:
            self.missing.add(text)
        return self.values.get(text, otherwise) if text else ""

    def tell(self, where: str) -> None:
        if self.missing:
            say(f"{where}: {len(self.missing)} values are not in {self.file.name}")
