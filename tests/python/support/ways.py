"""What each way into the loader cannot give (scripts/loader/cannot_give.yml), and the reports that this touches."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg2.extensions
import yaml
from sqlglot import parse_one

from conftest import ROOT
from fetch.lists import LISTS
from loader import connectors
from loader.mapping import SHIPPED as SCREENS
from loader.mapping import read_mapping
from support import connector_shapes
from support.compiled import Compiled
from support.connector_shapes import SHAPES, Row, fill, write
from support.lineage import ROWS, Column, Lineage
from support.screen_exports import SCREEN_EXPORTS

FILE = ROOT / "scripts" / "loader" / "cannot_give.yml"
API = "pipedrive's API"
SCHEMA = "synced"
Files = dict[str, list[Row]]
Sample = connector_shapes.Pipedrive | connector_shapes.Salesforce | connector_shapes.HubSpot
# Of each CRM the file that is a log of fields, the column that names the field, and what int_deal_events calls it.
LOGS = {
    "pipedrive": ("deal_changes.csv", "changed_field_key"),
    "hubspot": ("hubspot_deal_property_history.csv", "property"),
    "salesforce": ("OpportunityFieldHistory.csv", "Field"),
}
LOG_FIELDS = {
    "stage_id": "stage", "pipeline_id": "pipeline", "user_id": "owner", "value": "amount", "currency": "currency",
    "expected_close_date": "close_date", "probability": "probability", "status": "status", "lost_reason": "lost_reason",
    "pipeline": "pipeline", "hubspot_owner_id": "owner", "amount": "amount", "deal_currency_code": "currency",
    "closedate": "close_date", "closed_lost_reason": "lost_reason",
    "dealstage": "stage closed_stage status closed_date lost_reason",
}  # fmt: skip
# A row more in the log divides an interval in two, which say the same of every moment: not to be compared by rows.
DIVIDED = {"int_deal_states", "fct_deal_states"}
# What says when anything at all was logged last, so that a log with fewer fields may say something else.
LAST_CHANGES = {
    ("int_deals_current", "last_changed_at"),
    ("dim_deals", "last_state_at"),
    ("fct_deal_signals", "inactive_days"),
}
COUNTS_ROWS = "rep_implausible_dates"  # of the log, whatever they say
# Groups deals by points, of which rep_deal_scores says deal by deal for which there was nothing to see.
SUMS_OF_POINTS = "rep_deal_score_calibration"
WHEN_LOADED = {"_loaded_at", "newest_load_at"}


@dataclass(frozen=True)
class Lack:
    """`files` that a way does not bring, `columns` of others, fields that its log lacks, and those of whose changes it
    has some only."""

    files: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    log_in_part: list[str] = field(default_factory=list)

    def things(self) -> Iterator[Lack]:
        """Each thing that the way lacks altogether, alone."""
        yield from (Lack(files=[name]) for name in self.files)
        yield from (Lack(log=[name]) for name in self.log)
        for file, columns in self.columns.items():
            yield from (Lack(columns={file: [column]}) for column in columns)

    def leave_out(self, files: Files) -> Files:
        """These files without what the way lacks altogether. What a file cannot be without stays."""
        left = {name: rows for name, rows in files.items() if name not in self.files}
        for name, columns in self.columns.items():
            lacking = {column.lower() for column in columns if (name, column) != ("fields.csv", "id")}
            left[name] = [
                {column: "" if column.lower() in lacking else value for column, value in row.items()}
                for row in left[name]
            ]
        for name, key in LOGS.values():
            if name in left:
                left[name] = [row for row in left[name] if row[key] not in self.log]
        return left


def read_lacks() -> dict[str, Lack]:
    declared = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {way: Lack(**(lack or {})) for way, lack in declared.items()}


def given_columns(way: str) -> dict[str, set[str]]:
    """Of each file that a way brings its columns, as the SELECTs and the table of the API's lists say them."""
    if way == API:
        given = {chosen.file: set(chosen.columns) for chosen in LISTS.values() if chosen.file}
        log = {"deal_id", "change_time", "changed_field_key", "new_value", "old_value"}
        return given | {"deal_changes.csv": log}
    given: dict[str, set[str]] = {}
    for targets in read_mapping(SCREENS[way]).values() if way in SCREENS else ():
        for target in targets:
            columns = {name for name, rule in (target.columns or {}).items() if rule != {"constant": ""}}
            given.setdefault(target.load_as, set()).update(columns)
    for path in (connectors.FOLDER / way).glob("*.sql"):
        query = connectors.read_select(path).query
        given[f"{path.stem}.csv"] = set(parse_one(query, dialect="postgres").named_selects)
    return given


def crm_of(way: str) -> str:
    return "pipedrive" if way == API else re.split("[/_]", way)[0]


def sample_of(way: str) -> Sample:
    if way in SHAPES:
        return SHAPES[way][0]()
    return connector_shapes.HubSpot() if crm_of(way) == "hubspot" else connector_shapes.Pipedrive()


def given_rows(way: str, files: Files) -> Files:
    return files if way == API else SHAPES[way][2](files)


def logged_otherwise(way: str, files: Files) -> dict[str, set[str]]:
    """Field of the log → deals of which the way's log says something else than the file, or not in which order."""
    crm = crm_of(way)
    name, key = LOGS[crm]
    found: dict[str, set[str]] = {}
    given = given_rows(way, dict(files)).get(name, [])
    columns = set(files[name][0]) - {"old_value"}
    one, other = (
        {tuple(sorted((c, row[c]) for c in columns)) for row in rows} for rows in (files[name], given)
    )
    for row in map(dict, one ^ other):
        found.setdefault(row[key], set()).add(row.get("deal_id") or row.get("OpportunityId", ""))
    if crm == "hubspot":
        instants = Counter((row["deal_id"], row[key], row["timestamp"]) for row in files[name])
        for (deal_id, changed, _), count in instants.items():
            if count > 1:
                found.setdefault(changed, set()).add(deal_id)
    return found


def sample_and_lack(way: str, deals: int, *, is_whole: bool = False) -> tuple[Sample, Lack]:
    """A part of the sample, and what the way lacks of it. With `is_whole` the deals of whose changes the way has some
    only are left out, and that is no lack then."""
    lack = read_lacks()[way]
    with fewer_deals(deals):
        sample = sample_of(way)
    if not is_whole:
        return sample, lack
    logged = logged_otherwise(way, sample.files)
    in_part = set().union(*(logged.get(name, set()) for name in lack.log_in_part))
    sample.leave_out(in_part)
    return sample, replace(lack, log_in_part=[])


class Reports:
    """A database without loads, in which reports are built from one way's data after another's."""

    def __init__(self, database: str, compiled: Compiled, load: Callable, connect: Callable) -> None:
        self.database, self.compiled, self.load = database, compiled, load
        self.connection: psycopg2.extensions.connection = connect(database)
        self.kept: list[str] = []

    def close(self) -> None:
        self.connection.close()

    def query(self, statement: str) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def lineage(self, names: Collection[str]) -> Lineage:
        """Of these models."""
        schema: dict[str, dict[str, dict[str, str]]] = {}
        for place, relation, column in self.query(
            "select nspname::text, relname::text, attname::text from pg_attribute"
            " inner join pg_class on pg_class.oid = attrelid inner join pg_namespace on pg_namespace.oid = relnamespace"
            " where attnum > 0 and not attisdropped and (nspname = 'raw' or nspname like 'dev%')"
            " order by attrelid, attnum"
        ):
            schema.setdefault(place, {}).setdefault(relation, {})[column] = "text"
        models = [node for node in self.compiled.models if node.name in names]
        return Lineage({node.name: self.compiled.get_sql(node) for node in models}, schema, DIVIDED)

    def seeds(self, lack: Lack, files: Files) -> set[Column]:
        """What a way lacks of these files, as columns of raw."""
        tables = dict(self.query("select file_name, table_name from raw.files"))
        columns = {name.lower(): {column.lower() for column in rows[0]} for name, rows in files.items()}
        found = {(tables[name], column) for name in lack.files for column in columns.get(name, ())}
        found |= {(tables[name], ROWS) for name in lack.files}
        return found | {
            (tables[name], column)
            for name, lacking in lack.columns.items()
            for column in lacking
            if column in columns.get(name, ())
        }

    def empty(self) -> None:
        self.query(
            "do $$ begin execute (select 'truncate raw.load_batches, raw.rejected_rows, '"
            " || string_agg(format('raw.%I', table_name), ', ') from raw.files); end $$"
        )
        self.connection.commit()

    def build(self, names: Collection[str], *arguments: str | Path) -> None:
        """From nothing: load, then build these models."""
        self.empty()
        self.load(*arguments, database=self.database)
        self.compiled.build(self.connection, names)

    def build_from_files(self, files: Files, folder: Path, names: Collection[str]) -> None:
        """As build, and what people read is kept to be compared with what comes next."""
        for name, rows in files.items():
            write(folder, name, rows)
        self.build(names, folder)
        self.query("drop schema if exists kept cascade; create schema kept")
        self.kept = sorted(name for name in names if name.startswith(("rep_", "fct_", "dim_")))
        for name in self.kept:
            self.query(f"create table kept.{name} as select * from dev_marts.{name}")
        self.connection.commit()

    def build_from_connector(self, way: str, sample: Sample, names: Collection[str]) -> None:
        fill(self.connection, SCHEMA, SHAPES[way][1](sample))
        self.connection.commit()
        self.build(names, f"--from-schema={SCHEMA}", "--connector", way)

    def build_from_screen(self, way: str, sample: Sample, folder: Path, names: Collection[str]) -> None:
        folder.mkdir()
        for name, rows in SCREEN_EXPORTS[way](sample).items():
            write(folder, name, rows)
        self.build(names, folder, "--mapping", way)

    def flags(self) -> set[str]:
        """What the exports of the one CRM tell, by dim_export_coverage."""
        with self.connection.cursor() as cursor:
            cursor.execute("select * from dev_marts.dim_export_coverage")
            [row] = cursor.fetchall()
            return {
                column.name for column, value in zip(cursor.description, row, strict=True) if value is True
            }

    def flags_touched(self, lineage: Lineage, lack: Lack, files: Files) -> set[str]:
        """Columns of dim_export_coverage that read what lacks; all of them what decides which CRMs there are."""
        fields = {known for name in (*lack.log, *lack.log_in_part) for known in LOG_FIELDS[name].split()}
        return lineage.touched(self.seeds(lack, files), fields)["dim_export_coverage"]

    def silent(self, name: str, columns: set[str]) -> bool:
        """Whether a report that differs says nowhere that something is not known, and shows no id for a name."""
        listed = ", ".join(f'"{column}"' for column in sorted(columns - {ROWS}))
        new = self.query(
            f"select to_jsonb(found)::text from (select {listed or '*'} from dev_marts.{name}"
            f" except select {listed or '*'} from kept.{name}) as found"
        )
        return bool(new) and not any(re.search(r"null|unknown|\bPipeline \d", row, re.I) for (row,) in new)

    def touched(self, lineage: Lineage, lack: Lack, files: Files) -> dict[str, set[str]]:
        """Model → columns that read something that the way lacks."""
        fields = [*lack.log, *lack.log_in_part]
        seeds = self.seeds(lack, files) | (LAST_CHANGES | {(COUNTS_ROWS, ROWS)} if fields else set())
        return lineage.touched(seeds, {known for name in fields for known in LOG_FIELDS[name].split()})

    def differences(self, touched: dict[str, set[str]]) -> dict[str, set[str]]:
        """Model → columns that are not touched, and yet are not those that were kept."""
        found = {}
        for name in sorted({*self.kept} - DIVIDED):
            columns = [
                column
                for (column,) in self.query(
                    f"select attname::text from pg_attribute where attrelid = 'kept.{name}'::regclass and attnum > 0"
                )
                if column not in WHEN_LOADED
            ]
            same = [column for column in columns if column not in touched.get(name, set())]
            if ROWS in touched.get(name, set()) or not same or self.equal(name, same):
                continue
            found[name] = {column for column in same if not self.equal(name, [column])} or {ROWS}
        return found

    def equal(self, name: str, columns: list[str]) -> bool:
        listed = ", ".join(f'"{column}"' for column in columns)
        one, other = f"select {listed} from kept.{name}", f"select {listed} from dev_marts.{name}"
        return self.query(
            f"select not exists ({one} except all {other}) and not exists ({other} except all {one})"
        ) == [(True,)]


@contextlib.contextmanager
def fewer_deals(deals: int) -> Iterator[None]:
    before, connector_shapes.DEALS = connector_shapes.DEALS, deals
    try:
        yield
    finally:
        connector_shapes.DEALS = before
