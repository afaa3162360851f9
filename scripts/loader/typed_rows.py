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
import sys
from collections.abc import Iterator

from psycopg2 import sql

from loader.bulk_copy import copy
from loader.csv_reader import Header, OpenFile, Suspect, careful_records, fast_blocks
from loader.forgotten_people import overwrite_people, overwrite_rejects
from loader.load_context import FileLoad
from loader.messages import LoadError, show
from loader.raw_tables import IS_DELETED, differs, fault, key_hash, names, plain_records, same_key

TYPED = sql.Identifier("pg_temp", "typed")
INCOMING = sql.Identifier("pg_temp", "incoming")
FIRST_REJECTS = 5
MANY_REPEATS = 0.005  # of a log's rows; a field set twice in a second is rarer
LARGE_BYTES = 1 << 20  # from here on, building an index anew beats keeping it up row by row


def stage_directly(load: FileLoad, header: Header) -> bool:
    """Copy a large file into its empty table. False, and nothing done, where that cannot be: it is for stage_fast.

    Raises as stage_fast does.
    """
    is_large = load.source.path.stat().st_size >= LARGE_BYTES
    is_plain = not header.extra and IS_DELETED not in header.positions
    if not is_plain or load.remembers_forgotten or not is_large or not load.begin_first_load():
        return False
    _copy_plain(load, header, load.table.id, _columns(header), freeze=True)
    if _has_repeated_keys(load, load.table.id):
        return False
    load.end_first_load()
    load.counts.new = load.counts.read
    return True


def stage_fast(load: FileLoad, header: Header) -> None:
    """Raises Suspect, or what PostgreSQL raises for a value it refuses."""
    columns = _columns(header)
    _create_typed(load, [column for column in columns if column.string.startswith("_extra_")])
    _copy_plain(load, header, TYPED, columns)
    overwrite_people(load)
    _settle_repeated_keys(load)


def _columns(header: Header) -> list[sql.Identifier]:
    columns = [sql.Identifier(f"_extra_{n}") for n in range(len(header.names))]
    for name, position in header.positions.items():
        columns[position] = sql.Identifier(name)
    return columns


def _copy_plain(
    load: FileLoad,
    header: Header,
    target: sql.Identifier,
    columns: list[sql.Identifier],
    freeze: bool = False,
) -> None:
    pattern = plain_records(load.table, header)
    with OpenFile(load.source, load.options.encoding) as file:
        copy(load, target, columns, header.delimiter, fast_blocks(file, header, pattern), freeze)
        load.checksum = file.checksum


def stage_carefully(load: FileLoad, header: Header) -> None:
    """Raises LoadError where the rest of the file cannot be read or too many rows are rejected."""
    _create_typed(load, [])
    load.execute(
        "create temp table incoming"
        " (_row bigint, _line bigint, _column text, _value text, _reason text, _is_deleted text, {texts})"
        " on commit drop",
        texts=sql.SQL(", ").join(sql.SQL("{} text").format(column.id) for column in load.table.columns),
    )
    own = ("_row", "_line", "_column", "_value", "_reason")
    with OpenFile(load.source, load.options.encoding) as file:
        columns = [sql.Identifier(name) for name in (*own, *header.positions)]
        copy(load, INCOMING, columns, ",", _record_blocks(file, header))
        load.checksum = file.checksum
    faults = [(column, fault(column)) for column in load.table.columns]
    load.execute(
        "update pg_temp.incoming set (_column, _value, _reason) = ("
        " select name, left(value, 200), reason"
        " from (values {faults}) as faults (position, name, value, reason)"
        " where reason is not null order by position limit 1)"
        " where _reason is null and coalesce({reasons}) is not null",
        reasons=sql.SQL(", ").join(reason for _, reason in faults),
        faults=sql.SQL(", ").join(
            sql.SQL("({}, {}, {}, {})").format(sql.Literal(n), sql.Literal(column.name), column.id, reason)
            for n, (column, reason) in enumerate(faults)
        ),
    )
    load.execute(
        "insert into pg_temp.typed (_row, _line, _is_deleted, {file_columns})"
        " select _row, _line, coalesce(_is_deleted::boolean, false), {casts} from pg_temp.incoming"
        " where _reason is null",
        file_columns=names(load.table.columns),
        casts=load.casts(load.table.columns),
    )
    overwrite_people(load)
    _settle_repeated_keys(load)
    _record_rejects(load)


def _create_typed(load: FileLoad, extra: list[sql.Identifier]) -> None:
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
        " (_row bigint generated by default as identity (cache 1000), _line bigint,"
        " _occurrence integer not null default 1, _is_deleted boolean not null default false, {typed}) on commit drop",
        typed=sql.SQL(", ").join([*columns, *(sql.SQL("{} text").format(name) for name in extra)]),
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
    load.execute(
        "create temp table repeated on commit drop as"
        " select typed._row, first._line as first_line, {differs} as conflicts"
        " from ("
        "  select min(_row) as _row from pg_temp.typed group by {keys} having count(*) > 1"
        " ) as firsts"
        " inner join pg_temp.typed as first on first._row = firsts._row"
        " inner join pg_temp.typed on typed._row > first._row and {same}",
        same=same_key(load.table.key_columns, "typed", "first"),
        differs=differs(load.table, "typed", "first"),
    )
    conflicts = load.scalar("select count(*) filter (where conflicts) from pg_temp.repeated")
    if conflicts and not load.careful:
        raise Suspect("a key with other values")
    if conflicts:
        load.execute(
            "update pg_temp.incoming"
            " set _reason = 'has the key of line ' || first_line || ' but other values'"
            " from pg_temp.repeated where conflicts and incoming._row = repeated._row"
        )
    load.execute("delete from pg_temp.typed using pg_temp.repeated where typed._row = repeated._row")
    load.counts.unchanged = load.cursor.rowcount - conflicts
    load.execute("drop table pg_temp.repeated")


def _number_equal_rows(load: FileLoad) -> None:
    """Two changes of one deal, field and moment to one value are two changes: A → B → A within a second ends as A.
    By old value first, so that the same rows in another order have the same numbers."""
    key = load.table.file_key_columns
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


def _record_rejects(load: FileLoad) -> None:
    """Keep the rejected rows and name the first few. Raises LoadError where they are too many."""
    overwrite_rejects(load)
    load.execute(
        "insert into raw.rejected_rows"
        " (_loaded_at, file_name, source_file, line_number, column_name, value, reason)"
        " select {loaded_at}, {file_name}, {source_file}, _line, _column, _value, _reason"
        " from pg_temp.incoming where _reason is not null"
    )
    rejected, read = load.cursor.rowcount, load.counts.read
    if not rejected:
        return
    load.counts.rejected = rejected
    load.execute(
        "select _line, _column, _value, _reason from pg_temp.incoming where _reason is not null"
        " order by _line limit {}",
        sql.Literal(FIRST_REJECTS),
    )
    first = [_describe(*reject) for reject in load.cursor.fetchall()]
    for reject in first:
        print(f"{load.source.name}, {reject}", file=sys.stderr)
    if rejected > read * load.options.max_rejects:
        raise LoadError(
            f"{load.source.name}: {rejected:,} of {read:,} rows rejected ({rejected / read:.2%}, "
            f"--max-rejects allows {load.options.max_rejects:.2%}), the first at {first[0]}"
        )
    load.warn(f"{rejected:,} of {read:,} rows rejected; they are in raw.rejected_rows")


def _record_blocks(file: OpenFile, header: Header) -> Iterator[bytes]:
    """The records as CSV with their row number, line and complaint in front."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    nothing = [""] * len(header.positions)
    for number, record in enumerate(careful_records(file, header), start=1):
        values = nothing if record.values is None else record.values
        writer.writerow([number, record.line, record.column, record.value, record.reason, *values])
        if buffer.tell() >= 1 << 18:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _describe(line: int, column: str | None, value: str | None, reason: str) -> str:
    place = f"line {line}" if column is None else f"line {line}, column {column}"
    return f"{place}: {reason}" if value is None else f"{place}: '{show(value)[:60]}' {reason}"
