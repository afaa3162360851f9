"""Tables of a connector, read from a schema of the same database: the same rows as by way of CSV files."""

from __future__ import annotations

import pytest

from loader import connectors, transaction
from support.connector_shapes import SHAPES, fill, write
from support.raw_lab import Lab, Outcome, always_careful

SCHEMA = "crm data"  # a name that has to be quoted
OWN_COLUMNS = {"old_value", "_loaded_at", "_row_number", "_source_file", "_first_loaded_at"}
EVERY_CONNECTOR = pytest.mark.parametrize("connector", SHAPES)
FIVETRAN = "pipedrive/fivetran"


class Connected:
    """A lab whose database holds a part of the sample in a connector's shape."""

    def __init__(self, lab: Lab, connector: str) -> None:
        self.lab = lab
        self.connector = connector
        sample, shape, can_give = SHAPES[connector]
        made = sample()
        self.files = can_give(made.files)
        fill(lab._connection, SCHEMA, shape(made))

    def run(self, *arguments: str) -> Outcome:
        return self.lab.run("--connector", self.connector, *arguments, path=f"--from-schema={SCHEMA}")

    def loads(self, *arguments: str) -> str:
        """Load, which must succeed; what it said."""
        outcome = self.run(*arguments)
        assert outcome.status == 0, outcome.err
        return outcome.err

    def refused(self) -> str:
        before = self.lab.everything()
        outcome = self.run()
        assert outcome.status == 1, outcome.out
        assert self.lab.everything() == before
        return outcome.error

    def change(self, statement: str) -> None:
        self.lab.query(f'set search_path = "{SCHEMA}"; {statement}; reset search_path')

    def newest(self, table: str, key: str) -> tuple[int, bool]:
        column = {"users": "id", "activity": "activity_id"}[table]
        [found] = self.lab.query(
            f"select _version, _is_deleted from raw.{table} where {column} = %s order by _version desc limit 1",
            key,
        )
        return found


@pytest.fixture
def connected(lab: Lab, request: pytest.FixtureRequest) -> Connected:
    return Connected(lab, getattr(request, "param", FIVETRAN))


def rows(lab: Lab) -> dict[str, list[str]]:
    """Of every table what a file brings, as text."""
    tables = [name for name in lab.tables if name not in ("load_batches", "rejected_rows")]
    return {
        name: [
            row
            for (row,) in lab.query(
                f"select (to_jsonb(t) - %s)::text from raw.{name} as t order by 1", sorted(OWN_COLUMNS)
            )
        ]
        for name in tables
    }


@EVERY_CONNECTOR
def test_a_connectors_tables_give_the_rows_of_the_csv_files(lab, connector):
    connected = Connected(lab, connector)
    for name, content in connected.files.items():
        write(lab.folder, name, content)
    lab.loads()
    by_file = rows(lab)
    lab.empty()
    connected.loads()
    by_connector = rows(lab)
    different = {table: set(by_connector[table]) ^ set(by_file[table]) for table in by_file}
    assert not any(different.values()), different
    assert by_connector == by_file
    assert sum(map(len, by_connector.values())) == sum(map(len, connected.files.values()))


@EVERY_CONNECTOR
def test_a_second_load_appends_nothing(lab, connector):
    connected = Connected(lab, connector)
    connected.loads()
    before = rows(lab)
    connected.loads()
    assert rows(lab) == before
    second = "_loaded_at = (select max(_loaded_at) from raw.load_batches)"
    assert lab.query(
        f"select sum(rows_new + rows_changed + rows_deleted) from raw.load_batches where {second}"
    ) == [(0,)]
    assert lab.query(f"select bool_and(rows_unchanged = rows_read) from raw.load_batches where {second}") == [
        (True,)
    ]


@EVERY_CONNECTOR
def test_every_batch_is_recorded_with_the_mode_that_the_select_names(lab, connector):
    Connected(lab, connector).loads()
    declared = {
        (select.known_as, select.mode, f"{connector} {select.path.stem}")
        for select in map(connectors.read_select, (connectors.FOLDER / connector).glob("*.sql"))
    }
    assert set(lab.query("select file_name, mode, source_file from raw.load_batches")) == declared
    Connected(lab, connector).loads("--mode", "delta")
    [(modes,)] = lab.query(
        "select array_agg(distinct mode) from raw.load_batches"
        " where _loaded_at = (select max(_loaded_at) from raw.load_batches)"
    )
    assert modes == ["delta"]


def test_a_correction_appends_one_version(connected):
    connected.loads()
    connected.change("""update "user" set name = 'Corrected' where id = 1""")
    connected.loads()
    assert connected.newest("users", "1") == (2, False)
    batches = connected.lab.query(
        "select sum(rows_new), sum(rows_changed), sum(rows_deleted) from raw.load_batches"
    )
    assert batches[0][1:] == (1, 0)


def test_a_soft_delete_becomes_a_tombstone_and_may_be_undone(connected):
    connected.loads()
    [(activity,)] = connected.lab.query("select activity_id from raw.activity limit 1")
    for is_deleted, expected in (("true", (2, True)), ("true", (2, True)), ("false", (3, False))):
        connected.change(f"update activity set _fivetran_deleted = {is_deleted} where id = {activity}")
        connected.loads()
        assert connected.newest("activity", activity) == expected
    assert connected.lab.query(
        "select rows_read = rows_new + rows_changed + rows_unchanged, rows_deleted from raw.load_batches"
        " where file_name = 'activity.csv' order by batch_id"
    ) == [(True, 0), (True, 1), (True, 0), (True, 0)]


@pytest.mark.parametrize("way", ["fast", "careful"])
def test_what_is_deleted_before_the_first_load_is_not_loaded(connected, way):
    connected.change('update "user" set _fivetran_deleted = true where id = 1')
    if way == "careful":
        with always_careful():
            connected.loads()
    else:
        connected.loads()
    assert connected.lab.query("select count(*) filter (where id = '1'), count(*) > 5 from raw.users") == [
        (0, True)
    ]


def test_a_row_that_left_a_table_of_delta_mode_stays(connected):
    connected.loads()
    connected.change('delete from "user" where id = 1; delete from deal_history')
    connected.loads()
    assert connected.newest("users", "1") == (1, False)
    assert connected.lab.query("select count(*) from raw.deal_changes where _is_deleted") == [(0,)]


@pytest.mark.parametrize("connected", ["pipedrive/airbyte"], indirect=True)
def test_a_row_that_left_a_table_of_full_mode_is_deleted_within_the_tolerance(connected):
    connected.loads()
    connected.change("delete from activity_types where id = 11")
    assert "would delete 1 of 4 keys" in connected.refused()
    connected.loads("--max-deleted", "0.5")
    assert connected.lab.query("select id from raw.activity_types where _is_deleted") == [("11",)]


def test_bad_values_are_rejected_with_their_line(connected):
    connected.change(
        """alter table stage alter order_nr type text; update stage set order_nr = 'first' where id = 1"""
    )
    message = connected.refused()
    assert "pipedrive/fivetran stages: 1 of 14 rows rejected" in message
    assert "line 2, column order_nr: 'first' is not a whole number" in message
    connected.loads("--max-rejects", "0.1")
    assert connected.lab.rejects() == [(2, "order_nr", "first", "is not a whole number")]


@pytest.mark.parametrize(
    ("kind", "written"),
    [("timestamptz", "2024-01-01 12:00+02"), ("timestamp", "2024-01-01 10:00"), ("text", "2024-01-01 10:00")],
)
def test_times_keep_their_offset_and_without_one_are_utc(connected, kind, written):
    connected.change(
        f"""alter table "user" alter modified type text; update "user" set modified = '{written}';"""
        f""" alter table "user" alter modified type {kind} using modified::{kind}"""
    )
    connected.loads()
    times = connected.lab.query("select distinct (modified at time zone 'UTC')::text from raw.users")
    assert times == [("2024-01-01 10:00:00",)]


def test_a_connector_leaves_the_zone_of_the_files_as_it_was(connected):
    lab = connected.lab
    lab.users("1,Ann,,2024-01-01 11:00")
    lab.loads("--source-timezone", "Europe/Berlin")
    connected.change(
        """delete from "user" where id > 1;"""
        """ update "user" set name = 'Ann', email = null, modified = '2024-01-01 10:00'"""
    )
    connected.loads()
    assert connected.newest("users", "1") == (1, False)
    lab.loads("--source-timezone", "Europe/Berlin")
    assert connected.newest("users", "1") == (1, False)


def test_a_forgotten_person_stays_forgotten(connected):
    lab = connected.lab
    connected.loads()
    lab.query("select raw.forget_person('pipedrive', '1')")
    connected.loads()
    lab.query("truncate raw.users")
    connected.loads()
    names = lab.query("select distinct name, email from raw.users where id = '1'")
    lab.query("truncate raw.forgotten_people, raw.forgotten_texts")
    assert names == [("(forgotten)", "(forgotten)")]


# --- what is missing -----------------------------------------------------------------------------------------


def test_optional_tables_and_columns_that_are_missing_are_said_once(connected):
    connected.change("drop table stage; alter table deal_history drop currency, drop lost_reason")
    said = connected.loads().splitlines()
    assert [line for line in said if "no table stage" in line] == [
        f"load: schema {SCHEMA} has no table stage: stages.csv is not loaded"
    ]
    assert len([line for line in said if "currency" in line and "deal_changes.csv" in line]) == 1
    assert connected.lab.query(
        "select count(*) from raw.deal_changes where changed_field_key = 'currency'"
    ) == [(0,)]
    assert connected.lab.query("select count(*) from raw.stages") == [(0,)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "drop table deal_history",
            "has no table deal_history, which pipedrive/fivetran needs for deal_changes.csv",
        ),
        (
            "alter table deal_history drop stage_id",
            "deal_history has no column stage_id, which is needed for deal_ch",
        ),
        (
            "alter table stage rename name to title",
            "stage has no column name, which is needed for stages.csv",
        ),
    ],
)
def test_needed_tables_and_columns_that_are_missing_refuse(connected, change, expected):
    connected.change(change)
    assert expected in connected.refused()


def test_another_name_of_a_column_will_do(connected):
    connected.change(
        'alter table deal_history rename user_id to owner_id; alter table deal_history rename id to "ID"'
    )
    connected.loads()
    assert connected.lab.query(
        "select count(*) > 10 from raw.deal_changes where changed_field_key = 'user_id'"
    ) == [(True,)]


@pytest.mark.parametrize("revoke", ["usage on schema {}", "select on all tables in schema {}"])
def test_a_missing_grant_is_named(connected, revoke):
    quoted = f'"{SCHEMA}"'
    connected.lab.query(f"revoke {revoke.format(quoted)} from loader")
    assert connected.refused().endswith(
        f"as its owner run: grant usage on schema {quoted} to loader; "
        f"grant select on all tables in schema {quoted} to loader; nothing was loaded"
    )


def test_an_unknown_schema_is_refused(lab):
    message = lab.refused("--connector", FIVETRAN, path="--from-schema=nowhere")
    assert "the database has no schema nowhere" in message


@pytest.mark.parametrize(
    "arguments",
    [
        ["--from-schema", "a"],
        ["--connector", FIVETRAN, "raw_data"],
        ["--from-schema", "a", "--connector", "pipedrive/other"],
        ["--from-schema", "a", "--connector", FIVETRAN, "raw_data"],
        ["--from-schema", "a", "--connector", FIVETRAN, "--source-timezone", "Europe/Berlin"],
        [],
    ],
)
def test_arguments_that_do_not_go_together_are_a_usage_error(lab, load, arguments):
    assert load(*arguments, database=lab.database, check=False) == 2


# --- one snapshot --------------------------------------------------------------------------------------------


def test_all_tables_are_read_in_one_snapshot_that_begins_under_the_lock(connected, connect, monkeypatch):
    """A connector that writes to two tables between two SELECTs is seen in both or in none."""
    writer = connect(connected.lab.database)
    writer.autocommit = True
    order = []

    def view(*arguments: object) -> None:
        if not order.count("read"):
            with writer.cursor() as cursor:
                cursor.execute(f'set search_path = "{SCHEMA}"')
                cursor.execute("""update stage set name = 'late'; update "user" set name = 'late'""")
        order.append("read")
        make_view(*arguments)

    def lock(*arguments: object) -> None:
        order.append("lock")
        take_lock(*arguments)

    make_view, take_lock = connectors.create_view, transaction.take_lock
    monkeypatch.setattr(connectors, "create_view", view)
    monkeypatch.setattr(transaction, "take_lock", lock)
    connected.loads()
    writer.close()
    assert order[:2] == ["lock", "read"] and order.count("lock") == 1
    assert connected.lab.query("select count(*) from raw.stages where stage_name = 'late'") == [(0,)]
    assert connected.lab.query("select count(*) from raw.users where name = 'late'") == [(0,)]
