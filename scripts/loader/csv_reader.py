"""CSV exports as PostgreSQL can take them: read their headers, stream their records.

Two ways to stream the same file. `fast_blocks` hands the bytes on as they are once a pattern has proved them
plain, and raises `Suspect` for anything else. `careful_records` reads record by record, knows every line
number, and says what is wrong with each. Both hold a few megabytes at most, whatever the size of the file.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from charset_normalizer import from_bytes

from loader.export_files import Source, bare
from loader.messages import NUL, UNREADABLE, LoadError, MissingColumns, show

CHUNK = 1 << 18  # larger blocks make the pattern slower, not faster
HEADER_LIMIT = 1 << 16
RECORD_LIMIT = 1 << 24
DELIMITERS = (",", ";", "\t", "|")
TITLE_LINES = 20  # above a header, at most
FOOTER_LINES = 50
# How a line of totals begins, in the languages in which exports come.
TOTAL = re.compile(
    r"(?:(?:(?:grand|gran|overall|sub) ?)?totals?(?: general| général)?|sum|summe|gesamt(?:summe)?|suma|somme|totale|"
    r"totaal|totalt|(?:genel )?toplam|razem|celkem|итого|всего|合計|合计|总计|總計|합계|الإجمالي|المجموع|कुल)"
    r"(?: ?[:(] ?\d[\d.,]* ?\w*\)?)?",  # Grand Totals (12 records)
    re.IGNORECASE,
)
AMOUNT = re.compile(r"(?:[A-Z]{3}|[^\w\s]*) ?[-(]?\d[\d.,' \u00a0\u202f]*[)%-]? ?(?:[^\W\d_]+|[^\w\s]*)")
SEPARATOR_LINE = re.compile(r'"?sep=(,|;|\t|\|)"?\s*', re.IGNORECASE)  # how Excel is told of it
MARKED = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# What Windows writes in the languages of the world. Of those that read a file alike the first is told.
ENCODINGS = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"]
ENCODINGS += ["cp874", "cp932", "cp949", "gb18030", "big5"]
# What looks like a blank around a value: those that do not break, as web pages have them, and one as wide as a sign of
# Chinese.
BLANKS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}"
BLANK = b"(?:" + "|".join(BLANKS).encode() + b")"
BLANK_AROUND = re.compile(rb"""(?:^|[,;|\t\n"])""" + BLANK + rb"""|""" + BLANK + rb"""(?:[,;|\t\r\n"]|\Z)""")
LINES_OF_ENCODING = 20  # that tell it
GZIP = b"\x1f\x8b"
# How files of other kinds begin, whatever they are called, and what to do with them.
NO_TEXT = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: unpack it, or save its sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save its sheet as CSV UTF-8",
    b"PAR1": "a Parquet file: write it as CSV",
    b"%PDF": "a PDF: export CSV instead",
}

BACKSLASH = '\\"'
BACKSLASHES = (
    f"there quotes within a value stand behind a backslash, {BACKSLASH}, as MySQL writes them: export them doubled, "
    'as "" (ESCAPED BY \'"\')'
)


class Suspect(Exception):
    """The fast path cannot vouch for this file; the careful path decides."""


@dataclass(frozen=True)
class Header:
    """`positions`: index of each known column found; `extra`: the others, those named twice in `repeated` as well;
    `data_at`: bytes of UTF-8 before the data; `lines`: how many that is; `needed`: where a row must have a value;
    `written`: the names as the file has them, in the `line`."""

    names: list[str]
    positions: dict[str, int]
    delimiter: str
    extra: list[str]
    repeated: list[str]
    data_at: int
    lines: int = 1
    titles: int = 0
    needed: tuple[int, ...] = ()
    written: tuple[str, ...] = ()
    line: str = ""


@dataclass(frozen=True)
class Needs:
    """The columns that are read of a file: those that it must have, and of each of the `alternatives` one way. What is
    between the words of a name does not matter, but in a mapping, which says how they are written."""

    columns: list[str]
    required: frozenset[str] | set[str] = frozenset()
    alternatives: Sequence[Sequence[frozenset[str]]] = ()
    is_mapped: bool = True

    def missing(self, names: Collection[str]) -> list[str]:
        """What a header lacks, as a message names it."""
        has = set(names)
        alternatives = dict.fromkeys(
            " or ".join(" with ".join(sorted(way)) for way in ways)
            for ways in self.alternatives
            if not any(way <= has for way in ways)
        )
        return [*(name for name in self.columns if name in self.required - has), *alternatives]


@dataclass(frozen=True)
class Record:
    """`values` in the order of the header's positions; None, and a `reason`, where there are none to read."""

    line: int
    values: list[str] | None
    column: str | None = None
    value: str | None = None
    reason: str | None = None


class _Reading(io.RawIOBase):
    """What GzipFile takes for a file."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def read(self, size: int = -1) -> bytes:
        return self._read(size)


class OpenFile(io.BufferedIOBase):
    """A source opened for one reading from start to end, unpacked where it is gzip. A byte order mark tells its
    encoding, whatever that of the other files is. Raises LoadError where it cannot be read."""

    def __init__(self, source: Source, encoding: str) -> None:
        self.source, self.name = source, source.name
        try:
            self._status = source.path.stat()
            self._file = source.path.open("rb")
        except OSError as error:
            raise LoadError(f"{source.name}: cannot be opened: {error.strerror}") from error
        self._digest = hashlib.sha256()
        with self._told_errors():
            head = self._file.peek(4)
        self.is_packed = source.path.name.lower().endswith(".gz") or head.startswith(GZIP)
        if found := next((kind for mark, kind in NO_TEXT.items() if head.startswith(mark)), None):
            self._file.close()
            raise LoadError(f"{source.name}: is {found}")
        self._unpacked = gzip.GzipFile(fileobj=_Reading(self._bytes)) if self.is_packed else None
        self._skipped = 0
        self.advice = ""  # which --encoding to try, by the first value that is not of the file's
        self.encoding = self._marked_encoding() or encoding

    def _marked_encoding(self) -> str | None:
        with self._told_errors():
            head = self._unpacked.peek(3) if self._unpacked else self._file.peek(3)
        return next((encoding for mark, encoding in MARKED.items() if head.startswith(mark)), None)

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """Of the file as it lies on disk when it was opened."""
        return self._status.st_size

    @property
    def checksum(self) -> str:
        """SHA-256 of the file as it lies on disk, to be asked for last. Raises LoadError where it changed since it was
        opened."""
        while self._bytes(CHUNK):
            pass
        status = self.source.path.stat()
        if (status.st_size, status.st_mtime_ns) != (self._status.st_size, self._status.st_mtime_ns):
            raise LoadError(
                f"{self.source.name}: changed while it was read; load it again when it is complete"
            )
        return self._digest.hexdigest()

    def skip(self, size: int) -> tuple[str, bool]:
        """Begin to read after so many bytes of a file that is not packed. Their SHA-256, and whether a line ends."""
        last = b""
        while self._skipped < size and (block := self._bytes(min(CHUNK, size - self._skipped))):
            self._skipped, last = self._skipped + len(block), block
        return self._digest.hexdigest(), last.endswith("\n".encode(self.encoding))

    def _bytes(self, size: int) -> bytes:
        """The next ones on disk. That they are counted into the checksum here saves reading the file a second time."""
        block = self._file.read(size)
        self._digest.update(block)
        return block

    def utf8_chunks(self) -> Iterator[bytes]:
        """The text as UTF-8 without a byte order mark. Raises Suspect where it cannot be decoded, but
        leaves it to PostgreSQL to check what is said to be UTF-8 already."""
        chunks: Iterator[bytes] = iter(self.read1, b"")
        if self.encoding != "utf-8":
            chunks = (text.encode() for text in codecs.iterdecode(chunks, self.encoding))
        try:
            first = next(chunks, b"")
            yield first if self._skipped else first.removeprefix(codecs.BOM_UTF8)
            yield from chunks
        except UnicodeError as error:
            raise Suspect(str(error)) from error

    def text_lines(self) -> Iterator[str]:
        """Physical lines with their ends; undecodable bytes and NULs are surrogates. Raises LoadError."""
        text = io.TextIOWrapper(self, self.encoding, errors="surrogateescape", newline="")
        for number in count(1):
            try:
                line = text.readline(RECORD_LIMIT)
            except UnicodeError as error:
                raise LoadError(
                    f"{self.source.name}: part of it is not {self.encoding}; name its --encoding"
                ) from error
            if not line:
                return
            if number == 1:
                line = line.removeprefix("\N{BYTE ORDER MARK}")
            if len(line) == RECORD_LIMIT:
                raise LoadError(
                    f"{self.source.name}, line {number}: is longer than {RECORD_LIMIT} characters"
                )
            yield line.replace("\0", NUL)

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        """A chunk, whatever the size asked for: TextIOWrapper would ask for a small one. Raises LoadError."""
        with self._told_errors():
            return self._unpacked.read(CHUNK) if self._unpacked else self._bytes(CHUNK)

    @contextlib.contextmanager
    def _told_errors(self) -> Iterator[None]:
        try:
            yield
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise LoadError(f"{self.source.name}: is not a whole gzip file ({error})") from error
        except OSError as error:
            raise LoadError(f"{self.source.name}: cannot be read: {error.strerror or error}") from error


def read_header(
    file: OpenFile,
    needs: Needs,
    delimiter: str | None,
    needed: frozenset[str] | set[str] = frozenset(),
) -> Header:
    """The header of a freshly opened file, matched to the columns in any order, case and surrounding blanks: the first
    of the first lines that has all that are needed.

    Raises LoadError for an empty file, a header that cannot be read, and a column that is missing or repeated.
    """
    columns = needs.columns
    lines = file.text_lines()
    first: tuple[int, str, list[str], str] | None = None
    data_at = number = titles = 0
    while titles <= TITLE_LINES and (found := logical_line(lines)):
        line, length, is_whole = found
        at, number = number + 1, number + length
        if not is_whole and first is None:
            raise LoadError(
                f"{file.source.name}, line {at}: the header does not end within {HEADER_LIMIT} characters; "
                "is a quote open?"
            )
        data_at += len(line.encode(errors="surrogatepass"))
        if at == 1 and (separator := SEPARATOR_LINE.fullmatch(line)):
            delimiter = delimiter or separator[1]
            continue
        candidates = (delimiter,) if delimiter else DELIMITERS
        parsed = [(_header_names(line, candidate), candidate) for candidate in candidates]
        if not needs.is_mapped:
            parsed = [(known_names(names, columns), used) for names, used in parsed]
        names, used = max(parsed, key=lambda pair: (len(set(columns).intersection(pair[0])), len(pair[0])))
        first = first or (at, line, names, used)
        if not needs.missing(names):
            break
        titles += 1
    else:
        if first is None:
            raise LoadError(
                f"{file.source.name}: is empty, not even a header; export it again, or take it away: what was loaded "
                "of it before stays"
            )
        at, line, names, used = first
    where = f"{file.source.name}, line {at}"
    if UNREADABLE.search(line):
        is_wide = line.count(NUL) > len(line) / 3
        hint = "; it may be UTF-16: try --encoding utf-16" if is_wide else ""
        raise LoadError(f"{where}: the header {_unreadable_reason(line, file)}{hint}")
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if ambiguous := [name for name in repeated if name in columns]:
        raise LoadError(
            f"{where}: the header names {', '.join(ambiguous)} more than once; give the columns that are not meant "
            "other names"
        )
    if missing := needs.missing(names):
        shown = ", ".join(map(show, names))
        raise MissingColumns(f"{where}: the header lacks {', '.join(missing)}; it has {shown[:200]}")
    positions = {name: names.index(name) for name in columns if name in names}
    extra = [name for name in names if name not in positions]
    places = tuple(place for name, place in positions.items() if name in needed)
    written = tuple(header_fields(line, used))
    return Header(
        names, positions, used, extra, repeated, data_at, number, titles, places, written, line.strip()
    )


def logical_line(lines: Iterator[str]) -> tuple[str, int, bool] | None:
    """A line with those that an open quote adds to it, how many they are, and whether the quote ends."""
    line, length = "", 0
    for more in lines:
        line, length = line + more, length + 1
        if line.count('"') % 2 == 0 or len(line) > HEADER_LIMIT:
            break
    is_whole = line.count('"') % 2 == 0 and len(line) <= HEADER_LIMIT
    return (line, length, is_whole) if line else None


def _header_names(line: str, delimiter: str) -> list[str]:
    return [name.lower() for name in header_fields(line, delimiter)]


def known_names(names: list[str], columns: Collection[str]) -> list[str]:
    """With the columns that are read by their own names: `Close Date` and `close_date` are closedate, where the file
    has no closedate and one of them alone."""
    wanted = {bare(column): column for column in columns if column not in names}
    bare_names = [bare(name) for name in names]
    return [
        wanted[alike] if alike in wanted and name not in columns and bare_names.count(alike) == 1 else name
        for name, alike in zip(names, bare_names, strict=True)
    ]


def header_fields(line: str, delimiter: str) -> list[str]:
    """The fields of a line, each without surrounding blanks; none where its quotes are damaged."""
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def fast_blocks(file: OpenFile, header: Header, records: re.Pattern[bytes]) -> Iterator[bytes]:
    """The data of a freshly opened file as UTF-8, unchanged, in blocks of whole records.

    Raises Suspect for a block that `records` does not match from end to end.
    """
    skip, again = header.data_at, header.line.encode() if header.delimiter in header.line else b""
    pending = last = b""
    for chunk in file.utf8_chunks():
        pending += chunk
        if skip:
            skip, pending = max(0, skip - len(pending)), pending[skip:]
        end = pending.rfind(b"\n") + 1
        # A line end after an odd number of quotes lies inside a quoted field.
        odd = pending.count(b'"', 0, end) % 2
        while odd and end:
            earlier = pending.rfind(b"\n", 0, end - 1) + 1
            odd = (odd + pending.count(b'"', earlier, end)) % 2
            end = earlier
        if len(pending) - end > RECORD_LIMIT:
            raise Suspect("a record beyond the limit")
        if end:
            last = pending[:end]
            if again and again in last:
                raise Suspect("the header once more")
            yield _matched(last, records)
            pending = pending[end:]
    if pending:
        last = pending
        yield _matched(pending, records)
    line = last.decode(errors="replace").rstrip().rpartition("\n")[2]
    if _is_total(header_fields(line, header.delimiter)):
        raise Suspect("a line of totals")


def _matched(block: bytes, records: re.Pattern[bytes]) -> bytes:
    # Not fullmatch: that would try all ways to match the records before the one that is not plain.
    matched = records.match(block)
    if matched is None or matched.end() < len(block):
        raise Suspect("a record that is not plain")
    if any(blank.encode() in block for blank in BLANKS) and BLANK_AROUND.search(block):
        raise Suspect("a value in blanks that are not those of ASCII")
    return block


def careful_records(
    file: OpenFile, header: Header, say: Callable[[str], None] = lambda _: None
) -> Iterator[Record]:
    """Every record of a freshly opened file; lines of blanks are none, nor is a footer, of which `say` is told: a line
    of totals, or lines of one text each, after a blank one, to the end of the file. The first of these is none that may
    be an id: those have a digit and no blank.

    Raises LoadError, naming the line, where quoting is damaged and the records after it are anyone's guess.
    """
    held: list[tuple[int, list[str]]] = []  # what is a footer if nothing else follows
    after_blank = False
    for line, fields in _as_wide_as(header, _lines_of_fields(file, header)):
        if not any(field.strip() for field in fields):
            after_blank = True
        elif _is_header(fields, header):
            say(f"line {line} is the header once more, as where files were put together; it is not loaded")
        elif len(held) < FOOTER_LINES and (
            _is_total(fields) or (after_blank and _is_footer(fields, header, is_first=not held))
        ):
            held.append((line, fields))
        else:
            for earlier in held:
                yield _record(*earlier, file, header)
            held, after_blank = [], False
            yield _record(line, fields, file, header)
    if held:
        first, text = held[0][0], show(held[0][1][0].strip())
        say(f"from line {first} on it is taken for a footer and not loaded: '{text[:60]}'")


def read_rows(source: Source, encoding: str, delimiter: str | None, needs: Needs) -> Iterator[Record]:
    """The records of a whole file, with the columns that it needs. Raises LoadError as the two steps do."""
    with OpenFile(source, encoding) as file:
        header = read_header(file, needs, delimiter)
    with OpenFile(source, encoding) as file:
        yield from careful_records(file, header)


def _is_header(fields: list[str], header: Header) -> bool:
    first = header.written[0] if header.written else None
    return first is not None and first in fields[0] and tuple(map(_named, fields)) == header.written


def _named(field: str) -> str:
    """Behind a byte order mark the quotes of a field are none to csv."""
    return field.removeprefix("\N{BYTE ORDER MARK}").strip().strip('"')


def _is_footer(fields: list[str], header: Header, is_first: bool) -> bool:
    if is_first and re.fullmatch(r"\S*\d\S*", fields[0].strip()):
        return False
    is_short = len(fields) == 1 < len(header.names)
    is_padded = len(fields) == len(header.names) and any(not fields[place].strip() for place in header.needed)
    return (is_short or is_padded) and not any(field.strip() for field in fields[1:])


def _is_total(fields: list[str]) -> bool:
    """Whether a line says nothing but that it is one of totals, and numbers."""
    first, *others = [field.strip() for field in fields if field.strip()] or [""]
    return bool(TOTAL.fullmatch(first.rstrip(": "))) and all(map(AMOUNT.fullmatch, others))


def _as_wide_as(header: Header, lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The lines without the delimiter at the end of each that the header lacks, or with that which it alone has: their
    first tells."""
    wide = len(header.names)
    first = 0
    for line, fields in lines:
        first = first or len(fields)
        if first == wide + 1 and fields and not fields[-1].strip():
            fields.pop()
        elif first == wide - 1 and not header.names[-1] and len(fields) < wide:
            fields.append("")
        yield line, fields


def _lines_of_fields(file: OpenFile, header: Header) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(RECORD_LIMIT)
    lines = file.text_lines()
    before = sum(1 for _ in islice(lines, header.lines))
    last = ""

    def kept() -> Iterator[str]:
        nonlocal last
        for last in lines:  # noqa: UP028, the message below looks at it
            yield last

    reader = csv.reader(kept(), delimiter=header.delimiter, strict=True)
    started = 0
    try:
        for fields in reader:
            line, started = before + started + 1, reader.line_num
            yield line, fields
    except csv.Error as error:
        raise LoadError(
            f"{file.source.name}, line {before + started + 1}: the quotes of this record do not match, "
            f"so what follows cannot be read safely; {BACKSLASHES if BACKSLASH in last else 'mend the line'}"
        ) from error


def _record(line: int, fields: list[str], file: OpenFile, header: Header) -> Record:
    if len(fields) != len(header.names):
        text = show(header.delimiter.join(fields))
        reason = f"has {len(fields)} fields where the header has {len(header.names)}"
        return Record(line, None, None, text, reason)
    values = [trimmed(fields[position]) for position in header.positions.values()]
    bad = next((n for n, value in enumerate(values) if UNREADABLE.search(value)), None)
    if bad is None:
        return Record(line, values)
    name, value = header.names[list(header.positions.values())[bad]], values[bad]
    return Record(line, None, name, show(value), _unreadable_reason(value, file))


def trimmed(value: str) -> str:
    """Without blanks around it, if they are not those of ASCII alone: those stay in texts, and are no part of names."""
    return value.strip() if value and (value[0] in BLANKS or value[-1] in BLANKS) else value


def _unreadable_reason(value: str, file: OpenFile) -> str:
    if NUL in value:
        return "holds a NUL byte"
    if not file.advice:
        with OpenFile(file.source, file.encoding) as again:
            file.advice = " or ".join(likely_encodings(again))
    return f"is not {file.encoding}; try --encoding {file.advice}"


def likely_encodings(file: OpenFile) -> list[str]:
    """Of a freshly opened file that is not of its encoding up to four others, the likeliest first, by the first lines
    that are not."""
    unreadable = (line for line in file.text_lines() if UNREADABLE.search(line.replace(NUL, "")))
    lines = "".join(islice(unreadable, LINES_OF_ENCODING))[:HEADER_LIMIT].replace(NUL, "")
    found = from_bytes(lines.encode(file.encoding, "surrogateescape"), cp_isolation=ENCODINGS)
    alike = [match.could_be_from_charset for match in found]
    return [next(name for name in ENCODINGS if name in names) for names in alike][:4] or ENCODINGS[:1]
