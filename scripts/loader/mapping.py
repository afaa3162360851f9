"""Mapping files, which say how exports of other systems become files that the loader knows: read and checked.

A mapping is JSON: the name of a foreign file → one target or several, each with the file to `load_as`, where the
`columns` of that file come from, and which rows become rows of it. `docs/mapping.md` has every rule with an example;
`mapped_files.py` makes the files. Those in `mappings/` are shipped and go by their names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loader.csv_reader import Needs
from loader.export_files import Rule as Written
from loader.export_files import known_name
from loader.mapping_rules import (
    OF_A_COLUMN,
    OF_A_FILE,
    OF_THE_CELL,
    OF_THE_FILE,
    Rule,
    check_parts,
    header_pattern,
    is_text,
    names_in,
    texts,
)
from loader.messages import LoadError

SHIPPED = {path.stem: path for path in sorted((Path(__file__).parent / "mappings").glob("*.json"))}


@dataclass(frozen=True)
class Choice:
    """Of the rows that are equal in the columns `of`, the earliest or latest by a column, or by place in the file."""

    of: tuple[str, ...]
    by: str
    is_latest: bool


@dataclass(frozen=True)
class Target:
    """What one foreign file becomes: `columns` maps a known column, in lower case, to its rule; None: all that the file
    has, by their names. `written`: of dates and numbers without a rule of their own. Each column whose header fits one
    of the patterns `unpivot` makes a row of its own; `keep` and `drop` have the values of a column by which rows stay
    or go, in any case. In the columns `fill_down` an empty cell means what stands above it. An optional one is left out
    where the file lacks a column."""

    load_as: str
    columns: dict[str, Rule] | None
    written: Written
    fill_down: tuple[str, ...] = ()
    unpivot: tuple[str, ...] = ()
    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)
    drop: dict[str, tuple[str, ...]] = field(default_factory=dict)
    choice: Choice | None = None
    is_optional: bool = False

    @property
    def chosen_by(self) -> list[str]:
        """The columns that decide which rows there are."""
        return [
            *self.keep,
            *self.drop,
            *(filter(None, (*self.choice.of, self.choice.by)) if self.choice else ()),
        ]

    @property
    def needs(self) -> Needs:
        """The columns of the foreign file that the rules read; without `columns` nothing is known of them."""
        made_up = {OF_THE_FILE, *(OF_THE_CELL if self.unpivot else ())}
        made_up.update(*(header_pattern(pattern).groupindex for pattern in self.unpivot))
        required = {name.strip().lower() for name in self.fill_down}
        wanted = set(required)
        alternatives = []
        for rule in [*(self.columns or {}).values(), *map(self.rule_of, self.chosen_by)]:
            ways = [frozenset(names_in(column)) - made_up for column in texts(rule.get("column", ()))]
            wanted.update(*ways)
            if len(ways) > 1 and not rule.get("optional"):
                alternatives.append(ways)
            elif not rule.get("optional"):
                required.update(*ways)
        return Needs(sorted(wanted), required, alternatives)

    @property
    def looks_up(self) -> set[str]:
        """The names of the files in which values are looked up."""
        rules = (self.columns or {}).values()
        return {known_name(Path(rule["lookup"]["file"])) for rule in rules if "lookup" in rule}

    def rule_of(self, name: str) -> Rule:
        """That of a column of the target, else the column of the foreign file that has the name."""
        return (self.columns or {}).get(name.lower(), {"column": name})


def find_mapping(given: Path) -> Path:
    """The file that is given, or the shipped one of that name."""
    return SHIPPED.get(str(given), given) if not given.exists() else given


def read_mapping(given: Path) -> dict[str, list[Target]]:
    """Targets by foreign file name in lower case. Raises LoadError for a file that is not a mapping."""
    path = find_mapping(given)
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise LoadError(f"{path}, line {error.lineno}: is not JSON: {error.msg}") from error
    except FileNotFoundError as error:
        raise LoadError(f"{path}: no such file; mappings shipped are {', '.join(SHIPPED)}") from error
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
            for entry in (entries if entries and isinstance(entries, list) else [entries])
        ]
    return targets


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError for an object that names a thing twice: the first would be lost."""
    names = [name for name, _ in pairs]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{json.dumps(repeated[0])} stands twice in one object")
    return dict(pairs)


def _target(where: str, entry: Any) -> Target:
    if not isinstance(entry, dict) or not is_text(entry.get("load_as")):
        raise LoadError(f'{where}: needs an object with "load_as", the name of a known file, and "columns"')
    rules = {part: given for part, given in entry.items() if part not in ("load_as", "columns")}
    check_parts(where, rules, OF_A_FILE)
    columns = entry.get("columns")
    can_lack_columns = columns is None and rules and "unpivot" not in rules
    if not can_lack_columns and not (columns and isinstance(columns, dict)):
        raise LoadError(f'{where}: needs "load_as" and "columns", an object of columns and their rules')
    if {"earliest", "latest"} <= set(rules):
        raise LoadError(f"{where}: has both earliest and latest; a row cannot be both")
    choice = rules.get("earliest", rules.get("latest"))
    keep, drop = (
        {name: tuple(map(str.casefold, texts(values))) for name, values in rules.get(part, {}).items()}
        for part in ("keep", "drop")
    )
    return Target(
        known_name(Path(entry["load_as"])),
        None if columns is None else _columns(where, columns),
        written(rules),
        texts(rules.get("fill_down", ())),
        texts(rules.get("unpivot", ())),
        keep,
        drop,
        choice and Choice(texts(choice["of"]), choice.get("by", ""), "latest" in rules),
        rules.get("optional", False),
    )


def _columns(where: str, given_columns: dict[str, Any]) -> dict[str, Rule]:
    columns: dict[str, Rule] = {}
    for name, given in given_columns.items():
        rule = {"column": given} if isinstance(given, str | list) else given
        if not isinstance(rule, dict) or ("column" in rule) == ("constant" in rule):
            raise LoadError(
                f"{where}, {name}: needs a column name, or an object with either column or constant; "
                f"it may have {', '.join(part for part in OF_A_COLUMN if part not in ('column', 'constant'))}"
            )
        check_parts(f"{where}, {name}", rule, OF_A_COLUMN)
        if {"lookup", "values"} <= set(rule):
            raise LoadError(
                f"{where}, {name}: has both lookup and values, and only one can say what a value becomes"
            )
        if name.lower() in columns:
            raise LoadError(f"{where}: names {name.lower()} twice")
        columns[name.lower()] = rule
    return columns


def written(rule: Rule) -> Written:
    return Written(texts(rule.get("date_format", ())), rule.get("decimal", ""))
