"""What a file looks like that the loader does not know: which shipped mapping or known file it fits, what it lacks, and
a mapping to begin with. Names of columns and their types are told, not what texts hold: they may name people."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from loader.csv_reader import (
    DELIMITERS,
    ENCODINGS,
    SEPARATOR_LINE,
    TITLE_LINES,
    Header,
    Needs,
    OpenFile,
    header_fields,
    known_names,
    likely_encodings,
    logical_line,
)
from loader.draft_mapping import draft
from loader.export_files import Source, find_known, known_name, no_csv
from loader.mapping import SHIPPED, read_mapping
from loader.messages import NUL, UNREADABLE, LoadError, show
from loader.profiles import profile
from loader.raw_tables import RawTable

CLOSE = 0.5  # share of what it needs, or of what the file has, from which on something is worth naming
DELIMITER_NAMES = dict(zip(DELIMITERS, ("comma", "semicolon", "tab", "bar"), strict=True))
AS_IT_IS = "it loads as it is"
# What a mapping of how deals stand makes up, where a folder has no better.
LOGS = {"deal_changes.csv", "hubspot_deal_property_history.csv"}


@dataclass(frozen=True)
class Fit:
    """What a file may be, how to load it as that, and what it lacks for it, with the mend. `logs`: what a mapping makes
    up, and a file that is there is better."""

    what: str
    how: str
    missing: list[str]
    mend: str
    share: float
    table: RawTable | None = None
    logs: tuple[str, ...] = ()


def explain(path: Path, tables: dict[str, RawTable] | None) -> tuple[list[str], str]:
    """What to tell of the file, and the draft of a mapping where nothing fits it. Without a database `tables` is None.
    Raises LoadError for a file that cannot be read."""
    source = Source(path, show(path.name), known_name(path))
    if what := no_csv(source.known_as):
        raise LoadError(f"{source.name}: {what}")
    encoding = find_encoding(source)
    with OpenFile(source, encoding) as file:
        header = find_header(file)
    is_named = not any(re.search(r"@|^[\d.,:/-]+$", name) for name in header.written)
    names = [
        show(name) if is_named and name else f"column {place}"
        for place, name in enumerate(header.written, start=1)
    ]
    with OpenFile(source, encoding) as file:
        rows, columns, problem = profile(file, header, names)
    told = [
        f"{source.name}: delimiter {DELIMITER_NAMES[header.delimiter]}, encoding {encoding}, "
        f"header in line {header.lines}, {rows:,} rows, {len(names)} columns"
    ]
    width = min(max(map(len, names)), 60)
    for column in columns:
        remarks = "; ".join([f"{column.filled:,} of {rows:,} rows", *column.remarks()])
        told.append(f"    {column.name:<{width}}  {column.kind:<14}  {remarks}")
    if problem:
        told.append(problem)
    if not is_named:
        told.append(f"line {header.lines} holds values; write the names of the columns above it")
    if tables is None:
        told.append(
            "no database answers: only shipped mappings are compared, not the files that the loader knows"
        )
    fits = sorted(
        [*_shipped_fits(header, path), *_table_fits(header, source, tables or {})],
        key=lambda fit: (bool(fit.missing), fit.how != AS_IT_IS, -fit.share, len(fit.missing)),
    )
    options = f" --encoding {encoding}" if encoding in ENCODINGS else ""
    if fits and not fits[0].missing:
        told.append(f"it fits {fits[0].what}: {fits[0].how}{options}")
        told.extend(
            f"in a folder without {' and '.join(fit.logs)} it fits {fit.what}: {fit.how}{options}"
            for fit in fits[1:]
            if fits[0].table and not fit.table and not fit.missing
        )
        return told, ""
    told.extend(
        f"it comes closest to {fit.what}, but lacks {', '.join(fit.missing)}: {fit.mend}" for fit in fits[:1]
    )
    if fits and not fits[0].table:
        told.append("if it is of another system, begin with the mapping that goes to standard output")
    else:
        told.append("a mapping to begin with goes to standard output")
    target = fits[0].table if fits and fits[0].table else (tables or {}).get("opportunity.csv")
    if target:
        told.append(f"{target.file_name} takes {_listed(target)}")
    told.append(
        "write into the mapping what it asks for; docs/mapping.md has the rules, and which file to load a history as"
    )
    return told, draft(source, columns, fits[0].table if fits else None)


def _listed(table: RawTable) -> str:
    needed, others = (
        [column.name for column in table.columns if column.optional == is_optional]
        for is_optional in (False, True)
    )
    return ", ".join(needed) + (f"; if you have them {', '.join(others)}" if others else "")


def fitting_mapping(folder: Path) -> tuple[str, list[Path]]:
    """The one shipped mapping that takes a file of the folder, by its name and all columns that it needs; '' where none
    does, or more than one. One that makes up a log which the folder has itself is none. Where none takes a name, a
    mapping of one file may take the columns: then with the files that have them. What cannot be read is for the load to
    say."""
    wanted = {name: (list(read_mapping(path)), _needs(path)) for name, path in SHIPPED.items()}
    by_name: dict[str, list[Path]] = {}
    by_columns: dict[str, list[Path]] = {}
    logs: set[str] = set()
    for path in sorted(folder.glob("**/*.csv*")):
        source = Source(path, show(path.name), known_name(path))
        if find_known(source.known_as, LOGS) in LOGS:
            logs.add(find_known(source.known_as, LOGS))
            continue
        with contextlib.suppress(LoadError, OSError, UnicodeError), OpenFile(source, "utf-8") as file:
            names = find_header(file).names
            for name, (patterns, needs) in wanted.items():
                if not lacks(needs, names):
                    has_name = fnmatchcase(source.known_as, patterns[0])
                    if has_name or len(patterns) == 1:
                        (by_name if has_name else by_columns).setdefault(name, []).append(path)
    has_log = {name for name, path in SHIPPED.items() if logs & _made_of(path)}
    found = {name: paths for name, paths in (by_name or by_columns).items() if name not in has_log}
    if len(found) != 1:
        return "", []
    [(name, paths)] = found.items()
    return name, [] if by_name else paths


def lacks(needs: list[Needs], names: list[str]) -> list[str]:
    """Of the needed columns those that are not among the names."""
    return list(dict.fromkeys(lack for need in needs for lack in need.missing(names)))


def _made_of(mapping: Path) -> set[str]:
    return {target.load_as for targets in read_mapping(mapping).values() for target in targets}


def _needs(mapping: Path) -> list[Needs]:
    """Of its first file, which is what it is for; the others may be missing."""
    return [target.needs for target in next(iter(read_mapping(mapping).values())) if not target.is_optional]


def find_encoding(source: Source) -> str:
    """What its byte order mark says; else UTF-8 where all of it is, else what makes the most of the first line that is
    not. Raises LoadError for a file that cannot be read."""
    with OpenFile(source, "utf-8") as file:
        if file.encoding != "utf-8" or not any(
            UNREADABLE.search(line.replace(NUL, "")) for line in file.text_lines()
        ):
            return file.encoding
    with OpenFile(source, "utf-8") as file:
        return likely_encodings(file)[0]


def find_header(file: OpenFile) -> Header:
    """The first of the first lines that has the most fields, not all but a few of them empty, by the delimiter that
    makes the most of it. Raises LoadError for an empty file."""
    lines = file.text_lines()
    found: tuple[int, Header] | None = None
    number = data_at = 0
    while number <= TITLE_LINES and (read := logical_line(lines)):
        line, length, _ = read
        number, data_at = number + length, data_at + len(line.encode(errors="surrogatepass"))
        if SEPARATOR_LINE.fullmatch(line):
            continue
        for delimiter in DELIMITERS:
            fields = header_fields(line, delimiter)
            score = len(fields) if 2 * len(list(filter(None, fields))) > len(fields) else 0
            if score > (found[0] if found else 0):
                names = [field.lower() for field in fields]
                places = {str(place): place for place in range(len(fields))}
                found = (
                    score,
                    Header(names, places, delimiter, [], [], data_at, number, written=tuple(fields)),
                )
    if not found:
        raise LoadError(f"{file.source.name}: is empty, not even a header")
    return found[1]


def _shipped_fits(header: Header, path: Path) -> list[Fit]:
    fits = []
    for name, file in SHIPPED.items():
        needs = _needs(file)
        missing = lacks(needs, header.names)
        ways = {name for need in needs for name in need.required} | {
            repr(ways) for need in needs for ways in need.alternatives
        }
        share = 1 - len(missing) / len(ways)
        if share >= CLOSE:
            how = f"load.py {show(str(path))} --mapping {name}"
            mend = f"choose these columns for the export as well, or change a copy of {name}.json in {file.parent}"
            logs = tuple(sorted(_made_of(file) & LOGS))
            fits.append(Fit(f"the shipped mapping {name}", how, missing, mend, share, logs=logs))
    return fits


def _table_fits(header: Header, source: Source, tables: dict[str, RawTable]) -> list[Fit]:
    """Files that know most of the columns. What needs an id alone has to have most of its own columns there as well,
    or it would fit any list; a file of the name may have as many others as it likes."""
    fits = []
    for name, table in tables.items():
        columns = [column.name for column in table.columns]
        known = set(columns) & set(known_names(header.names, columns))
        needed = [column.name for column in table.columns if not column.optional]
        missing = [column for column in needed if column not in known]
        share, own_share = len(known) / len(header.names), len(known) / len(table.columns)
        is_named = source.known_as == name
        fits_columns = share >= CLOSE and (is_named or len(needed) > 1 or own_share >= CLOSE)
        if len(known) > 1 and (fits_columns or (is_named and own_share >= CLOSE)):
            how = AS_IT_IS if is_named else f"give it that name, {name}"
            fits.append(
                Fit(f"the known file {name}", how, missing, "they may have other names", share, table)
            )
    return fits
