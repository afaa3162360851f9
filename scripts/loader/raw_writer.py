"""Append what was staged in `typed` to the raw table: all of it, or the differences to the newest versions."""

from __future__ import annotations

from psycopg2 import sql

from loader.csv_reader import Suspect
from loader.kept_columns import merged, staged
from loader.load_context import FileLoad
from loader.messages import LoadError
from loader.raw_tables import differs, fault, same_key

MANY_ROWS = 100_000  # from here on, building an index anew beats keeping it up row by row
META = sql.SQL("_loaded_at, _row_number, _version, _is_deleted, _source_file")
LOG_META = sql.SQL("{}, _first_loaded_at").format(META)
IS_GONE = sql.SQL("(typed._row is null or typed._is_deleted)")


def append_all(load: FileLoad) -> None:
    """Into an empty table: nothing to compare with."""
    is_parked = load.counts.read >= MANY_ROWS and load.begin_first_load()
    load.execute(
        "insert into {table} ({columns}, {meta} {deal_key_column} {extra})"
        " select {columns}, {loaded_at}, _row, 1, false, {source_file} {deal_key} {extra} from pg_temp.typed"
        " where not _is_deleted",
        meta=META,
        extra=_extra(load),
    )
    load.counts.new = load.cursor.rowcount
    load.counts.unchanged = load.counts.read - load.counts.new - load.counts.rejected
    if is_parked:
        load.end_first_load()


def append_differences(load: FileLoad, is_rest: bool = False) -> None:
    """Append new keys, changed values and tombstones: for keys that a connector marks as deleted and, in full mode, for
    those that the file no longer has. What the file has no column for stays as it was. What is the rest of a file has
    new keys only.

    Raises LoadError where more keys would be deleted than allowed, Suspect where the rest has a key that is known.
    """
    full = load.options.mode == "full" and not is_rest
    load.execute("analyze pg_temp.typed")
    if load.options.mode == "delta" and load.table.modified:
        _leave_out_older_rows(load, sql.Identifier(load.table.modified))
    load.execute(
        "create temp table difference on commit drop as"
        " select coalesce(nullif(newest._row_number, 0), typed._row, 0) as _row_number, {first_loaded_at}"
        "  newest._version, {is_gone} as is_gone, {values} {merged}"
        " from pg_temp.typed {join} ({stored}) as newest on {same}"
        " where case when {is_gone} then not newest._is_deleted"
        "  else newest._version is null or newest._is_deleted or {differs} {extra_differs} end",
        is_gone=IS_GONE,
        join=sql.SQL("full join" if full else "left join"),
        stored=load.newest if full else load.newest_of_staged(),
        same=same_key(load.table.key_columns, "typed", "newest"),
        first_loaded_at=sql.SQL(
            "coalesce(newest._first_loaded_at, newest._loaded_at) as _first_loaded_at,"
            if load.table.event_time
            else ""
        ),
        differs=differs(
            [column for column in load.table.other_columns if column not in load.lacking], "typed", "newest"
        ),
        merged=sql.SQL("" if load.table.is_setting else ", {} as _extra").format(merged(load)),
        extra_differs=sql.SQL("or newest._extra is distinct from {}" if staged(load) else "").format(
            merged(load)
        ),
        values=sql.SQL(", ").join(
            sql.SQL(
                "newest.{0}"
                if column in load.lacking
                else "case when {1} then newest.{0} else typed.{0} end as {0}"
            ).format(column.id, IS_GONE)
            for column in load.table.stored_columns
        ),
    )
    if is_rest and load.scalar(
        "select (select count(*) from pg_temp.difference where _version is null) < (select count(*) from pg_temp.typed)"
    ):
        raise Suspect("a key that is known")
    if load.options.mode == "full":
        if load.counts.rejected:
            _spare_rejected_keys(load)
        if load.table.retired_when:
            _spare_retired_rows(load, load.table.retired_when)
        _check_age(load)
        _check_deletions(load)
    load.execute(
        "select count(*) filter (where _version is null), count(*) filter (where is_gone), count(*)"
        " from pg_temp.difference"
    )
    counts = load.counts
    [(counts.new, counts.deleted, appended)] = load.cursor.fetchall()
    counts.changed = appended - counts.new - counts.deleted
    counts.unchanged = counts.read - counts.new - counts.changed - counts.rejected
    load.execute(
        "insert into {table} ({columns}, {meta} {deal_key_column} {extra})"
        " select {columns}, {loaded_at}, _row_number, coalesce(_version, 0) + 1, is_gone, {source_file}"
        " {first_loaded_at} {deal_key} {extra} from pg_temp.difference",
        extra=_extra(load),
        meta=LOG_META if load.table.event_time else META,
        first_loaded_at=sql.SQL(", _first_loaded_at" if load.table.event_time else ""),
    )
    load.execute("drop table pg_temp.difference")


def _extra(load: FileLoad) -> sql.SQL:
    return sql.SQL("" if load.table.is_setting else ", _extra")


def _check_age(load: FileLoad) -> None:
    """An older export after a newer one would undo the newer. It shows in a file that was loaded before another one,
    or, in a log, in one that has nothing new and lacks only what is later than its own end. A log of the last days
    alone would undo what came before: it lacks only what is earlier than its own beginning, of deals that it has.

    Raises LoadError for a log; for another table, which may well go back to what it was, warns. A setting goes back
    whenever its user wants, and a connector's table holds what is now.
    """
    is_current = load.table.is_setting or load.source.from_table
    if is_current or not load.scalar("select exists (select from pg_temp.difference)"):
        return
    load.cursor.execute(
        "select _loaded_at::date::text from raw.load_batches where file_name = %(file)s and checksum = %(checksum)s"
        " and _loaded_at < (select max(_loaded_at) from raw.load_batches where file_name = %(file)s)"
        " order by _loaded_at desc limit 1",
        {"file": load.table.file_name, "checksum": load.checksum},
    )
    if earlier := load.cursor.fetchone():
        found = f"is the file that was loaded on {earlier[0]}, and a newer one was loaded since"
    elif load.table.event_time and load.scalar(
        "select min({time}) filter (where is_gone) > (select max({time}) from pg_temp.typed)"
        " and count(*) filter (where _version is null) = 0 from pg_temp.difference",
        time=sql.Identifier(load.table.event_time),
    ):
        found = "has no new row, and lacks only rows that are later than all of its own"
    elif load.table.event_time and not load.options.accept_older and (cut_off := _count_cut_off(load)):
        raise LoadError(
            f"{load.source.name}: begins later than what is loaded: it lacks {cut_off:,} rows that are earlier than "
            "all of its own; load a log of the last days alone with --mode delta, or add --accept-older if what it "
            "lacks is to be marked deleted"
        )
    else:
        return
    if load.table.event_time and not load.options.accept_older:
        raise LoadError(
            f"{load.source.name}: looks older than what is loaded: it {found}; load the newest export, "
            "or add --accept-older if what it lacks is to be marked deleted"
        )
    load.warn(f"looks older than what is loaded: it {found}; its rows count as the newest")


def _count_cut_off(load: FileLoad) -> int:
    """What a log lacks, if all of that is earlier than its beginning and some of it is of several deals that it has: of
    one deal the first change may well have been taken back."""
    cut_off: int = load.scalar(
        "select case when max({time}) < (select min({time}) from pg_temp.typed)"
        " and count(distinct {deal}) filter (where {deal} in (select {deal} from pg_temp.typed)) > 1"
        " then count(*) else 0 end from pg_temp.difference where is_gone",
        time=sql.Identifier(load.table.event_time or ""),
        deal=sql.Identifier(load.table.key[0]),
    )
    return cut_off


def _check_deletions(load: FileLoad) -> None:
    gone = load.scalar("select count(*) from pg_temp.difference where is_gone")
    if not gone:
        return
    live = load.scalar("select count(*) from ({newest}) as newest where not newest._is_deleted")
    if gone > live * load.options.max_deleted:
        raise LoadError(
            f"{load.source.name}: would delete {gone:,} of {live:,} keys ({gone / live:.1%}), "
            f"--max-deleted allows {load.options.max_deleted:.1%}; raise it if that is right, "
            "or use --mode delta"
        )


def _leave_out_older_rows(load: FileLoad, modified: sql.Identifier) -> None:
    """A delta that is loaded after a later one would take back what that brought."""
    load.execute(
        "delete from pg_temp.typed using ({stored}) as newest where {same} and typed.{modified} < newest.{modified}",
        stored=load.newest_of_staged(),
        same=same_key(load.table.key_columns, "typed", "newest"),
        modified=modified,
    )
    if load.cursor.rowcount:
        load.warn(
            f"what is loaded of these rows was changed later at their source, so that they change nothing: "
            f"{load.cursor.rowcount:,}; an older delta after a newer one?"
        )


def _spare_retired_rows(load: FileLoad, retired_when: str) -> None:
    """What a source no longer gives for its age stays as it was, unless the file itself says that it is deleted."""
    load.execute(
        "delete from pg_temp.difference where is_gone and {retired}"
        " and not exists (select from pg_temp.typed where {same})",
        retired=sql.SQL(retired_when),
        same=same_key(load.table.key_columns, "difference", "typed"),
    )


def _spare_rejected_keys(load: FileLoad) -> None:
    """A rejected row is still in the file: its key is not gone. Where one cannot be read, none is."""
    keys = load.table.file_key_columns
    load.execute(
        "create temp table spared on commit drop as select {casts} from pg_temp.incoming"
        " where _reason is not null and {readable}",
        casts=load.casts(keys),
        readable=sql.SQL(" and ").join(sql.SQL("{} is null").format(fault(key)) for key in keys),
    )
    all_readable = load.cursor.rowcount == load.counts.rejected
    load.execute(
        "delete from pg_temp.difference where is_gone"
        " and ({any} or exists (select 1 from pg_temp.spared where {same}))",
        any=sql.Literal(not all_readable),
        same=same_key(keys, "difference", "spared"),
    )
    if load.cursor.rowcount and not all_readable:
        load.warn(
            f"{load.cursor.rowcount:,} keys are not in the file, but none was marked deleted "
            "because rejected rows may hold them"
        )
    load.execute("drop table pg_temp.spared")
