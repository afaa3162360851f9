"""Read one file into the database: straight into its table, or into the temporary table `typed`.

Staging is direct, fast or careful. Fast: the bytes are proved plain, block by block, and copied straight into typed
columns. Direct: the same, but into the empty table itself, with its indexes off. When a block is not plain,
PostgreSQL refuses a value or an id repeats with other values, the file is staged again carefully: record by record
as text, with line numbers, so that every row at fault is found and recorded; the rest is cast. All leave the same
rows.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from psycopg2 import sql

from loader import kept_columns
from loader.bulk_copy import copy
from loader.csv_reader import Header, OpenFile, Suspect, careful_records, fast_blocks
from loader.export_files import Source
from loader.forgotten_people import overwrite_people, overwrite_rejects
from loader.load_context import FileLoad
from loader.messages import LoadError, show
from loader.raw_tables import (
    DELETED,
    IS_DELETED,
    differs,
    fault,
    key_hash,
    names,
    plain_records,
    same_key,
)
from loader.written_values import ValueReader

TYPED = sql.Identifier("pg_temp", "typed")
INCOMING = sql.Identifier("pg_temp", "incoming")
FIRST_REJECTS = 5
IS_PERSON = "ispersonaccount"  # of an account, in Salesforce
MANY_REPEATS = 0.005  # of a log's rows; a field set twice in a second is rarer
LARGE_BYTES = 1 << 20  # from here on, building an index anew beats keeping it up row by row


def stage_directly(load: FileLoad) -> bool:
    """Copy a large file into its empty table. False, and nothing done, where that cannot be: it is for stage_fast.

    Raises as stage_fast does.
    """
    is_large = sum(part.path.stat().st_size for part, _ in load.parts) >= LARGE_BYTES
    is_plain = not any(
        header.extra or {IS_DELETED, IS_PERSON} & set(header.positions) for _, header in load.parts
    )
    if not is_plain or len(load.parts) > 1 or load.remembers_forgotten or not is_large:
        return False
    if not load.begin_first_load():
        return False
    _copy_plain(load, load.table.id, freeze=True)
    if _has_repeated_keys(load, load.table.id):
        return False
    load.end_first_load()
    load.counts.new = load.counts.read
    return True


def stage_fast(load: FileLoad) -> None:
    """Raises Suspect, or what PostgreSQL raises for a value it refuses."""
    _create_typed(load)
    _copy_plain(load, TYPED)
    _withhold_people(load)
    _settle_repeated_keys(load)


def _columns(header: Header) -> list[sql.Identifier]:
    columns = [sql.Identifier(f"_extra_{n}") for n in range(len(header.names))]
    for name, position in header.positions.items():
        columns[position] = sql.Identifier(name)
    return columns


def stage_rest(load: FileLoad, file: OpenFile, header: Header, rows: int) -> None:
    """Stage what follows in a file of which so many rows were read before, as `stage_fast` does. Raises Suspect also
    where a key occurs twice: what becomes of it depends on all rows of the file."""
    _create_typed(load, rows + 1)
    _begin(load)
    blocks = fast_blocks(file, replace(header, data_at=0), plain_records(load.table, header))
    copy(load, TYPED, _columns(header), header.delimiter, blocks)
    add_checksum(load, file)
    if _has_repeated_keys(load, TYPED):
        raise Suspect("a key that repeats")
    _withhold_people(load)
    load.counts.read += rows


def _begin(load: FileLoad) -> None:
    load.counts.read, load.starts, load.checksum, load.plain_bytes = 0, [], "", None


def add_checksum(load: FileLoad, file: OpenFile) -> None:
    """Of one file it is that of its bytes; of several, that of theirs. To be called once each is read."""
    checksum = file.checksum
    load.checksum = sha256((load.checksum + checksum).encode()).hexdigest() if load.checksum else checksum
    if not load.careful and len(load.parts) == 1 and not file.is_packed and file.encoding == "utf-8":
        load.plain_bytes = file.size


def _copy_plain(load: FileLoad, target: sql.Identifier, freeze: bool = False) -> None:
    _begin(load)
    for part, header in load.parts:
        if part.rules:
            raise Suspect("values that rules of a mapping read")
        pattern = plain_records(load.table, header)
        with load.open(part) as file:
            blocks = fast_blocks(file, header, pattern)
            copy(load, target, _columns(header), header.delimiter, blocks, freeze)
            add_checksum(load, file)


def stage_carefully(load: FileLoad) -> None:
    """Raises LoadError where the rest of the file cannot be read or too many rows are rejected."""
    kept = kept_columns.staged(load)
    _create_typed(load)
    _create_incoming(load, [name for name, _ in kept])
    own = ("_row", "_source", "_line", "_written", "_column", "_value", "_reason")
    _begin(load)
    for part, header in load.parts:
        with load.open(part) as file:
            columns = [sql.Identifier(name) for name in (*own, *header.positions)]
            copy(load, INCOMING, columns, ",", _record_blocks(load, part, file, header))
            add_checksum(load, file)
    _leave_out(load)
    _find_faults(load)
    load.execute(
        "insert into pg_temp.typed (_row, _line, _is_deleted, _extra, {file_columns})"
        " select _row, _line, coalesce(_is_deleted::boolean, false), {extra}, {casts} from pg_temp.incoming"
        " where _reason is null",
        extra=kept_columns.as_object(load) if kept else sql.SQL("null"),
        file_columns=names(load.table.columns),
        casts=load.casts(load.table.columns),
    )
    _withhold_people(load)
    _settle_repeated_keys(load)
    _record_rejects(load)


def _create_incoming(load: FileLoad, kept: list[str]) -> None:
    load.execute(
        "create temp table incoming"
        " (_row bigint, _source text, _line bigint, _written jsonb, _column text, _value text, _reason text,"
        " _is_deleted text, {texts})"
        " on commit drop",
        texts=sql.SQL(", ").join(
            sql.SQL("{} text").format(sql.Identifier(name))
            for name in [*(column.name for column in load.table.columns), *kept]
        ),
    )


def _find_faults(load: FileLoad) -> None:
    """Say of each row of `incoming` that cannot be cast which column is the first at fault, and why."""
    marks = [
        header.names[header.positions[IS_DELETED]]
        for _, header in load.parts
        if IS_DELETED in header.positions
    ]
    faults = [(column, fault(column)) for column in [*load.table.columns, DELETED]]
    load.execute(
        "update pg_temp.incoming set (_column, _value, _reason) = ("
        " select name, left(coalesce(_written ->> name, value), 200), reason"
        " from (values {faults}) as faults (position, name, value, reason)"
        " where reason is not null order by position limit 1)"
        " where _reason is null and coalesce({reasons}) is not null",
        reasons=sql.SQL(", ").join(reason for _, reason in faults),
        faults=sql.SQL(", ").join(
            sql.SQL("({}, {}, {}, {})").format(
                sql.Literal(n),
                sql.Literal(column.name if column is not DELETED or not marks else marks[0]),
                column.id,
                reason,
            )
            for n, (column, reason) in enumerate(faults)
        ),
    )


def _withhold_people(load: FileLoad) -> None:
    """Who is forgotten stays so. The name of a person account of Salesforce is a person's: it is not loaded, as that of
    a lead is not."""
    overwrite_people(load)
    if any(IS_PERSON in header.positions for _, header in load.parts):
        load.execute("update pg_temp.typed set name = null where {}", sql.Identifier(IS_PERSON))


def _leave_out(load: FileLoad) -> None:
    """Rows about no deal, such as a call to somebody who is no lead yet. They are lawful, and no report counts them."""
    header = load.parts[0][1]
    for name in load.table.left_out_without:
        if name not in header.positions:
            continue
        load.execute(
            "delete from pg_temp.incoming where _reason is null and nullif(btrim({}), '') is null",
            sql.Identifier(name),
        )
        if left_out := load.cursor.rowcount:
            load.say(
                f"{load.source.name}: {left_out:,} of {load.counts.read:,} rows have no {name}, so they are "
                "about no deal; they are left out"
            )
            load.counts.read -= left_out


def _create_typed(load: FileLoad, first_row: int = 1) -> None:
    """Whatever else the files have is copied along, but for careful staging, which leaves it out itself."""
    found = {column.string for _, header in load.parts for column in _columns(header)}
    extra = [] if load.careful else sorted(name for name in found if name.startswith("_extra_"))
    columns = [
        sql.SQL("{} {} {} {}").format(
            column.id,
            sql.SQL(column.type),
            sql.SQL("not null" if column.required else ""),
            sql.SQL(f"check ({column.limit})" if column.limit else ""),
        )
        for column in load.table.columns
    ]
    load.execute(
        "create temp table typed"
        " (_row bigint generated by default as identity (start {first_row} cache 1000), _line bigint,"
        " _occurrence integer not null default 1, _is_deleted boolean not null default false, _extra jsonb, {typed})"
        " on commit drop",
        first_row=sql.Literal(first_row),
        typed=sql.SQL(", ").join(
            [*columns, *(sql.SQL("{} text").format(sql.Identifier(name)) for name in extra)]
        ),
    )


def _has_repeated_keys(load: FileLoad, relation: sql.Identifier) -> bool:
    """Whether a key occurs twice, or, once in ages, two keys have the same hash."""
    query = "select count(*) > count(distinct {key_hash}) from {relation}"
    return bool(load.scalar(query, key_hash=key_hash(load.table), relation=relation))


def _settle_repeated_keys(load: FileLoad) -> None:
    """Number the equal rows of a log. Elsewhere keep the first row of a key: its exact repetition is unchanged, other
    values are rejected.

    Raises Suspect for the latter after fast staging, which knows no line numbers.
    """
    if not _has_repeated_keys(load, TYPED):
        return
    load.execute("analyze pg_temp.typed")  # else the join below compares every row with every other
    if load.table.numbers_equal_rows:
        _number_equal_rows(load)
        return
    _settle_what_came_back(load)
    load.execute(
        "create temp table repeated on commit drop as"
        " select typed._row, first._row as first_row, {differs} as conflicts"
        " from ("
        "  select min(_row) as _row from pg_temp.typed group by {keys} having count(*) > 1"
        " ) as firsts"
        " inner join pg_temp.typed as first on first._row = firsts._row"
        " inner join pg_temp.typed on typed._row > first._row and {same}",
        same=same_key(load.table.key_columns, "typed", "first"),
        differs=differs(load.table.other_columns, "typed", "first"),
    )
    conflicts = load.scalar("select count(*) filter (where conflicts) from pg_temp.repeated")
    if conflicts and not load.careful:
        raise Suspect("a key with other values")
    if conflicts:
        load.execute(
            "update pg_temp.incoming"
            " set _reason = 'has the key of line ' || first._line"
            "  || case when first._source <> incoming._source then ' of ' || first._source else '' end"
            "  || ' but other values'"
            " from pg_temp.repeated inner join pg_temp.incoming as first on repeated.first_row = first._row"
            " where conflicts and incoming._row = repeated._row"
        )
    load.execute("delete from pg_temp.typed using pg_temp.repeated where typed._row = repeated._row")
    load.counts.unchanged = load.cursor.rowcount - conflicts
    load.execute("drop table pg_temp.repeated")


def _settle_what_came_back(load: FileLoad) -> None:
    """Who was removed and added again has a row for each time. The one that is not deleted counts, else the first."""
    is_marked = any(IS_DELETED in header.positions for _, header in load.parts)
    if not is_marked and not load.table.counts_first:
        return
    preferred = (
        sql.SQL("{} desc nulls last").format(sql.Identifier(name)) for name in load.table.counts_first
    )
    is_former = sql.SQL("true" if load.table.counts_first else "_is_deleted")
    load.execute(
        "delete from pg_temp.typed using ("
        " select _row, row_number() over (partition by {keys} order by {first}, _row) as place from pg_temp.typed"
        ") as ranked where ranked.place > 1 and ranked._row = typed._row and {is_former}",
        first=sql.SQL(", ").join([sql.SQL("_is_deleted"), *preferred]),
        is_former=is_former,
    )


def _number_equal_rows(load: FileLoad) -> None:
    """Two changes of one deal, field and moment to one value are two changes: A → B → A within a second ends as A.
    By old value first, so that the same rows in another order have the same numbers."""
    key = load.table.file_key_columns
    if len(load.parts) > 1:
        _settle_overlap(load)
    load.execute(
        "update pg_temp.typed set _occurrence = numbered.number"
        " from ("
        "  select typed._row, row_number() over (partition by {typed_key} order by {others} typed._row) as number"
        "  from pg_temp.typed"
        "  inner join (select {file_key} from pg_temp.typed group by {file_key} having count(*) > 1) as repeated"
        "  on {same}"
        " ) as numbered"
        " where number > 1 and typed._row = numbered._row",
        typed_key=names(key, "typed"),
        file_key=names(key),
        others=sql.SQL("").join(
            sql.SQL("typed.{}, ").format(column.id) for column in load.table.other_columns
        ),
        same=same_key(key, "typed", "repeated"),
    )
    repeated, read = load.cursor.rowcount, load.counts.read
    if repeated > read * MANY_REPEATS:
        load.warn(
            f"{repeated:,} of {read:,} rows ({repeated / read:.1%}) repeat an earlier row of the file; each is kept as "
            "a change of its own. That is right for a field that was set twice in a second; if the file was put "
            "together of exports that overlap, make it without the repeats and load it again"
        )


def _settle_overlap(load: FileLoad) -> None:
    """A change that stands in two of the files happened once. What a mapping makes of one file in several ways is one;
    what it makes of lists of several days tells things again, such as the creation of a deal, and the first counts.
    Raises LoadError for files that are logs themselves."""
    names_of_parts = [part.name for part, _ in load.parts]
    starts = [load.starts[names_of_parts.index(name)] for name in dict.fromkeys(names_of_parts)]
    part = sql.SQL("width_bucket(_row, {})").format(sql.Literal(starts))
    if all(part.is_mapped for part, _ in load.parts):
        load.execute(
            "delete from pg_temp.typed using ("
            " select {file_key}, min({part}) as first_part from pg_temp.typed group by {file_key}"
            " having min({part}) < max({part})"
            ") as told where {same} and {part} > told.first_part",
            file_key=names(load.table.file_key_columns),
            part=part,
            same=same_key(load.table.file_key_columns, "typed", "told"),
        )
        return
    overlapping = load.scalar(
        "select count(*) from (select from pg_temp.typed group by {file_key} having min({part}) < max({part})) as keys",
        file_key=names(load.table.file_key_columns),
        part=part,
    )
    if overlapping:
        raise LoadError(
            f"{load.source.name}: {overlapping:,} changes stand in more than one of "
            f"{', '.join(dict.fromkeys(names_of_parts))}; load files that do not overlap, the newest alone, or one "
            "after the other with --mode delta"
        )


def _record_rejects(load: FileLoad) -> None:
    """Keep the rejected rows and name the first few. Raises LoadError where they are too many."""
    overwrite_rejects(load)
    load.execute(
        "insert into raw.rejected_rows"
        " (_loaded_at, file_name, source_file, line_number, column_name, value, reason)"
        " select {loaded_at}, {file_name}, _source, _line, _column, _value, _reason"
        " from pg_temp.incoming where _reason is not null"
    )
    rejected, read = load.cursor.rowcount, load.counts.read
    if not rejected:
        return
    load.counts.rejected = rejected
    load.execute(
        "select _row, _source, _line, _column, _value, _reason from pg_temp.incoming where _reason is not null"
        " order by _row limit {}",
        sql.Literal(FIRST_REJECTS),
    )
    rejects = [
        (source, _describe(line, column, load.part_of(row).origins.get(column or ""), value, reason))
        for row, source, line, column, value, reason in load.cursor.fetchall()
    ]
    for source, reject in rejects:
        print(f"{source}, {reject}", file=sys.stderr)
    first = rejects[0][1] if rejects[0][0] == load.source.name else ", ".join(rejects[0])
    if rejected > read * load.options.max_rejects:
        raise LoadError(
            f"{load.source.name}: {rejected:,} of {read:,} rows rejected ({rejected / read:.2%}, "
            f"--max-rejects allows {load.options.max_rejects:.2%}), the first at {first}"
            f"{_remedy(load, rejects[0][1])}"
        )
    load.warn(f"{rejected:,} of {read:,} rows rejected; they are in raw.rejected_rows")


# What a complaint that names no mend ends with, and the mend by a mapping.
REMEDIES = {
    " date (YYYY-MM-DD)": 'other dates go by "date_format"',
    " time (YYYY-MM-DD HH:MM:SS, offset optional)": 'other times go by "date_format"',
    " number": 'what stands for nothing goes by "values", and a line of totals by "drop"',
    "is not true or false": 'other words for it go by "values"',
    "is empty, but the column is required": 'a line that is no record, such as one of totals, goes by "drop"',
}


def _remedy(load: FileLoad, reject: str) -> str:
    """How to mend the first rejected row, where that is known. Two rows with one key may be lawful where they came
    from: an ad's on telephones and on computers, a deal's in the lists of two days, a record's lines."""
    keys = [column.name for column in load.table.file_key_columns]
    if "has the key of" not in reject:
        found = next((mend for end, mend in REMEDIES.items() if reject.endswith(end)), "")
        return f"; {found} of a mapping, see docs/mapping.md" if found and not load.source.from_table else ""
    if re.search(r"has the key of line \d+ of ", reject):
        return "; of one list on several days load the newest alone, or all with --mode delta: the last one counts"
    return f"; rows are told apart by {' and '.join(keys)}, see docs/mapping.md#several-rows-with-one-key"


def _record_blocks(load: FileLoad, part: Source, file: OpenFile, header: Header) -> Iterator[bytes]:
    """The records as CSV with their row number, file, line, what was written otherwise, and complaint in front."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    nothing = [""] * len(header.positions)
    zone = load.options.source_timezone
    reader = ValueReader(load.table, header, part.rules, zone, lambda: load.open(part))
    records = careful_records(file, header, lambda told: load.say(f"{part.name}: {told}"))
    for number, record in enumerate(records, start=load.counts.read + 1):
        complaint: tuple[str | None, str | None, str | None] | None
        if record.values is None:
            values, complaint, written = nothing, (record.column, record.value, record.reason), {}
            if record.line in part.faults:
                complaint = None, None, part.faults[record.line]
        else:
            complaint = reader.read(record.values)
            values, written = record.values, reader.written
        told = json.dumps(written) if written else None
        writer.writerow([number, part.name, record.line, told, *(complaint or (None, None, None)), *values])
        if buffer.tell() >= 1 << 18:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    if reader.missing:
        [(marker, _)] = reader.missing.most_common(1)
        load.warn(f"{reader.missing.total():,} values such as '{show(marker)}' are read as missing")
    yield buffer.getvalue().encode()


def _describe(line: int, column: str | None, origin: str | None, value: str | None, reason: str) -> str:
    place = f"line {line}" if column is None else f"line {line}, column {column}"
    if column and origin and show(origin.lower()) != column:
        place += f" (from {show(origin)[:100]})"
    return f"{place}: {reason}" if value is None else f"{place}: '{show(value)[:60]}' {reason}"
