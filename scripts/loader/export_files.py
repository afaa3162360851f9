"""The files to load under the paths that are given, in the order in which they are loaded."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from loader.messages import LoadError, show

BOOKS, ARCHIVES = (".xls", ".xlsx", ".xlsm", ".ods", ".numbers"), (".zip", ".7z", ".rar", ".tar", ".tgz")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".gz")
DATA_SUFFIXES = (*TEXT_SUFFIXES, ".parquet", *JSON_SUFFIXES, *BOOKS, *ARCHIVES)
ASK = "load.py --explain FILE says what a file looks like and which mapping fits, see docs/mapping.md"
# Settings that an earlier version read, and the one that holds their rows now.
SUCCESSORS = {"executive_thresholds.csv": "alert_thresholds.csv"}
# deal_changes_2023.csv, users-part2.csv, "activity 2024-Q1.csv": parts of the file that the rest names.
# Not "users (1).csv", which a browser calls what it has downloaded before.
PART = re.compile(
    r"(?P<stem>.+?)[ _.-](?:part|q|h|w)?[ _.-]?\d+(?:[ _.-](?:part|q|h|w)?[ _.-]?\d+)*(?P<suffix>\.\w+)"
)


@dataclass(frozen=True)
class Rule:
    """How a mapping says that a column is written: the first of the formats that fits, as in Python's strptime, and the
    decimal sign. Empty: not said."""

    date_formats: tuple[str, ...] = ()
    decimal: str = ""


@dataclass(frozen=True)
class Source:
    """A file to load: where it lies, how to name it in reports, and the name it is known by; or several `parts` of one.
    A mapped one, made of the file `origin`, is UTF-8 with commas, whatever the options say; its columns are written by
    `rules` and come from the `origins`, as a message names them, and `faults` has its lines that could not be read. One
    `from_table` is so too: it holds what a connector's table holds now, with times in UTC, and its column _is_deleted
    marks soft deletes, as it does where the mapping `marks_deleted`. The columns `lost` are made of what the
    connector's schema lacks, and its SELECT takes."""

    path: Path
    name: str
    known_as: str
    is_mapped: bool = False
    from_table: bool = False
    marks_deleted: bool = False
    lost: frozenset[str] = frozenset()
    rules: dict[str, Rule] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    parts: tuple[Source, ...] = ()
    origin: Path | None = None
    faults: dict[int, str] = field(default_factory=dict)


def find_sources(
    paths: Iterable[str], own: set[str], foreign: Collection[str]
) -> tuple[list[Source], list[str]]:
    """Known files under the paths, in the order in which they are loaded, and the names of others that look like data.
    Of a mapping that knows one foreign file alone a file given by an unknown name is it, even if its folder is given.

    The paths come as they are given and the files of a folder by name, both with numbers in them counted as numbers;
    paths in any other order than that of a shell's wildcard stay in it. Raises LoadError for a path that does not
    exist or cannot be read, for a file given by name that is not known, and for one of a former name.
    """
    sources: list[Source] = []
    unknown: list[str] = []
    known = own.union(foreign)
    paths = list(paths)
    named = {os.path.realpath(given) for given in paths if Path(given).is_file()}
    for given in sorted(paths, key=natural) if paths == sorted(paths) else paths:
        root = Path(given)
        if not given.strip():
            raise LoadError('a path is empty; name a file or a folder, "." for the current one')
        is_folder = root.is_dir()
        if not is_folder and not root.is_file():
            raise LoadError(f"{given}: no such file or folder")
        start = root if is_folder else root.parent
        files = _files_in(root) if is_folder else [root]
        for path in sorted(files, key=lambda path: natural(path.relative_to(start).as_posix())):
            if is_folder and os.path.realpath(path) in named:
                continue
            name = show(path.relative_to(start).as_posix())
            known_as = find_known(known_name(path), own, foreign)
            if known_as not in known and len(foreign) == 1 and not is_folder:
                known_as = next(iter(foreign))
            if known_as in known:
                if not path.is_file():
                    raise LoadError(f"{name}: is no file, or a link to one that is not there")
                sources.append(Source(path, name, known_as))
            elif known_as in SUCCESSORS:
                raise LoadError(
                    f"{name}: its rows belong in {SUCCESSORS[known_as]} now, see docs/settings.md"
                )
            elif not is_folder and (what := no_csv(name)):
                raise LoadError(f"{given}: {what}")
            elif not is_folder:
                raise LoadError(f"{given}: not a known name; known are {', '.join(sorted(known))}; {ASK}")
            elif path.name.lower().endswith(DATA_SUFFIXES) or not path.exists():
                unknown.append(name)
    return sources, unknown


def no_csv(name: str) -> str:
    """What to make of a file that is no CSV as exports come; empty for any other."""
    if name.lower().endswith(BOOKS):
        return "is a workbook: save each of its sheets as CSV UTF-8, under the name that the loader knows"
    if name.lower().endswith(JSON_SUFFIXES):
        return "is JSON: write it as CSV, a row for each record and a column for each field"
    return "is an archive: unpack it" if name.lower().endswith(ARCHIVES) else ""


def natural(text: str) -> list[str | int]:
    """A sort key by which part2 comes before part10, and case does not matter."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", text.casefold())]


def text_files_in(root: Path) -> list[Path]:
    """Those under the folder that may be exports, by name. Raises LoadError for a folder that cannot be read."""
    found = [path for path in _files_in(root) if path.name.lower().endswith(TEXT_SUFFIXES)]
    return sorted(found, key=lambda path: natural(path.as_posix()))


def _files_in(root: Path) -> Iterator[Path]:
    """Every file under the folder but hidden ones and Excel's marks of those that it has open. A linked folder is
    read as well, each folder once: what lies under the root itself comes first. Raises LoadError for a folder that
    cannot be read."""
    seen: set[str] = set()
    folders: list[str] = [str(root)]
    linked: list[str] = []
    while folders or linked:
        folder = folders.pop() if folders else linked.pop(0)
        if (real := os.path.realpath(folder)) in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as listing:
                entries = [(entry, entry.is_dir()) for entry in sorted(listing, key=lambda entry: entry.name)]
        except OSError as error:
            raise LoadError(f"{show(folder)}: cannot be read: {error.strerror}") from error
        for entry, is_folder in entries:
            if is_folder:
                (linked if entry.is_symlink() else folders).append(entry.path)
            elif not entry.name.startswith((".", "~$")):
                yield Path(entry.path)


def find_known(name: str, own: Collection[str], foreign: Collection[str] = ()) -> str:
    """The known name that a file's name is or that it is a part of; else the name itself. What a mapping names, perhaps
    with wildcards, comes first: whoever gives one means it. Blanks, hyphens and underscores do not matter, and
    .tsv is as good as .csv: "deal changes.tsv" is deal_changes.csv. Google names a sheet behind its workbook:
    "sales 2024 - users.csv" is users.csv."""
    part = PART.fullmatch(name)
    whole = f"{part['stem']}{part['suffix']}" if part else name
    fitting = sorted(pattern for pattern in foreign if fnmatchcase(name, pattern))
    candidates = [name] * (name in foreign) + [*fitting, name, whole]
    bare_names = {_bare(known): known for known in own}
    sheets = [candidate.rpartition(" - ")[2] for candidate in (name, whole)]
    alike = (bare_names.get(_bare(candidate), candidate) for candidate in (name, whole, *sheets))
    return next((found for found in [*candidates, *alike] if found in own or found in foreign), name)


def _bare(name: str) -> str:
    return bare(re.sub(r"\.tsv$", ".csv", name))


def bare(name: str) -> str:
    """A name without what stands between its words."""
    return re.sub(r"[\s_-]", "", name)


def join_parts(sources: list[Source]) -> Source:
    """Files that make up one table together, as one."""
    if len(sources) == 1:
        return sources[0]
    first, *_, last = sources
    name = f"{first.name} to {last.path.name if not last.is_mapped else last.name} ({len(sources)} files)"
    if len({source.origin for source in sources}) == 1 and first.is_mapped:
        name = first.name
    parts = tuple(part for source in sources for part in source.parts or (source,))
    return Source(first.path, name, first.known_as, first.is_mapped, parts=parts, origin=first.origin)


def known_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")
